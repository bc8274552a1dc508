"""Numbers in the laboratory's articles, read when the site is built from what a command or a run made.

    <!-- generate: number .4f second-order rule/loss/mean -->
    <!-- generate: claim lstm-study.json tasks/adding 32/rnn/max < tasks/adding 32/lstm/median < 1 -->

A claim stands behind a sentence that compares, and leaves no text: if it is not so, there is no page.

The format is Python's; with ± in front, it is of an object with a mean and its half_width. The source is a
file of py/goosequill/lab/data/, or an experiment, with settings as in a link: `second-order#passes=60`. Each
step of the path is a member, an index, `key=value`, the only item of a list that has this value, or, of a
list, `each KEY`; of one of numbers, `mean`, `median`, `min`, `max` or `length`; `below 0.5` and `above 0.5`
count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from itertools import pairwise
from statistics import fmean, median
from typing import Any

from scripts.command import BuildError

OF_LISTS: dict[str, Callable[[list[float]], float]] = {
    "mean": fmean,
    "median": median,
    "min": min,
    "max": max,
    "length": len,
}


MISSING = (KeyError, IndexError, TypeError, ValueError)
"""What a path raises that leads nowhere."""


def number(request: str, result: Callable[[str, str], Any]) -> str:
    """Return a number as text, of a request without `number`; `result` runs an experiment.

    Raises
    ------
    BuildError
        There is no such number.
    """
    form, source, path = " ".join(request.split()).split(" ", 2)
    found = _source(source, result)
    try:
        return _words(_follow(found, path), form)
    except MISSING as error:
        raise BuildError(
            f"an article wants the number {request!r}, which cannot be had: {error!r}"
        ) from error


def claim(request: str, result: Callable[[str, str], Any]) -> None:
    """Check a comparison of numbers of one source, of a request without `claim`.

    Raises
    ------
    BuildError
        It is not so, or there is no such number.
    """
    source, comparison = " ".join(request.split()).split(" ", 1)
    made = _source(source, result)
    first, *others = re.split(r" ([<>]) ", comparison)
    try:
        values = [_value(made, path) for path in [first, *others[1::2]]]
    except MISSING as error:
        raise BuildError(f"an article claims {request!r}, which cannot be checked: {error!r}") from error
    pairs = zip(pairwise(values), others[::2], strict=True)
    if not others or not all(one < other if sign == "<" else one > other for (one, other), sign in pairs):
        raise BuildError(f"an article claims {request!r}, which is not so: {values}")


def _source(source: str, result: Callable[[str, str], Any]) -> Any:
    name, _, settings = source.partition("#")
    return _file(source) if source.endswith(".json") else result(name, settings)


def _value(made: Any, path: str) -> float:
    try:
        return float(path)
    except ValueError:
        return float(_follow(made, path))


def _follow(value: Any, path: str) -> Any:
    for step in path.split("/"):
        value = _step(value, step)
    return value


@cache
def _file(name: str) -> Any:
    path = import_module("goosequill.lab.experiments").path_of(name)
    return json.loads(path.read_text(encoding="utf-8"))


def _step(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value[step]
    key, equals, wanted = step.partition("=")
    if equals:
        (only,) = (item for item in value if str(item[key]) == wanted)
        return only
    if step in OF_LISTS:
        return OF_LISTS[step](value)
    word, _, bound = step.partition(" ")
    if word == "each":
        return [_step(item, bound) for item in value]
    if word in ("below", "above"):
        return sum((item < float(bound)) == (word == "below") and item != float(bound) for item in value)
    return value[int(step)]


def _words(value: Any, form: str) -> str:
    if form.startswith("±"):
        return f"{_words(value['mean'], form[1:])} ± {format(value['half_width'], form[1:].lstrip('+'))}"
    text = format(value, form)
    if float(text.rstrip("%").replace(",", "")) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−")
