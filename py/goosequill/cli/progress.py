"""How far a command has come, on a line of the terminal that disappears at the end."""

from __future__ import annotations

import argparse
import sys
import time

from goosequill.support.printable import printable

_WIDTH = 30
INTERVAL = 0.1
"""Seconds between two updates, at least."""


def shows_progress(options: argparse.Namespace) -> bool:
    """Whether to show progress: only on a terminal, and not with --quiet."""
    return sys.stderr.isatty() and not getattr(options, "quiet", False)


class ProgressLine:
    """An `OnProgress` that overwrites one line, and clears it when all is done.

    Parameters
    ----------
    what
        What is counted, as in "loading {done} of {total} tensors".
    """

    def __init__(self, options: argparse.Namespace, what: str) -> None:
        self._shown, self._what, self._last = shows_progress(options), what, 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._shown or (done < total and now - self._last < INTERVAL):
            return
        self._last = now
        line = self._what.format(done=f"{done:,}", total=f"{total:,}" if total else "?")
        shown = "" if total and done >= total else line
        print(f"\r\033[K{shown}", end="", file=sys.stderr, flush=True)


class ProgressBar:
    """A progress bar with the time that is left."""

    def __init__(self, options: argparse.Namespace, title: str) -> None:
        self._shown, self._title = shows_progress(options), printable(title, 200)
        self._start, self._before = time.monotonic(), -1

    def __call__(self, done: int, total: int) -> None:
        if not self._shown:
            return
        self._before = done if self._before < 0 else self._before
        filled = _WIDTH * done // max(1, total)
        bar = "#" * filled + "." * (_WIDTH - filled)
        end = "\n" if done == total else ""
        line = f"\r{self._title} [{bar}] {done}/{total}{self._time_left(done, total)}\033[K"
        print(line, end=end, file=sys.stderr, flush=True)

    def _time_left(self, done: int, total: int) -> str:
        fresh = done - self._before
        if not fresh or done == total:
            return ""
        seconds = (time.monotonic() - self._start) / fresh * (total - done)
        return f", {seconds / 60:.0f} min left" if seconds >= 90 else f", {seconds:.0f} s left"
