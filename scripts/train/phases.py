"""The phases in which the default model is trained.

Each is a constant rate and then a decay into a model that could be released; the next phase continues from
that released model (its quantized weights).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phase:
    """A run at a constant rate and the run that decays it, in steps; `peak` is relative to the full rate."""

    constant: str
    decay: str
    steps: int
    decay_steps: int
    peak: float


PHASES = (
    Phase("first", "first-decay", 2543, 1547, 1.0),
    Phase("second", "second-decay", 77, 400, 0.25),
)
