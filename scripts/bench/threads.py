"""What a second thread gains, beside what memory gives to a second one at that moment.

Both wait for memory, and on a rented machine that is shared with strangers: two threads have been seen to
read twice what one does, and ten minutes later a quarter more. So one thread and two take turns in a browser
that holds nothing else, with a reading of memory before and after; the third of the rounds in which two
threads read most are called quiet.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

TOKENS = 40  # a turn
QUIET = 3  # one of so many rounds is quiet

Decode = Callable[[int], list[float]]
"""Milliseconds of each of so many further tokens."""
Round = tuple[float, float, float]
"""What two threads read in GB/s, and one; how many times as fast as one thread two decode."""


def compare(one: Decode, two: Decode, read: Callable[[int], float], rounds: int) -> dict[str, Any]:
    """Turns of one thread and of two.

    Parameters
    ----------
    read
        Gigabytes a second that so many threads read together.
    rounds
        How often each takes its turn; at least `QUIET`.
    """
    found: list[Round] = []
    for _ in range(rounds):
        alone_reads, before = read(1), read(2)
        alone, together = (statistics.median(decode(TOKENS)) for decode in (one, two))
        found.append((min(before, read(2)), alone_reads, alone / together))
    quiet = sorted(found, reverse=True)[: rounds // QUIET]
    return {"rounds": rounds, "all": _medians(found), "quiet": _medians(quiet)}


def _medians(rounds: list[Round]) -> dict[str, float]:
    two, one, ratio = (statistics.median(values) for values in zip(*rounds, strict=True))
    return {"ratio": ratio, "one_gb_per_s": one, "two_gb_per_s": two}


def describe(rows: list[dict[str, Any]]) -> str:
    """The findings as Markdown; each has also the names of its shape and weights."""
    lines = [
        f"Two threads and one in turns, {rows[0]['rounds']} rounds of {TOKENS} tokens each; and what "
        "one thread and two read from memory meanwhile.",
        "",
        "| model | weights | two threads, times one | memory, GB/s | in the quiet third | memory, GB/s |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        cells = [
            cell
            for found in (row["all"], row["quiet"])
            for cell in (
                f"{found['ratio']:.2f}",
                f"{found['one_gb_per_s']:.0f} and {found['two_gb_per_s']:.0f}",
            )
        ]
        lines.append(f"| {' | '.join([row['shape'], row['weights'], *cells])} |")
    return "\n".join(lines)
