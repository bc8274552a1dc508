"""Start the engine and stop it, fifty times in one page: no worker and no memory may be left over.

python -m scripts.soak.cycles [--cycles 50]
"""

from __future__ import annotations

import argparse
import statistics
import sys

from scripts.soak.browsing import chromium, heap_bytes, serving, workers_left
from scripts.soak.results import Results

CYCLE = """async (base) => {
  const { loadModel } = await import(base + "engine/client.js");
  const started = performance.now();
  const model = await loadModel({ model: base + "models/default/" });
  let text = "";
  for await (const item of model.generate("The goose", { max_new_tokens: 8, temperature: 0 }))
    text += item.text ?? "";
  const { heap_bytes } = await model.engine.status();
  model.dispose();
  return { text, heap: heap_bytes, seconds: (performance.now() - started) / 1000 };
}"""
SETTLED = 5
"""Cycles after which caches are full."""
MOST_GROWTH = 1.0
"""Megabytes by which the page's heap may grow afterwards, over all cycles."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Start and stop the engine many times.")
    parser.add_argument("--cycles", type=int, default=50)
    count = max(SETTLED + 1, parser.parse_args().cycles)
    results, heaps, found, left = Results("cycles"), [], [], 0
    with serving() as url, chromium() as browser:
        version = browser.version
        page = browser.new_page()
        page.goto(f"{url}playground/")
        for _ in range(count):
            found.append(page.evaluate(CYCLE, url))
            heaps.append(heap_bytes(page) / 1e6)
            left += workers_left(page, browser)
    seconds = [each["seconds"] for each in found]
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    print(f"{count} cycles of {low:.2f} to {high:.2f} s, median {middle:.2f}")
    results.at_most("growth of the page's heap", heaps[-1] - heaps[SETTLED - 1], MOST_GROWTH, "MB")
    pythons = [each["heap"] / 1e6 for each in found]
    results.at_most("growth of Python's memory", pythons[-1] - pythons[0], 1.0, "MB")
    results.at_most("workers left over", left, 0)
    results.holds(
        "the same text each time", len({each["text"] for each in found}) == 1 and found[0]["text"] != ""
    )
    return results.write({"cycles": count}, {"Chromium": version})


if __name__ == "__main__":
    sys.exit(main())
