"""JSON from outside: parsed only if its depth and its number of values are within bounds.

A few bytes of JSON become a hundred of Python's, and nesting overflows the stack of whatever walks through
it later. `json` itself bounds neither. Readers bound the length of the text, and what the values mean.
"""

from __future__ import annotations

import json
import re
from typing import Any

MOST_DEPTH = 100
"""Lists and objects within each other."""
MOST_VALUES = 4_000_000
"""Values in one text, about 400 MB of memory; the largest tokenizers have 1,500,000."""

_TEXT = r'"[^"\\]*+(?:\\.?+[^"\\]*+)*+(?:"|\Z)'
_BRACKETS = re.compile(rf'(?:[^"\[\]{{}}]++|{_TEXT})*+([\[{{]++|[\]}}]++|\Z)', re.DOTALL)
"""Brackets of one direction, after what they mean nothing in: texts. It matches wherever it is tried."""


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
    if not isinstance(text, str):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    _check_depth(text, depth)
    return json.loads(text, **options)


def _check_depth(text: str, most: int) -> None:
    """Count the brackets beforehand: in a page, `json` ends Python when it has recursed too deep."""
    level = 0
    for found in _BRACKETS.finditer(text) if sum(map(text.count, "[{")) > most else ():
        run = found[1]
        level += len(run) if run[:1] in ("[", "{") else -len(run)
        if level > most:
            raise ValueError(f"it is nested too deep: more than {most:,} lists and objects within each other")
