"""Handwriting: letters recognized by the template that fits best when it is stretched and squeezed.

One run divides a scribble into letters, finds the nearest template of each, and counts what five ways to
find it compare. Distances are in `elastic`, sequences in `strokes`, the division in `segmentation`.
"""

from __future__ import annotations

import json
import string
from collections.abc import Generator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.lab import elastic, segmentation
from goosequill.lab.strokes import POINTS, Strokes, orders, perturbed, resample, sequence
from goosequill.parameters import ParameterSet, setting
from goosequill.support.progress import Progress

Floats = NDArray[np.float64]
Template = tuple[str, str]
"""The label and the face."""

FILE, WRITERS, STUDY = "hershey.json", "launcher-letters.json", "handwriting-study.json"
ALPHABETS = {
    "letters": string.ascii_letters,
    "capitals": string.ascii_uppercase,
    "small": string.ascii_lowercase,
    "digits": string.digits,
    "all": string.ascii_letters + string.digits,
}
OWN = "yours"
MOST_LETTERS = 8
MOST_DRAWN = 24
"""Strokes of a scribble."""

MOST_POINTS = 20_000
"""Points of a scribble, and of one's own samples."""

MOST_SAMPLES = 200
LETTER_PRICE = 0.01
"""What a letter more costs, beside mean squared distances of points."""

SPACING_PRICE = 0.1
"""What a gap inside a letter, or an overlap of two letters, of one height costs."""

ALTERNATIVES = 5
BLOCKS = {"abandon": 32, "kim": 32}
"""Distances measured at once where hundreds are: see `elastic.nearest`."""


class Settings(ParameterSet):
    """The settings of the experiment."""

    text: str = setting(
        "Sample", "Up to 8 letters or digits that are written for you, if you do not draw.", default="Goose"
    )
    face: Literal["plain", "cursive", "person"] = setting(
        "Sample's hand",
        "A stroke font, or the small letters of a person, which are then not among the templates.",
        default="plain",
    )
    writer: int = setting("Which of 20 people has written the sample.", default=1, range=(1, 20))
    wobble: float = setting(
        "Unsteadiness",
        "0 writes the font's own letters; 1 bends, slants and stretches them until they are hard to read.",
        default=0.4,
        range=(0, 1, 0.05),
    )
    templates: Literal["fonts", "people"] = setting(
        "Templates",
        "Whose small letters are compared: those of two fonts, or of 20 people. All others are the fonts'.",
        default="fonts",
    )
    alphabet: str = setting(
        "Look for", "The templates that are compared.", default="letters", choices=tuple(ALPHABETS)
    )
    band: int = setting(
        "How many of 64 points a sequence may run ahead of the other.", default=6, range=(0, 16)
    )
    seed: int = setting("Numbers the random changes of the sample.", default=1, range=(0, 2**31 - 1))


DESCRIPTION = Settings.describe(
    "handwriting",
    "Handwriting",
    "Recognizes scribbled letters by elastic matching, and counts what finding the best template takes.",
    "D(i, j) = |a_i - b_j|^2 + min(D(i-1, j-1), D(i-1, j), D(i, j-1)) for |i - j| <= band",
    "Sakoe & Chiba 1978 (elastic matching); Keogh & Ratanamahatana 2005 (lower bounds)",
)


def files(settings: Settings) -> tuple[str, ...]:
    """Return the names of the files with the templates and the study."""
    people = settings.face == "person" or settings.templates == "people"
    return (FILE, STUDY, WRITERS) if people else (FILE, STUDY)


def letters(file: bytes) -> dict[str, dict[str, Strokes]]:
    """Return the strokes of each letter of each face; y grows downward, and a capital is 21 high."""
    return {
        face: {
            label: [np.array(stroke, np.float64).reshape(-1, 2) for stroke in strokes]
            for label, strokes in each.items()
        }
        for face, each in json.loads(file).items()
    }


@lru_cache(maxsize=2)
def writers(file: bytes) -> tuple[dict[str, Strokes], ...]:
    """Return the letters of each writer, a to z; a drawing is 105 wide and high, y grows downward."""
    return tuple(
        {
            label: [np.array(stroke, np.float64).reshape(-1, 2) for stroke in strokes]
            for label, strokes in zip(string.ascii_lowercase, each, strict=False)
        }
        for each in json.loads(file)
    )


@lru_cache(maxsize=8)
def _built_in(
    fonts: bytes, people: bytes | None, alphabet: str, left_out: int
) -> tuple[list[Template], Floats]:
    """Return the templates that are not the visitor's, and their sequences."""
    faces: list[tuple[str, Mapping[str, Strokes]]] = list(letters(fonts).items())
    if people is not None:
        faces = [(name, {key: face[key] for key in face if not key.islower()}) for name, face in faces]
        hands = enumerate(writers(people))
        faces += [(f"writer {index + 1}", hand) for index, hand in hands if index != left_out]
    templates, sequences = [], []
    for face, each in faces:
        for label in ALPHABETS[alphabet]:
            for order in orders(each[label]) if label in each else []:
                templates.append((label, face))
                sequences.append(sequence(order))
    return templates, np.stack(sequences, axis=-1)  # [4, points, templates]


def templates_of(
    files: Mapping[str, bytes],
    settings: Settings,
    samples: Sequence[tuple[str, Strokes]] = (),
    left_out: int = -1,
) -> tuple[list[Template], elastic.Bank]:
    """Return what a scribble is compared with: letters of fonts or people, and one's own samples.

    Parameters
    ----------
    left_out
        The index of a writer whose letters are not among the templates.
    """
    people = files[WRITERS] if settings.templates == "people" else None
    templates, sequences = _built_in(files[FILE], people, settings.alphabet, left_out)
    own = [(label, sequence(order)) for label, strokes in samples for order in orders(strokes)]
    if own:
        templates = templates + [(label, OWN) for label, _ in own]
        sequences = np.concatenate([sequences, np.stack([each for _, each in own], axis=-1)], axis=2)
    return templates, elastic.Bank(sequences, settings.band)


def written(files: Mapping[str, bytes], settings: Settings) -> Strokes:
    """Return the sample: the letters of a hand side by side, those of a font written unsteadily.

    Raises
    ------
    SettingsError
        ``setting-range``: the text is empty or too long, or a character is neither a letter nor a digit, or,
        of a person, no letter.
    """
    text, wobble = settings.text.strip(), settings.wobble
    if settings.face == "person":
        text, wobble, hand = text.lower(), 0.0, writers(files[WRITERS])[settings.writer - 1]
    else:
        hand = letters(files[FILE])[settings.face]
    if not 1 <= len(text) <= MOST_LETTERS or not set(text) <= hand.keys():
        raise SettingsError(
            f"The sample {text[:20]!r} cannot be written.",
            code="setting-range",
            remedy=f"Give 1 to {MOST_LETTERS} letters from A to Z; a font has 0 to 9, too.",
        )
    rng = np.random.default_rng(settings.seed)
    found: Strokes = []
    right = 0.0
    for label in text:
        every = np.concatenate(hand[label])
        middle, size = (every.max(axis=0) + every.min(axis=0)) / 2, np.ptp(every, axis=0).max()
        unsteady = [size * each for each in perturbed(hand[label], wobble, rng)]
        left = min(float(each[:, 0].min()) for each in unsteady)
        shift = np.array([right - left, middle[1]])
        placed = [each + shift for each in unsteady]
        found += placed
        right = max(float(each[:, 0].max()) for each in placed) + 6
    return found


def checked(strokes: Any, name: str, most: int) -> Strokes:
    """Return strokes from outside as arrays.

    Parameters
    ----------
    strokes
        Lists of points, each with its x and y first.
    name
        What they are called in an error.

    Raises
    ------
    SettingsError
        ``setting-range``: there are none or too many, or a coordinate is not a number of usual size.
    """
    problem = ""
    found: Strokes = []
    try:
        points = sum(len(stroke) for stroke in strokes)
        if not 1 <= len(strokes) <= most or not 1 <= points <= MOST_POINTS or not all(map(len, strokes)):
            problem = f"has {len(strokes)} strokes with {points} points"
        else:
            found = [np.array([[float(p[0]), float(p[1])] for p in stroke]) for stroke in strokes]
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        problem = "is not a list of strokes of points"
    if not problem and not all((np.abs(each) < 1e6).all() for each in found):
        problem = "has a coordinate that is not a number of usual size"
    if problem:
        raise SettingsError(
            f"The {name} {problem}.",
            code="setting-range",
            remedy=f"Give 1 to {most} strokes with {MOST_POINTS:,} points at most.",
        )
    return [each if len(each) > 1 else np.repeat(each, 2, axis=0) for each in found]


def checked_samples(samples: Any) -> list[tuple[str, Strokes]]:
    """Return one's own samples, ``{"label": ..., "strokes": ...}`` each, or raise as `checked`."""
    found = []
    if not isinstance(samples, list) or len(samples) > MOST_SAMPLES:
        samples = [None]  # which is not valid
    for sample in samples:
        label = sample.get("label") if isinstance(sample, dict) else None
        if not isinstance(label, str) or len(label) != 1 or label not in ALPHABETS["all"]:
            raise SettingsError(
                "The samples are not valid.",
                code="setting-range",
                remedy=f"Give {MOST_SAMPLES} at most, each with one letter or digit and its strokes.",
            )
        strokes = checked(sample.get("strokes"), f"sample of {label}", segmentation.MOST_STROKES)
        found.append((label, [_few(stroke) for stroke in strokes]))
    return found


def _few(stroke: Floats) -> Floats:
    """Return a stroke with at most 64 points: more are not seen in a sequence."""
    return stroke if len(stroke) <= POINTS else resample(stroke, POINTS)


def divide(bank: elastic.Bank, strokes: Strokes) -> tuple[list[segmentation.Group], elastic.Found]:
    """Return the groups of strokes that form letters, and the search for each possible group."""
    possible = segmentation.groups(len(strokes))
    found = elastic.nearest(bank, _sequences(strokes, possible))
    places = segmentation.spacing(strokes)
    costs = {
        group: float(distance) / POINTS + LETTER_PRICE + SPACING_PRICE * places[group]
        for group, distance in zip(possible, found.distance, strict=True)
    }
    return segmentation.best(len(strokes), costs), found


def _sequences(strokes: Strokes, groups: Sequence[segmentation.Group]) -> Floats:
    return np.stack([sequence(strokes[start:end]) for start, end in groups], axis=-1)


def ranked(
    bank: elastic.Bank, templates: Sequence[Template], queries: Floats, count: int = ALTERNATIVES
) -> Generator[Progress, None, list[list[tuple[int, float]]]]:
    """Return the nearest templates with different labels of each query: their indices and distances."""
    labels = np.array([label for label, _ in templates])
    without = np.zeros((queries.shape[2], bank.size), np.bool_)
    found: list[list[tuple[int, float]]] = [[] for _ in range(queries.shape[2])]
    count = min(count, len(set(labels)))
    for place in range(count):
        yield Progress("choices", place, count)
        step = elastic.nearest(bank, queries, without=without)
        for query, (index, distance) in enumerate(zip(step.index, step.distance, strict=True)):
            found[query].append((int(index), float(distance)))
            without[query] |= labels == labels[index]
    return found


def compare(bank: elastic.Bank, queries: Floats) -> Generator[Progress, None, list[dict[str, Any]]]:
    """Search with each method, and return what each has found and compared, summed over the queries."""
    rows: list[dict[str, Any]] = []
    count = queries.shape[2]
    for number, method in enumerate(elastic.METHODS):
        found = []
        for query in range(count):
            yield Progress("methods", number * count + query, len(elastic.METHODS) * count)
            one = queries[:, :, query : query + 1]
            found.append(elastic.nearest(bank, one, method=method, block=BLOCKS.get(method, 1)))
        rows.append({"method": method, **_summed(found)})
    whole: int = rows[0]["total"]
    return [{**row, "factor": whole / row["total"]} for row in rows]


def _summed(found: Sequence[elastic.Found]) -> dict[str, Any]:
    comparisons = {
        step: sum(int(each.comparisons[step][0]) for each in found) for step in found[0].comparisons
    }
    return {
        "comparisons": comparisons,
        "total": sum(comparisons.values()),
        "left": {step: sum(int(each.left[step][0]) for each in found) for step in found[0].left},
        "measured": sum(int(each.measured[0]) for each in found),
        "finished": sum(int(each.finished[0]) for each in found),
        "index": np.array([each.index[0] for each in found]),
        "distance": np.array([each.distance[0] for each in found]),
    }


def compute(
    settings: Settings, *, files: Mapping[str, bytes], strokes: Any = None, samples: Any = None
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Recognize a scribble.

    Parameters
    ----------
    strokes
        The scribble, up to 24 lists of points [x, y], y downward, instead of the settings' sample.
    samples
        One's own templates, up to 200 dicts with ``label`` and ``strokes``.

    Yields
    ------
    Progress or dict
        First everything but ``methods``.

    Returns
    -------
    dict
        ``text``; ``scribble``, [points, 2] for each stroke, in its heights; ``letters``, a dict for each (see
        `_letter`); ``templates``, their number; ``comparisons`` of one distance; ``methods``, see `compare`;
        and ``study``, what scripts/lab_data/handwriting_study.py found.

    Raises
    ------
    SettingsError
        ``setting-range``: see `written`, `checked` and `checked_samples`.
    """
    own = checked_samples(samples) if samples is not None else []
    is_person = strokes is None and settings.face == "person"
    drawn = written(files, settings) if strokes is None else checked(strokes, "scribble", MOST_DRAWN)
    drawn = [_few(stroke) for stroke in drawn]
    yield Progress("templates", 0, 0)
    templates, bank = templates_of(files, settings, own, settings.writer - 1 if is_person else -1)
    yield Progress("groups of strokes", 0, 0)
    groups, _ = divide(bank, drawn)
    queries = _sequences(drawn, groups)
    choices = yield from ranked(bank, templates, queries)
    found = [
        _letter(bank, templates, queries[:, :, index], chosen) | {"strokes": list(group)}
        for index, (group, chosen) in enumerate(zip(groups, choices, strict=True))
    ]
    result = {
        "text": "".join(each["label"] for each in found),
        "scribble": _shown(drawn),
        "letters": found,
        "templates": bank.size,
        "comparisons": elastic.cells(POINTS, settings.band),
        "study": json.loads(files[STUDY]),
    }
    yield result
    methods = yield from compare(bank, queries)
    return {**result, "methods": methods, "distances": methods[0]["distance"]}


def _letter(
    bank: elastic.Bank, templates: Sequence[Template], query: Floats, chosen: Sequence[tuple[int, float]]
) -> dict[str, Any]:
    """Return a letter's ``label``, ``choices``, ``points``, the best ``template``, and the ``path``.

    ``turns`` and ``template_turns`` are the pen's directions at the points, [points, 2] each.
    """
    index, _ = chosen[0]
    other = bank.sequences[:, :, index]
    return {
        "label": templates[index][0],
        "choices": [
            {"label": templates[each][0], "face": templates[each][1], "distance": distance / POINTS}
            for each, distance in chosen
        ],
        "points": query[:2].T.round(3),
        "turns": query[2:].T.round(3),
        "template": other[:2].T.round(3),
        "template_turns": other[2:].T.round(3),
        "path": elastic.path(query, other, band=bank.band),
    }


def _shown(strokes: Strokes) -> list[Floats]:
    """Return the strokes with few points, in heights of the scribble from its upper left corner."""
    every = np.concatenate(strokes)
    height = max(float(np.ptp(every[:, 1])), float(np.ptp(every[:, 0])) / MOST_LETTERS, 1e-9)
    return [((resample(stroke, 32) - every.min(axis=0)) / height).round(3) for stroke in strokes]
