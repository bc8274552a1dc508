"""Measure the start of a built site: time to the first token, long tasks on the page's thread, and sizes.

A round opens each folder's playground in a fresh profile and presses Generate as soon as possible (cold),
then again with the same profile in a new browser (warm), each time after the browser itself has started: its
own pages can take a quarter of a start. With several folders, their ratios to the first count. Sizes are
those of the files that a browser requests (sizes.py), for every page, compressed with gzip.

    python scripts/bench/start.py                          dist/
    python scripts/bench/start.py OTHER/dist dist          two builds, in turn; ratios to the first
    python scripts/bench/start.py --bare dist              beside Pyodide that only imports numpy
    python scripts/bench/start.py --rounds 0               sizes only
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright  # noqa: E402
from scripts.bench.sizes import (  # noqa: E402
    FIRST_TEXT_LIMIT,
    LATER,
    SHELL_LIMIT,
    WIDGET,
    WIDGET_LIMIT,
    Sizes,
    kept_offline,
    matching,
    open_pages,
    packed_at_first,
    transfer_size,
)
from scripts.serve import make_server  # noqa: E402

PLAYGROUND = "playground/#max_new_tokens=20&seed=1"
LIMIT = 120_000  # milliseconds
BROWSER_START = 3000  # milliseconds after which a started browser is idle
WATCH = """
  window.longTasks = [];
  new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: "longtask", buffered: true });
  window.firstToken = new Promise((resolve) => {
    let pressed = false;
    const watch = new MutationObserver(() => {
      const ids = ["generate", "prompt", "output"];
      const [generate, prompt, output] = ids.map((id) => document.getElementById(id));
      if (!generate || !prompt || !output) return;
      if (!pressed && !generate.disabled && prompt.value) {
        pressed = true;
        generate.click();
      }
      if (output.textContent === "") return;
      watch.disconnect();
      resolve(performance.now());
    });
    watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  });
"""
BARE = """<!doctype html><title>Pyodide</title>
<textarea id="prompt">numpy</textarea><button id="generate">Import</button><p id="output"></p>
<script>
  const code = `
    import { loadPyodide } from "BASE/pyodide.mjs";
    const pyodide = await loadPyodide({ indexURL: "BASE/", packages: ["numpy"] });
    postMessage(pyodide.runPython("import numpy; numpy.__version__"));
  `.replaceAll("BASE", new URL("../pyodide", location).href);
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  worker.onmessage = ({ data }) => { document.getElementById("output").textContent = data; };
</script>
"""
"""A page that only starts Pyodide as its documentation says, in a worker; its text is numpy's version."""
KEPT = """async () => {
  const { active } = await navigator.serviceWorker.ready;
  return await new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data.parts === data.of);
    active.postMessage({ type: "status" }, [port2]);
  });
}"""


@dataclass
class Start:
    """Measurements of one folder: seconds to the first token, and the page's longest task in ms."""

    folder: str
    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    longest_task: list[float] = field(default_factory=list)


@contextmanager
def serving(folder: Path, *, isolate: bool = False) -> Iterator[str]:
    server = make_server(folder, isolate=isolate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@contextmanager
def browsing(playwright: Playwright, profile: str, *, press: bool = True) -> Iterator[BrowserContext]:
    flags = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]
    flags += ["--no-sandbox"] if os.geteuid() == 0 else []
    context = playwright.chromium.launch_persistent_context(
        profile,
        executable_path=shutil.which("chromium"),
        args=flags,
        service_workers="allow" if press else "block",  # it would fetch files that no page has requested
    )
    context.set_default_timeout(LIMIT)
    if press:
        context.add_init_script(WATCH)
    yield context
    context.close()


def first_token(page: Page, base: str) -> tuple[float, float]:
    """Seconds from navigation to the first token, and the longest task until then in ms."""
    page.goto(base + PLAYGROUND)
    time = page.evaluate("() => firstToken")
    longest = page.evaluate("() => Math.max(0, ...longTasks)")
    return float(time) / 1e3, float(longest)


def wait_until_kept(page: Page, folder: Path) -> None:
    """Wait until the service worker, if any, has cached the engine and the browser has cached its code."""
    while (folder / "sw.js").is_file() and not page.evaluate(KEPT):
        page.wait_for_timeout(100)
    page.wait_for_timeout(3000)


def write_bare(folder: Path) -> Path:
    """Write a site of which the first text needs nothing but Pyodide and numpy."""
    (folder / "playground").mkdir()
    (folder / "playground" / "index.html").write_text(BARE, encoding="utf-8")
    (folder / "pyodide").symlink_to(ROOT / "build" / "vendor" / "pyodide")
    return folder


def measure_start(folders: list[Path], rounds: int) -> list[Start]:
    starts = [Start(str(folder)) for folder in folders]
    with sync_playwright() as playwright:
        for _ in range(rounds):
            for folder, start in zip(folders, starts, strict=True):
                with tempfile.TemporaryDirectory() as profile, serving(folder) as base:
                    for times in (start.cold, start.warm):
                        with browsing(playwright, profile) as context:
                            context.pages[0].wait_for_timeout(BROWSER_START)
                            time, longest = first_token(context.pages[0], base)
                            times.append(time)
                            start.longest_task.append(longest)
                            if times is start.cold:
                                wait_until_kept(context.pages[0], folder)
                print(
                    f"start: {folder}: cold {start.cold[-1]:.2f} s, warm {start.warm[-1]:.2f} s", flush=True
                )
    return starts


def measure_sizes(folder: Path) -> Sizes:
    """Open every page and generate a first text, recording all requests."""
    shells, fonts = {}, {}
    with (
        sync_playwright() as playwright,
        serving(folder) as base,
        tempfile.TemporaryDirectory() as profile,
        browsing(playwright, profile, press=False) as context,
    ):
        page = context.pages[0]
        for name, files in open_pages(page, folder, base):
            shells[name] = sum(files.values())
            fonts[name] = sum(bytes for file, bytes in files.items() if file.endswith(".woff2"))
        asked: set[str] = set()
        context.on("request", lambda request: asked.add(request.url))
        context.add_init_script(WATCH)
        first_token(page, base)
        first_text = sum(packed_at_first(folder, asked, base).values())
    later = {what: matching(folder, patterns) for what, patterns in LATER.items()}
    return Sizes(first_text, transfer_size(folder / WIDGET), shells, fonts, later, kept_offline(folder))


def kb(size: int) -> str:
    return f"{size / 1e3:,.0f}"


def report(starts: list[Start], sizes: Sizes) -> str:
    lines = [
        "| folder | cold | warm | of the first, cold | warm | longest task of the page |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for start in starts:
        if not start.cold:
            continue
        cold, warm = statistics.median(start.cold), statistics.median(start.warm)
        first = [statistics.median(starts[0].cold), statistics.median(starts[0].warm)]
        lines.append(
            f"| {start.folder} | {cold:.2f} s | {warm:.2f} s | {cold / first[0]:.0%} | {warm / first[1]:.0%} "
            f"| {statistics.median(start.longest_task):.0f} ms |"
        )
    lines += ["", "| requested, gzipped | kB | limit |", "|---|---:|---:|"]
    lines += [f"| first text, without the model | {kb(sizes.first_text)} | {kb(FIRST_TEXT_LIMIT)} |"]
    lines += [f"| the widget's script | {kb(sizes.widget)} | {kb(WIDGET_LIMIT)} |"]
    for name in sorted(sizes.shells, key=lambda name: -sizes.shells[name]):
        lines.append(
            f"| {name} ({kb(sizes.fonts[name])} of it fonts) | {kb(sizes.shells[name])} | {kb(SHELL_LIMIT)} |"
        )
    lines += [f"| later: {what} | {kb(size)} | |" for what, size in sizes.later.items()]
    lines += [f"| in the background, for offline use | {kb(sizes.offline)} | |"]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the start of a built site.")
    parser.add_argument("folders", nargs="*", type=Path, default=[ROOT / "dist"], help="default: dist/")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bare", action="store_true", help="compare with Pyodide and numpy alone, first")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        bare = [write_bare(Path(place))] if options.bare else []
        starts = measure_start([*bare, *options.folders], options.rounds)
    sizes = measure_sizes(options.folders[-1])
    found = {"starts": [asdict(start) for start in starts], "sizes": asdict(sizes)}
    (ROOT / "build" / "start.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(report(starts, sizes))


if __name__ == "__main__":
    main()
