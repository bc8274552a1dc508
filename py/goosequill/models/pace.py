"""Measures whether something is faster with its kernel's products divided among threads.

That depends on the model's size, on how many cores share the memory, and on what else the machine is doing.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from goosequill.kernels import SimdKernel

ROUNDS = 6
SECONDS = 0.06
"""The minimum of rounds and of time; the first half is not counted, as the browser is still compiling."""
GAIN = 0.95
"""Several threads are used if they take less than this part of one thread's time."""


def choose_threads(compute: Callable[[], object], kernel: SimdKernel, share: int) -> bool:
    """Time `compute` with one thread and divided by `share` (`SimdKernel.divide`) in turn; use the faster.

    Returns
    -------
    bool
        Whether products are divided from now on.
    """
    times: dict[int | None, list[float]] = {None: [], share: []}
    began = perf_counter()
    while len(times[share]) < ROUNDS or perf_counter() - began < SECONDS:
        for way, taken in times.items():
            kernel.divide(way)
            start = perf_counter()
            compute()
            taken.append(perf_counter() - start)
    alone, divided = (_median(taken[len(taken) // 2 :]) for taken in times.values())
    faster = divided < GAIN * alone
    kernel.divide(share if faster else None)
    return faster


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
