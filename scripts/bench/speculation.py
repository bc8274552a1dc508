"""Measure what guessing tokens gains where a text quotes its prompt, and loses where it does not.

    python scripts/bench/speculation.py                       RWKV-7 0.19B in 8 and 4 bits, random weights
    python scripts/bench/speculation.py --model MODEL         a model of yours

The tokens that are written are given: a passage of the prompt quoted, reworded or continued. The model reads
them, and every step of the decoder is computed, as if the model had chosen them; so the weights may be
random, and what is measured is the time. Texts with guesses and without take turns; the ratio is the median
of the rounds' ratios. `--costs` prints what it costs to read several tokens at once, in the time of one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "py"), str(ROOT)]

from goosequill.decoding import DecodingConfig, End, generate  # noqa: E402
from goosequill.kernels import load_kernel  # noqa: E402
from goosequill.loading.load import LoadedModel, load_path  # noqa: E402
from goosequill.models.lookahead import COUNTS  # noqa: E402
from goosequill.weights.formats.safetensors import write  # noqa: E402

DEFAULT = ROOT / "site" / "models" / "default"
SOURCES = ("rwkv.md", "search.md")
"""Articles of docs/explanation: prose, with the repetitions that prose has."""

READ, WRITTEN = 300, 160
"""Tokens of a passage, and of the text that is written after it."""

DECODERS: dict[str, dict[str, Any]] = {
    "greedy": {"temperature": 0},
    "sampled": {"temperature": 0.8, "top_p": 0.9, "seed": 1},
}


def passages(tokenizer: Any) -> list[list[int]]:
    """Passages of the articles, twice as long as is read, in tokens."""
    texts = [(ROOT / "docs" / "explanation" / name).read_text() for name in SOURCES]
    return [tokenizer.encode(text)[: READ + WRITTEN] for text in texts]


def texts(tokens: list[int], share: float, random: np.random.Generator) -> tuple[list[int], list[int]]:
    """Return a prompt, and a text of which this share quotes the prompt; the rest is what follows it.

    A quotation is of 8 to 40 tokens; share 1 is the passage word by word.
    """
    prompt, own = tokens[:READ], iter(tokens[READ:])
    if share == 1:
        return prompt, prompt[:WRITTEN]
    written: list[int] = []
    while len(written) < WRITTEN:
        if share:
            length = int(random.integers(8, 41))
            start = int(random.integers(0, READ - length))
            written += prompt[start : start + length]
            gap = round(length * (1 - share) / share)
        else:
            gap = WRITTEN
        written += [next(own, 0) for _ in range(gap)]
    return prompt, written[:WRITTEN]


def reworded(tokens: list[int], every: int) -> tuple[list[int], list[int]]:
    """Return a prompt, and the same passage with every so-manieth token replaced by another."""
    prompt = tokens[:READ]
    written = [tokens[READ + at] if at % every == every - 1 else prompt[at] for at in range(WRITTEN)]
    return prompt, written


def cases(tokenizer: Any) -> Iterator[tuple[str, list[tuple[list[int], list[int]]]]]:
    """Kinds of texts by name."""
    found, random = passages(tokenizer), np.random.default_rng(0)
    yield "ordinary text", [texts(tokens, 0, random) for tokens in found]
    for share in (0.25, 0.5, 0.75):
        yield f"{share:.0%} quoted", [texts(tokens, share, random) for tokens in found]
    for every in (5, 10):
        yield f"every {every}th token changed", [reworded(tokens, every) for tokens in found]
    yield "quoted", [texts(tokens, 1, random) for tokens in found]


def time_of(loaded: LoadedModel, prompt: list[int], script: list[int], settings: dict[str, Any]) -> Any:
    """Return the seconds of writing a given text after a prompt, and the end; the prompt is not counted."""
    generation = sys.modules["goosequill.decoding.generate"]  # the package has the function by this name
    choose = generation._choose

    def given(writer: Any, logits: Any) -> Any:
        choose(writer, logits)
        return script[writer.written]

    config = DecodingConfig(max_new_tokens=len(script), ignore_end=True, **settings)
    with patch.object(generation, "_choose", given):
        items = generate(loaded.model, loaded.tokenizer, prompt, config)
        next(items)
        start = time.perf_counter()
        *_, end = items
    assert isinstance(end, End)
    return time.perf_counter() - start, end


def measure(loaded: LoadedModel, *, rounds: int, decoders: list[str]) -> list[dict[str, Any]]:
    """How many times as fast each kind of text is with guesses."""
    rows = []
    for name, pairs in cases(loaded.tokenizer):
        for decoder in decoders:
            ratios, guessed, right = [], 0, 0
            for _ in range(rounds):
                for prompt, script in pairs:
                    settings = DECODERS[decoder]
                    alone, _ = time_of(loaded, prompt, script, {**settings, "prompt_lookup_num_tokens": 0})
                    ahead, end = time_of(loaded, prompt, script, {**settings, "prompt_lookup_num_tokens": 7})
                    ratios.append(alone / ahead)
                    guessed, right = guessed + end.guessed, right + end.guessed_right
            quarters = statistics.quantiles(ratios, n=4)
            rows.append(
                {
                    "text": name,
                    "decoder": decoder,
                    "faster": round(statistics.median(ratios), 3),
                    "quarters": [round(quarters[0], 3), round(quarters[2], 3)],
                    "guessed": round(guessed / len(ratios), 1),
                    "right": round(right / len(ratios), 1),
                }
            )
    return rows


def costs(loaded: LoadedModel, *, rounds: int = 15) -> dict[str, float]:
    """The time of reading several tokens at once, and of a state that follows by one (0), in that of one."""
    model, shortlist = loaded.model, DecodingConfig(temperature=0).shortlist
    assert model.lookaheads
    lookahead = model.lookaheads.borrow(model)
    assert lookahead and shortlist
    state, seconds = model.new_state(), {count: list[float]() for count in (0, 1, *COUNTS)}
    for turn in range(rounds + 2):
        for count in (1, *COUNTS):
            start = time.perf_counter()
            if count == 1:
                model.forward([turn + 1], state, logits=shortlist)
            else:
                lookahead.read(model, [turn + 1 + at for at in range(count)], state, shortlist)
            seconds[count].append(time.perf_counter() - start)
        start = time.perf_counter()
        lookahead.advance(state, 0)
        seconds[0].append(time.perf_counter() - start)
    model.lookaheads.give_back(lookahead)
    medians = {count: statistics.median(taken[2:]) for count, taken in seconds.items()}
    return {"ms": medians[1] * 1e3} | {str(n): taken / medians[1] for n, taken in medians.items()}


def random_model(bits: Any) -> LoadedModel:
    """RWKV-7 0.19B with random weights; a few tokens are far likelier than others, as in a real one."""
    from scripts.bench.weights import RWKV7, tensors

    path = ROOT / "build" / "bench" / "speculation.safetensors"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, ((name, _peaked(name, array).astype(np.float16)) for name, array in tensors(RWKV7)))
    return load_path(path, kernel=load_kernel(), quantize=bits)


def _peaked(name: str, array: Any) -> Any:
    if name == "head.weight":
        array[::64] *= 4
    return array


def measured(loaded: LoadedModel, rounds: int, decoders: list[str]) -> dict[str, Any]:
    """Costs and gains of one model."""
    found = {"costs": costs(loaded), "rows": measure(loaded, rounds=rounds, decoders=decoders)}
    return found | {"costs after": costs(loaded)}


def show(name: str, found: dict[str, Any]) -> None:
    """Print the figures of one model."""
    for when in ("costs", "costs after"):
        table = {count: round(cost, 2) for count, cost in found.get(when, {}).items()}
        print(f"{name}, {when}: {table}")
    for row in found.get("rows", ()):
        low, high = row["quarters"]
        print(
            f"  {row['text']:26} {row['decoder']:8}{row['faster']:6.2f} times as fast"
            f" ({low:.2f} to {high:.2f}) {row['right']:6.1f} of {row['guessed']:6.1f} right"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path, help="a model's file or folder")
    parser.add_argument("--bits", type=int, nargs="+", default=[8, 4])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--decoders", nargs="+", choices=list(DECODERS), default=list(DECODERS))
    parser.add_argument("--costs", action="store_true", help="only what passes cost")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found = {}
    for bits in [None] if options.model else options.bits:
        name = str(options.model or f"RWKV-7 0.19B int{bits}")
        loaded = load_path(options.model, kernel=load_kernel()) if options.model else random_model(bits)
        only = {"costs": costs(loaded)}
        found[name] = only if options.costs else measured(loaded, options.rounds, options.decoders)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, figures in found.items():
        show(name, figures)


if __name__ == "__main__":
    main()
