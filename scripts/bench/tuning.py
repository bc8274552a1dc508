"""Measure how fast models learn: tokens per second in a page and natively, beside PyTorch, on one thread.

Everyone takes the same steps on the default model's shape: four texts of 64 tokens, forward, back to all
vectors, Adam. Ours computes over weights in 4 bits, PyTorch over float32, with the operations of the model
written out as they are in tests/py/tuning/oracle.py; matrices need no gradient. Contestants take turns. A
second table has how tuning as a whole grows with examples, with their length and with the model, and the
memory beyond the loaded model; there a page takes as many threads as it does for a visitor.

    python scripts/bench/tuning.py                 dist/; writes build/tuning.json
    python scripts/bench/tuning.py --rounds 5
    python scripts/bench/tuning.py --only growth
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402
from scripts.bench.start import browsing, serving  # noqa: E402
from scripts.bench.weights import RWKV7, Shape, tensors, write_safetensors  # noqa: E402
from tests.py.tuning import oracle  # noqa: E402

import goosequill as gq  # noqa: E402

DEFAULT = Shape("RWKV-4 10.6M", "4", layers=6, width=320, vocab=5120)
AT_ONCE, LENGTH, EXAMPLES, STEPS = 4, 64, 50, 12
PAGE = "about-tuning.html"
FOLDER = "tuning-benchmark"
TUNE = """async ({ url, examples, steps, threads }) => {
  const { Engine, loadModel } = await import("./engine/client.js");
  const engine = new Engine();
  const model = await loadModel({ model: url, engine, threads: threads ?? undefined });
  const before = model.info.heap_bytes;
  const start = performance.now();
  const times = [];
  const onStep = ({ done, heldBack }) => times.push([done, performance.now() - start, heldBack !== null]);
  const call = model.call.bind(model);
  let shared = 0;
  model.call = async (...given) => {
    const opened = await call(...given);
    shared = opened.shared_bytes;
    return opened;
  };
  await model.tune(examples, { steps, prompt: "", onStep });
  const status = await engine.status();
  engine.dispose();
  return { times, memory: status.heap_bytes - before + shared, threads: model.info.threads };
}"""


def texts(model: gq.TextModel, count: int, length: int) -> list[str]:
    """English texts of so many tokens each."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md")))
    tokens = model.loaded.tokenizer.encode(source[: 8 * count * length])
    return [
        model.loaded.tokenizer.decode(tokens[at : at + length]) for at in range(0, count * length, length)
    ]


def rate(times: list[tuple[int, float, bool]]) -> float:
    """Tokens per second, from when steps ended; those that also measured do not count."""
    spent = [later[1] - former[1] for former, later in itertools.pairwise(times) if not later[2]]
    return AT_ONCE * LENGTH / statistics.median(spent)


def native(model: gq.TextModel, examples: list[str]) -> list[tuple[int, float, bool]]:
    found: list[tuple[int, float, bool]] = []

    def step(each: Any) -> None:
        found.append((each.done, perf_counter(), each.held_back is not None))

    gq.tune(model, [{"text": text} for text in examples], steps=STEPS, learning_rate=0.003, on_progress=step)
    return found


def in_page(page: Page, url: str, examples: list[str], steps: int, threads: int | None) -> dict[str, Any]:
    """When steps ended, in seconds, how many bytes more there were, and how many threads."""
    found = page.evaluate(TUNE, {"url": url, "examples": examples, "steps": steps, "threads": threads})
    return {**found, "times": [(done, time / 1e3, measured) for done, time, measured in found["times"]]}


class Torch:
    """The same steps in PyTorch, on random weights of a shape."""

    def __init__(self, shape: Shape) -> None:
        torch.set_num_threads(1)
        self.version = shape.version
        self.weights = {
            name: leaf.detach().float() for name, leaf in oracle.leaves(dict(tensors(shape))).items()
        }
        vectors = [tensor for tensor in self.weights.values() if tensor.ndim == 1]
        for tensor in vectors:
            tensor.requires_grad_()
        self.adam = torch.optim.Adam(vectors, lr=1e-4, betas=(0.9, 0.99))
        self.tokens = np.random.default_rng(0).integers(0, shape.vocab, (AT_ONCE, LENGTH + 1))

    def steps(self) -> list[tuple[int, float, bool]]:
        found = []
        wanted = np.ones((AT_ONCE, LENGTH), np.bool_)
        for done in range(STEPS):
            self.adam.zero_grad()
            costs = oracle.costs(self.version, self.weights, self.tokens[:, :-1], self.tokens[:, 1:], wanted)
            torch.autograd.backward(costs.sum() / wanted.size)
            self.adam.step()
            found.append((done, perf_counter(), False))
        return found


@contextmanager
def opened(site: Path, models: Path) -> Iterator[tuple[Page, str]]:
    """A page of a copy of the site that also has the models; yields it, and the models' address."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        copy = Path(place) / "site"
        shutil.copytree(site, copy, symlinks=True)
        (copy / FOLDER).symlink_to(models)
        (copy / PAGE).write_text("<!doctype html><title>Tuning</title>", encoding="utf-8")
        profile = f"{place}/profile"
        with serving(copy, isolate=True) as base, browsing(playwright, profile, press=False) as context:
            page = context.new_page()
            page.goto(base + PAGE)
            yield page, f"{base}{FOLDER}/"


def race(page: Page, base: str, models: Path, rounds: int) -> dict[str, list[float]]:
    """Tokens per second of each contestant."""
    model, peer = gq.load(models / "default", threads=1), Torch(DEFAULT)
    examples = texts(model, 12, LENGTH)
    found: dict[str, list[float]] = {"page": [], "native": [], "torch": []}
    for _ in range(rounds):
        found["page"].append(rate(in_page(page, f"{base}default/", examples, STEPS, 1)["times"]))
        found["native"].append(rate(native(model, examples)))
        found["torch"].append(rate(peer.steps()))
    figures = {name: statistics.median(values) for name, values in found.items()}
    print("| " + " | ".join(f"{value:,.0f}" for value in figures.values())
          + f" | {figures['page'] / figures['torch']:.2f} |", flush=True)  # fmt: skip
    return found


def growth(page: Page, base: str, models: Path, threads: int | None) -> list[dict[str, float | str]]:
    """Seconds of whole tunings in the page, as many steps as they take, and megabytes."""
    found: list[dict[str, float | str]] = []
    small, large = ("default", DEFAULT), ("rwkv7.safetensors", RWKV7)
    for (name, shape), examples, length in (
        (small, 50, 64), (small, 200, 64), (small, 50, 256), (large, 50, 64)
    ):  # fmt: skip
        model = gq.load(models / name, threads=1)
        url = f"{base}{name}" + ("/" if name == "default" else "")
        taken = in_page(page, url, texts(model, examples, length), 180, threads)
        done, seconds, _ = taken["times"][-1]
        row = {"model": shape.name, "examples": examples, "tokens": length, "threads": taken["threads"]}
        found.append({**row, "steps": done, "seconds": seconds, "megabytes": taken["memory"] / 1e6})
        print("| " + " | ".join(f"{value:,.0f}" if isinstance(value, int | float) else value
                                for value in found[-1].values()) + " |", flush=True)  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "dist", help="default: dist/")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["race", "growth"])
    parser.add_argument("--threads", type=int, help="of the second table; by default what a page takes")
    options = parser.parse_args()
    models = ROOT / "build" / "tuning"
    models.mkdir(parents=True, exist_ok=True)
    if not (models / "default").exists():
        (models / "default").symlink_to(ROOT / "site" / "models" / "default")
    if not (models / "rwkv7.safetensors").exists():
        write_safetensors(RWKV7, 4, models / "rwkv7.safetensors", pack=True)
    results: dict[str, Any] = {}
    with opened(options.site, models) as (page, base):
        if options.only != "growth":
            print("| page | native | PyTorch | page / PyTorch |\n|--:|--:|--:|--:|")
            results["race"] = race(page, base, models, options.rounds)
        if options.only != "race":
            print("\n| model | examples | tokens of each | threads | steps | seconds | MB |")
            print("|---|" + "--:|" * 6)
            results["growth"] = growth(page, base, models, options.threads)
    (ROOT / "build" / "tuning.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
