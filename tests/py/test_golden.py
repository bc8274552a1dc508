"""The default model's greedy text, pinned: any change of the engine's numbers that matters shows here."""

import json
from pathlib import Path

import pytest

from goosequill.decoding import Chunk, DecodingConfig, End, generate

ROOT = Path(__file__).resolve().parents[2]
CONTENT = json.loads((ROOT / "tests/golden/default.json").read_text(encoding="utf-8"))


def test_the_golden_file_is_of_the_model_that_is_shipped(loaded):
    assert CONTENT["weights_sha256"] in [file["sha256"] for file in loaded.description["files"]]


@pytest.mark.parametrize("case", CONTENT["cases"], ids=lambda case: case["prompt"].split("\n")[0])
def test_greedy_text_is_byte_for_byte_the_golden_one(loaded, case):
    config = DecodingConfig(temperature=0.0, max_new_tokens=case["max_new_tokens"])
    items = generate(loaded.model, loaded.tokenizer, case["prompt"], config)
    assert "".join(item.text for item in items if isinstance(item, (Chunk, End))) == case["text"]
