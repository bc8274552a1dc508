"""What happened to the candidates of one token: each step's effect, as plain data for a table or a chart.

Only made when it is asked for: it takes a softmax for every step.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from goosequill.decoding.items import token_text
from goosequill.decoding.sampling import Ids, Scores, best, log_probability, probabilities
from goosequill.kernels import ScoreOperations
from goosequill.tokenizers import Tokenizer

SHOWN = 10
"""Likeliest candidates that are told of before, after and in between."""

MODEL = "model"
"""The name of the first stage: the model's own scores."""


class Explainer:
    """Watches a chain at work on one token's scores."""

    def __init__(self, scores: Scores, tokenizer: Tokenizer, operations: ScoreOperations) -> None:
        self._tokenizer, self._operations = tokenizer, operations
        self._stages: list[tuple[str, Scores]] = [(MODEL, scores)]

    def watch(self, name: str, scores: Scores) -> None:
        """Take the result of a step."""
        self._stages.append((name, scores))

    def explanation(self, token: int) -> dict[str, Any]:
        """Return what happened, the taken token being known.

        ``stages``: [{name, kept}] from the model through every step, ``kept`` counting the tokens not cut.
        ``candidates``: the likeliest of any stage, and the taken one, each {token, text, scores,
        probabilities, cut_by}: one score and one probability a stage, None once cut, and the step that
        cut it or None.
        ``surprisal`` in bits and ``rank`` (from 1) under the model alone, ``probability`` in the end.
        """
        raw = self._stages[0][1]
        chances = [probabilities(scores, self._operations) for _, scores in self._stages]
        return {
            "token": token,
            "surprisal": -log_probability(raw, token, self._operations) / math.log(2),
            "rank": int((raw > raw[token]).sum()) + 1,
            "probability": float(chances[-1][token]),
            "stages": [
                {"name": name, "kept": int((scores > -np.inf).sum())} for name, scores in self._stages
            ],
            "candidates": [self._candidate(int(i), chances) for i in self._shown(token, chances)],
        }

    def _shown(self, token: int, chances: list[Scores]) -> Ids:
        ids = np.unique(
            np.concatenate([*(best(chance, SHOWN, self._operations) for chance in chances), [token]])
        )
        return ids[np.argsort(-chances[0][ids], kind="stable")]

    def _candidate(self, token: int, chances: list[Scores]) -> dict[str, Any]:
        scores = [float(scores[token]) for _, scores in self._stages]
        names = [name for name, _ in self._stages]
        return {
            "token": token,
            "text": token_text(self._tokenizer, token),
            "scores": [score if math.isfinite(score) else None for score in scores],
            "probabilities": [
                float(chance[token]) if math.isfinite(score) else None
                for chance, score in zip(chances, scores, strict=True)
            ],
            "cut_by": next((name for name, s in zip(names, scores, strict=True) if s == -math.inf), None),
        }


def explain_prompt(
    tokens: list[int],
    before: Scores | None,
    following: Scores,
    tokenizer: Tokenizer,
    operations: ScoreOperations,
) -> list[dict[str, Any]]:
    """Return how well the model foresaw each token of a prompt.

    Parameters
    ----------
    tokens
        The tokens that were read.
    before
        Scores before the first of them; None at the start of a text, whose first token nothing foretells.
    following
        Scores after each of them, [T, V].

    Returns
    -------
    list
        {token, text, surprisal, rank, candidates: [{token, text, probability}]} for each; None for what is
        not known.
    """
    rows = [before, *following[:-1]]
    return [
        _foreseen(token, scores, tokenizer, operations) for token, scores in zip(tokens, rows, strict=True)
    ]


def _foreseen(
    token: int, scores: Scores | None, tokenizer: Tokenizer, operations: ScoreOperations
) -> dict[str, Any]:
    found: dict[str, Any] = {"token": token, "text": token_text(tokenizer, token)}
    if scores is None:
        return found | {"surprisal": None, "rank": None, "candidates": []}
    chances = probabilities(scores, operations)
    likeliest = [int(i) for i in best(scores, SHOWN, operations)]
    return found | {
        "surprisal": -log_probability(scores, token, operations) / math.log(2),
        "rank": int((scores > scores[token]).sum()) + 1,
        "candidates": [
            {"token": i, "text": token_text(tokenizer, i), "probability": float(chances[i])}
            for i in likeliest
        ],
    }
