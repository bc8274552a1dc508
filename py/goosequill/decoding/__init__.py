"""Decoders: from a model's logits to text.

``generate(model, tokenizer, prompt, config)`` yields the text token by token. ``describe()`` returns every
setting, from which controls, help texts and the reference are made.
"""

from __future__ import annotations

from typing import Any

from goosequill.decoding.config import DESCRIPTIONS, PARAMETERS, DecodingConfig
from goosequill.decoding.generate import generate
from goosequill.decoding.items import Candidate, Chunk, Constrained, End, Item, Preparing, Reading
from goosequill.decoding.memory import SharedPrompt, StateMemory
from goosequill.decoding.predictor import LanguageModel
from goosequill.decoding.presets import PRESETS, describe_presets
from goosequill.parameters import Description, Parameter

__all__ = [
    "DESCRIPTIONS",
    "PARAMETERS",
    "PRESETS",
    "Candidate",
    "Chunk",
    "Constrained",
    "DecodingConfig",
    "Description",
    "End",
    "Item",
    "LanguageModel",
    "Parameter",
    "Preparing",
    "Reading",
    "SharedPrompt",
    "StateMemory",
    "describe",
    "describe_presets",
    "generate",
]


def describe() -> list[dict[str, Any]]:
    """Return every part of the decoder, in the order in which it acts, as plain data.

    Each has name, label, sentence, formula, source and parameters; each parameter has name, label,
    sentence, default, neutral, minimum, maximum, step, kind and choices.
    """
    return [description.to_dict() for description in DESCRIPTIONS]
