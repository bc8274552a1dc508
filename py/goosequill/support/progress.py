"""How far work has come: a job yields `Progress` besides its parts, a function calls an `OnProgress`.

Plain data, without a clock: the receiver decides how often to show it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Result = TypeVar("Result")

OnProgress = Callable[[int, int], None]
"""Called with (how much is done, how much there is in all); the unit is the function's."""


@dataclass(frozen=True)
class Progress:
    """How far a job has come.

    Parameters
    ----------
    status
        What is being done, in one word: ``"prompt"``, ``"index"``.
    loaded, total
        In a unit that the status implies; `total` is 0 where it is unknown.
    file
        The file that is being read or made, if there is one.
    """

    status: str
    loaded: int
    total: int
    file: str = ""


@dataclass(frozen=True)
class UnevenProgress(Progress):
    """Progress in things of different length.

    Parameters
    ----------
    share
        How much of the work is done, 0 to 1.
    """

    share: float = 0.0


def in_steps(
    status: str, steps: Mapping[str, Callable[[], Any]]
) -> Generator[Progress, None, dict[str, Any]]:
    """Call functions one after the other, with a `Progress` before each; return what each has returned."""
    found: dict[str, Any] = {}
    for name, step in steps.items():
        yield Progress(status, len(found), len(steps))
        found[name] = step()
    return found


def finish(steps: Generator[object, None, Result], progress: OnProgress | None = None) -> Result:
    """Run a job to its end, report each `Progress` that it yields, and return its result."""
    while True:
        try:
            item = next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        if progress and isinstance(item, Progress):
            progress(item.loaded, item.total)
