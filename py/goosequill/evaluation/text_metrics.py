"""Measures of a text that need no judge: length, variety, repetition, truncation, echo, surprise.

`measure` measures single outputs; `summarize` computes means over prompts and paired differences, with
95% intervals and permutation tests; a page asks for both at once, `measure_columns`. They do not measure
quality: they show where to look.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from collections.abc import Generator, Mapping, Sequence
from itertools import combinations
from typing import Any, TypedDict

import numpy as np

from goosequill.evaluation import wording
from goosequill.evaluation.statistics import (
    Permutation,
    flag_gap_interval,
    holm,
    mean_interval,
    paired_permutation,
    share_interval,
)
from goosequill.tokenizers.word_breaks import segments, word_spans

Array = np.ndarray[Any, np.dtype[Any]]

FIRST = 50
"""Words of a text's beginning, in which the measures that end in ``_50`` look."""

METRICS = {
    "words": "Number of words. Where a script has no spaces between words, each character counts as one.",
    "distinct_1": "Share of distinct words among all words. It falls with length: long texts repeat words.",
    "distinct_1_50": "Share of distinct words among the first 50, which does not depend on length.",
    "distinct_2": "Share of distinct two-word phrases among all two-word phrases.",
    "distinct_3": "Share of distinct three-word phrases among all three-word phrases.",
    "longest_repeat": "Length, in words, of the longest passage that occurs twice.",
    "looping": "Share of the text inside its longest immediate repetition (three times or more).",
    "compression": "Compressed size as a share of the size. It falls with repetition, and with length.",
    "compression_50": "Compressed size of the first 50 words as a share of their size.",
    "truncated": "Whether the text ends mid-sentence or inside a code block, judging by its last characters.",
    "echo": "Share of the prompt's three-word phrases that occur in the output.",
    "mean_surprise": "Mean surprise of a token in bits, if the log-probabilities are known.",
}
"""The measures of one output: name -> description."""

PROMPT_METRICS = {"likeness": "Share of two-word phrases that two samples for one prompt have in common."}
"""Measures of all samples of a prompt together: name -> description."""

NUMBERS = frozenset({"words", "longest_repeat", "mean_surprise"})
"""The measures that are not shares or flags, from 0 to 1."""

FEWEST_SHARES, FEWEST_VALUES = 5, 10
"""Prompts from which on a mean of shares, or of other values, has an interval; see docs/how-to/compare.md."""

STOPS = ".!?\u3002\uff01\uff1f\u0964"
_OPEN = re.compile(r"(?:\.\.\.|(?<!-)-|[\u2026\u2013\u2014,;:\u3001\uff0c\uff1b\uff1a])\Z")
"""An end in mid-sentence: an ellipsis, a dash, a comma; but not three dashes, which are a line."""
_ITEM = re.compile(r"[ \t]*(?:[-*+\u2022]|\w{1,3}[.)])[ \t]+\S")
_UNSTOPPED = re.compile("[\u0e00-\u0eff]")
"""Thai and Lao have no full stop."""
LAST = 200
"""Characters of a text's end in which its last words are looked for."""

LONGEST_PERIOD = 64

Measures = dict[str, float | None]
"""Name in METRICS -> value; None if the output is too short to have one."""


def words_of(text: str) -> list[str]:
    """Words in lower case, as `goosequill.tokenizers.word_breaks` finds them, with accents composed."""
    return [_plain(text[start:end]) for start, end in word_spans(text)]


def _plain(word: str) -> str:
    return unicodedata.normalize("NFC", word.lower())


def numbered(words: Sequence[str]) -> Array:
    """Words as ids: equal words have equal ids."""
    ids: dict[str, int] = {}
    return np.array([ids.setdefault(word, len(ids)) for word in words], dtype=np.int64)


def distinct(words: Sequence[str], size: int) -> float | None:
    """Share of different n-grams among all n-grams.

    None for a text that is too short to have one: it is neither varied nor repetitive, and counting it
    as 1.0 would make a decoder that writes nothing look the most varied.
    """
    grams = list(zip(*(words[start:] for start in range(size)), strict=False))
    return len(set(grams)) / len(grams) if grams else None


def longest_repeat(words: Sequence[str]) -> int:
    """Length of the longest passage that occurs at least twice (the two may overlap).

    Ranks of all passages of length 1, 2, 4, ... (prefix doubling) let any length be tested by sorting.
    """
    ranks = [numbered(words)]
    while _has_twins(ranks[-1]) and len(ranks[-1]) > (step := 2 ** (len(ranks) - 1)):
        ranks.append(_rank(ranks[-1][:-step], ranks[-1][step:]))
    if not _has_twins(ranks[0]):
        return 0
    low, high = 1, len(words)  # a passage of length `low` occurs twice, none of length `high` does
    while high - low > 1:
        middle = (low + high) // 2
        power = middle.bit_length() - 1
        if power < len(ranks) and len(ranks[power]) > (shift := middle - 2**power):
            row = ranks[power]
            found = _has_twins(_rank(row[: len(row) - shift], row[shift:]))
        else:
            found = False
        low, high = (middle, high) if found else (low, middle)
    return low


def _rank(first: Array, second: Array) -> Array:
    """Ids for pairs: equal pairs have equal ids."""
    size = int(max(first.max(initial=0), second.max(initial=0))) + 1
    ranked: Array = np.unique(first * size + second, return_inverse=True)[1]
    return ranked


def _has_twins(ids: Array) -> bool:
    return len(np.unique(ids)) < len(ids)


def looping(words: Sequence[str]) -> float:
    """Share of the words inside the longest run of a passage repeated three times or more in a row."""
    return _longest_loop(words)[1] / len(words) if words else 0.0


def _longest_loop(words: Sequence[str]) -> tuple[int, int, int]:
    """The longest run of a passage repeated in a row: its first word, its length, the passage's; or zeros.

    A passage of at least two words at least three times, as Holtzman et al. (2020, "The curious case of
    neural text degeneration") count repetition; there only at a text's end, here anywhere.
    """
    ids = numbered(words)
    found = (0, 0, 0)
    for period in range(1, min(LONGEST_PERIOD, len(ids) // 3) + 1):
        same = ids[period:] == ids[:-period]
        breaks = np.flatnonzero(np.concatenate([[True], ~same, [True]]))
        at = int(np.diff(breaks).argmax())
        run = int(np.diff(breaks)[at]) - 1 + period
        if run >= 3 * period and run >= 6 and run > found[1]:
            found = (int(breaks[at]), run, period)
    return found


class Loop(TypedDict):
    """A text in which a passage repeats, cut where the repetition begins and ends."""

    before: str
    """Up to the end of the first occurrence."""
    repeated: str
    after: str
    words: int
    """Length of the passage."""
    times: int
    """How often it occurs in a row, the first one included."""


def loops(texts: Sequence[str]) -> list[Loop | None]:
    """Find where each text repeats itself, by the rule of the measure ``looping``; None where none does.

    Examples
    --------
    >>> loops(["Oh, and so on and so on and so on.", "Once."])[0]["repeated"]
    'and so on and so on'
    """
    return [_loop_of(text) for text in texts]


def _loop_of(text: str) -> Loop | None:
    spans = word_spans(text)
    start, length, period = _longest_loop([_plain(text[begin:end]) for begin, end in spans])
    if not length:
        return None
    begin, end = spans[start + period][0], spans[start + length - 1][1]
    return {
        "before": text[:begin],
        "repeated": text[begin:end],
        "after": text[end:],
        "words": period,
        "times": length // period,
    }


def compression(text: str) -> float | None:
    """Compressed size over size, at most 1; None for an empty text."""
    data = text.encode("utf-8", "surrogatepass")
    return min(1.0, len(zlib.compress(data, 6)) / len(data)) if data else None


def truncated(text: str) -> bool:
    """Whether the text stops in mid-sentence, or inside a code block, as far as its end shows.

    A text of more than three words that ends in a letter does. The last item of a list does only if all items
    before it end in a full stop; a number at the end may be the answer.
    """
    bare = text.rstrip()
    if not bare:
        return False
    if len(re.findall(r"^[ \t]*```", bare, re.MULTILINE)) % 2 == 1:
        return True
    lines = bare.splitlines()
    if _ITEM.match(lines[-1]):
        others = [line.rstrip() for line in lines[:-1] if _ITEM.match(line)]
        if not others or any(line[-1] not in STOPS for line in others):
            return False
    *_, last = segments(bare[-LAST:])
    if last["word"] is None:
        return _OPEN.search(bare[-3:]) is not None
    letters = not any(map(str.isdigit, last[0])) and not _UNSTOPPED.match(last[0])
    return letters and len(word_spans(bare[-LAST:])) > 3


def echo(prompt: str, text: str) -> float | None:
    """Share of the prompt's three-word phrases (two words, or one, if it is shorter) that the text repeats.

    None for a prompt without words.
    """
    return _echo(words_of(prompt), words_of(text))


def _echo(asked: Sequence[str], written: Sequence[str]) -> float | None:
    size = min(3, len(asked))
    if size == 0:
        return None
    grams = set(zip(*(asked[start:] for start in range(size)), strict=False))
    return len(grams & set(zip(*(written[start:] for start in range(size)), strict=False))) / len(grams)


def mean_surprise(logprobs: Sequence[float]) -> float | None:
    """Mean surprise of a token in bits, from natural log-probabilities; None without tokens."""
    return -sum(logprobs) / len(logprobs) / math.log(2) if logprobs else None


def likeness(texts: Sequence[str]) -> float | None:
    """How alike several samples are: the mean share of word pairs that two have in common; None for one."""
    if len(texts) < 2:
        return None
    grams = [set(zip(["", *words], [*words, ""], strict=True)) for words in map(words_of, texts)]
    shares = [len(one & other) / len(one | other) for one, other in combinations(grams, 2)]
    return sum(shares) / len(shares)


def measure(outputs: Sequence[Mapping[str, Any]]) -> list[Measures]:
    """Measure outputs.

    Parameters
    ----------
    outputs
        Each {"prompt": str, "text": str}, and optionally "logprobs": the natural log-probability of each
        token.

    Returns
    -------
    For each output every name in METRICS, with None for a measure that the output is too short for, and for
    ``mean_surprise`` without log-probabilities.

    Examples
    --------
    >>> (found,) = measure([{"prompt": "Oh, and", "text": " so on and so on and so on"}])
    >>> found["words"], round(found["distinct_2"], 2)
    (8.0, 0.43)
    """
    return [measure_one(output["prompt"], output["text"], output.get("logprobs") or ()) for output in outputs]


def measure_one(prompt: str, text: str, logprobs: Sequence[float] = ()) -> Measures:
    """Measure one output; see `measure`."""
    spans = word_spans(text)
    words = [_plain(text[start:end]) for start, end in spans]
    enough = len(words) >= FIRST
    return {
        "words": float(len(words)),
        "distinct_1": distinct(words, 1),
        "distinct_1_50": distinct(words[:FIRST], 1) if enough else None,
        "distinct_2": distinct(words, 2),
        "distinct_3": distinct(words, 3),
        "longest_repeat": float(longest_repeat(words)),
        "looping": looping(words),
        "compression": compression(text),
        "compression_50": compression(text[: spans[FIRST - 1][1]]) if enough else None,
        "truncated": float(truncated(text)),
        "echo": _echo(words_of(prompt), words),
        "mean_surprise": mean_surprise(logprobs),
    }


def interval(values: Array, *, share: bool = False, gap: bool = False) -> dict[str, Any]:
    """Mean of one value per prompt, with its 95% interval.

    Parameters
    ----------
    values
        [prompts], at least one.
    share
        Whether each value is a share, from 0 to 1, or with `gap` the difference of two.

    Returns
    -------
    {"mean", "low", "high", "prompts"}. "low" and "high" are None if there are too few values for an interval
    that can be relied on: fewer than `FEWEST_SHARES` shares, or differences of -1, 0 and 1; fewer than
    `FEWEST_VALUES` others; or if they are all equal and could be anything.
    """
    count, mean = len(values), float(values.mean())
    ends: tuple[Any, Any] = (np.nan, np.nan)
    if share and not gap and count >= FEWEST_SHARES:
        ends = share_interval(values)
    elif share and count >= FEWEST_SHARES and (np.isin(values, (-1, 0, 1)).all() or np.ptp(values) == 0):
        ends = flag_gap_interval(values)
    elif count >= FEWEST_VALUES:
        ends = mean_interval(values)
    limits = (-1.0, 1.0) if share else (-np.inf, np.inf)
    low, high = (None if np.isnan(end) else float(np.clip(end, *limits)) for end in ends)
    return {"mean": mean, "low": low, "high": high, "prompts": count}


def summarize(
    columns: Sequence[Mapping[str, Any]],
    *,
    baseline: str | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Means over prompts for each column, and differences from a baseline over the prompts they share.

    Parameters
    ----------
    columns
        Each {"name": str, "prompts": [{"prompt", "texts", "measures"}]}, with the samples' texts and the
        results of `measure` for each. Instead of the texts it may have their "likeness".
    baseline
        Name of the column to compare the others with.
    seed
        Of the permutation tests.

    Returns
    -------
    {"metrics": {metric: sentence}, "columns": [{"name", "outputs", "means": {metric: interval}}],
    "differences": [{"name", "baseline", "means": {metric: interval}}]}, with intervals as `interval` returns
    them. That of a difference also has what `wording.tested` returns: a test, corrected
    for the number of differences. Outputs without a value for a metric are left out of its mean, and so is a
    metric without values.
    """
    values = {column["name"]: _prompt_means(column["prompts"]) for column in columns}
    rows, differences = [], []
    tests: list[tuple[dict[str, Any], Permutation]] = []
    for column in columns:
        own = values[column["name"]]
        outputs = sum(len(entry["measures"]) for entry in column["prompts"])
        means = _intervals(list(own.values()))
        rows.append({"name": column["name"], "outputs": outputs, "means": means})
        base = values.get(baseline or "")
        if base is None or column["name"] == baseline:
            continue
        gaps = [_gap(own[prompt], base[prompt]) for prompt in own if prompt in base]
        paired = _intervals(gaps, gap=True)
        differences.append({"name": column["name"], "baseline": baseline, "means": paired})
        tests += [
            (means, paired_permutation(_values(gaps, name), seed=seed)) for name, means in paired.items()
        ]
    for (means, test), p in zip(tests, holm([test.p for _, test in tests]), strict=True):
        means.update(wording.tested(test, adjusted=p, tests=len(tests)))
    return {"metrics": {**METRICS, **PROMPT_METRICS}, "columns": rows, "differences": differences}


def measure_columns(
    outputs: Sequence[Mapping[str, Any]], columns: Sequence[Mapping[str, Any]], *, baseline: str | None = None
) -> Generator[Measures, None, dict[str, Any]]:
    """Measure outputs and summarize the columns that they are in, so that each text is given once.

    Parameters
    ----------
    outputs
        As for `measure`. One that was measured before has its "measures", and needs a "text" only where a
        likeness is computed of it.
    columns
        Each {"name": str, "prompts": [{"prompt", "outputs"}]}, with the indices of a prompt's samples in
        `outputs`, and its "likeness", if that is known.

    Yields
    ------
    The measures of each output that had none, in their order.

    Returns
    -------
    What `summarize` returns, and "likeness": for each column, the likeness of the samples of each prompt.
    """
    measured = []
    for output in outputs:
        if (found := output.get("measures")) is None:
            found = measure_one(output["prompt"], output["text"], output.get("logprobs") or ())
            yield found
        measured.append(found)
    known = [
        {
            "name": column["name"],
            "prompts": [
                {
                    "prompt": entry["prompt"],
                    "measures": [measured[at] for at in entry["outputs"]],
                    "likeness": entry["likeness"]
                    if "likeness" in entry
                    else likeness([outputs[at].get("text", "") for at in entry["outputs"]]),
                }
                for entry in column["prompts"]
            ],
        }
        for column in columns
    ]
    alike = [[entry["likeness"] for entry in column["prompts"]] for column in known]
    return {**summarize(known, baseline=baseline), "likeness": alike}


def _prompt_means(prompts: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    means: dict[str, dict[str, float]] = {}
    for entry in prompts:
        samples = entry["measures"]
        if not samples:
            continue
        alike = entry["likeness"] if "likeness" in entry else likeness(entry["texts"])
        known = {name: [s[name] for s in samples if s.get(name) is not None] for name in METRICS}
        row = {name: sum(values) / len(values) for name, values in known.items() if values}
        means[entry["prompt"]] = row if alike is None else {**row, "likeness": alike}
    return means


def _gap(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one[name] - other[name] for name in one if name in other}


def _intervals(rows: Sequence[Mapping[str, float]], *, gap: bool = False) -> dict[str, Any]:
    columns = {name: _values(rows, name) for name in (*METRICS, *PROMPT_METRICS)}
    return {
        name: interval(values, share=name not in NUMBERS, gap=gap)
        for name, values in columns.items()
        if len(values)
    }


def _values(rows: Sequence[Mapping[str, float]], name: str) -> Array:
    """The values of a metric for the prompts that have one."""
    return np.array([row[name] for row in rows if name in row])
