"""Compare the speed of two built sites: decoding and reading prompts, through the public JavaScript API.

Each build loads the same model in a page of its own, in one browser: models of random weights, and the site's
own. The builds then take turns, so that a busy moment affects both. They load it several times, because where
in memory it comes to lie changes how fast it can be read. The figures include worker, messages and decoder:
what a user of the page waits for.

    python scripts/bench/builds.py OTHER/dist dist             ratios of the second build to the first
    python scripts/bench/builds.py OTHER/dist dist --rounds 20 --loads 8
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402
from scripts.bench.start import serving  # noqa: E402
from scripts.bench.weights import RWKV4, RWKV7, Shape, write_safetensors  # noqa: E402

MODELS = ROOT / "build" / "bench" / "models"
Chosen = tuple[Shape, int] | None
"""Shape and bits of random weights; None is the site's default model."""
CHOSEN: tuple[Chosen, ...] = ((RWKV4, 8), (RWKV7, 4), None)
TOKENS, MORE = 120, 1000
"""Tokens of a text that is timed; more of the default model, which writes thousands a second."""
WORDS = 150
"""Words of a prompt that is timed. Each turn reads another: the engine caches states of what it has read."""

LOAD = """async ({ tokenizer }) => {
  const { loadModel } = await import("../engine/client.js");
  const [file] = document.getElementById("bench-file").files;
  window.model = await loadModel({ threads: 1, ...(file && { model: file, tokenizer }) });
}"""
MEASURE = """async ({ prompt, tokens }) => {
  const options = { temperature: 0, max_new_tokens: tokens, ignore_end: true };
  const begin = performance.now();
  let first = 0;
  for await (const chunk of window.model.generate(prompt, options)) {
    first ||= performance.now();
    if ("finish_reason" in chunk) {
      const { prompt_tokens, completion_tokens } = chunk.usage;
      return [prompt_tokens / (first - begin), completion_tokens / (performance.now() - first)];
    }
  }
}"""


@dataclass
class Speeds:
    """Tokens a second of one build, one entry a turn."""

    folder: Path
    decode: list[float] = field(default_factory=list)
    prompt: list[float] = field(default_factory=list)


def model_file(shape: Shape, bits: int) -> Path:
    """Path of a model of random weights, written where it is missing."""
    path = MODELS / f"{shape.name.lower().replace(' ', '-')}-int{bits}.safetensors"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_safetensors(shape, bits, path)
    return path


def open_build(browser: Browser, base: str, chosen: Chosen) -> Page:
    """Open a build's page and load the model there."""
    page = browser.new_context(service_workers="block").new_page()
    page.set_default_timeout(300_000)
    page.goto(f"{base}storage/")
    page.evaluate(
        """() => document.body.append(Object.assign(document.createElement("input"), {
            id: "bench-file", type: "file" }))"""
    )
    if chosen:
        page.set_input_files("#bench-file", model_file(*chosen))
    page.evaluate(LOAD, {"tokenizer": "neox-20b" if chosen and chosen[0] is RWKV4 else "world"})
    return page


def prompt_of(turn: int) -> str:
    """A text that no other turn begins with."""
    return " ".join(f"word {(turn * 7919 + index * 31) % 997}" for index in range(WORDS))


def measure(found: list[Speeds], chosen: Chosen, rounds: int) -> None:
    """Let the builds load one model and take turns with it."""
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with ExitStack() as stack:
        bases = [stack.enter_context(serving(speeds.folder)) for speeds in found]
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        pages = [open_build(browser, base, chosen) for base in bases]
        for turn in range(rounds + 1):
            for page, speeds in zip(pages, found, strict=True):
                _, decode = page.evaluate(MEASURE, {"prompt": "It was", "tokens": TOKENS if chosen else MORE})
                prompt, _ = page.evaluate(MEASURE, {"prompt": prompt_of(turn), "tokens": 2})
                if turn:  # the first turn warms up
                    speeds.decode.append(1e3 * decode)
                    speeds.prompt.append(1e3 * prompt)
        browser.close()


def ratio(values: list[float], first: list[float]) -> tuple[float, float, float]:
    """Median, and the quartiles, of the turns' ratios to the first build."""
    ratios = [value / reference for value, reference in zip(values, first, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return middle, low, high


def report(name: str, found: list[Speeds]) -> str:
    """One line a build."""
    lines = []
    for speeds in found:
        parts = []
        for what in ("decode", "prompt"):
            values = getattr(speeds, what)
            middle, low, high = ratio(values, getattr(found[0], what))
            speed = statistics.median(values)
            parts.append(f"{speed:.1f} | {middle:.3f} ({low:.3f} to {high:.3f})")
        lines.append(f"| {name} | {speeds.folder} | {' | '.join(parts)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the speed of built sites.")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=5, help="turns after each load")
    parser.add_argument("--loads", type=int, default=4)
    options = parser.parse_args()
    print("| model | build | decode tokens/s | of the first | prompt tokens/s | of the first |")
    print("|---|---|---:|---:|---:|---:|")
    for chosen in CHOSEN:
        found = [Speeds(folder) for folder in options.folders]
        for load in range(options.loads):
            measure(found if load % 2 == 0 else found[::-1], chosen, options.rounds)
        name = f"{chosen[0].name} int{chosen[1]}" if chosen else "default"
        print(report(name, found), flush=True)


if __name__ == "__main__":
    main()
