"""Measure the cost of each decoder: milliseconds per token for a vocabulary of 65,536.

    python scripts/bench/decoding.py               natively
    python scripts/bench/decoding.py --pyodide     in Pyodide too, under Node (after `make vendor`)
    python scripts/bench/decoding.py --constraints constraints: the making of automata, and masks of tokens

Every preset, and single steps, on logits as in real text: a few tokens have most of the probability. The
rows "flat" are the other extreme, where all tokens are about equally likely. Each with the fastest available
kernel and with numpy's, in turn; the lower quartile of 60 tokens, since other load on the machine only ever
adds time.
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
from goosequill.decoding.grammar.compile import compiled  # noqa: E402
from goosequill.decoding.grammar.token_mask import token_table  # noqa: E402
from goosequill.decoding.processor import Setup  # noqa: E402
from goosequill.decoding.sampling import WeighOnce, draw, log_probability  # noqa: E402
from goosequill.decoding.steps.constraint import form_of  # noqa: E402
from goosequill.errors import SettingsError  # noqa: E402
from goosequill.kernels import load_kernel  # noqa: E402
from goosequill.tokenizers import load_tokenizer  # noqa: E402

VOCABULARY = 65536
READ = 500
"""Number of previous tokens, which the penalties look at."""

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


def make_logits(random: np.random.Generator, *, flat: bool) -> Any:
    """Logits like a model's: a few tokens have most of the probability; or nearly uniform ones."""
    if flat:
        return random.normal(0, 0.1, VOCABULARY).astype(np.float32)
    logits = random.normal(0, 2.5, VOCABULARY).astype(np.float32)
    logits[random.integers(0, VOCABULARY, 50)] += 10
    return logits


def measure(settings: dict[str, Any], *, flat: bool = False) -> dict[str, float]:
    """Return the milliseconds that choosing a token takes with each kernel.

    This covers everything done to the logits: the check for NaN, the chain, the draw, the log probability.
    """
    tokenizer, random = load_tokenizer("world"), np.random.default_rng(0)
    chain = make_chain(DecodingConfig.from_dict(settings), Setup(tokenizer, VOCABULARY))
    read = random.integers(1, VOCABULARY, READ).tolist()
    kernels = [load_kernel(), load_kernel("numpy")]
    contexts = {
        kernel.name: Context(tokenizer, VOCABULARY, read, WeighOnce(kernel.logits)) for kernel in kernels
    }
    seconds: dict[str, list[float]] = {kernel.name: [] for kernel in kernels}
    for _ in range(ROUNDS):
        logits = make_logits(random, flat=flat)
        uniforms = (float(random.random()), float(random.random()))
        for name, context in contexts.items():
            context.uniforms = uniforms
            start = time.perf_counter()
            context.operations.argmax(logits)
            final = chain.narrow(logits, context)
            token = draw(final, uniforms[0], context.operations)
            log_probability(logits, token, context.operations)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.quantiles(times, n=4)[0] * 1000 for name, times in seconds.items()}


CONSTRAINTS: list[dict[str, Any]] = [
    {"regex": r"\d{4}-\d\d-\d\d"},
    {"regex": r"\w{1,100}"},
    {"regex": "(a?){2000}"},
    {"regex": "(a{1,200}){1,200}"},
    {"regex": "(.*a.{20})"},
    {"regex": "(a{0,65535}){65535}b|(a{3}){9999}|(b{3}){9999}"},
    {"regex": "(a?b?c?d?e?){300}"},
    {"choices": [f"{i * 7919 % 100_003:017d}" for i in range(8000)]},
    {"json_schema": True},
    {"json_schema": {"type": "string", "maxLength": 200}},
    {"json_schema": {"type": "string", "maxLength": 1_000_000}},
    {"json_schema": {"type": "object", "properties": {f"p{i}": True for i in range(200)}}},
]


def measure_constraint(settings: dict[str, Any]) -> tuple[float, float, int | str]:
    """Return the seconds that a constraint's automaton takes, the milliseconds of a mask, and its states.

    Seconds are the processor's; where the constraint is refused, its message is in place of the states.
    """
    table = token_table(load_tokenizer("world"), VOCABULARY)
    start = time.process_time()
    try:
        form = form_of(DecodingConfig.from_dict(settings))
        assert form is not None
        automaton = compiled(form)
    except SettingsError as error:
        return time.process_time() - start, 0, error.message.partition(": ")[2]
    made, times = time.process_time() - start, []
    for state in np.random.default_rng(0).integers(0, len(automaton.table), ROUNDS):
        start = time.process_time()
        table.allowed(automaton, int(state))
        times.append(time.process_time() - start)
    return made, statistics.quantiles(times, n=4)[0] * 1000, len(automaton.table)


def print_constraints() -> None:
    """Print one line per constraint."""
    print(f"{'constraint':50}{'s':>6}{'ms a mask':>11}  states")
    for settings in CONSTRAINTS:
        seconds, mask, states = measure_constraint(settings)
        print(f"{str(settings)[:48]:50}{seconds:6.2f}{mask:11.2f}  {states}")


def measure_all() -> dict[str, dict[str, float]]:
    """Milliseconds per token of every decoder, by kernel."""
    return {name: measure(settings, flat=name.endswith("flat")) for name, settings in DECODERS.items()}


def measure_in_pyodide() -> dict[str, dict[str, float]]:
    """The same in Pyodide under Node."""
    script = ["node", str(HERE / "pyodide.js"), "decoding"]
    found: dict[str, dict[str, float]] = json.loads(
        subprocess.run(script, check=True, capture_output=True).stdout
    )
    return found


def main() -> None:
    """Print one line per decoder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pyodide", action="store_true", help="measure in Pyodide too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--constraints", action="store_true", help="measure constraints instead")
    options = parser.parse_args()
    if options.constraints:
        print_constraints()
        return
    found = {"native": measure_all()}
    if options.pyodide:
        found["Pyodide"] = measure_in_pyodide()
    if options.json:
        print(json.dumps(found, indent=2))
        return
    columns = [(home, kernel) for home, figures in found.items() for kernel in figures["neutral"]]
    print(f"{'ms per token':16}", *(f"{f'{home}, {kernel}':>16}" for home, kernel in columns))
    for name in DECODERS:
        print(f"{name:16}", *(f"{found[home][name][kernel]:16.2f}" for home, kernel in columns))


if __name__ == "__main__":
    main()
