"""How far a job has come: any generator may yield it besides its parts.

Plain data, without a clock: the receiver decides how often to show it.
"""

from __future__ import annotations

from dataclasses import dataclass


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
