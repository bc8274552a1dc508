"""The steps that cut unlikely tokens (or, for XTC, likely ones). Each leaves at least one token.

Where tokens tie at an edge, exactly as many are kept as the rule says, those with the lower ids:
BlinkDL's and Hugging Face's code keeps all that tie, which on flat scores is everything.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Self

import numpy as np

from goosequill.decoding.context import Context
from goosequill.decoding.processor import Change, Processor, Setup
from goosequill.decoding.sampling import (
    FAINTEST,
    Candidates,
    Ids,
    Scores,
    alive,
    distribution,
    entropy,
    largest,
    probabilities,
)
from goosequill.kernels import LogitOperations
from goosequill.parameters import Description, Parameter


@dataclass(frozen=True)
class Cut(Processor):
    """A step that keeps some tokens and cuts the others, by one setting; it is off where that is neutral."""

    limit: float

    leaves_some = True

    @classmethod
    def make(cls, setup: Setup) -> Self | None:
        parameter = cls.description.parameters[0]
        limit = getattr(setup.config, parameter.name)
        return None if limit == parameter.neutral else cls(limit)

    @abstractmethod
    def kept(self, scores: Scores, operations: LogitOperations) -> Ids:
        """Return the places of what is kept, ascending."""

    def narrow(self, candidates: Candidates, context: Context) -> Candidates:
        return candidates.keep(self.kept(candidates.scores, context.operations))


class TopNSigma(Cut):
    """Keeps what lies within n standard deviations of the highest score."""

    description = Description(
        "top_n_sigma",
        "Top-n-sigma",
        "Keeps the tokens whose score lies within n standard deviations of the highest.",
        "keep i if s[i] >= max(s) - n * std(s)",
        "Tang et al. 2024, as in llama.cpp",
        (
            Parameter(
                "top_n_sigma",
                "n",
                "How many standard deviations below the highest score are kept; 0 is off.",
                default=0.0,
                neutral=0.0,
                minimum=0.0,
                maximum=100.0,
                step=0.1,
            ),
        ),
    )

    def kept(self, scores: Scores, operations: LogitOperations) -> Ids:
        some = scores[alive(scores, operations)].astype(np.float64)
        return operations.at_least(scores, some.max() - self.limit * some.std())


class TopK(Cut):
    """Keeps the k likeliest tokens."""

    description = Description(
        "top_k",
        "Top-k",
        "Keeps this many of the likeliest tokens.",
        "keep the k largest s[i]",
        "Fan et al. 2018",
        (
            Parameter(
                "top_k",
                "Top-k",
                "Keeps this many of the likeliest tokens; 0 keeps all.",
                default=0,
                neutral=0,
                minimum=0,
                maximum=1_000_000,
                step=1,
                kind="integer",
            ),
        ),
    )

    def kept(self, scores: Scores, operations: LogitOperations) -> Ids:
        return largest(scores, int(self.limit), operations)


class Typical(Cut):
    """Keeps the tokens whose surprise is nearest to the expected one."""

    description = Description(
        "typical_p",
        "Typical",
        "Keeps the tokens whose surprise is nearest to what is to be expected, up to a total probability.",
        "keep the fewest i, smallest |-log p[i] - H(p)| first, with sum(p[i]) >= typical_p",
        "Meister et al. 2022",
        (
            Parameter(
                "typical_p",
                "Typical p",
                "The total probability of the tokens that are kept; 1 keeps all.",
                default=1.0,
                neutral=1.0,
                minimum=0.0,
                maximum=1.0,
                step=0.01,
            ),
        ),
    )

    def kept(self, scores: Scores, operations: LogitOperations) -> Ids:
        chances, logs = distribution(scores, operations)
        expected = -np.abs(logs + entropy(chances, logs))
        return operations.leading(expected, chances, self.limit, FAINTEST / 2)


class TopP(Cut):
    """Keeps the likeliest tokens that together reach a probability."""

    description = Description(
        "top_p",
        "Top-p",
        "Keeps the likeliest tokens that together have this probability.",
        "keep the fewest i, largest p[i] first, with sum(p[i]) >= top_p",
        "Holtzman et al. 2020 (nucleus sampling)",
        (
            Parameter(
                "top_p",
                "Top-p",
                "The total probability of the likeliest tokens that are kept; 1 keeps all.",
                default=1.0,
                neutral=1.0,
                minimum=0.0,
                maximum=1.0,
                step=0.01,
            ),
        ),
    )

    def kept(self, scores: Scores, operations: LogitOperations) -> Ids:
        weights, _, total = operations.weigh(scores)
        # All tokens below this line together are less than what may be cut, so none of them is kept.
        line = (1 - self.limit) / len(weights) * total
        return operations.leading(weights, weights, self.limit * total, line)


class MinP(Cut):
    """Keeps the tokens that are not much less likely than the likeliest."""

    description = Description(
        "min_p",
        "Min-p",
        "Keeps the tokens that have at least this share of the likeliest token's probability.",
        "keep i if p[i] >= min_p * max(p)",
        "Nguyen et al. 2024",
        (
            Parameter(
                "min_p",
                "Min-p",
                "The least probability that is kept, as a share of the highest; 0 keeps all.",
                default=0.0,
                neutral=0.0,
                minimum=0.0,
                maximum=1.0,
                step=0.01,
            ),
        ),
    )

    def kept(self, scores: Scores, operations: LogitOperations) -> Ids:
        return operations.at_least(scores, operations.highest(scores) + math.log(self.limit))


@dataclass(frozen=True)
class Xtc(Change):
    """Exclude Top Choices: now and then cuts all likely tokens but the least likely of them."""

    chance: float
    threshold: float

    leaves_some = True

    description = Description(
        "xtc",
        "XTC",
        "Now and then cuts every likely token but the least likely of them, so that the text takes a turn.",
        "now and then cut every i with p[i] >= threshold but the least likely of them",
        "p-e-w 2024, as in llama.cpp",
        (
            Parameter(
                "xtc_probability",
                "Probability",
                "How often top choices are excluded; 0 is off.",
                default=0.0,
                neutral=0.0,
                minimum=0.0,
                maximum=1.0,
                step=0.05,
            ),
            Parameter(
                "xtc_threshold",
                "Threshold",
                "From which probability on a token is a top choice; above 0.5 there is never a second one.",
                default=0.1,
                minimum=0.0,
                maximum=1.0,
                step=0.01,
            ),
        ),
    )

    @classmethod
    def make(cls, setup: Setup) -> Xtc | None:
        config = setup.config
        off = not config.xtc_probability or config.xtc_threshold > 0.5
        return None if off else cls(config.xtc_probability, config.xtc_threshold)

    def __call__(self, scores: Scores, context: Context) -> Scores:
        if context.uniforms[1] >= self.chance:
            return scores
        chances = probabilities(scores, context.operations)
        tops = np.flatnonzero((chances >= self.threshold) & (scores > -np.inf))
        if len(tops) < 2:
            return scores
        # Of equally likely ones the last by rank stays: ranks go by chance, then by id.
        spared = tops[len(tops) - 1 - int(np.argmin(chances[tops][::-1]))]
        changed = scores.copy()
        changed[tops[tops != spared]] = -np.inf
        return changed
