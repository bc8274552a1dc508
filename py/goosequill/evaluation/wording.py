"""What statistics mean, in sentences: the same words on the page, on the command line and in saved files.

Each sentence is an item of a list, so that a page can translate it (scripts/words.py collects them).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goosequill.evaluation.statistics import Permutation

LEVEL = 0.05
"""Below this corrected p-value a difference is called significant."""
FIRST = "the text shown first (left, or above on a narrow screen)"


def tested(test: Permutation, *, adjusted: float, tests: int) -> dict[str, Any]:
    """Return a paired permutation test as plain values, with sentences.

    Parameters
    ----------
    adjusted
        The p-value after Holm's correction.
    tests
        How many tests were corrected together, from 1.
    """
    sentences = [*_tried(test), *_verdict(test, adjusted=adjusted, tests=tests)]
    return {
        "p": test.p,
        "adjusted": adjusted,
        "significant": adjusted < LEVEL,
        "flips": test.flips,
        "exact": test.exact,
        "p_label": p_value(adjusted),
        "sentences": sentences,
    }


def _tried(test: Permutation) -> list[str]:
    if test.changed == 0:
        return ["They are equal on every shared prompt."]
    p = p_value(test.p)
    give = "gives" if test.hits == 1 else "give"
    if test.exact:
        return [
            f"There are {test.flips:,} ways to swap the two within prompts; "
            f"{test.hits:,} of them {give} a difference at least as large ({p})."
        ]
    return [
        f"Of {test.flips:,} random ways to swap the two within prompts, "
        f"{test.hits:,} {give} a difference at least as large ({p})."
    ]


def _verdict(test: Permutation, *, adjusted: float, tests: int) -> list[str]:
    if test.changed == 0:
        return []
    corrected = [f"Corrected for {tests:,} tests, {p_value(adjusted)}."] if tests > 1 else []
    if adjusted < LEVEL:
        return [*corrected, "The difference is significant at the 5% level."]
    if 2 / 2**test.changed * tests >= LEVEL:
        differ = "1 prompt" if test.changed == 1 else f"{test.changed:,} prompts"
        return [
            *corrected,
            f"They differ on only {differ}, which is too few for any difference to be significant.",
        ]
    return [
        *corrected,
        "The difference is not significant at the 5% level; it may be due to chance.",
    ]


def p_value(p: float) -> str:
    """Return "p = 0.031" or "p < 0.001"."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def position(bias: Mapping[str, Any]) -> list[str]:
    """Return sentences on position bias, from the counts and interval of `votes.position_bias`."""
    if bias["share"] is None:
        return ["Position: no vote had a winner, so position bias cannot be measured."]
    won = [
        f"Position: {FIRST} won {bias['left']:,} of {bias['decided']:,} votes with a winner "
        f"({bias['share']:.0%}, 95% interval {bias['low']:.0%} to {bias['high']:.0%})."
    ]
    if bias["low"] > 0.5 or bias["high"] < 0.5:
        side = "first" if bias["share"] > 0.5 else "second"
        return [
            *won,
            f"The interval excludes 50%: position influenced the votes, in favour of the {side} text.",
        ]
    return [*won, "The interval includes 50%: there is no evidence of position bias."]
