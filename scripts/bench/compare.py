"""Time the comparer on large generated reports, in the system's Chromium.

    make build && python scripts/bench/compare.py

Two cases. "four files": 100 prompts x 4 configurations in four files, about 3,400 outputs of realistic
lengths, all expanded. "10,000 prompts": one file; it is scrolled, filtered and searched. For each step it
prints the time from the user's action to the frame that shows the result with every visible output drawn in
full, and the longest task of the page's thread until the page has settled (from the browser's long-task
observer, which reports tasks from 50 ms).
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
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402
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

let began = -1;
for (const kind of ["change", "click", "input", "keydown", "wheel"])
  addEventListener(kind, ({ timeStamp }) => { if (began < 0) began = timeStamp; }, { capture: true });

/** Whether outputs are in the window, all drawn in full. */
window.drawn = () => {
  const inWindow = (element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return top < innerHeight && bottom > 0;
  };
  const chunks = [...document.querySelectorAll(".chunk")].filter(inWindow);
  const entries = chunks.flatMap((chunk) => [...chunk.children].filter(inWindow));
  const bubbles = entries.flatMap((entry) => [...entry.querySelectorAll(".bubble")].filter(inWindow));
  return bubbles.length > 0 && bubbles.every((bubble) => !bubble.classList.contains("plain"));
};
window.watch = (done, since = -1) => {
  began = since;
  window.blocks.length = 0;
  window.watched = new Promise((resolve) => {
    const look = () => {
      if (began >= 0 && done()) requestAnimationFrame((now) => resolve(performance.now() - began));
      else requestAnimationFrame(look);
    };
    look();
  });
};
"""


def make_text(generator: random.Random, length: int) -> str:
    """A text of about `length` characters, with some Markdown."""
    parts: list[str] = []
    while sum(map(len, parts)) < length:
        sentence = " ".join(generator.choices(WORDS, k=generator.randint(8, 25)))
        parts.append(f"{sentence.capitalize()}. {' '.join(generator.choices(WORDS, k=20))}.")
        if generator.random() < 0.3:
            parts.append(generator.choice(SNIPPETS))
    return "\n\n".join(parts)


def make_report(model: str, prompts: int, configs: dict[str, int], *, seed: int) -> dict[str, Any]:
    """A sampling report with outputs of realistic lengths: most short, some very long."""
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


def arrive(page: Page) -> dict[str, Any]:
    """The page's time from the start of navigation until its examples are drawn."""
    page.evaluate("watch(drawn, 0)")
    milliseconds = page.evaluate("watched")
    page.wait_for_timeout(1000)
    return report(page, "navigation until the examples", milliseconds)


def timed(
    page: Page, name: str, act: Callable[[], None], *, until: str = "true", settle: int = 600
) -> dict[str, Any]:
    """Perform an action; return the time until its result is drawn, and the longest task."""
    page.evaluate(f"watch(() => ({until}) && drawn())")
    act()
    milliseconds = page.evaluate("watched")
    page.wait_for_timeout(settle)
    return report(page, name, milliseconds)


def report(page: Page, name: str, milliseconds: float) -> dict[str, Any]:
    longest = page.evaluate("Math.max(0, ...blocks)")
    print(f"  {name:34} {milliseconds:8.0f} ms   longest task {longest:5.0f} ms", flush=True)
    return {"step": name, "milliseconds": round(milliseconds), "longest_block": round(longest)}


def counts(words: str) -> str:
    """A JavaScript condition: the line above the prompts ends with these words."""
    return f"document.getElementById('count').textContent.endsWith({json.dumps(words)})"


def four_files(page: Page, folder: Path) -> list[dict[str, Any]]:
    """Open four files, all expanded."""
    counts_of = {"k50": 3, "beam": 2, "nucleus9": 3, "greedy": 1}
    paths = []
    for index in range(4):
        path = folder / f"model-{index}.json"
        path.write_text(
            json.dumps(make_report(f"model-{index}", 95, counts_of, seed=index)), encoding="utf-8"
        )
        paths.append(str(path))
    opened = "document.querySelectorAll('[data-testid=report]').length === 4"

    def open_files() -> None:
        page.get_by_test_id("file-input").set_input_files(paths)

    results = [timed(page, "open, first view", open_files, until=opened, settle=6000)]
    print(f"  {page.get_by_test_id('output').count()} outputs in the page")
    raw = "document.querySelector('[data-testid=output] pre.raw')"
    results.append(timed(page, "Markdown off", lambda: page.keyboard.press("m"), until=raw))
    results.append(timed(page, "Markdown on", lambda: page.keyboard.press("m"), until=f"!{raw}"))
    results.append(timed(page, "scroll 90,000 pixels", lambda: scroll(page, 30), until="scrolled"))
    return results


def ten_thousand(page: Page, folder: Path) -> list[dict[str, Any]]:
    """Open one file of 10,000 prompts; scroll, filter, search."""
    path = folder / "large.json"
    path.write_text(json.dumps(make_report("large", 10_000, {"k50": 2}, seed=9)), encoding="utf-8")
    print(f"  {path.stat().st_size / 1e6:.0f} MB")
    query = page.get_by_label("Search prompts and outputs")
    all_shown, some_shown = counts("10,000 prompts"), counts(" of 10,000 prompts")
    all_shown = f"{all_shown} && !{some_shown}"

    def open_file() -> None:
        page.get_by_test_id("file-input").set_input_files(str(path))

    def clear() -> dict[str, Any]:
        return timed(page, "clear", lambda: query.fill(""), until=all_shown)

    results = [timed(page, "open", open_file, until=all_shown, settle=3000)]
    results.append(timed(page, "scroll 180,000 pixels", lambda: scroll(page, 60), until="scrolled"))
    results.append(
        timed(page, "search, first time", lambda: query.fill("Prompt 77"), until=some_shown, settle=3000)
    )
    results.append(clear())
    results.append(timed(page, "search again", lambda: query.fill("would their"), until=some_shown))
    results.append(clear())
    page.get_by_label("Regular expression").check()
    results.append(timed(page, "regular expression", lambda: query.fill("Prompt \\d{3}:"), until=some_shown))
    results.append(clear())
    collapsed = "document.querySelector('.entry.folded')"
    page.evaluate(f"window.drawn = () => {collapsed}")
    results.append(timed(page, "collapse all", page.locator("#collapse-all").click))
    return results


def scroll(page: Page, steps: int) -> None:
    page.evaluate("window.scrolled = false")
    for _ in range(steps):
        page.mouse.wheel(0, 3000)
        page.wait_for_timeout(30)
    page.evaluate("window.scrolled = true")


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
            figures[name] = [arrive(page), *case(page, Path(folder))]
            page.close()
        browser.close()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
