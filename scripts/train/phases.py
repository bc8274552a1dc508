"""The phases in which the default model is trained.

Each is a constant rate and then a decay into a model that could be released; the next phase continues from
the decay's last checkpoint. The decay computes with weights as they will be stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Phase:
    """A run at a constant rate and the run that decays it, in steps; `peak` is relative to the full rate."""

    constant: str
    decay: str
    steps: int
    decay_steps: int
    peak: float


PHASES = (
    Phase("large", "large-decay", 5500, 3000, 1.0),
    Phase("longer", "longer-decay", 100, 3200, 0.5),
)
BITS: Literal[8, 4] = 4
"""Of a stored weight in the matrices; the embedding has 8."""
