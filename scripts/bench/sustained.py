"""Whether generation slows down when it goes on for minutes, as a processor gets warm.

    python -m scripts.bench.sustained              ten minutes of one text, RWKV-7 0.19B in int8, one thread
    python -m scripts.bench.sustained --minutes 1 --threads 2
    python -m scripts.bench.sustained --docs       write the result into docs/explanation/speed.md

One text grows without a pause, except that about every two seconds memory is read for a tenth of a second:
a rented machine's memory is shared, and changes more than its processor's speed does. So the change of the
speed over the whole time is reported beside that of the memory, and beside that of the speed's share of
what memory allows. Run it while nothing else computes. Needs a built site.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scripts.bench import bench, growth
from scripts.bench.weights import RWKV7
from scripts.machine import machine

TOKENS = 40
"""Tokens that are asked for at a time."""
BESIDE = 2.0
"""Seconds of generation between two readings of the memory."""
READINGS = 3
"""Readings of the memory at a time, of which the median counts."""
PARTS = 60
"""Parts of the time, of which each gives one median, so that single hiccups do not count."""
LIMIT = 3.0
"""Percent by which generation may slow down."""
MARKS = ("<!-- sustained: begin -->", "<!-- sustained: end -->")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """A quantity at the start, by a straight line, and its change over the whole time in percent."""

    start: float
    percent: float
    within: float  # half of the 95% interval

    def __str__(self) -> str:
        return (
            f"{self.percent:+.1f}% ({self.percent - self.within:+.1f}% to {self.percent + self.within:+.1f}%)"
        )


def record(
    decode: growth.Decode,
    read: Callable[[], float],
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> Floats:
    """Generate for some time.

    Parameters
    ----------
    decode
        Milliseconds of further tokens of the text.
    read
        Gigabytes per second that memory gives.

    Returns
    -------
    array [n, 3]
        Seconds since the start, tokens per second then, and the last reading of the memory, in GB/s.
    """
    rows, start, next_reading, memory = [], clock(), 0.0, 0.0
    while (now := clock() - start) < seconds:
        if now >= next_reading:
            memory, next_reading = float(np.median([read() for _ in range(READINGS)])), now + BESIDE
        rows.append((clock() - start, 1e3 / float(np.median(decode(TOKENS))), memory))
    return np.array(rows)


def change(times: Floats, values: Floats) -> Change:
    """The change of values over the time, from a line through the medians of `PARTS` parts."""
    edges = np.linspace(times[0], times[-1], PARTS + 1)[1:-1]
    parts = np.searchsorted(edges, times, side="right")
    kept = sorted(set(parts.tolist()))
    x = np.array([times[parts == part].mean() for part in kept])
    y = np.array([np.median(values[parts == part]) for part in kept])
    line = growth.fit(x - times[0], y)
    scale = 100 * (times[-1] - times[0]) / line.start
    return Change(line.start, line.slope * scale, line.within * scale)


def describe(rows: Floats, name: str) -> str:
    """The changes in one paragraph."""
    times, speeds, memory = rows.T
    speed, bandwidth, share = (change(times, each) for each in (speeds, memory, speeds / memory))
    return (
        f"{name}, {times[-1] / 60:.1f} minutes without a pause, {len(rows) * TOKENS:,} tokens: "
        f"{speed.start:.0f} tokens/s at first, which changed by {speed} over the whole time; memory, "
        f"{bandwidth.start:.1f} GB/s at first, changed by {bandwidth}, and the speed relative to memory by "
        f"{share}. (In parentheses: 95% intervals.)"
    )


def measure(minutes: float, threads: int) -> tuple[Floats, str]:
    """Generate in Chromium; return the record, and what was measured."""
    contestant = bench.ours(RWKV7, 8, "relaxed", threads)
    bench.prepare([contestant])
    with bench.chromium() as (browser, base):
        meter = bench.open_page(browser, base, "meter")
        decode = bench.decoder(browser, base, contestant)
        decode(5 * TOKENS)  # until everything is compiled
        found = record(decode, partial(bench.read_memory, meter, threads), 60 * minutes)
    count = f"{threads} thread{'s' if threads > 1 else ''}"
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    return found, f"{day}, {machine()}: {RWKV7.name} in {contestant.weights}, {count}"


def write_docs(text: str) -> None:
    """Put the result into the article."""
    before, _, rest = bench.DOCS.read_text(encoding="utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    bench.DOCS.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


def main() -> int:
    """Print the result; fail if generation slowed down by over `LIMIT` percent, and not as memory did."""
    parser: Any = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--docs", action="store_true", help=f"write the result into {bench.DOCS.name}")
    options = parser.parse_args()
    rows, name = measure(options.minutes, options.threads)
    text = describe(rows, name)
    print(text)
    if options.docs:
        write_docs(text)
    times, speeds, memory = rows.T
    slowed = max(change(times, speeds).percent, change(times, speeds / memory).percent)
    return 1 if slowed < -LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
