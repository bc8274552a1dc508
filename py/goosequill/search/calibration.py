"""How likely it is that something fits a question at all, given the cosine of the closest passage.

A logistic curve, fitted to the closest passages of questions that have an answer and of as many on foreign
subjects; at one half is the threshold. It tells questions on foreign subjects from others; it cannot tell
that an answer is missing where the subject is familiar.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Curve:
    """Likelihood 1 / (1 + exp(-slope (cosine - threshold)))."""

    threshold: float
    slope: float

    def likelihood(self, cosine: float) -> float:
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, self.slope * (cosine - self.threshold)))))


CURVES = {
    ("minilm-l6", "minilm-l6"): Curve(0.37, 28),
    ("static-minilm", "minilm-l6"): Curve(0.30, 24),
    ("static-minilm", "static-minilm"): Curve(0.38, 19),
}
"""By the models of the question and of the passages; scripts/search/quality.py measures them."""


def likelihood(cosine: float, passages: str, question: str = "") -> float | None:
    """Return the probability that a passage of this cosine fits its question; None for models not measured.

    Parameters
    ----------
    cosine
        -1 to 1.
    passages, question
        Names of the models that embedded them; by default the same.
    """
    curve = CURVES.get((question or passages, passages))
    return None if curve is None else curve.likelihood(cosine)
