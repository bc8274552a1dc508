"""Scribble to launch: one or several letters search a list of names, and the list is ranked at each stroke.

One run writes a sample by the hand of one of 20 people, or takes a scribble, and searches twice: computing
every distance, and as few as the best names need. The search is in `launcher_search`.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.lab import handwriting
from goosequill.lab.launcher_search import KEPT, LABELS, Names, Ranking, Search, Templates
from goosequill.lab.strokes import POINTS, Strokes, resample
from goosequill.parameters import ParameterSet, setting
from goosequill.support.progress import Progress

Floats = NDArray[np.float64]

FONTS, WRITERS = handwriting.FILE, handwriting.WRITERS
NAMES, STUDY = "launcher-names.json", "launcher-study.json"
LISTS = ("apps", "countries", "contacts")
MOST_LETTERS = 8
MOST_STROKES = handwriting.MOST_DRAWN
MOST_NAMES = 2000
LONGEST = 80
"""Characters of a name of the visitor's own."""

GAP = 0.3
"""Between the letters of a sample, in heights of the writer's letters."""

SHOWN = 8


class Settings(ParameterSet):
    """The settings of the experiment."""

    names: str = setting(
        "Names",
        "The list that is searched, unless you have pasted your own.",
        default="contacts",
        choices=LISTS,
    )
    text: str = setting(
        "Sample", "Up to 8 letters that are written for you, if you do not draw.", default="abi"
    )
    writer: int = setting(
        "Writer",
        "Which of 20 people has written the sample. Her letters are left out.",
        default=1,
        range=(1, 20),
    )


DESCRIPTION = Settings.describe(
    "launcher",
    "Scribble to launch",
    "Searches names by the letters that are written, and counts the elastic distances that this takes.",
    "score(name) = min over divisions and alignments of sum(D(strokes, letter) / 32 + prices)",
    "Sakoe & Chiba 1978 (elastic matching); Lake, Salakhutdinov & Tenenbaum 2015 (Omniglot)",
)


def files(settings: Settings) -> tuple[str, ...]:
    """Return the names of the files with the letters, the names and the study."""
    return (FONTS, WRITERS, NAMES, STUDY)


def letters_of(
    fonts: bytes, people: Sequence[Mapping[str, Strokes]], left_out: int = -1
) -> list[tuple[str, Strokes]]:
    """Return templates: what people have written, and capitals and digits of the fonts.

    Parameters
    ----------
    left_out
        The index of a writer whose letters are not among them.
    """
    found = [item for index, each in enumerate(people) if index != left_out for item in each.items()]
    for face in handwriting.letters(fonts).values():
        found += [(label.lower(), strokes) for label, strokes in face.items() if not label.islower()]
    return found


@lru_cache(maxsize=2)
def templates_of(fonts: bytes, people: bytes, left_out: int) -> Templates:
    """Return the templates for a scribble of one of the writers."""
    return Templates(letters_of(fonts, handwriting.writers(people), left_out))


def written(letters: Mapping[str, Strokes], text: str) -> Strokes:
    """Return a text by a writer: her letters side by side, as high as she has drawn them.

    Raises
    ------
    SettingsError
        ``setting-range``: the text is empty or too long, or has more than the letters A to Z.
    """
    text = text.strip().lower()
    if not 1 <= len(text) <= MOST_LETTERS or not set(text) <= letters.keys():
        raise SettingsError(
            f"The sample {text[:20]!r} cannot be written.",
            code="setting-range",
            remedy=f"Give 1 to {MOST_LETTERS} letters from A to Z.",
        )
    gap = GAP * float(np.mean([np.ptp(np.concatenate(each)[:, 1]) for each in letters.values()]))
    found: Strokes = []
    right = 0.0
    for label in text:
        every = np.concatenate(letters[label])[:, 0]
        found += [stroke + np.array([right - every.min(), 0]) for stroke in letters[label]]
        right += float(np.ptp(every)) + gap
    return found


def checked_names(names: Any) -> list[str]:
    """Return one's own names without spaces around them and without empty ones.

    Raises
    ------
    SettingsError
        ``setting-range``: these are not 1 to 2,000 texts of at most 80 characters.
    """
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        names = []
    found = [each.strip() for each in names if each.strip()]
    if not 1 <= len(found) <= MOST_NAMES or max(map(len, found)) > LONGEST:
        raise SettingsError(
            "The list of names is not valid.",
            code="setting-range",
            remedy=f"Give 1 to {MOST_NAMES:,} names with at most {LONGEST} characters.",
        )
    return found


def compute(
    settings: Settings, *, files: Mapping[str, bytes], strokes: Any = None, names: Any = None
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Search after each stroke, by every distance and by few.

    Parameters
    ----------
    strokes
        A scribble instead of the sample, up to 24 lists of points [x, y], y downward.
    names
        The visitor's own list, up to 2,000 texts.

    Yields
    ------
    Progress or dict
        The result so far, after each stroke.

    Returns
    -------
    dict
        ``scribble``, [points, 2] for each stroke; ``names``, how many are searched; ``templates``, how many
        letters; ``kept``, how many names are ranked; ``comparisons`` of points in one distance; ``steps``,
        for each stroke ``best`` names with their ``scores``, ``read``, how the first one is written
        (``letter``, and ``strokes``, the first and the one after the last), ``distances`` and
        ``comparisons`` of the cascade, ``everything`` for the distances of the full search and
        ``all_comparisons`` for its comparisons, and ``same``, whether the rankings are equal; ``counts``,
        the distances of both searches, [strokes, 2]; ``study``, what scripts/lab_data/launcher_study.py
        found.

    Raises
    ------
    SettingsError
        ``setting-range``: see `written`, `checked_names` and `handwriting.checked`.
    """
    people = handwriting.writers(files[WRITERS])
    drawn = (
        written(people[settings.writer - 1], settings.text)
        if strokes is None
        else handwriting.checked(strokes, "scribble", MOST_STROKES)
    )
    drawn = [stroke if len(stroke) <= POINTS else resample(stroke, POINTS) for stroke in drawn]
    listed = json.loads(files[NAMES])[settings.names] if names is None else checked_names(names)
    yield Progress("templates", 0, 0)
    templates = templates_of(files[FONTS], files[WRITERS], settings.writer - 1 if strokes is None else -1)
    searched = Names(listed)
    searches = [Search(templates, searched, method=method) for method in ("cascade", "brute")]
    found: dict[str, Any] = {
        "scribble": drawn,
        "names": len(listed),
        "templates": templates.bank.size,
        "kept": KEPT,
        "comparisons": templates.comparisons,
        "steps": [],
        "study": json.loads(files[STUDY]),
    }
    for index, stroke in enumerate(drawn):
        yield Progress("strokes", index, len(drawn))
        few, every = (search.add(stroke) for search in searches)
        found["steps"].append(_step(few, every, listed, searched))
        found["counts"] = np.array([[each["distances"], each["everything"]] for each in found["steps"]])
        yield dict(found)
    return found


def _step(few: Ranking, every: Ranking, listed: Sequence[str], names: Names) -> dict[str, Any]:
    order = few.order[:SHOWN]
    return {
        "best": [listed[index] for index in order],
        "scores": few.scores[:SHOWN],
        "read": [
            {"letter": LABELS[names.letters[order[0], at]], "strokes": list(group)} for group, at in few.best
        ],
        "distances": few.distances,
        "comparisons": few.comparisons,
        "everything": few.everything,
        "all_comparisons": every.comparisons,
        "same": bool(np.array_equal(few.order, every.order) and np.array_equal(few.scores, every.scores)),
    }
