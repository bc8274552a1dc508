"""Eight <goose-quill> elements on one page, all writing at once: one engine, no text lost, nothing left over.

python -m scripts.soak.widgets [--elements 8] [--rounds 5]
"""

from __future__ import annotations

import argparse
import sys

from scripts.soak.browsing import MINUTE, chromium, heap_bytes, serving, workers, workers_left
from scripts.soak.results import Results

ADD = """async ([base, count]) => {
  await import(base + "embed/goosequill.js");
  const attributes = { prompt: "The goose", "max-new-tokens": "64", temperature: "0.8" };
  for (let index = 0; index < count; index++) {
    const element = document.createElement("goose-quill");
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.setAttribute("seed", String(index));
    element.dataset.soak = "";
    document.body.append(element);
  }
}"""
WRITE = """async () => {
  const elements = [...document.querySelectorAll("goose-quill[data-soak]")];
  const ends = elements.map((element) => new Promise((resolve, reject) => {
    element.addEventListener("done", () => resolve(element.text), { once: true });
    element.addEventListener("error", ({ detail }) => reject(new Error(detail?.message)), { once: true });
  }));
  for (const element of elements) element.shadowRoot.querySelector('[part~="send"]').click();
  return await Promise.all(ends);
}"""

REMOVE = "for (const element of document.querySelectorAll('goose-quill[data-soak]')) element.remove()"


def main() -> int:
    parser = argparse.ArgumentParser(description="Let many elements write at once.")
    parser.add_argument("--elements", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    results, heaps, texts, running, left = Results("widgets"), [], [], 0, 0
    with serving() as url, chromium() as browser:
        version = browser.version
        page = browser.new_page()
        page.set_default_timeout(5 * MINUTE)
        page.goto(f"{url}storage/")  # a page without elements of its own
        page.evaluate(ADD, [url, options.elements])
        for _ in range(options.rounds):
            texts.append(page.evaluate(WRITE))
            heaps.append(heap_bytes(page) / 1e6)
        running = workers(browser)
        page.evaluate(REMOVE)
        left = workers_left(page, browser)
    print(f"{options.elements} elements, {options.rounds} rounds")
    results.at_most("engines", running, 1)
    results.at_most("growth of the page's heap", heaps[-1] - heaps[0], 1.0, "MB")
    results.at_most("workers left after the last element", left, 0)
    results.holds("every element wrote", all(all(each) for each in texts))
    results.holds("each round wrote the same texts", all(each == texts[0] for each in texts))
    results.holds("elements do not share a text", len(set(texts[0])) == options.elements)
    cases = {"elements": options.elements, "rounds": options.rounds}
    return results.write(cases, {"Chromium": version})


if __name__ == "__main__":
    sys.exit(main())
