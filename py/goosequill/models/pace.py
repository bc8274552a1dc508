"""Whether a model writes faster with its products divided among threads: measured, not guessed.

It depends on the model's size, on how many cores share the memory, and on what else the machine does.
"""

from __future__ import annotations

from time import perf_counter

from goosequill.kernels import Shortlist, SimdKernel
from goosequill.models.model import Model

ROUNDS = 6
SECONDS = 0.06
"""For at least so many rounds and so long; the earlier half lets the browser compile, and is not counted."""
GAIN = 0.95
"""The share of one thread's time that several have to stay under, to be worth their cores."""


def choose_threads(model: Model, kernel: SimdKernel, share: int) -> bool:
    """Time tokens alone and divided by `share` (see `SimdKernel.divide`) in turn, and keep the faster.

    Returns
    -------
    bool
        Whether products are divided from now on.
    """
    state = model.new_state()
    times: dict[int | None, list[float]] = {None: [], share: []}
    began = perf_counter()
    while len(times[share]) < ROUNDS or perf_counter() - began < SECONDS:
        for way, taken in times.items():
            kernel.divide(way)
            start = perf_counter()
            model.forward([0], state, logits=Shortlist())
            taken.append(perf_counter() - start)
    alone, divided = (_median(taken[len(taken) // 2 :]) for taken in times.values())
    faster = divided < GAIN * alone
    kernel.divide(share if faster else None)
    return faster


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
