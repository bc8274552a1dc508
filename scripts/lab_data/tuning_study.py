"""What tuning gains and harms, by method: the study of the laboratory's page "What tuning changes".

    apt-get install fortunes
    OMP_NUM_THREADS=1 PYTHONPATH=py:. python scripts/lab_data/tuning_study.py [--fortunes FOLDER] [--seeds 6]

It writes ``py/goosequill/lab/data/tuning-study.json`` and prints a table. The far manner is that of Debian's
`knghtbrd`, lines from chat rooms; the near one that of `literature`; the GNU General Public License is
neither, and shows the harm. Examples and unseen entries are drawn by the seed; the entries are measured one
by one, as `goosequill evaluate` does. Runs that the file has already are kept; delete it to compute all
again. On one core it takes about half an hour.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import fmean, stdev
from typing import Any

import numpy as np
from scipy.stats import t as student

import goosequill as gq
from goosequill.chat.formats import FORMATS
from goosequill.decoding.writer import prompt_tokens
from goosequill.kernels import ACTIVATIONS
from goosequill.models import Model
from goosequill.tokenizers import Tokenizer
from goosequill.tuning.examples import make_examples
from goosequill.tuning.gradient import Batch
from goosequill.tuning.operations import SLOPES, Back, Floats, Pass, Products
from goosequill.tuning.rwkv4 import Rwkv4Gradient
from goosequill.tuning.training import Training
from goosequill.weights import open_tensors

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "py/goosequill/lab/data/tuning-study.json"
MODEL = ROOT / "site/models/default"
TEXTS = {"far": "knghtbrd", "near": "literature"}
OTHER = Path("/usr/share/common-licenses/GPL-3")
"""Other text, of which Debian has a copy everywhere."""
OTHER_CHARACTERS = 8000
EXAMPLES, UNSEEN = 50, 60
METHODS = ("prompt", "state", "norms", "vectors", "lora")
RANK = 2
RATES = {"lora": (3e-3, 1e-3)}
"""Learning rates to choose from, where they are not those of the package."""
ONLY = {"norms": "ln", "lora": "lora"}
"""What the names of the tuned values have in them."""


class LowRankProducts(Products):
    """Products that know which matrices are changed: id -> name."""

    names: dict[int, str]


class LowRankPass(Pass):
    """Every product with a matrix W of a block is one with W + B A: A is [rank, in], B [out, rank]."""

    def product(
        self, matrix: Any, x: Floats, *, bias: str | None = None, activation: str | None = None
    ) -> tuple[Floats, Back]:
        assert isinstance(self.products, LowRankProducts)
        if (name := self.products.names.get(id(matrix))) is None:
            return super().product(matrix, x, bias=bias, activation=activation)
        z, back = super().product(matrix, x, bias=bias)
        a, b = self.values[f"{name}.a"], self.values[f"{name}.b"]
        low: Any = x @ a.T
        z += low @ b.T
        y = z if activation is None else ACTIVATIONS[activation][0](z)

        def both(g: Floats) -> Any:
            if activation is not None:
                g = g * SLOPES[activation](y)
            low_back: Any = g @ b
            rows = (each.reshape(-1, each.shape[-1]) for each in (x, low, g, low_back))
            xs, lows, gs, backs = rows
            self.gradients[f"{name}.a"] = backs.T @ xs
            self.gradients[f"{name}.b"] = gs.T @ lows
            return back(g) + low_back @ a

        return y, both


class LowRankGradient(Rwkv4Gradient):
    """LoRA (Hu et al. 2022) on all matrices of the blocks, for comparison: the package does not have it."""

    make_pass = LowRankPass

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.products = LowRankProducts(model.kernel)
        self.names = self.products.names = {
            id(matrix): f"lora.{layer}.{part}.{name}"
            for layer, block in enumerate(model.blocks)
            for part, holder in (("att", block), ("ffn", block.ffn))
            for name in ("key", "value", "receptance", "output")
            if (matrix := getattr(holder, name, None)) is not None
        }

    def untuned(self) -> dict[str, Floats]:
        rng, found = np.random.default_rng(0), super().untuned()
        tensors = open_tensors(MODEL / "model.safetensors")
        for name in self.names.values():
            rows, columns = tensors.shape(name.replace("lora", "blocks") + ".weight")
            found[f"{name}.a"] = rng.standard_normal((RANK, columns), np.float32) / np.float32(columns**0.5)
            found[f"{name}.b"] = np.zeros((rows, RANK), np.float32)
        return found


def entries(folder: Path, name: str) -> list[str]:
    """The entries of a file of fortunes."""
    text = (folder / name).read_text(encoding="utf-8")
    return [entry.strip() for entry in text.split("\n%\n") if entry.strip()]


def bits(model: gq.TextModel, texts: Sequence[str]) -> float:
    """Bits per byte of texts, each read by itself."""
    found = [model.evaluate(text) for text in texts]
    return sum(each.bits for each in found) / sum(each.bytes for each in found)


def prompted_bits(model: gq.TextModel, prompt: str, texts: Sequence[str]) -> float:
    """Bits per byte of texts, each of which follows the prompt."""
    tokenizer, reader = model.loaded.tokenizer, model.loaded.model
    start, total = reader.new_state(), 0.0
    first = reader.forward(tokenizer.encode(prompt), start)
    for text in texts:
        tokens, state = tokenizer.encode(text), start.copy()
        later = reader.forward(tokens[:-1], state, logits="all") if len(tokens) > 1 else first[:0]
        logits = np.vstack([first[None], later.reshape(-1, len(first))]).astype(np.float64)
        total += float((np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(tokens)), tokens]).sum())
    return total / math.log(2) / sum(len(text.encode()) for text in texts)


def tuned_bits(training: Training, tokenizer: Tokenizer, texts: Sequence[str]) -> float:
    """Bits per byte of texts by the best values of a training, of which no model may be made."""
    total, values = 0.0, training.values(training.best_values)
    for text in texts:
        tokens = np.array([[*prompt_tokens(tokenizer, ""), *tokenizer.encode(text)]])
        batch = Batch(tokens[:, :-1], tokens[:, 1:], np.ones_like(tokens[:, 1:], np.bool_))
        total += float(training.gradient.costs(values, batch).sum())
    return total / math.log(2) / sum(len(text.encode()) for text in texts)


def tried(
    model: gq.TextModel, method: str, examples: list[str], unseen: list[str], other: list[str], seed: int
) -> tuple[int, float, float]:
    """Tune, and return how many numbers were, and the bits per byte of unseen and of other text."""
    if method == "prompt":
        prompt = "\n\n".join(examples) + "\n\n"
        return 0, prompted_bits(model, prompt, unseen), prompted_bits(model, prompt, other)
    tokenizer = model.loaded.tokenizer
    gradient = (LowRankGradient if method == "lora" else Rwkv4Gradient)(model.loaded.model)
    found = make_examples(examples, FORMATS["world"])
    training = Training(
        gradient,
        tokenizer,
        found,
        method="state" if method == "state" else "vectors",
        only=ONLY.get(method, ""),
        rates=RATES.get(method),
        seed=seed,
    )
    for _ in training.run():
        pass
    after, harm = (tuned_bits(training, tokenizer, texts) for texts in (unseen, other))
    return int(training.best_values.size), after, harm


def study(options: argparse.Namespace, found: dict[str, Any]) -> Iterator[None]:
    """Add what is missing, and yield after each run."""
    model = gq.load(MODEL, threads=1)
    other = [OTHER.read_text(encoding="utf-8")[:OTHER_CHARACTERS]]
    found["neutral"] = bits(model, other)
    for text, file in TEXTS.items():
        all_of_it = entries(options.fortunes, file)
        drawn = [Random(seed).sample(all_of_it, EXAMPLES + UNSEEN) for seed in range(options.seeds)]
        untuned = found["untuned"].setdefault(text, [])
        untuned += [round(bits(model, each[EXAMPLES:]), 4) for each in drawn[len(untuned) :]]
        for method in METHODS:
            run = found["tried"].setdefault(f"{text} {method}", {"numbers": 0, "unseen": [], "neutral": []})
            for seed in range(len(run["unseen"]), options.seeds):
                began = time.process_time()
                examples, unseen = drawn[seed][:EXAMPLES], drawn[seed][EXAMPLES:]
                run["numbers"], after, harm = tried(model, method, examples, unseen, other, seed)
                run["unseen"].append(round(after, 4))
                run["neutral"].append(round(harm, 4))
                before = untuned[: len(run["unseen"])]
                changes = [after - found for after, found in zip(run["unseen"], before, strict=True)]
                run["half_width"] = round(half_width(changes), 4) if seed else None
                seconds = time.process_time() - began
                print(f"{text:5} {method:8} {seed} {after:.3f} {harm:.3f} {seconds:.0f} s", flush=True)
                yield


def half_width(changes: Sequence[float]) -> float:
    """Half of the 95% interval of a mean, by Student's t."""
    factor: float = student.ppf(0.975, len(changes) - 1)
    return factor * stdev(changes) / math.sqrt(len(changes))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fortunes", type=Path, default=Path("/usr/share/games/fortunes"))
    parser.add_argument("--seeds", type=int, default=6)
    options = parser.parse_args()
    if not (options.fortunes / "knghtbrd").exists():
        sys.exit(f"There are no fortunes in {options.fortunes}: apt-get install fortunes")
    found: dict[str, Any] = {"untuned": {}, "tried": {}}
    if TARGET.is_file():
        found |= json.loads(TARGET.read_text(encoding="utf-8"))
    found |= {"command": "scripts/lab_data/tuning_study.py", "first_seed": 0, "seeds": options.seeds}
    found["examples"] = EXAMPLES
    for _ in study(options, found):
        TARGET.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name, run in found["tried"].items():
        print(f"{name:15} {run['numbers']:6} {fmean(run['unseen']):.3f} {fmean(run['neutral']):.3f}")


if __name__ == "__main__":
    main()
