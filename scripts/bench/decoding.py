"""Measure what a decoder costs: milliseconds a token over a vocabulary of 65,536, for every preset.

Usage: python scripts/bench/decoding.py [--json]
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "py"))

from goosequill.decoding import PRESETS, DecodingConfig
from goosequill.decoding.chain import make_chain
from goosequill.decoding.context import Context
from goosequill.decoding.processor import Setup
from goosequill.decoding.sampling import draw, log_probability
from goosequill.tokenizers import load_tokenizer

VOCABULARY = 65536
READ = 500
"""Tokens that were read before, for the penalties to look at."""

ROUNDS = 60


def measure(settings: dict[str, Any]) -> float:
    """Return the median milliseconds of choosing a token: chain, draw and log probability."""
    tokenizer, random = load_tokenizer("world"), np.random.default_rng(0)
    chain = make_chain(Setup(DecodingConfig.from_dict(settings), tokenizer, VOCABULARY))
    context = Context(tokenizer, VOCABULARY, random.integers(1, VOCABULARY, READ).tolist())
    seconds = []
    for _ in range(ROUNDS):
        scores = random.normal(0, 2.5, VOCABULARY).astype(np.float32)
        scores[random.integers(0, VOCABULARY, 50)] += 10  # a few tokens hold most of the mass, as in a text
        start = time.perf_counter()
        final = chain(scores, context)
        token = draw(final, float(random.random()))
        log_probability(scores, token)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1000


def main() -> None:
    """Print a line for every preset."""
    decoders = {"neutral": {}, **PRESETS, "mirostat 2": {"mirostat": 2}, "DRY": {"dry_multiplier": 0.8}}
    found = {name: measure(settings) for name, settings in decoders.items()}
    if "--json" in sys.argv:
        print(json.dumps(found, indent=2))
        return
    for name, milliseconds in found.items():
        print(f"{name:16} {milliseconds:6.2f} ms a token")


if __name__ == "__main__":
    main()
