"""The phases in which the default model is trained.

Each is a constant rate and then a decay into a model that could be released; the next phase continues from
the decay's last checkpoint, or from the mean of its weights and those of another run. The decay computes with
weights as they will be stored. The last phase is only such a mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Phase:
    """A run at a constant rate and, unless `decay` is empty, the run that decays it, in steps.

    `peak` is relative to the full rate. `mean_with` is a run: the phase begins with the mean of its weights
    and those at the end of the phase before.
    """

    constant: str
    decay: str = ""
    steps: int = 0
    decay_steps: int = 0
    peak: float = 1.0
    mean_with: str = ""

    @property
    def end(self) -> str:
        """The run that the next phase continues."""
        return self.decay or self.constant


PHASES = (
    Phase("large", "large-decay", 5500, 3000),
    Phase("longer", "longer-decay", 100, 3200, 0.5),
    Phase("third", "third-decay", 100, 2200, 0.5),
    Phase("fourth", "fourth-decay", 0, 2350, 0.25, mean_with="longer-decay"),
    Phase("fourth-mean", mean_with="fourth"),
    Phase("fifth", "fifth-decay", 4200, 6800, 0.5),
    Phase("sixth", "sixth-decay", 7780, 6800, 0.5),
    Phase("seventh", "seventh-decay", 1500, 3300, 0.5),
    Phase("seventh-mean", mean_with="sixth-decay"),
)
COMPENSATED = "rounded"
"""The run with the last phase's weights, rounded by `compensation.py`: this is released."""
BITS: Literal[8, 4] = 4
"""Of a stored weight in the matrices; the embedding has 8."""
