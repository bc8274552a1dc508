"""Words by a list: the trie finds what brute force finds, the corrector what Norvig's own code finds."""

from __future__ import annotations

import runpy
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from goosequill.errors import SettingsError
from goosequill.lab import experiments, reading, word_lists
from tests.py.refusals import refused

ROOT = Path(__file__).resolve().parents[3]
KNOWN = word_lists.read(experiments.path_of(reading.WORDS).read_bytes())


def scores_of(word: str, letters: np.ndarray) -> float:
    return float(sum(row[ord(letter) - ord("A")] for row, letter in zip(letters, word, strict=True)))


def test_the_file_is_small_and_in_order() -> None:
    assert KNOWN.words == sorted(set(KNOWN.words)) and 20_000 < len(KNOWN.words) < 30_000
    assert np.exp(KNOWN.logs).sum() == pytest.approx(1)
    prefixes = {word[:end] for word in KNOWN.words for end in range(1, len(word) + 1)}
    assert KNOWN.nodes == len(prefixes)


@pytest.mark.parametrize("length", [1, 2, 5, 9, 14])
def test_the_trie_finds_the_word_that_brute_force_finds(length: int) -> None:
    rng = np.random.default_rng(length)
    same = [(word, log) for word, log in zip(KNOWN.words, KNOWN.logs, strict=True) if len(word) == length]
    for _ in range(3):
        letters = log_softmax(2 * rng.standard_normal((length, 26)), axis=1)
        totals = {word: scores_of(word, letters) + log + np.log(0.97) for word, log in same}
        unknown = letters.max(axis=1).sum() + np.log(0.03) - length * np.log(26)
        word, score = word_lists.best_word(KNOWN, letters)
        if max(totals.values()) > unknown:
            assert word == max(totals, key=totals.__getitem__)
        assert score == pytest.approx(max(unknown, *totals.values()))


def test_a_word_that_is_longer_than_any_or_certain_and_unknown_is_kept() -> None:
    for word in ("QZXWV", "A" * 30):
        letters = np.where(np.arange(26) == np.array([[ord(letter) - 65] for letter in word]), 0.0, -50.0)
        assert word_lists.best_word(KNOWN, letters)[0] == word


def edits(word: str) -> set[str]:
    """All that is one edit away: from https://norvig.com/spell-correct.html (MIT), in capitals."""
    splits = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    deletes = [L + R[1:] for L, R in splits if R]
    transposes = [L + R[1] + R[0] + R[2:] for L, R in splits if len(R) > 1]
    replaces = [L + c + R[1:] for L, R in splits if R for c in string.ascii_uppercase]
    inserts = [L + c + R for L, R in splits for c in string.ascii_uppercase]
    return set(deletes + transposes + replaces + inserts)


def norvig(word: str, logs: dict[str, float]) -> str:
    near = edits(word)
    far = (second for first in near for second in edits(first))
    candidates = {word} & logs.keys() or near & logs.keys() or set(far) & logs.keys()
    return max(candidates, key=logs.__getitem__, default=word)


@pytest.mark.parametrize(
    "word", ["THE", "HTE", "XIND", "WAIER", "CAVIE", "SPELING", "KORREC", "QZQZQZQ", "VVIND"]
)
def test_the_corrector_is_norvigs(word: str) -> None:
    logs = dict(zip(KNOWN.words, KNOWN.logs, strict=True))
    found = word_lists.corrected(KNOWN, word)
    wanted = norvig(word, logs)
    assert logs.get(found) == logs.get(wanted)  # of equally frequent words either will do


@settings(max_examples=30, deadline=None)
@given(st.text("abc", max_size=7), st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_distances_are_a_metric_and_count_edits(one: str, other: str, third: str) -> None:
    apart = word_lists.distance(one, other)
    assert apart == word_lists.distance(other, one) and (apart == 0) == (one == other)
    assert abs(len(one) - len(other)) <= apart <= max(len(one), len(other))
    assert apart <= word_lists.distance(one, third) + word_lists.distance(third, other)


def test_error_rates_by_hand() -> None:
    assert word_lists.distance("kitten", "sitting") == 3
    assert word_lists.error_rates("A COLD WIND", "A COLD WIND") == (0, 0)
    assert word_lists.error_rates("A COLD WIND", "A GOLDVVIND") == (3 / 11, 2 / 3)
    assert word_lists.error_rates("AB", "") == (1, 1)


@pytest.mark.parametrize(
    "content", [b"", b"the", b"the 0", b"the x", b"th\xc3\xa9 3", b"the 3 4", b"a" * 30 + b" 3"]
)
def test_a_damaged_list_is_refused(content: bytes) -> None:
    with refused(SettingsError, "lab-data"):
        word_lists.read(content)


def test_the_standalone_script_reads_what_the_module_reads(capsys: pytest.CaptureFixture[str]) -> None:
    script = runpy.run_path(str(ROOT / "docs/lab/scripts/reading.py"))
    assert "word list    THE" in capsys.readouterr().out
    known = word_lists.make(script["COUNTS"])
    for letters in script["pictures"]:
        assert word_lists.best_word(known, letters)[0] == script["read"](letters)
