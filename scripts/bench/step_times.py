"""What each step of a recorded pass takes, in Pyodide.

A step is repeated for half a millisecond or more, because the clock is coarse, and the fastest of some rounds
counts, since other load on the machine only ever adds time. A step that is repeated finds its weights in a
cache if they fit: this measures the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from goosequill.kernels import abi
from goosequill.kernels.library import address_of

_FIELDS = abi.FIELDS["product"]


@dataclass(frozen=True)
class Part:
    """A part of a step: its operation, its milliseconds and its multiply-adds in a product."""

    name: str
    milliseconds: float
    products: int = 0


def seconds(call: Callable[[], Any]) -> float:
    """What one call takes."""
    start = perf_counter()
    call()
    return perf_counter() - start


def parts(library: Any, step: Any, rounds: int) -> Iterator[Part]:
    """The parts of a step: of a product its inputs' quantization, the product and its activation."""
    name = list(abi.OPERATIONS)[step[0]]
    if name != "product":
        yield Part(name, milliseconds(library, step, rounds))
        return
    fields = {field: int(step[index]) for field, index in _FIELDS.items()}
    inputs = milliseconds(library, _changed(step, rows=0), rounds)
    linear = milliseconds(library, _changed(step, activation=0), rounds)
    size = fields["columns"] * fields["rows"] * fields["tokens"]
    stored = {form: stored for stored, form in abi.FORMS.items()}.get(
        fields["form"], f"{fields['form']} bits"
    )
    yield Part(f"{fields['columns']} to {fields['rows']}, {stored}", linear - inputs, size)
    yield Part("inputs of products", inputs)
    if fields["activation"]:
        whole = milliseconds(library, _changed(step), rounds)
        yield Part(abi.ACTIVATIONS[fields["activation"]], max(0.0, whole - linear))


def milliseconds(library: Any, step: Any, rounds: int) -> float:
    """The least time of a step, in a program that repeats it."""
    times = 1
    while True:
        steps = np.ascontiguousarray(np.tile(step, (times, 1)))
        run = partial(library.run, address_of(steps), times, None)
        if seconds(run) > 5e-4 or times >= 1024:
            return 1e3 * min(seconds(run) for _ in range(rounds)) / times
        times *= 4


def _changed(step: Any, **fields: int) -> Any:
    """A product's step, alone, with other values in some fields."""
    changed = step.copy()
    for field, value in {"joined": 1, **fields}.items():
        changed[_FIELDS[field]] = value
    return changed
