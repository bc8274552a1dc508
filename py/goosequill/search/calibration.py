"""Whether anything fits a question: the one rule that the package, its page and static sites follow.

The likelihood that the closest passage answers is a logistic curve of its cosine, fitted to the closest
passages of questions that have an answer and of as many on foreign subjects. From `FITS` on something fits,
below `PERHAPS` nothing does, and between the two something does perhaps. Closeness tells questions on foreign
subjects from others; it cannot tell that an answer is missing where the subject is familiar.

A static site gets the rule as data (goosequill.search.web), the page the state that came of it.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

State = Literal["fits", "perhaps", "nothing"]

FITS = 0.5
"""The least likelihood with which something fits."""
PERHAPS = 0.03
"""The least likelihood with which something fits perhaps; with less, nothing does. It loses about one
question in twenty of a FAQ that is asked without its words (scripts/search/held_out.py)."""
JUDGED = 8
"""The first results, of which one may contain the name that is asked for, however many are wanted."""
NAME_WORDS = 3
"""Words of a question that may be a name, such as CORS, which no vector knows: a passage that has them all
fits."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Likelihood 1 / (1 + exp(-slope (cosine - middle)))."""

    middle: float
    slope: float

    def likelihood(self, cosine: float) -> float:
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, self.slope * (cosine - self.middle)))))

    def cosine(self, likelihood: float) -> float:
        """Return the cosine that has a likelihood, which is above 0 and below 1."""
        return self.middle + math.log(likelihood / (1 - likelihood)) / self.slope


CURVES = {
    ("minilm-l6", "minilm-l6"): Curve(0.34, 30),
    ("static-minilm", "minilm-l6"): Curve(0.28, 23),
    ("static-minilm", "static-minilm"): Curve(0.37, 16),
}
"""By the models of the question and of the passages; scripts/search/quality.py fits and measures them."""


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


def names(question: Collection[str], passage: Collection[str]) -> bool:
    """Whether a question is a name (`NAME_WORDS`) that a passage contains; both are distinct stems."""
    return 0 < len(question) <= NAME_WORDS and set(question) <= set(passage)


def state(likelihood: float | None, *, named: bool = False) -> State:
    """Return whether something fits.

    Parameters
    ----------
    likelihood
        The closest passage's; None, of which nothing is known, fits.
    named
        Whether one of the first `JUDGED` results contains the name that is asked for (`names`).
    """
    if named or likelihood is None or likelihood >= FITS:
        return "fits"
    return "perhaps" if likelihood >= PERHAPS else "nothing"
