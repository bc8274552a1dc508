"""Numbers in the laboratory's articles, read when the site is built from what a command or a run made.

    <!-- generate: number .4f second-order rule/loss/mean -->

The format is Python's; with ± in front, it is of an object with a mean and its half_width. The source is a
file of py/goosequill/lab/data/, or an experiment, with settings as in a link: `second-order#passes=60`. Each
step of the path is a member, an index, `key=value`, the only item of a list that has this value, or, of a
list, `each KEY`; of one of numbers, `mean`, `median`, `min`, `max` or `length`; `below 0.5` and `above 0.5`
count.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib import import_module
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


def number(request: str, result: Callable[[str, str], Any]) -> str:
    """Return a number as text, of a request without `number`; `result` runs an experiment.

    Raises
    ------
    BuildError
        There is no such number.
    """
    form, source, path = " ".join(request.split()).split(" ", 2)
    found: Any = _file(source) if source.endswith(".json") else result(*_parted(source))
    try:
        for step in path.split("/"):
            found = _step(found, step)
        return _words(found, form)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise BuildError(
            f"an article wants the number {request!r}, which cannot be had: {error!r}"
        ) from error


def _parted(source: str) -> tuple[str, str]:
    name, _, settings = source.partition("#")
    return name, settings


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
