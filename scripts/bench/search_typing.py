"""Measure the search page itself: from a keystroke to its results in the page, without MiniLM.

Called by search.py. The collection has 2,000 passages of words drawn from the embedding model's vocabulary.
The clock starts before the event of a keystroke and stops when the page says what it has found, which it does
after it has listed that; what Python takes of it is measured by the job itself.
"""

from __future__ import annotations

import random
import statistics
from pathlib import Path

from playwright.sync_api import FilePayload, Page

PASSAGES = 2000
PER_DOCUMENT = 10
WORDS = 100
"""Of a passage, so that search takes each paragraph as one."""
LETTERS = 60
"""Of the question, which is the beginning of a document."""

TYPE = """
async (text) => {
  const field = document.querySelector('[data-testid="question"]');
  const list = document.getElementById("results");
  const started = performance.now();
  const shown = new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      observer.disconnect();
      resolve(performance.now() - started);
    });
    observer.observe(document.getElementById("asked"), { childList: true });
  });
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  const taken = await shown;
  const figures = [...list.querySelectorAll("li:first-child dd")].map((cell) => cell.textContent);
  return [taken, parseFloat(figures.at(-1) ?? "0")];
}
"""


def files(vocabulary: Path) -> list[FilePayload]:
    """Return the documents of the collection."""
    words = [word for word in vocabulary.read_text(encoding="utf-8").split("\n")
             if word.isascii() and word.isalpha() and len(word) > 2]  # fmt: skip
    source = random.Random(1)
    made: list[FilePayload] = []
    for number in range(PASSAGES // PER_DOCUMENT):
        half = [" ".join(source.choices(words, k=WORDS // 2)) for _ in range(2 * PER_DOCUMENT)]
        paragraphs = [f"{first}. {second}." for first, second in zip(half[::2], half[1::2], strict=True)]
        text = "\n\n".join(paragraphs)
        made.append({"name": f"{number}.txt", "mimeType": "text/plain", "buffer": text.encode()})
    return made


def measure_typing(page: Page, address: str, vocabulary: Path, rounds: int) -> None:
    """Print the milliseconds that each keystroke of a question takes."""
    page.goto(address)
    documents = files(vocabulary)
    question = documents[0]["buffer"].decode()[:LETTERS]
    page.get_by_test_id("add-files").set_input_files(documents)
    page.get_by_test_id("agree-full").uncheck()
    page.get_by_test_id("agree").click()
    page.get_by_test_id("status").filter(has_text="added. Ready to search.").wait_for()
    taken, inside = [], []
    for turn in range(rounds + 1):
        for end in range(3, LETTERS + 1):
            whole, python = page.evaluate(TYPE, question[:end])
            if turn:  # the first round warms up
                taken.append(whole)
                inside.append(python)
        page.get_by_test_id("question").fill("")
    most = statistics.quantiles(taken, n=20)[-1]
    print(
        f"keystroke to results, {PASSAGES:,} passages: median {statistics.median(taken):.0f} ms, 95% below "
        f"{most:.0f} ms, of which the search job {statistics.median(inside):.0f} ms"
    )
