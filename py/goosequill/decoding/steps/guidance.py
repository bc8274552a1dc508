"""Classifier-free guidance: away from what the model would write after another prompt.

A second state reads the other prompt and then all that is written; it costs a second pass a token.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goosequill.decoding.context import Context
from goosequill.decoding.processor import Change, Setup
from goosequill.decoding.sampling import Scores, log_total
from goosequill.parameters import Description, Parameter


@dataclass(frozen=True)
class Guidance(Change):
    """Moves the scores away from those of the second state."""

    scale: float

    description = Description(
        "guidance",
        "Guidance",
        "Moves the text away from what the model would write after another prompt.",
        "s = u + scale * (s - u), with s and u the log probabilities after the prompt and the other one",
        "Sanchez et al. 2023; Hugging Face transformers (guidance_scale)",
        (
            Parameter(
                "guidance_scale",
                "Scale",
                "How far to move from the other prompt; 1 is off, above 1 is away from it.",
                default=1.0,
                neutral=1.0,
                minimum=0.0,
                maximum=20.0,
                step=0.1,
            ),
            Parameter(
                "negative_prompt",
                "Other prompt",
                "What to move away from; empty is a text without any prompt.",
                default="",
                kind="text",
            ),
        ),
    )

    @classmethod
    def make(cls, setup: Setup) -> Guidance | None:
        return cls(setup.config.guidance_scale) if setup.config.guidance_scale != 1 else None

    def __call__(self, scores: Scores, context: Context) -> Scores:
        other = context.unguided
        if other is None:
            return scores
        own = scores - log_total(scores, context.operations)
        away = other - log_total(other, context.operations)
        return np.asarray(away + np.float32(self.scale) * (own - away), np.float32)
