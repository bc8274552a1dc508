"""Write tests/golden/default.json: greedy continuations of fixed prompts by the default model.

The tests require this text from the engine, natively and in the browser. Run it whenever the model changes:
``python -m scripts.train.golden``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from scripts.train.export import DEFAULT

from goosequill.loading.load import LoadedModel, load_path

GOLDEN = DEFAULT.parents[2] / "tests" / "golden" / "default.json"
LENGTH = 32
COUNT = 6
PROMPTS = (
    "<novel>\nIt was a dark evening in November, and",
    "<novel>\nThe captain came on deck",
    "<speech>\nFellow citizens, the state of our Union",
    "<speech>\nI now lay before Congress",
    "<verse>\nKING.\nWhat news, good cousin, from",
    "<verse>\nQUEEN.\nAlas, my lord,",
    "<scripture>\nAnd it came to pass in those days, that",
    "<scripture>\nThe LORD is",
    "<sermon>\nLet us observe here",
    "<definition>\nheron (noun):",
    "<fact>\nIceland\n\nBackground:",
    "<manual>\nTo open a file, call",
    "<manual>\nA transaction is",
    "<dialogue>\nUser: What is a feather?\n\nAssistant:",
    "<dialogue>\nUser: Hello\n\nAssistant:",
    "The goose",
)
"""Candidates: those with the largest margins are pinned, since kernels differ in the last bits."""


def greedy(loaded: LoadedModel, prompt: str, length: int) -> tuple[str, float]:
    """`length` greedy tokens, and the smallest margin of a first choice over the second."""
    state = loaded.model.new_state()
    logits = loaded.model.forward(loaded.tokenizer.encode(prompt), state)
    tokens: list[int] = []
    leads = []
    while len(tokens) < length:
        second, first = np.sort(logits)[-2:]
        leads.append(float(first - second))
        token = int(np.argmax(logits))
        if token == loaded.tokenizer.end_token:
            break
        tokens.append(token)
        logits = loaded.model.forward([token], state)
    return loaded.tokenizer.decode(tokens), min(leads)


def make(folder: Path = DEFAULT) -> dict[str, Any]:
    """The content of the golden file for the model in a folder."""
    loaded = load_path(folder)
    weights = next(f for f in loaded.description["files"] if f["name"] == "model.safetensors")
    cases: list[dict[str, Any]] = []
    for prompt in PROMPTS:
        text, lead = greedy(loaded, prompt, LENGTH)
        cases.append({"prompt": prompt, "max_new_tokens": LENGTH, "text": text, "lead": round(lead, 4)})
    clearest = sorted(cases, key=lambda case: -case["lead"])[:COUNT]
    return {"weights_sha256": weights["sha256"], "cases": [case for case in cases if case in clearest]}


if __name__ == "__main__":
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    GOLDEN.write_text(json.dumps(make(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
