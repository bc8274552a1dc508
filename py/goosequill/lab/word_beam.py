"""Reading with a language model: the text that a picture's letters and the model together find likeliest.

The search is over the model's tokens, so it needs no list of words: a token reads as many letters as it has,
and costs what the letters and the model say against it. Nothing here sees a picture.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from goosequill.lab.letters_data import ALPHABET
from goosequill.models.model import Model
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer

Floats = NDArray[np.floating[Any]]
Arrays = dict[str, NDArray[np.float32]]

START = "\n\n"
"""What the model has read before: the end of a paragraph."""


class Group(NamedTuple):
    """Tokens of one length."""

    ids: NDArray[np.intp]
    letters: NDArray[np.intp]
    """[tokens, length]."""


@dataclass(frozen=True)
class Spelling:
    """The model's tokens that consist of letters, by their length: at the start of a word, with a space
    before, and inside of one."""

    first: dict[int, Group]
    inner: dict[int, Group]
    texts: dict[int, str]


@dataclass(frozen=True)
class Path:
    """A reading of the first letters: its score, its text in the model's spelling, and its last token."""

    score: float
    text: str
    token: int
    arrays: Arrays
    """The state before the last token was read."""


def spelling(tokenizer: Tokenizer, size: int) -> Spelling:
    """Return what the tokens 0 to `size` - 1 spell."""
    texts = {token: tokenizer.decode([token]) for token in range(size)}
    known = {
        token: text
        for token, text in texts.items()
        if (bare := text.removeprefix(" ")).isascii() and bare.isalpha()
    }
    groups: list[dict[int, Group]] = []
    for starts in (True, False):
        by_length: dict[int, list[int]] = {}
        for token, text in known.items():
            if text.startswith(" ") == starts:
                by_length.setdefault(len(text) - starts, []).append(token)
        groups.append({length: _group(ids, known) for length, ids in sorted(by_length.items())})
    return Spelling(groups[0], groups[1], known)


def _group(ids: list[int], texts: dict[int, str]) -> Group:
    letters = [[ALPHABET.index(letter) for letter in texts[token].strip().upper()] for token in ids]
    return Group(np.array(ids), np.array(letters))


def read(
    model: Model,
    tokenizer: Tokenizer,
    spelled: Spelling,
    words: Sequence[Floats],
    *,
    width: int = 8,
    weight: float = 1.0,
) -> Generator[Progress, None, str]:
    """Return the likeliest text, in the model's spelling; yield after each token that the model reads.

    Parameters
    ----------
    words
        log p(letter | picture) of each word, [letters, 26].
    width
        How many readings are kept after each letter: two that differ only in case are one.
    weight
        What the model's log-probabilities are multiplied by.

    Notes
    -----
    A beam for each number of letters read. Readings of the same letters can be compared, whatever the number
    of their tokens; so beams are finished from the first letter to the last.
    """
    letters = np.concatenate(words)
    ends = np.cumsum([len(word) for word in words])
    total = len(letters)
    begins = set(ends[:-1].tolist())
    state = model.new_state()
    *earlier, last = tokenizer.encode(START)
    if earlier:
        model.forward(earlier, state, logits="none")
    beams: list[dict[str, Path]] = [{} for _ in range(total + 1)]
    beams[0][""] = Path(0.0, "", last, _values(state))
    for place in range(total):
        groups = spelled.first if place in begins else spelled.inner  # a paragraph begins without a space
        room = int(ends[np.searchsorted(ends, place, side="right")]) - place
        seen = {
            length: _picture_scores(group, letters[place : place + length])
            for length, group in groups.items()
            if length <= room
        }
        for path in sorted(beams[place].values(), key=lambda each: -each.score)[:width]:
            yield Progress("letters", place, total)
            state.assign(path.arrays)
            logits = np.asarray(model.forward([path.token], state), np.float64)
            logs = logits - np.logaddexp.reduce(logits)
            arrays = _values(state)
            for length, scores in seen.items():
                group = groups[length]
                sums = path.score + scores + weight * logs[group.ids]
                for index in _largest(sums, width):
                    token = int(group.ids[index])
                    found = Path(float(sums[index]), path.text + spelled.texts[token], token, arrays)
                    _keep(beams[place + length], found, width)
        beams[place] = {}
    if not beams[total]:
        return ""
    return max(beams[total].values(), key=lambda each: each.score).text.strip()


def _values(state: Any) -> Arrays:
    return {name: array.copy() for name, array in state.arrays.items()}


def _picture_scores(group: Group, letters: Floats) -> Floats:
    """Return the summed log-probabilities of each token's letters, [tokens]."""
    return np.asarray(letters[np.arange(len(letters)), group.letters].sum(axis=1))


def _largest(values: Floats, count: int) -> NDArray[np.intp]:
    return np.argsort(-values, kind="stable")[:count]


def _keep(beam: dict[str, Path], found: Path, width: int) -> None:
    """Add a reading to a beam, unless there are enough that are better."""
    key = found.text.upper()
    if key in beam:
        if beam[key].score < found.score:
            beam[key] = found
        return
    if len(beam) >= width:
        worst = min(beam, key=lambda each: beam[each].score)
        if beam[worst].score >= found.score:
            return
        del beam[worst]
    beam[key] = found
