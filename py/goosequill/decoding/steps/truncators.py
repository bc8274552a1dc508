"""The steps that remove unlikely tokens (or, for XTC, likely ones). Each keeps at least one token.

Where tokens tie at the limit, exactly as many are kept as the rule says, lower ids first. BlinkDL's and
Hugging Face's code keeps all tied tokens, which for equal logits is the whole vocabulary.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from goosequill.decoding.context import Context
from goosequill.decoding.processor import Change, Processor, Setup, StepSettings
from goosequill.decoding.sampling import (
    LOG_ZERO,
    Candidates,
    Ids,
    Logits,
    alive,
    distribution,
    entropy,
    largest,
    probabilities,
)
from goosequill.kernels import LogitOperations
from goosequill.parameters import neutral_setting, setting


@dataclass(frozen=True)
class Truncator(Processor):
    """A step that keeps some tokens and removes the others, controlled by one setting."""

    limit: float

    truncates = True
    leaves_some = True

    @classmethod
    def make(cls, settings: Any, setup: Setup) -> Self | None:
        (parameter,) = cls.description.parameters
        limit = getattr(settings, parameter.name)
        return None if limit == parameter.neutral else cls(limit)

    @abstractmethod
    def kept(self, logits: Logits, operations: LogitOperations) -> Ids:
        """Return the indices to keep, ascending."""

    def narrow(self, candidates: Candidates, context: Context) -> Candidates:
        return candidates.keep(self.kept(candidates.logits, context.operations))


class TopNSigma(Truncator):
    """Keeps what is within n standard deviations of the highest logit."""

    class Settings(StepSettings):
        top_n_sigma: float = neutral_setting(
            "n",
            "How many standard deviations below the highest logit are kept; 0 is off.",
            default=0.0,
            range=(0.0, 100.0, 0.1),
        )

    description = Settings.describe(
        "top_n_sigma",
        "Top-n-sigma",
        "Keeps the tokens whose logits are within n standard deviations of the highest.",
        "keep i if logit[i] >= max(logits) - n * std(logits)",
        "Tang et al. 2024, as in llama.cpp",
    )

    def kept(self, logits: Logits, operations: LogitOperations) -> Ids:
        some = logits[alive(logits, operations)].astype(np.float64)
        return operations.at_least(logits, some.max() - self.limit * some.std())


class TopK(Truncator):
    """Keeps the k most likely tokens."""

    class Settings(StepSettings):
        top_k: int = neutral_setting(
            "Top-k",
            "How many of the most likely tokens are kept; 0 keeps all.",
            default=0,
            range=(0, 1_000_000),
        )

    description = Settings.describe(
        "top_k",
        "Top-k",
        "Keeps the k most likely tokens.",
        "keep the k largest logit[i]",
        "Fan et al. 2018",
    )

    def kept(self, logits: Logits, operations: LogitOperations) -> Ids:
        return largest(logits, int(self.limit), operations)


class Typical(Truncator):
    """Keeps the tokens whose surprise is closest to the expected surprise."""

    class Settings(StepSettings):
        typical_p: float = neutral_setting(
            "The total probability of the tokens that are kept; 1 keeps all.",
            default=1.0,
            range=(0.0, 1.0, 0.01),
        )

    description = Settings.describe(
        "typical_p",
        "Typical",
        "Keeps the tokens whose surprise is closest to the expected surprise, up to a total probability.",
        "keep the fewest i, smallest |-log p[i] - H(p)| first, with sum(p[i]) >= typical_p",
        "Meister et al. 2022",
    )

    def kept(self, logits: Logits, operations: LogitOperations) -> Ids:
        shares, logs = distribution(logits, operations)
        closeness = -np.abs(logs + entropy(shares, logs))
        return operations.leading(closeness, shares, self.limit, LOG_ZERO / 2)


class TopP(Truncator):
    """Keeps the most likely tokens that together reach a probability."""

    class Settings(StepSettings):
        top_p: float = neutral_setting(
            "Top-p",
            "The total probability of the most likely tokens that are kept; 1 keeps all.",
            default=1.0,
            range=(0.0, 1.0, 0.01),
        )

    description = Settings.describe(
        "top_p",
        "Top-p",
        "Keeps the most likely tokens whose probabilities add up to this.",
        "keep the fewest i, largest p[i] first, with sum(p[i]) >= top_p",
        "Holtzman et al. 2020 (nucleus sampling)",
    )

    def kept(self, logits: Logits, operations: LogitOperations) -> Ids:
        weights, _, total = operations.weigh(logits)
        # All tokens below this weight together weigh less than what may be removed, so none of them is kept.
        lowest = (1 - self.limit) / len(weights) * total
        return operations.leading(weights, weights, self.limit * total, lowest)


class MinP(Truncator):
    """Keeps the tokens that are not much less likely than the most likely one."""

    class Settings(StepSettings):
        min_p: float = neutral_setting(
            "Min-p",
            "The lowest probability that is kept, as a fraction of the highest; 0 keeps all.",
            default=0.0,
            range=(0.0, 1.0, 0.01),
        )

    description = Settings.describe(
        "min_p",
        "Min-p",
        "Keeps the tokens that have at least this fraction of the highest probability.",
        "keep i if p[i] >= min_p * max(p)",
        "Nguyen et al. 2024",
    )

    def kept(self, logits: Logits, operations: LogitOperations) -> Ids:
        return operations.at_least(logits, operations.highest(logits) + math.log(self.limit))


@dataclass(frozen=True)
class Xtc(Change):
    """Exclude Top Choices: sometimes removes all likely tokens except the least likely of them."""

    probability: float
    threshold: float

    truncates = True
    leaves_some = True

    class Settings(StepSettings):
        xtc_probability: float = neutral_setting(
            "Probability", "How often top choices are removed; 0 is off.", default=0.0, range=(0.0, 1.0, 0.05)
        )
        xtc_threshold: float = setting(
            "Threshold",
            "The lowest probability of a top choice. Above 0.5 there is never a second one to keep.",
            default=0.1,
            range=(0.0, 1.0, 0.01),
        )

    description = Settings.describe(
        "xtc",
        "XTC",
        "Sometimes removes all likely tokens except the least likely of them, so that the "
        "text takes an unexpected turn.",
        "sometimes remove every i with p[i] >= threshold except the least likely of them",
        "p-e-w 2024, as in llama.cpp",
    )

    @classmethod
    def make(cls, settings: Settings, setup: Setup) -> Xtc | None:
        off = not settings.xtc_probability or settings.xtc_threshold > 0.5
        return None if off else cls(settings.xtc_probability, settings.xtc_threshold)

    def __call__(self, logits: Logits, context: Context) -> Logits:
        if context.uniforms[1] >= self.probability:
            return logits
        shares = probabilities(logits, context.operations)
        tops = np.flatnonzero((shares >= self.threshold) & (logits > -np.inf))
        if len(tops) < 2:
            return logits
        # Ranked by probability, then by id; of equally likely top choices the last one is kept.
        spared = tops[len(tops) - 1 - int(np.argmin(shares[tops][::-1]))]
        changed = logits.copy()
        changed[tops[tops != spared]] = -np.inf
        return changed
