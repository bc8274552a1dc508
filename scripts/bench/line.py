"""Measure a first text on a slow line, and a second visit without a network, beside wllama and
transformers.js.

The line has 10 Mbit/s and 40 ms, by Chromium's own throttling, and the server compresses nothing. Each
contestant opens its page in a fresh profile, and presses Generate as soon as possible: cold. Then the server
is gone, and the same profile opens the page again. Peers get a random model of about the default model's
6 MB in their own formats, their files from the same server, and no service worker, which each site would have
to write itself: so their second visits fail.

    python scripts/bench/line.py                    dist/; writes build/line.json
    python scripts/bench/line.py --rounds 1 --only transformers
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

from playwright.sync_api import BrowserContext, Error, Playwright, sync_playwright  # noqa: E402
from scripts.bench.bench import SITE, install_peers  # noqa: E402
from scripts.bench.sizes import requested  # noqa: E402
from scripts.bench.start import (  # noqa: E402
    BROWSER_START,
    PLAYGROUND,
    browsing,
    serving,
    wait_until_kept,
)
from scripts.bench.weights import Shape  # noqa: E402

LINE: dict[str, float] = {"latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 10e6 / 8}
"""Milliseconds, and bytes per second."""
FREE: dict[str, float] = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
SMALL = Shape("RWKV-7 of 6 MB", "7", layers=4, width=320, vocab=5120)
"""With 4 bits, about as many bytes as the default model."""
SERVED = ("line.html", "line.js")


@dataclass
class Contestant:
    """A page, and its measurements: seconds, and megabytes until the first text."""

    name: str
    folder: Path
    page: str
    cold: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    megabytes: float = 0.0


def contestants(site: Path) -> list[Contestant]:
    return [
        Contestant("Goosequill", site, PLAYGROUND),
        Contestant("wllama", SITE, "line.html?wllama"),
        Contestant("transformers.js", SITE, "line.html?transformers"),
    ]


def prepare_peers() -> None:
    """Write what the peers' pages need into the folder that bench.py serves."""
    from scripts.bench.gpt2 import write_folder
    from scripts.bench.peers import write_gguf

    (SITE / "models").mkdir(parents=True, exist_ok=True)
    for name in SERVED:
        shutil.copy(HERE / name, SITE / name)
    install_peers()
    (SITE / "peers").unlink(missing_ok=True)
    (SITE / "peers").symlink_to(SITE / "node_modules")
    write_gguf(SMALL, SITE / "models" / "line.gguf", "Q4_0")
    write_folder(SITE / "models" / "line-gpt2", ROOT / "site" / "models" / "default" / "tokenizer.json")


def throttle(context: BrowserContext, line: dict[str, float]) -> None:
    """Limit what the page and its workers receive."""
    session = context.new_cdp_session(context.pages[0])
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {"offline": False, **line})


def first_text(context: BrowserContext, url: str) -> float:
    """Seconds from navigation to the first text."""
    page = context.pages[0]
    page.wait_for_timeout(BROWSER_START)
    page.goto(url)
    time = float(page.evaluate("() => firstToken"))
    text = str(page.locator("#output").text_content())
    if text.startswith("failed: "):
        raise Error(text)
    return time / 1e3


def measure(playwright: Playwright, each: Contestant) -> None:
    with tempfile.TemporaryDirectory() as profile:
        with serving(each.folder) as base, browsing(playwright, profile) as context:
            asked: list[str] = []
            context.on("request", lambda request: asked.append(request.url))
            throttle(context, LINE)
            each.cold.append(first_text(context, base + each.page))
            files = requested(each.folder, set(asked), base)
            each.megabytes = sum(file.stat().st_size for file in files.values()) / 1e6
            throttle(context, FREE)
            wait_until_kept(context.pages[0], each.folder)
        with browsing(playwright, profile) as context, suppress(Error):  # a page may need the network
            each.again.append(first_text(context, base + each.page))


def seconds(found: list[float]) -> str:
    return f"{statistics.median(found):.1f} s" if found else "fails"


def report(found: list[Contestant]) -> str:
    lines = [
        "| on 10 Mbit/s and 40 ms | MB | first text | second visit, without a network |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {each.name} | {each.megabytes:.1f} | {seconds(each.cold)} | {seconds(each.again)} |"
        for each in found
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a first text on a slow line.")
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "dist", help="default: dist/")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[], help="contestants, by parts of their names")
    options = parser.parse_args()
    found = [
        each
        for each in contestants(options.site)
        if not options.only or any(part.lower() in each.name.lower() for part in options.only)
    ]
    if any(each.folder == SITE for each in found):
        prepare_peers()
    with sync_playwright() as playwright:
        for _ in range(options.rounds):
            for each in found:
                measure(playwright, each)
                print(f"line: {each.name}: {each.cold[-1]:.1f} s", flush=True)
    target = ROOT / "build" / "line.json"
    rows = [asdict(each) | {"folder": each.folder.name} for each in found]
    target.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    print(report(found))


if __name__ == "__main__":
    main()
