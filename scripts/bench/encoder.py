"""Measure where MiniLM's time goes in Chromium, and how fast its multiplications could be at most.

    python scripts/bench/encoder.py

The steps of one pass are timed one by one, each repeated for half a millisecond or more; the fastest of some
rounds counts, since other load on the machine only ever adds time. `peak.c` measures the bound: products of
16-bit numbers that are added to sums in registers, without any memory. Needs
dist/models/minilm, so build the site first; search.py compares whole texts with the peers.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402
from scripts.bench.search import MODEL, SITE, prepare  # noqa: E402
from scripts.kernel import BUILDS, build  # noqa: E402
from scripts.serve import make_server  # noqa: E402

BATCHES = ((16, 1), (16, 16), (64, 4), (256, 1))
"""Tokens of a text, and texts that are read together."""


def print_peak(page: Page) -> float:
    """Print and return what multiplies and adds in registers reach, in GMAC/s."""
    both, alone = (page.evaluate("(name) => peak(name)", name) for name in ("multiply_add", "multiply"))
    print(f"16-bit products in registers: {both:.1f} GMAC/s added up, {alone:.1f} only multiplied\n")
    return float(both)


def print_steps(found: dict[str, Any], peak: float) -> None:
    """Print what one batch spends on each operation."""
    total, texts = found["total"], found["texts"]
    print(f"{texts} x {found['tokens']} tokens: {total:.2f} ms, {1e3 * texts / total:.1f} texts/s")
    for name, (taken, products) in sorted(found["steps"].items(), key=lambda item: -item[1][0]):
        rate = f"{products / taken / 1e6:8.1f} GMAC/s" if products else ""
        print(f"  {name:34}{taken:8.2f} ms{taken / total:7.1%}{rate}")
    least = found["products"] / peak / 1e6
    print(f"  all products at the peak would take {least:.2f} ms: {1e3 * texts / least:.1f} texts/s\n")


def main() -> None:
    """Print the peak, then the steps of each batch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    if not MODEL.is_dir():
        sys.exit("bench: dist/models/minilm is missing: build the site first")
    prepare(peers=False)
    shutil.copytree(MODEL, SITE / "ours", dirs_exist_ok=True)
    build(BUILDS["plain"], [], ("multiply_add", "multiply"), SITE / "peak.wasm", source=HERE / "peak.c")
    server = make_server(SITE, isolate=True)  # for a clock of 5 microseconds
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(0)
        page.goto(f"http://127.0.0.1:{server.server_port}/search.html")
        page.wait_for_function("document.title === 'ready'", timeout=60_000)
        page.evaluate("openOurs('ours')")
        peak = print_peak(page)
        for tokens, texts in BATCHES:
            print_steps(page.evaluate("(args) => profile(...args)", [tokens, texts, options.rounds]), peak)
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
