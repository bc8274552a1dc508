"""Parameters of a test of which some stand for others: the others have the marker `rest`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def variants(some: Iterable[Any], others: Iterable[Any], *, several: bool = False) -> list[Any]:
    """All of them as parameters of a test; with `several`, each is a tuple of as many as the test takes."""
    marked = (pytest.param(*(each if several else [each]), marks=pytest.mark.rest) for each in others)
    return [*some, *marked]
