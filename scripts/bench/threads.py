"""The gain from a second thread, next to the memory bandwidth that a second thread gains at that moment.

Both wait for memory, which a rented machine shares with others: two threads have been seen to read twice as
fast as one, and ten minutes later only a quarter faster. So one thread and two take turns in a browser that
runs nothing else, with a bandwidth reading before and after each; the third of the rounds with the most
bandwidth for two threads are called quiet.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

QUIET = 3  # one in three rounds is quiet

Decode = Callable[[int], list[float]]
"""Decodes this many further tokens; returns the milliseconds of each."""
Round = tuple[float, float, float]
"""Bandwidth of two threads and of one in GB/s; the speed of decoding with two relative to one."""


def compare(
    one: Decode, two: Decode, read: Callable[[int], float], rounds: int, tokens: int = 40
) -> dict[str, Any]:
    """Alternate between one thread and two.

    Parameters
    ----------
    read
        Gigabytes per second that this many threads read together.
    rounds
        Turns of each; at least `QUIET`.
    tokens
        That each decodes per turn.
    """
    found: list[Round] = []
    for _ in range(rounds):
        alone_reads, before = read(1), read(2)
        alone, together = (statistics.median(decode(tokens)) for decode in (one, two))
        found.append((min(before, read(2)), alone_reads, alone / together))
    quiet = sorted(found, reverse=True)[: rounds // QUIET]
    return {"rounds": rounds, "all": _medians(found), "quiet": _medians(quiet)}


def _medians(rounds: list[Round]) -> dict[str, float]:
    two, one, ratio = (statistics.median(values) for values in zip(*rounds, strict=True))
    return {"ratio": ratio, "one_gb_per_s": one, "two_gb_per_s": two}


def describe(rows: list[dict[str, Any]]) -> str:
    """The results as Markdown; each also has the names of its shape and weights."""
    lines = [
        f"Two threads and one, alternating, {rows[0]['rounds']} rounds each; and the memory bandwidth "
        "of one thread and of two.",
        "",
        "| model | weights | two threads / one | memory, GB/s | in the quiet third | memory, GB/s |",
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
