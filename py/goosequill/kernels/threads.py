"""Helper threads for the native kernel: Python starts them, and they compute inside simd/threads.h.

They run without the interpreter's lock, wait there for a moment between two products, and sleep here if none
comes. The calling thread never waits for them to wake.
"""

from __future__ import annotations

import atexit
import os
import threading
from functools import cache

from goosequill.errors import SettingsError
from goosequill.kernels.library import Library
from goosequill.kernels.native import cores

MOST = 4
"""More threads than these gain little, because they wait for the same memory; they are used if asked for."""
LIMIT = 64
PATIENCE = 50_000
"""Checks for work, of 20 to 40 nanoseconds, after which a helper sleeps: longer than a decoder takes between
two tokens, but short, so that no core is busy for nothing."""


def thread_count(threads: int | None = None) -> int:
    """Return how many threads to compute with.

    Parameters
    ----------
    threads
        1 to 64. By default ``$GOOSEQUILL_THREADS``, else ``$OMP_NUM_THREADS``, and else one per core that
        this process may use, up to 4.

    Raises
    ------
    SettingsError
        ``setting-range``.
    """
    asked = threads
    if asked is None:
        named = os.environ.get("GOOSEQUILL_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
        asked = int(named) if named.isdigit() and named != "0" else min(cores(), MOST)
    if not 1 <= asked <= LIMIT:
        raise SettingsError(f"{asked} is not a number of threads, 1 to {LIMIT}.", code="setting-range")
    return asked


class Team:
    """The helpers of a library, which all its kernels share.

    Attributes
    ----------
    share
        The address of the function that divides steps (`SimdKernel.divide`).
    computed
        How many panels of products and heads of recurrences the helpers have computed.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self.share = library.address("share_rows")
        self.computed = 0
        self._awake: list[threading.Event] = []
        self._ended = False
        atexit.register(self.end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def grow(self, threads: int) -> None:
        """Have at least so many threads, the calling one included."""
        while len(self._awake) < threads - 1:
            awake = threading.Event()
            self._awake.append(awake)
            threading.Thread(target=self._help, args=(awake,), name="goosequill", daemon=True).start()
        self._library.set_threads(len(self._awake) + 1)

    def wake(self) -> None:
        """Wake the helpers that sleep; called before a program runs."""
        for awake in self._awake:
            if not awake.is_set():
                awake.set()

    def _help(self, awake: threading.Event) -> None:
        while not self._ended:
            awake.wait()
            self.computed += self._library.help(PATIENCE)
            awake.clear()

    def _forget(self) -> None:
        """In a child process the helpers do not exist, and there is no need for them."""
        self._awake = []
        self._library.set_threads(1)

    def end(self) -> None:
        """Let the helpers end."""
        self._ended = True
        self._library.set_threads(0)
        self.wake()


@cache
def team_of(library: Library) -> Team:
    """The team of a library; a process has one."""
    return Team(library)
