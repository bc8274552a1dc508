"""A conversation of 2,000 tokens with RWKV-7 2.9B in a page, whose speed and memory must stay what they were.

The model has random weights in packed 4 bits, is picked from the disk, and runs in the built site's engine as
for a visitor. Each turn reads a message and writes a hundred tokens. So that turns can be undone, the engine
keeps states, of which the sizes are limited: this is what memory may grow by.

    python -m scripts.bench.large                            prints a line per turn; writes build/large.json
    python -m scripts.bench.large --size 1.5B --tokens 1000
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

from playwright.sync_api import sync_playwright  # noqa: E402
from scripts.bench.start import browsing, serving  # noqa: E402
from scripts.bench.weights import LARGE, write_packed  # noqa: E402

TURN = 100
"""Tokens of a reply."""

PICK = """() => document.body.append(
  Object.assign(document.createElement("input"), { type: "file", id: "large" }),
)"""
LOAD = """async (base) => {
  const { loadModel } = await import(base + "engine/client.js");
  globalThis.model = await loadModel({ model: document.getElementById("large").files[0], threads: 1 });
  globalThis.conversation = await model.converse({});
  return { seconds: model.info.load_seconds, heap: model.info.heap_bytes };
}"""
SAY = """async (tokens) => {
  const settings = { max_new_tokens: tokens, ignore_end: true, temperature: 0.8, seed: 1 };
  const times = [];
  for await (const item of conversation.say("And then?", settings))
    if ("token" in item) times.push(performance.now());
  const { heap_bytes: heap } = await model.engine.status();
  return { milliseconds: (times.at(-1) - times[0]) / (times.length - 1), tokens: times.length, heap };
}"""


def converse(model: Path, tokens: int) -> dict[str, Any]:
    """What loading took, and for each turn the milliseconds of a token and the bytes of Python's heap."""
    with (
        sync_playwright() as playwright,
        serving(ROOT / "dist") as base,
        tempfile.TemporaryDirectory() as profile,
        browsing(playwright, profile, press=False) as context,
    ):
        page = context.pages[0]
        page.goto(f"{base}playground/")
        page.evaluate(PICK)
        page.set_input_files("#large", model)
        found: dict[str, Any] = page.evaluate(LOAD, base)
        turns: list[dict[str, Any]] = []
        while sum(turn["tokens"] for turn in turns) < tokens:
            turns.append(page.evaluate(SAY, TURN))
            print(f"large: turn {len(turns)}: {describe(turns[-1])}", flush=True)
    return {**found, "turns": turns}


def describe(turn: dict[str, Any]) -> str:
    return f"{turn['milliseconds']:.1f} ms a token, {turn['heap'] / 1e6:,.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description="Converse with a model of billions of parameters in a page.")
    parser.add_argument("--size", choices=LARGE, default="2.9B")
    parser.add_argument("--tokens", type=int, default=2000)
    options = parser.parse_args()
    model = ROOT / "build" / "bench" / "models" / f"{options.size}.safetensors"
    model.parent.mkdir(parents=True, exist_ok=True)
    if not model.exists():
        write_packed(LARGE[options.size], model)
    found = converse(model, options.tokens)
    (ROOT / "build" / "large.json").write_text(json.dumps(found, indent=2) + "\n")
    first, last = found["turns"][0], found["turns"][-1]
    total = sum(turn["tokens"] for turn in found["turns"])
    print(
        f"{total:,} tokens with {LARGE[options.size].name}, int4, one thread: first {describe(first)}; last "
        f"{describe(last)}: {last['milliseconds'] / first['milliseconds']:.3f} of the time, "
        f"{(last['heap'] - first['heap']) / 1e6:+,.1f} MB."
    )


if __name__ == "__main__":
    main()
