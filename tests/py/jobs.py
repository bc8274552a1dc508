"""Runs a job to its end for a test that wants what it yields, too (else: `goosequill.support.progress`)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any


def run(job: Generator[Any, None, Any]) -> tuple[Any, list[Any]]:
    """Return what a job returns, and what it has yielded."""
    result = None

    def steps() -> Iterator[Any]:
        nonlocal result
        result = yield from job

    items = list(steps())
    return result, items
