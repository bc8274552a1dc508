"""The default model's greedy text, pinned: any change of the engine's numbers that matters shows here."""

import json
from pathlib import Path

import pytest
from scripts.train.golden import GOLDEN, greedy

from goosequill.loading import load_path

CONTENT = json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def loaded():
    return load_path(Path("site/models/default"))


def test_the_golden_file_is_of_the_model_that_is_shipped(loaded):
    assert CONTENT["weights_sha256"] in [file["sha256"] for file in loaded.description["files"]]


@pytest.mark.parametrize("case", CONTENT["cases"], ids=lambda case: case["prompt"].split("\n")[0])
def test_greedy_text_is_byte_for_byte_the_golden_one(loaded, case):
    assert greedy(loaded, case["prompt"], case["max_new_tokens"])[0] == case["text"]
