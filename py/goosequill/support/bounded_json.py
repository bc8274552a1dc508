"""JSON from outside: parsed only if its depth and its number of values are within bounds.

A few bytes of JSON become a hundred of Python's, and nesting overflows the stack of whatever walks through
it later. `json` itself bounds neither. Readers bound the length of the text, and what the values mean.
"""

from __future__ import annotations

import json
from typing import Any

MOST_DEPTH = 100
"""Lists and objects within each other."""
MOST_VALUES = 4_000_000
"""Values in one text, about 400 MB of memory; the largest tokenizers have 1,500,000."""

_CONTAINERS = (dict, list)


def parse(text: str | bytes, *, most: int = MOST_VALUES, depth: int = MOST_DEPTH, **options: Any) -> Any:
    """Return the value of a JSON text; `options` are those of `json.loads`.

    Parameters
    ----------
    most
        Values that it may have; commas within its strings count too.
    depth
        Lists and objects that it may have within each other.

    Raises
    ------
    ValueError
        It is not JSON, has more values than `most`, or is nested deeper than `depth`.
    """
    count = sum(map(text.count, ",[{")) if isinstance(text, str) else sum(map(text.count, b",[{"))
    if count > most:
        raise ValueError(f"it has more than {most:,} values")
    try:
        found = json.loads(text, **options)
    except RecursionError as error:
        raise _too_deep(depth) from error
    _check_depth(found, depth)
    return found


def _check_depth(value: Any, depth: int) -> None:
    """Go through the containers of each depth in turn, so that nothing recurses."""
    layer = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(depth):
        if not layer:
            return
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, _CONTAINERS)
        ]
    if layer:
        raise _too_deep(depth)


def _too_deep(depth: int) -> ValueError:
    return ValueError(f"it is nested too deep: more than {depth:,} lists and objects within each other")
