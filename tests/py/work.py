"""Counts what code does, so that a test of bounded work has the same verdict on a slow and a fast machine."""

import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from goosequill.weights import BytesSource


@dataclass
class Work:
    """What a block of code has done; complete when the block has ended."""

    lines: int = 0
    """Lines and calls of Python, those of libraries included."""
    peak: int = 0
    """The most bytes that were allocated at once."""


@contextmanager
def counted_lines() -> Iterator[Work]:
    """Count the lines that a block executes; allocations by the way are not measured."""
    work = Work()

    def trace(_frame: FrameType, _event: str, _argument: Any) -> Any:
        work.lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield work
    finally:
        sys.settrace(before)


@contextmanager
def measured_memory() -> Iterator[Work]:
    """Measure the most memory that a block takes, numpy's arrays included."""
    work = Work()
    tracemalloc.start()
    try:
        yield work
    finally:
        work.peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()


class CountingSource(BytesSource):
    """A file that counts the bytes that are read of it."""

    size_read = 0

    def read(self, offset: int, length: int) -> bytes:
        self.size_read += length
        return super().read(offset, length)
