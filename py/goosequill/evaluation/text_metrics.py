"""Measures of a text that need no judge: length, variety, repetition, truncation, echo, agreement.

`measure` takes outputs one by one; `summarise` gives means over prompts and paired differences, with
95% intervals by a bootstrap over prompts. No quality is claimed: they show what to look at.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from goosequill.evaluation.votes import bootstrap_interval, resample_weights

Array = np.ndarray[Any, np.dtype[Any]]

METRICS = {
    "words": "Words; each Chinese or Japanese character is one.",
    "distinct_1": "Share of different words among all words.",
    "distinct_2": "Share of different word pairs among all word pairs.",
    "longest_repeat": "Length, in words, of the longest passage that occurs twice.",
    "looping": "Share of the text inside its longest immediate repetition (three times or more).",
    "compression": "Size when compressed, as a share of its size; repetitive text compresses well.",
    "truncated": "Whether it ends in mid-sentence or inside a code block.",
    "echo": "Share of the prompt's word triples that stand in the output.",
}
"""The measures of one output, by name, each with its sentence."""

PROMPT_METRICS = {"likeness": "Share of word pairs that two samples for one prompt have in common."}
"""Measures of a prompt's samples together."""

WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W_]+(?:['\u2019-][^\W_]+)*", re.UNICODE
)
LONGEST_PERIOD = 64


def words_of(text: str) -> list[str]:
    """Words in lower case; each Chinese or Japanese character is a word."""
    return WORD.findall(text.lower())


def numbered(words: Sequence[str]) -> Array:
    """Words as numbers: equal words, equal numbers."""
    places: dict[str, int] = {}
    return np.array([places.setdefault(word, len(places)) for word in words], dtype=np.int64)


def distinct(words: Sequence[str], size: int) -> float:
    """Share of different n-grams among all n-grams; 1 for a text too short to have one."""
    grams = list(zip(*(words[start:] for start in range(size)), strict=False))
    return len(set(grams)) / len(grams) if grams else 1.0


def longest_repeat(words: Sequence[str]) -> int:
    """Length of the longest passage that occurs at least twice (the two may overlap).

    Ranks of all passages of length 1, 2, 4, ... (prefix doubling) let any length be tested by sorting.
    """
    ranks = [numbered(words)]
    while _has_twins(ranks[-1]) and len(ranks[-1]) > (step := 2 ** (len(ranks) - 1)):
        ranks.append(_rank(ranks[-1][:-step], ranks[-1][step:]))
    if not _has_twins(ranks[0]):
        return 0
    low, high = 1, len(words)  # a passage of length low occurs twice, one of length high does not
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
    """Numbers for pairs: equal pairs, equal numbers."""
    size = int(max(first.max(initial=0), second.max(initial=0))) + 1
    ranked: Array = np.unique(first * size + second, return_inverse=True)[1]
    return ranked


def _has_twins(numbers: Array) -> bool:
    return len(np.unique(numbers)) < len(numbers)


def looping(words: Sequence[str]) -> float:
    """Share of the words inside the longest run of one passage said three times or more in a row."""
    numbers = numbered(words)
    longest = 0
    for period in range(1, min(LONGEST_PERIOD, len(numbers) // 3) + 1):
        same = numbers[period:] == numbers[:-period]
        breaks = np.flatnonzero(np.concatenate([[True], ~same, [True]]))
        run = int(np.diff(breaks).max()) - 1 + period
        if run >= 3 * period and run >= 6:
            longest = max(longest, run)
    return longest / len(numbers) if len(numbers) else 0.0


def compression(text: str) -> float:
    """Compressed size over size, at most 1; 1 for an empty text."""
    data = text.encode("utf-8", "surrogatepass")
    return min(1.0, len(zlib.compress(data, 6)) / len(data)) if data else 1.0


def truncated(text: str) -> bool:
    """Whether the text stops where nobody would end: in mid-sentence, or inside a code block."""
    bare = text.rstrip()
    if not bare:
        return False
    if len(re.findall(r"^\s*```", bare, re.MULTILINE)) % 2 == 1:
        return True
    return (len(words_of(bare)) > 3 and bare[-1].isalnum()) or bare[-1] in ",-\u3001\uff0c"


def echo(prompt: str, text: str) -> float:
    """Share of the prompt's word triples (or pairs, or words, if it is shorter) that the text repeats."""
    asked, said = words_of(prompt), words_of(text)
    size = min(3, len(asked))
    if size == 0:
        return 0.0
    grams = set(zip(*(asked[start:] for start in range(size)), strict=False))
    return len(grams & set(zip(*(said[start:] for start in range(size)), strict=False))) / len(grams)


def likeness(texts: Sequence[str]) -> float | None:
    """How alike several samples are: the mean share of word pairs that two have in common. None for one."""
    if len(texts) < 2:
        return None
    grams = [set(zip(["", *words], [*words, ""], strict=True)) for words in map(words_of, texts)]
    shares = [len(one & other) / len(one | other) for one, other in combinations(grams, 2)]
    return sum(shares) / len(shares)


def measure(outputs: Sequence[Mapping[str, str]]) -> list[dict[str, float]]:
    """Measure outputs, each a mapping with "prompt" and "text"; the result has the members of METRICS."""
    return [measure_one(output["prompt"], output["text"]) for output in outputs]


def measure_one(prompt: str, text: str) -> dict[str, float]:
    words = words_of(text)
    return {
        "words": float(len(words)),
        "distinct_1": distinct(words, 1),
        "distinct_2": distinct(words, 2),
        "longest_repeat": float(longest_repeat(words)),
        "looping": looping(words),
        "compression": compression(text),
        "truncated": float(truncated(text)),
        "echo": echo(prompt, text),
    }


def interval(values: Array, *, resamples: int, seed: int) -> dict[str, Any]:
    """Mean of one value a prompt, with the bootstrap's 95% interval. [prompts] -> mean, low, high."""
    weights = resample_weights(len(values), resamples=resamples, seed=seed)
    low, high = bootstrap_interval(weights @ values / len(values), len(values))
    return {"mean": float(values.mean()), "low": float(low), "high": float(high), "prompts": len(values)}


def summarise(
    columns: Sequence[Mapping[str, Any]],
    *,
    baseline: str | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Means over prompts for each column, and differences from a baseline over the prompts they share.

    Parameters
    ----------
    columns
        Each {"name": str, "prompts": [{"prompt", "texts", "measures"}]}, with the samples' texts and what
        `measure` said of each.
    baseline
        Name of the column that the others are compared with.

    Returns
    -------
    {"metrics": {metric: sentence}, "columns": [{"name", "outputs", "means": {metric: interval}}],
    "differences": [{"name", "baseline", "means": {metric: interval}}]}, where an interval has mean, low, high
    and the number of prompts. A metric that no prompt has is left out.
    """
    values = {column["name"]: _prompt_means(column["prompts"]) for column in columns}
    rows, differences = [], []
    for column in columns:
        own = values[column["name"]]
        outputs = sum(len(entry["measures"]) for entry in column["prompts"])
        means = _intervals(list(own.values()), resamples=resamples, seed=seed)
        rows.append({"name": column["name"], "outputs": outputs, "means": means})
        base = values.get(baseline or "")
        if base is None or column["name"] == baseline:
            continue
        gaps = [_gap(own[prompt], base[prompt]) for prompt in own if prompt in base]
        paired = _intervals(gaps, resamples=resamples, seed=seed)
        differences.append({"name": column["name"], "baseline": baseline, "means": paired})
    return {"metrics": {**METRICS, **PROMPT_METRICS}, "columns": rows, "differences": differences}


def _prompt_means(prompts: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    means: dict[str, dict[str, float]] = {}
    for entry in prompts:
        samples, alike = entry["measures"], likeness(entry["texts"])
        if not samples:
            continue
        row = {name: sum(sample[name] for sample in samples) / len(samples) for name in METRICS}
        means[entry["prompt"]] = row if alike is None else {**row, "likeness": alike}
    return means


def _gap(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one[name] - other[name] for name in one if name in other}


def _intervals(rows: Sequence[Mapping[str, float]], *, resamples: int, seed: int) -> dict[str, Any]:
    columns = {name: [row[name] for row in rows if name in row] for name in (*METRICS, *PROMPT_METRICS)}
    return {
        name: interval(np.array(values), resamples=resamples, seed=seed)
        for name, values in columns.items()
        if values
    }
