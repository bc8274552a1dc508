"""Temperature, fixed or dynamic."""

from __future__ import annotations

import math
from dataclasses import dataclass

from goosequill.decoding.context import Context
from goosequill.decoding.processor import Processor, Setup
from goosequill.decoding.sampling import Candidates, Scores, alive, distribution, entropy, likeliest
from goosequill.kernels import LogitOperations
from goosequill.parameters import Description, Parameter


@dataclass(frozen=True)
class Temperature(Processor):
    """Divides the scores; 0 keeps the likeliest token only."""

    temperature: float
    spread: float = 0.0
    exponent: float = 1.0

    leaves_some = True
    description = Description(
        "temperature",
        "Temperature",
        "Below 1 the likely tokens win more often, above 1 less often; 0 always takes the likeliest.",
        "s /= T; dynamic: T = T - range + 2 * range * (H(p) / log n)^exponent",
        "Ackley et al. 1985; the dynamic form from llama.cpp",
        (
            Parameter(
                "temperature",
                "Temperature",
                "Below 1 the likely tokens win more often; 0 always takes the likeliest.",
                default=1.0,
                neutral=1.0,
                minimum=0.0,
                maximum=100.0,
                step=0.05,
            ),
            Parameter(
                "dynatemp_range",
                "Dynamic range",
                "How far the temperature moves, down where the model is sure, up where it is not; 0 is off.",
                default=0.0,
                neutral=0.0,
                minimum=0.0,
                maximum=100.0,
                step=0.05,
            ),
            Parameter(
                "dynatemp_exponent",
                "Dynamic exponent",
                "Bends the way from sure to unsure; 1 is straight.",
                default=1.0,
                minimum=0.01,
                maximum=100.0,
                step=0.1,
            ),
            Parameter(
                "temperature_first",
                "Temperature first",
                "Applies the temperature before the cutting steps, as Hugging Face does, not after them.",
                default=False,
                neutral=False,
                kind="boolean",
            ),
        ),
    )

    @classmethod
    def make(cls, setup: Setup) -> Temperature | None:
        config = setup.config
        if config.temperature == 1 and not config.dynatemp_range:
            return None
        return cls(config.temperature, config.dynatemp_range, config.dynatemp_exponent)

    def narrow(self, candidates: Candidates, context: Context) -> Candidates:
        scores, operations = candidates.scores, context.operations
        temperature = self._dynamic(scores, operations) if self.spread else self.temperature
        if temperature <= 0:
            return candidates.keep(likeliest(scores, operations))
        # Counted from the highest, so that the smallest temperature overflows to a cut and not to infinity.
        tempered = operations.temper(scores, operations.highest(scores), temperature)
        return Candidates(tempered, candidates.ids)

    def _dynamic(self, scores: Scores, operations: LogitOperations) -> float:
        count = len(alive(scores, operations))
        if count < 2:
            return self.temperature
        chances, logs = distribution(scores, operations)
        low, high = max(0.0, self.temperature - self.spread), self.temperature + self.spread
        share = min(1.0, entropy(chances, logs) / math.log(count))
        return float(low + (high - low) * share**self.exponent)
