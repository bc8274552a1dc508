"""Mirostat: keeps the surprise of the text near a wish, by moving the cut from token to token."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from goosequill.decoding.context import Context
from goosequill.decoding.processor import Processor, Setup
from goosequill.decoding.sampling import (
    Candidates,
    Scores,
    best,
    distribution,
    largest,
    likeliest,
    log_probability,
)
from goosequill.kernels import LogitOperations
from goosequill.parameters import Description, Parameter

_CANDIDATES = 100


@dataclass(frozen=True)
class Mirostat(Processor):
    """Versions 1 and 2; after each token the limit moves by ``eta * (surprise - tau)``."""

    version: int
    tau: float
    eta: float

    leaves_some = True
    description = Description(
        "mirostat",
        "Mirostat",
        "Keeps the text's surprise near a wish by cutting more or fewer unlikely tokens from step to step.",
        "2: keep i if -log2 p[i] <= mu; 1: keep the k largest, k by Zipf's law; mu -= eta * (surprise - tau)",
        "Basu et al. 2021, as in llama.cpp",
        (
            Parameter(
                "mirostat",
                "Mirostat",
                "Which version, 1 or 2; 0 is off.",
                default=0,
                neutral=0,
                minimum=0,
                maximum=2,
                step=1,
                kind="integer",
            ),
            Parameter(
                "mirostat_tau",
                "Surprise",
                "The surprise that is aimed at, in bits a token.",
                default=5.0,
                minimum=0.0,
                maximum=20.0,
                step=0.1,
            ),
            Parameter(
                "mirostat_eta",
                "Rate",
                "How fast the cut is moved.",
                default=0.1,
                minimum=0.0,
                maximum=1.0,
                step=0.01,
            ),
        ),
    )

    @classmethod
    def make(cls, setup: Setup) -> Mirostat | None:
        config = setup.config
        return cls(config.mirostat, config.mirostat_tau, config.mirostat_eta) if config.mirostat else None

    def narrow(self, candidates: Candidates, context: Context) -> Candidates:
        scores = candidates.scores
        mu = 2 * self.tau if context.mirostat_mu is None else context.mirostat_mu
        if self.version == 1:
            count = self._count(scores, mu, context.operations)
            return candidates.keep(largest(scores, count, context.operations))
        _, logs = distribution(scores, context.operations)
        kept = context.operations.at_least(logs, -mu * math.log(2))
        return candidates.keep(kept if len(kept) else likeliest(scores, context.operations))

    def _count(self, scores: Scores, mu: float, operations: LogitOperations) -> int:
        """Return how many tokens to keep: Zipf's exponent is estimated from the 100 likeliest."""
        top = scores[best(scores, _CANDIDATES, operations)].astype(np.float64)
        if len(top) < 2:
            return 1
        falls, gaps = top[:-1] - top[1:], np.log1p(1 / np.arange(1, len(top)))
        exponent = float(falls @ gaps / (gaps @ gaps))
        excess, size = exponent - 1, len(scores)
        if exponent <= 0:  # all alike: nothing to cut
            return len(scores)
        if abs(excess) < 1e-9:  # the limit of the formula below
            return max(1, int((2**mu / math.log(size)) ** (1 / exponent)))
        wished = (excess * 2**mu / (1 - size**-excess)) ** (1 / exponent)
        return int(min(max(wished, 1.0), size))

    def observe(self, token: int, candidates: Candidates, context: Context) -> None:
        mu = 2 * self.tau if context.mirostat_mu is None else context.mirostat_mu
        place = candidates.place(token)
        surprise = -log_probability(candidates.scores, place, context.operations) / math.log(2)
        context.mirostat_mu = mu - self.eta * (surprise - self.tau)
