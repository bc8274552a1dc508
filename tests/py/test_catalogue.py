"""The catalogue of public models: complete, consistent, and nothing of it is bundled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goosequill.chat.formats import FORMATS, format_of
from goosequill.models import VERSIONS
from goosequill.tokenizers import tokenizer_for_vocabulary

SITE = Path(__file__).parents[2] / "site"
MODELS: list[dict[str, Any]] = json.loads((SITE / "models" / "catalogue.json").read_text())["models"]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model["name"])
def test_every_entry_says_all_that_a_visitor_needs(model: dict[str, Any]) -> None:
    assert model["version"] in VERSIONS
    assert model["tokenizer"] == tokenizer_for_vocabulary(model["vocab_size"])
    assert model["chat"] is None or model["chat"] in FORMATS
    assert model["licence"] and model["languages"]
    assert model["bundled"] is False
    assert model["published"].startswith("https://")
    assert model["file"] is None or model["file"].startswith(model["published"] + "/resolve/")
    assert model["file"] or model["note"]
    assert model["bytes_about"] == 2 * model["parameters_about"]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model["name"])
def test_sizes_fit_the_name(model: dict[str, Any]) -> None:
    size = model["name"].split()[-1]
    named = float(size[:-1]) * (1e6 if size.endswith("M") else 1e9)
    assert model["parameters_about"] == pytest.approx(named, rel=0.15, abs=1e8)


@pytest.mark.parametrize(
    "model", [model for model in MODELS if model["file"] and model["chat"]], ids=lambda model: model["name"]
)
def test_a_models_file_is_known_by_its_name_for_what_it_chats_in(model: dict[str, Any]) -> None:
    assert format_of({"name": model["file"].rsplit("/", 1)[-1]}).name == model["chat"]


def test_names_are_unique() -> None:
    assert len({model["name"] for model in MODELS}) == len(MODELS)
