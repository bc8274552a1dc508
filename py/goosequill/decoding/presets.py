"""Whole decoders under one name: what other programs do by default, and the three that show most."""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "greedy": {"temperature": 0.0},
    "greedy-penalty": {"temperature": 0.0, "frequency_penalty": 0.5},
    "top-p-0.8": {"top_p": 0.8},
    "rwkv-v4-web": {"frequency_penalty": 0.5, "top_p": 0.8, "temperature": 0.5},
    "rwkv-pipeline": {
        "presence_penalty": 0.2,
        "frequency_penalty": 0.2,
        "penalty_decay": 0.996,
        "penalty_scope": "output",
        "penalty_spares_digits": True,
        "top_p": 0.85,
    },
    "llama.cpp": {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05, "penalty_window": 64},
    "hugging-face": {"temperature_first": True, "top_k": 50},
}
"""Name to the settings that differ from the neutral ones."""

TITLES: dict[str, str] = {
    "greedy": "Greedy: always the likeliest token",
    "greedy-penalty": "Greedy with a penalty for repetition",
    "top-p-0.8": "Sampling from the likeliest 80%",
    "rwkv-v4-web": "rwkv-v4-web, RWKV in the browser in 2023",
    "rwkv-pipeline": "BlinkDL's PIPELINE",
    "llama.cpp": "llama.cpp's defaults",
    "hugging-face": "Hugging Face's defaults, with sampling",
}
"""Name to what a person reads."""

SOURCES: dict[str, str] = {
    "greedy": "No chance in it: small models soon go round in circles.",
    "greedy-penalty": (
        "Each time that a token stands in prompt or text takes 0.5 off its score, a size of our own; no "
        "chance in it either."
    ),
    "top-p-0.8": "One of the likeliest tokens that together have 80%, by chance, at temperature 1.",
    "rwkv-v4-web": (
        "Temperature 0.5 and top-p 0.8 stand in its demo/index.html (2023). It takes off a penalty for each "
        "occurrence in prompt and text; the size of 0.5 is ours."
    ),
    "rwkv-pipeline": (
        "PIPELINE_ARGS of the package rwkv, with ChatRWKV's decay of 0.996 and its digits that cost nothing."
    ),
    "llama.cpp": "The defaults of its common/common.h.",
    "hugging-face": "GenerationConfig of transformers, do_sample: temperature, then the 50 likeliest.",
}
"""Name to where the values come from, and which of them are ours."""
