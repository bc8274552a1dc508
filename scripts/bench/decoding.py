"""Measure what a decoder costs: milliseconds a token over a vocabulary of 65,536.

    python scripts/bench/decoding.py               natively
    python scripts/bench/decoding.py --pyodide     in Pyodide too, under Node (after `make vendor`)

Every preset, and single steps, on scores like those of a text: a few tokens hold most of the mass. The
rows "flat" are the other extreme, where no token is likelier than others by much. Each with the fastest
kernel that runs there and with numpy's, in turn; the lower quartile of 60 tokens, since whatever else
the machine does only ever adds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "py"))

from goosequill.decoding import PRESETS, DecodingConfig  # noqa: E402
from goosequill.decoding.chain import make_chain  # noqa: E402
from goosequill.decoding.context import Context  # noqa: E402
from goosequill.decoding.processor import Setup  # noqa: E402
from goosequill.decoding.sampling import OnceWeighed, draw, log_probability  # noqa: E402
from goosequill.kernels import load_kernel  # noqa: E402
from goosequill.tokenizers import load_tokenizer  # noqa: E402

VOCABULARY = 65536
READ = 500
"""Tokens that were read before, for the penalties to look at."""

ROUNDS = 60
DECODERS: dict[str, dict[str, Any]] = {
    "neutral": {},
    **PRESETS,
    "mirostat 1": {"mirostat": 1},
    "mirostat 2": {"mirostat": 2},
    "DRY": {"dry_multiplier": 0.8},
    "typical": {"typical_p": 0.9},
    "top-n-sigma": {"top_n_sigma": 1.0},
    "top-p, flat": {"top_p": 0.9},
    "typical, flat": {"typical_p": 0.9},
}


def make_scores(random: np.random.Generator, *, flat: bool) -> Any:
    """Scores as a model's: a few tokens hold most of the mass; or hardly one above another."""
    if flat:
        return random.normal(0, 0.1, VOCABULARY).astype(np.float32)
    scores = random.normal(0, 2.5, VOCABULARY).astype(np.float32)
    scores[random.integers(0, VOCABULARY, 50)] += 10
    return scores


def measure(settings: dict[str, Any], *, flat: bool = False) -> dict[str, float]:
    """Return the milliseconds of choosing a token with each kernel.

    That is all that happens to the scores: the look whether they are numbers, chain, draw, log probability.
    """
    tokenizer, random = load_tokenizer("world"), np.random.default_rng(0)
    chain = make_chain(Setup(DecodingConfig.from_dict(settings), tokenizer, VOCABULARY))
    read = random.integers(1, VOCABULARY, READ).tolist()
    kernels = [load_kernel(), load_kernel("numpy")]
    contexts = {
        kernel.name: Context(tokenizer, VOCABULARY, read, OnceWeighed(kernel.logits)) for kernel in kernels
    }
    seconds: dict[str, list[float]] = {kernel.name: [] for kernel in kernels}
    for _ in range(ROUNDS):
        scores = make_scores(random, flat=flat)
        uniforms = (float(random.random()), float(random.random()))
        for name, context in contexts.items():
            context.uniforms = uniforms
            start = time.perf_counter()
            context.operations.highest(scores)
            final = chain.narrow(scores, context)
            token = draw(final, uniforms[0], context.operations)
            log_probability(scores, token, context.operations)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.quantiles(times, n=4)[0] * 1000 for name, times in seconds.items()}


def measure_all() -> dict[str, dict[str, float]]:
    """Milliseconds a token of every decoder, by kernel."""
    return {name: measure(settings, flat=name.endswith("flat")) for name, settings in DECODERS.items()}


def measure_in_pyodide() -> dict[str, dict[str, float]]:
    """The same, of Pyodide under Node."""
    script = ["node", str(HERE / "decoding.js")]
    found: dict[str, dict[str, float]] = json.loads(
        subprocess.run(script, check=True, capture_output=True).stdout
    )
    return found


def main() -> None:
    """Print a line for every decoder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pyodide", action="store_true", help="measure in Pyodide too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found = {"native": measure_all()}
    if options.pyodide:
        found["Pyodide"] = measure_in_pyodide()
    if options.json:
        print(json.dumps(found, indent=2))
        return
    columns = [(home, kernel) for home, figures in found.items() for kernel in figures["neutral"]]
    print(f"{'ms a token':16}", *(f"{f'{home}, {kernel}':>16}" for home, kernel in columns))
    for name in DECODERS:
        print(f"{name:16}", *(f"{found[home][name][kernel]:16.2f}" for home, kernel in columns))


if __name__ == "__main__":
    main()
