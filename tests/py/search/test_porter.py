"""Stems are those of npm's `stemmer`, and of Snowball's `porter` but for Porter's two departures."""

import json
import random
import re
import subprocess
from pathlib import Path

import pytest
import snowballstemmer

from goosequill.search.porter import stem

ROOT = Path(__file__).parents[3]
SUFFIXES = re.findall(
    r"\w+",
    "s es ies sses ed ing eed y e ational tional enci anci izer bli alli entli eli ousli ization ation "
    "ator alism iveness fulness ousness aliti iviti biliti logi icate ative alize iciti ical ful ness "
    "al ance ence er ic able ible ant ement ment ent ion sion tion ou ism ate iti ous ive ize ll",
)


@pytest.fixture(scope="module")
def vocabulary() -> list[str]:
    """Words of the documentation, and random ones with every suffix that the algorithm knows."""
    found = set()
    for path in (ROOT / "docs").rglob("*.md"):
        found |= set(re.findall(r"[^\W\d_]+", path.read_text("utf-8").lower()))
    source = random.Random(17)
    for _ in range(20_000):
        base = "".join(source.choices("aeiouybcdflmnrstwxzé", k=source.randint(0, 6)))
        found.add(base + source.choice(SUFFIXES) + source.choice(["", "", "s", "ed", "ly"]))
    return sorted(found - {""})


def test_stems_equal_npms(vocabulary: list[str]) -> None:
    script = (
        'import { stemmer } from "stemmer"; import { readFileSync } from "node:fs";'
        'const words = JSON.parse(readFileSync(0, "utf8"));'
        "process.stdout.write(JSON.stringify(words.map(stemmer)));"
    )
    run = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        input=json.dumps(vocabulary),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    theirs = json.loads(run.stdout)
    assert len(vocabulary) > 15_000
    assert [(word, stem(word)) for word in vocabulary] == list(zip(vocabulary, theirs, strict=True))


def test_stems_equal_snowballs_except_for_the_two_departures(vocabulary: list[str]) -> None:
    theirs = snowballstemmer.stemmer("porter").stemWords(vocabulary)
    ascii_words = [
        (word, other)
        for word, other in zip(vocabulary, theirs, strict=True)
        if word.isascii() and len(word) > 4 and not re.search(r"bl[iy]|log[iy]", word)
    ]
    differing = [(word, stem(word), other) for word, other in ascii_words if stem(word) != other]
    assert differing == []
