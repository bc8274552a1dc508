"""Time the comparer on large reports, made here, in the system's Chromium.

    make build && python scripts/bench/compare.py

Two cases. "four files": 100 prompts x 4 configurations in four files, about 3,400 outputs of real lengths,
all expanded. "10,000 prompts": one file; it is scrolled, filtered and searched. For each step it prints the
time until the result stands, and the longest block of the page's thread (the longest task, as the
browser's own observer of long tasks sees it; it sees none under 50 ms).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, expect, sync_playwright  # noqa: E402
from scripts.serve import make_server  # noqa: E402

COMMON = (
    "the of and to in a is that for it as was with be by on not he his but at are this have from or had an "
    "they which one you were all her she there would their we him been has when who will no more if out"
)
WORDS = COMMON.split()
SNIPPETS = (
    "- first point\n- second point\n- third point",
    "| name | value |\n|---|---|\n| one | 1 |\n| two | 2 |",
    "```python\ndef f(x):\n    return x + 1\n```",
    "The formula $x^2 + y_1$ holds, see https://example.com/page for $5.",
    "**Note:** a *short* remark with `code`.",
)
WATCH = """
window.blocks = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.blocks.push(entry.duration);
}).observe({ type: "longtask", buffered: true });
"""


def make_text(generator: random.Random, length: int) -> str:
    """A text of about `length` characters, with Markdown in it."""
    parts: list[str] = []
    while sum(map(len, parts)) < length:
        sentence = " ".join(generator.choices(WORDS, k=generator.randint(8, 25)))
        parts.append(f"{sentence.capitalize()}. {' '.join(generator.choices(WORDS, k=20))}.")
        if generator.random() < 0.3:
            parts.append(generator.choice(SNIPPETS))
    return "\n\n".join(parts)


def make_report(model: str, prompts: int, configs: dict[str, int], *, seed: int) -> dict[str, Any]:
    """A sampling report whose outputs are as long as real ones: most short, some very long."""
    generator = random.Random(seed)

    def output() -> str:
        return make_text(generator, min(8000, int(generator.lognormvariate(6.0, 1.0))))

    entries = [
        {
            "prompt": f"Prompt {i}: {' '.join(random.Random(i).choices(WORDS, k=12))}?",
            "results": [
                {
                    "sampling_config": config,
                    "sampling_params": {},
                    "outputs": [output() for _ in range(count)],
                }
                for config, count in configs.items()
            ],
        }
        for i in range(prompts)
    ]
    return {"model_name": model, "date": "2026-01-01", "args": {}, "prompts": entries}


def timed(page: Page, name: str, step: Callable[[], None], *, settle: int = 600) -> dict[str, Any]:
    """Run a step; return its time, and the longest block during it and while the page settles."""
    page.evaluate("window.blocks.length = 0")
    start = perf_counter()
    step()
    seconds = perf_counter() - start
    page.wait_for_timeout(settle)
    longest = page.evaluate("Math.max(0, ...window.blocks)")
    print(f"  {name:34} {seconds * 1000:8.0f} ms   longest block {longest:5.0f} ms", flush=True)
    return {"step": name, "milliseconds": round(seconds * 1000), "longest_block": round(longest)}


def four_files(page: Page, folder: Path) -> list[dict[str, Any]]:
    """Open four files; the first view is there when the first outputs are."""
    counts = {"k50": 3, "beam": 2, "nucleus9": 3, "greedy": 1}
    paths = []
    for index in range(4):
        path = folder / f"model-{index}.json"
        path.write_text(json.dumps(make_report(f"model-{index}", 95, counts, seed=index)), encoding="utf-8")
        paths.append(str(path))

    def open_files() -> None:
        page.get_by_test_id("file-input").set_input_files(paths)
        page.get_by_test_id("output").first.wait_for()

    results = [timed(page, "open, first view", open_files, settle=6000)]
    print(f"  {page.get_by_test_id('output').count()} outputs in the page")
    results.append(timed(page, "Markdown off and on", lambda: press(page, "m", "m")))
    results.append(timed(page, "scroll to the end", lambda: scroll(page, 30)))
    return results


def ten_thousand(page: Page, folder: Path) -> list[dict[str, Any]]:
    """Open one file of 10,000 prompts; scroll, filter, search."""
    path = folder / "large.json"
    path.write_text(json.dumps(make_report("large", 10_000, {"k50": 2}, seed=9)), encoding="utf-8")
    print(f"  {path.stat().st_size / 1e6:.0f} MB")
    count, query = page.locator("#count"), page.get_by_label("Search prompts and outputs")

    def open_file() -> None:
        page.get_by_test_id("file-input").set_input_files(str(path))
        expect(count).to_have_text("10,000 prompts", timeout=30_000)
        page.get_by_test_id("output").first.wait_for()

    def search(words: str) -> None:
        query.fill(words)
        expect(count).to_contain_text(" of 10,000 prompts", timeout=10_000)

    def clear() -> None:
        query.fill("")
        expect(count).to_have_text("10,000 prompts", timeout=10_000)

    results = [timed(page, "open", open_file, settle=3000)]
    results.append(timed(page, "scroll", lambda: scroll(page, 60)))
    results.append(timed(page, "search, first time", lambda: search("Prompt 77")))
    results.append(timed(page, "clear", clear))
    results.append(timed(page, "search again", lambda: search("would their")))
    results.append(timed(page, "clear", clear))
    page.get_by_label("Regular expression").check()
    results.append(timed(page, "regular expression", lambda: search("Prompt \\d{3}:")))
    results.append(timed(page, "clear", clear))
    results.append(timed(page, "collapse all", lambda: page.keyboard.press("c")))
    return results


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def scroll(page: Page, steps: int) -> None:
    for _ in range(steps):
        page.mouse.wheel(0, 3000)
        page.wait_for_timeout(30)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    server = make_server(ROOT / "dist", prefix="/goosequill/")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    figures: dict[str, Any] = {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        for name, case in (("four files, 3,400 outputs", four_files), ("10,000 prompts", ten_thousand)):
            print(name)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.add_init_script(WATCH)
            page.goto(f"http://127.0.0.1:{server.server_port}/goosequill/compare/")
            page.mouse.move(640, 600)
            figures[name] = case(page, Path(folder))
            page.close()
        browser.close()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
