"""Mirostat: keeps the surprise of the text near a target by adapting the truncation from token to token."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from goosequill.decoding.context import Context
from goosequill.decoding.processor import Processor, Setup, StepSettings
from goosequill.decoding.sampling import (
    Candidates,
    Logits,
    best,
    distribution,
    largest,
    log_probability,
    most_likely,
)
from goosequill.kernels import LogitOperations
from goosequill.parameters import neutral_setting, setting

_CANDIDATES = 100


@dataclass(frozen=True)
class Mirostat(Processor):
    """Versions 1 and 2; after each token the limit moves by ``eta * (surprise - tau)``."""

    version: int
    tau: float
    eta: float

    truncates = True
    leaves_some = True

    class Settings(StepSettings):
        mirostat: int = neutral_setting("The version, 1 or 2; 0 is off.", default=0, range=(0, 2))
        mirostat_tau: float = setting(
            "Target surprise",
            "The average surprise to aim for, in bits per token.",
            default=5.0,
            range=(0.0, 20.0, 0.1),
        )
        mirostat_eta: float = setting(
            "Learning rate", "How quickly the limit adapts.", default=0.1, range=(0.0, 1.0, 0.01)
        )

    description = Settings.describe(
        "mirostat",
        "Mirostat",
        "Keeps the surprise of the text near a target by removing more or fewer unlikely "
        "tokens at each step.",
        "2: keep i if -log2 p[i] <= mu; 1: keep the k largest, k by Zipf's law; mu -= eta * (surprise - tau)",
        "Basu et al. 2021, as in llama.cpp",
    )

    @classmethod
    def make(cls, settings: Settings, setup: Setup) -> Mirostat | None:
        if not settings.mirostat:
            return None
        return cls(settings.mirostat, settings.mirostat_tau, settings.mirostat_eta)

    def narrow(self, candidates: Candidates, context: Context) -> Candidates:
        logits = candidates.logits
        mu = self._limit(context)
        if self.version == 1:
            count = self._count(logits, mu, context.operations)
            return candidates.keep(largest(logits, count, context.operations))
        _, logs = distribution(logits, context.operations)
        kept = context.operations.at_least(logs, -mu * math.log(2))
        return candidates.keep(kept if len(kept) else most_likely(logits, context.operations))

    def _limit(self, context: Context) -> float:
        return 2 * self.tau if context.mirostat_mu is None else context.mirostat_mu

    def _count(self, logits: Logits, mu: float, operations: LogitOperations) -> int:
        """Return how many tokens to keep, with Zipf's exponent estimated from the 100 most likely."""
        top = logits[best(logits, _CANDIDATES, operations)].astype(np.float64)
        if len(top) < 2:
            return 1
        falls, gaps = top[:-1] - top[1:], np.log1p(1 / np.arange(1, len(top)))
        exponent = float(falls @ gaps / (gaps @ gaps))
        excess, size = exponent - 1, len(logits)
        if exponent <= 0:  # all equally likely: keep all
            return len(logits)
        if abs(excess) < 1e-9:  # the limit of the formula below
            return max(1, int((2**mu / math.log(size)) ** (1 / exponent)))
        count = (excess * 2**mu / (1 - size**-excess)) ** (1 / exponent)
        return int(min(max(count, 1.0), size))

    def observe(self, token: int, candidates: Candidates, context: Context) -> None:
        index = candidates.index(token)
        surprise = -log_probability(candidates.logits, index, context.operations) / math.log(2)
        context.mirostat_mu = self._limit(context) - self.eta * (surprise - self.tau)
