"""What a job may return to be kept: a value that lives on in the worker until the page forgets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Resource:
    """A value to keep, and what the page is told of it.

    Attributes
    ----------
    kind
        The name of the parameter that later jobs get the value by, such as "embedder" or "collection".
    info
        Plain values; the page gets them together with a number, `handle`, that stands for the value.
    """

    kind: str
    value: Any
    info: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Divisible(Protocol):
    """A value whose kernel's products helper threads may share.

    Attributes
    ----------
    kernel
        A `goosequill.kernels.Kernel`.
    """

    kernel: Any

    def compute_a_little(self) -> None:
        """Compute what is typical, for some milliseconds, to be timed."""
