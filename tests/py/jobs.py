"""Runs a job to its end for a test that wants what it yields, too (else: `goosequill.support.progress`)."""

from collections.abc import Generator, Iterator
from typing import Any

from goosequill.support.progress import Progress


def run(job: Generator[Any, None, Any]) -> tuple[Any, list[Any]]:
    """Return what a job returns, and what it has yielded."""
    result = None

    def steps() -> Iterator[Any]:
        nonlocal result
        result = yield from job

    items = list(steps())
    return result, items


def chunks(job: Generator[Any, None, Any]) -> tuple[list[Any], Any]:
    """What a job yields but for its progress, and what it returns."""
    result, items = run(job)
    return [item for item in items if not isinstance(item, Progress)], result
