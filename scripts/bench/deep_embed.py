"""Compare RWKV-7a with plain RWKV-7 of the same shape in a page: memory, and speed with its tables on disk.

Writes two files of random weights in the shape of 0.1B (12 layers, width 768, 65,536 tokens) into build/:
the plain model, 0.4 GB, and one with DeepEmbed's tables of 805 million numbers, 2 GB. Neither is ever in
memory as a whole here. Both are loaded in 8 bits into one page, each with an engine of its own and one
thread; the 2 GB are in the private file system. Then both generate in turns: the most likely tokens, which
repeat, so that their rows are kept; and tokens drawn at random, almost all of which need rows that were never
read.

    python -m scripts.bench.deep_embed               dist/; prints a table, writes build/deep-embed.json
    python -m scripts.bench.deep_embed --rounds 7    speed on a quiet machine
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

from playwright.sync_api import sync_playwright  # noqa: E402
from scripts.bench.start import browsing, serving  # noqa: E402
from scripts.bench.weights import RWKV7, Draw, tensors  # noqa: E402

from goosequill.weights.formats.safetensors import header  # noqa: E402

FOLDER, PAGE = "deep-embed-benchmark", "about-deep-embed.html"
RANK = 32
ROWS = 2048
"""Rows of a table that are written at a time."""
TABLE = ".ffn.s_emb.weight"
MOST_MEMORY, MOST_TIME = 150e6, 1.2
"""How much more heap, in bytes, and how many times the time of a token RWKV-7a may take."""

LOAD = """async (addresses) => {
  const { Engine, loadModel } = await import("./engine/client.js");
  window.models = {};
  const found = {};
  for (const [name, url] of Object.entries(addresses)) {
    const model = await loadModel({ model: url, quantize: 8, threads: 1, engine: new Engine() });
    window.models[name] = model;
    const { load_seconds: seconds, heap_bytes: heap } = model.info;
    found[name] = { seconds, heap };
  }
  return found;
}"""
WRITE = """async ({ name, temperature, seed, tokens }) => {
  const model = window.models[name];
  const options = { temperature, seed, max_new_tokens: tokens, ignore_end: true };
  const times = [];
  for await (const chunk of model.generate("The goose", options)) {
    if (chunk.usage === undefined) times.push(performance.now());
  }
  const { heap_bytes: heap } = await model.engine.status();
  return { milliseconds: (times.at(-1) - times[0]) / (times.length - 1), heap };
}"""


def deep_embed(draw: Draw) -> Iterator[tuple[str, Any]]:
    """What RWKV-7a adds to RWKV-7, without the tables."""
    c, size = RWKV7.width, RANK * RANK
    for layer in range(RWKV7.layers):
        ff = f"blocks.{layer}.ffn."
        yield ff + "s_emb_x.weight", draw.matrix(size, c)
        yield ff + "s1", draw.matrix(c, RANK)
        yield ff + "s2", draw.matrix(RANK, RWKV7.ffn)
        yield ff + "s0", draw.vector(1, 1, RWKV7.ffn, mean=1.0)


def write_model(path: Path, *, tables: bool) -> None:
    """Write a model in 16 bits, a tensor or some rows of a table at a time."""
    entries = [(name, array.shape) for name, array in tensors(RWKV7)]
    if tables:
        entries += [(name, array.shape) for name, array in deep_embed(Draw())]
        shape = (RWKV7.vocab, RANK * RANK)
        entries += [(f"blocks.{layer}{TABLE}", shape) for layer in range(RWKV7.layers)]
    rng = np.random.default_rng(7)
    noise = (rng.standard_normal((ROWS, RANK * RANK)) * RANK**-0.5).astype(np.float16)
    partial = path.with_suffix(".part")
    with open(partial, "wb") as file:
        file.write(header([(name, "F16", shape, 2 * prod(shape)) for name, shape in entries], None))
        for _, array in tensors(RWKV7):
            file.write(array.astype(np.float16).tobytes())
        if tables:
            for _, array in deep_embed(Draw()):
                file.write(array.astype(np.float16).tobytes())
            for _ in range(RWKV7.layers * RWKV7.vocab // ROWS):
                file.write(np.roll(noise, int(rng.integers(noise.size))).tobytes())
    partial.rename(path)


def sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def measure(site: Path, models: Path, rounds: int, tokens: int) -> dict[str, Any]:
    hashes = {path.stem: sha256(path) for path in sorted(models.glob("*.safetensors"))}
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        copy = Path(place) / "site"
        shutil.copytree(site, copy, symlinks=True)
        (copy / FOLDER).symlink_to(models)
        (copy / PAGE).write_text("<!doctype html><title>DeepEmbed</title>", encoding="utf-8")
        with (
            serving(copy) as base,
            browsing(playwright, str(Path(place) / "profile"), press=False) as context,
        ):
            page = context.new_page()
            page.goto(base + PAGE)
            addresses = {
                name: f"{base}{FOLDER}/{name}.safetensors#sha256={hash_}" for name, hash_ in hashes.items()
            }
            found: dict[str, Any] = {
                name: {**had, "most likely": [], "at random": []}
                for name, had in page.evaluate(LOAD, addresses).items()
            }
            print(
                f"loaded: { {name: round(had['seconds'], 1) for name, had in found.items()} } s", flush=True
            )
            for number in range(rounds):
                for kind, temperature in (("most likely", 0), ("at random", 1)):
                    for name, had in found.items():
                        asked = {"name": name, "temperature": temperature, "seed": number, "tokens": tokens}
                        written = page.evaluate(WRITE, asked)
                        had[kind].append(written["milliseconds"])
                        had["heap"] = written["heap"]
    return found


def report(found: dict[str, Any]) -> str:
    lines = ["| | heap | load | most likely tokens | tokens at random |", "|---|---:|---:|---:|---:|"]
    for name, had in found.items():
        speeds = [1000 / statistics.median(had[kind]) for kind in ("most likely", "at random")]
        lines.append(
            f"| {name} | {had['heap'] / 1e6:,.0f} MB | {had['seconds']:.1f} s | "
            + " | ".join(f"{speed:.0f}/s" for speed in speeds)
            + " |"
        )
    plain, deep = found["rwkv7"], found["rwkv7a"]
    more = deep["heap"] - plain["heap"]
    ratios = [
        statistics.median(b / a for a, b in zip(plain[kind], deep[kind], strict=True))
        for kind in ("most likely", "at random")
    ]
    lines += [
        "",
        f"RWKV-7a takes {more / 1e6:,.0f} MB more heap (at most {MOST_MEMORY / 1e6:,.0f} are wanted), and "
        f"{ratios[0]:.2f} and {ratios[1]:.2f} times the time (at most {MOST_TIME}).",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare RWKV-7a with RWKV-7 in a page.")
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "dist", help="default: dist/")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=100, help="tokens of each text")
    options = parser.parse_args()
    models = ROOT / "build" / "deep-embed"
    models.mkdir(parents=True, exist_ok=True)
    for name in ("rwkv7", "rwkv7a"):
        if not (models / f"{name}.safetensors").exists():
            write_model(models / f"{name}.safetensors", tables=name == "rwkv7a")
    found = measure(options.site, models, options.rounds, options.tokens)
    (ROOT / "build" / "deep-embed.json").write_text(json.dumps(found, indent=2) + "\n")
    print(report(found))


if __name__ == "__main__":
    main()
