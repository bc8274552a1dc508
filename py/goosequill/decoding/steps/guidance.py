"""Classifier-free guidance: steers away from what the model would write after another prompt.

A second state reads the negative prompt and then the output, so each token costs two passes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goosequill.decoding.context import Context
from goosequill.decoding.processor import Change, Setup, StepSettings
from goosequill.decoding.sampling import Logits
from goosequill.parameters import neutral_setting, setting


@dataclass(frozen=True)
class Guidance(Change):
    """Moves the logits away from those of the second state."""

    scale: float

    class Settings(StepSettings):
        guidance_scale: float = neutral_setting(
            "Scale",
            "How strongly to steer away from the negative prompt; 1 is off.",
            default=1.0,
            range=(0.0, 20.0, 0.1),
        )
        negative_prompt: str = setting(
            "The prompt to steer away from; if empty, a text without a prompt is used.", default=""
        )

    description = Settings.describe(
        "guidance",
        "Guidance",
        "Steers the text away from what the model would write after a different prompt.",
        "logit = u + scale * (c - u), with c and u the log probabilities after prompt and negative prompt",
        "Sanchez et al. 2023; Hugging Face transformers (guidance_scale)",
    )

    @classmethod
    def make(cls, settings: Settings, setup: Setup) -> Guidance | None:
        return cls(settings.guidance_scale) if settings.guidance_scale != 1 else None

    def __call__(self, logits: Logits, context: Context) -> Logits:
        if context.unguided is None:
            return logits
        own = logits - context.operations.log_total(logits)
        other = context.unguided - context.operations.log_total(context.unguided)
        return np.asarray(other + np.float32(self.scale) * (own - other), np.float32)
