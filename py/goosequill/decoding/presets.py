"""Complete decoder configurations under a name: Goosequill's default and those of other programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A named set of settings.

    Attributes
    ----------
    name
        As the command line and reports write it.
    title
        As a page shows it.
    source
        Where the values come from, and which of them are our own.
    settings
        The settings that differ from the neutral defaults.
    """

    name: str
    title: str
    source: str
    settings: dict[str, Any]


_PRESETS = (
    Preset(
        "goosequill",
        "The default",
        "The settings that the playground starts with: focused, but varied.",
        {"temperature": 0.8, "top_p": 0.9},
    ),
    Preset(
        "greedy",
        "Greedy: always the most likely token",
        "Deterministic. Small models soon repeat themselves.",
        {"temperature": 0.0},
    ),
    Preset(
        "greedy-penalty",
        "Greedy with a frequency penalty",
        "Each occurrence of a token in the prompt or the output lowers its logit by 0.5, our choice. "
        "Deterministic.",
        {"temperature": 0.0, "frequency_penalty": 0.5},
    ),
    Preset(
        "top-p-0.8",
        "Top-p 0.8: sampling from the most likely 80%",
        "Samples at temperature 1 from the most likely tokens whose probabilities add up to 80%.",
        {"top_p": 0.8},
    ),
    Preset(
        "rwkv-v4-web",
        "rwkv-v4-web: RWKV in the browser, 2023",
        "Temperature 0.5 and top-p 0.8 are from its demo/index.html (2023). It also subtracts a penalty for "
        "each occurrence in the prompt and the output; the value of 0.5 is our choice.",
        {"frequency_penalty": 0.5, "top_p": 0.8, "temperature": 0.5},
    ),
    Preset(
        "rwkv-pipeline",
        "BlinkDL's PIPELINE",
        "PIPELINE_ARGS of the rwkv package, with ChatRWKV's decay of 0.996; digits are not counted.",
        {
            "presence_penalty": 0.2,
            "frequency_penalty": 0.2,
            "penalty_decay": 0.996,
            "penalty_scope": "output",
            "penalty_spares_digits": True,
            "top_p": 0.85,
        },
    ),
    Preset(
        "llama.cpp",
        "llama.cpp defaults",
        "The defaults in its common/common.h.",
        {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05, "penalty_window": 64},
    ),
    Preset(
        "hugging-face",
        "Hugging Face defaults, with sampling",
        "GenerationConfig of transformers with do_sample: temperature first, then the 50 most likely tokens.",
        {"temperature_first": True, "top_k": 50},
    ),
)

PRESETS: dict[str, dict[str, Any]] = {preset.name: preset.settings for preset in _PRESETS}
"""Each preset's settings by its name; the first is Goosequill's default."""


def describe_presets() -> list[dict[str, Any]]:
    """Return the presets as plain data: name, title, source and settings."""
    return [
        {
            "name": preset.name,
            "title": preset.title,
            "source": preset.source,
            "settings": dict(preset.settings),
        }
        for preset in _PRESETS
    ]
