"""Temperature, fixed or dynamic."""

from __future__ import annotations

import math
from dataclasses import dataclass

from goosequill.decoding.context import Context
from goosequill.decoding.processor import Processor, Setup, StepSettings
from goosequill.decoding.sampling import Candidates, Logits, alive, distribution, entropy, most_likely
from goosequill.kernels import LogitOperations
from goosequill.parameters import neutral_setting, setting


@dataclass(frozen=True)
class Temperature(Processor):
    """Divides the logits; 0 keeps only the most likely token."""

    temperature: float
    half_range: float = 0.0
    exponent: float = 1.0

    leaves_some = True

    class Settings(StepSettings):
        temperature: float = neutral_setting(
            "Below 1 likely tokens become more likely, above 1 less; 0 always chooses the most likely.",
            default=1.0,
            range=(0.0, 100.0, 0.05),
        )
        dynatemp_range: float = neutral_setting(
            "Dynamic range",
            "How far the temperature moves: down where the model is certain, up where it is "
            "uncertain; 0 is off.",
            default=0.0,
            range=(0.0, 100.0, 0.05),
        )
        dynatemp_exponent: float = setting(
            "Dynamic exponent",
            "The curve from certain to uncertain; 1 is linear.",
            default=1.0,
            range=(0.01, 100.0, 0.1),
        )
        temperature_first: bool = neutral_setting(
            "Applies the temperature before the truncating steps, as Hugging Face does, and not after them.",
            default=False,
        )

    description = Settings.describe(
        "temperature",
        "Temperature",
        "How random the text is: lower it to make the text less random, raise it to make it more random.",
        "logits /= T; dynamic: T = T - range + 2 * range * (H(p) / log n)^exponent",
        "Ackley et al. 1985; the dynamic form from llama.cpp",
    )

    @classmethod
    def make(cls, settings: Settings, setup: Setup) -> Temperature | None:
        if settings.temperature == 1 and not settings.dynatemp_range:
            return None
        return cls(settings.temperature, settings.dynatemp_range, settings.dynatemp_exponent)

    def narrow(self, candidates: Candidates, context: Context) -> Candidates:
        logits, operations = candidates.logits, context.operations
        temperature = self._dynamic(logits, operations) if self.half_range else self.temperature
        if temperature <= 0:
            return candidates.keep(most_likely(logits, operations))
        # Relative to the highest, so that a tiny temperature overflows to minus infinity, never to infinity.
        tempered = operations.temper(logits, operations.highest(logits), temperature)
        return Candidates(tempered, candidates.ids)

    def _dynamic(self, logits: Logits, operations: LogitOperations) -> float:
        count = len(alive(logits, operations))
        if count < 2:
            return self.temperature
        probabilities, logs = distribution(logits, operations)
        low, high = max(0.0, self.temperature - self.half_range), self.temperature + self.half_range
        share = min(1.0, entropy(probabilities, logs) / math.log(count))
        return float(low + (high - low) * share**self.exponent)
