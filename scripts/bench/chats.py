"""Measure how long the chat page takes with many conversations: to import, list, find and open them.

Each round uses a fresh profile in which the engine has already started. Times are from just before the
action, or from the start of the navigation, to the frame after its result is in the document; `blocked` is
the longest task of the page's thread meanwhile.

    python scripts/bench/chats.py                    100 and 10,000 conversations of 6 messages
    python scripts/bench/chats.py --counts 1000 --rounds 1
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

from playwright.sync_api import Page, sync_playwright  # noqa: E402
from scripts.bench.start import browsing, serving  # noqa: E402

from goosequill.conversations.tree import Tree  # noqa: E402
from goosequill.conversations.writing import write  # noqa: E402

LIMIT = 600_000  # milliseconds
WATCH = """
  window.tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: "longtask", buffered: true });
"""
ARM = """([argument, isNew]) => {
  window.tasks.length = isNew ? tasks.length : 0;
  const start = isNew ? 0 : performance.now();
  const isReady = READY;
  window.timed = new Promise((resolve) => {
    const look = () => {
      if (!isReady(argument)) return requestAnimationFrame(look);
      setTimeout(() => resolve([performance.now() - start, Math.max(0, ...tasks)]));
    };
    requestAnimationFrame(look);
  });
}"""
LISTED = "(n) => document.querySelectorAll('[data-testid=chat-item]').length === n"
SHOWN = "(n) => document.querySelectorAll('.message').length === n"
SAID = "(text) => document.querySelector('#status').textContent.startsWith(text)"
Step = tuple[str, Callable[[], object], str, object]


def write_file(path: Path, count: int) -> None:
    """Write conversations of six messages, two of which reply to the same one."""
    trees = []
    for at in range(count):
        tree = Tree(id=f"bench-{count}-{at}", title=f"Conversation {at}")
        last = tree.add("user", f"Tell me about goose {at}.")
        for turn in range(2):
            tree.add("assistant", "It swims on the pond. " * 8, last, emojis={"-1": 1})
            last = tree.add("assistant", "It flies south in autumn. " * 8, last, emojis={"+1": 1})
            if turn == 0:
                last = tree.add("user", "And then?", last)
        trees.append(tree)
    path.write_bytes(write(trees, "oasst-messages"))


def steps(page: Page, file: Path, count: int) -> list[Step]:
    """Return what is measured, in this order."""
    shown = min(count + 1, 200)  # there is one conversation before
    find = page.get_by_test_id("chat-filter")
    return [
        ("import", lambda: page.locator("#import").set_input_files(file), SAID, f"{count:,} conv"),
        ("open the page", lambda: page.reload(wait_until="commit"), LISTED, shown),
        ("find", lambda: find.fill(f"conversation {count - 1}"), LISTED, 1),
        ("list again", lambda: find.fill(""), LISTED, shown),
        ("open one", lambda: page.locator(".chat-open").nth(shown // 2).click(), SHOWN, 4),
    ]


def measure(site: Path, count: int, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return milliseconds and the longest task of each step, for each round."""
    found: dict[str, list[tuple[float, float]]] = {}
    with serving(site) as base, sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "conversations.jsonl"
        write_file(file, count)
        for at in range(rounds):
            with browsing(playwright, f"{folder}/{at}", press=False) as context:
                context.add_init_script(WATCH)
                context.set_default_timeout(LIMIT)
                page = context.new_page()
                page.goto(f"{base}chat/#max_new_tokens=2&seed=1")
                page.locator("#send:enabled").wait_for()
                page.get_by_test_id("prompt").fill("Good morning.")
                page.get_by_test_id("send").click()
                page.locator("#status", has_text=re.compile(r"after \d+ token")).wait_for()
                for name, act, ready, argument in steps(page, file, count):
                    is_new = name == "open the page"
                    if is_new:
                        act()
                    page.evaluate(ARM.replace("READY", ready), [argument, is_new])
                    if not is_new:
                        act()
                    milliseconds, blocked = page.evaluate("() => timed")
                    found.setdefault(name, []).append((milliseconds, blocked))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "dist", help="default: dist/")
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    results = {}
    for count in options.counts:
        results[count] = measure(options.site, count, options.rounds)
        for name, rounds in results[count].items():
            whole, blocked = (statistics.median(figures) for figures in zip(*rounds, strict=True))
            print(f"{count:>7,} conversations, {name:<14} {whole:>8.0f} ms, blocked {blocked:>6.0f} ms")
    target = ROOT / "build" / "chats.json"
    target.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
