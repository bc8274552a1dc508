"""The catalogue of public models: complete, consistent, and nothing of it is bundled."""

import json
from typing import Any

import pytest
from scripts import catalogue

from goosequill.chat.choosing import format_of
from goosequill.chat.formats import FORMATS
from goosequill.models import VERSIONS
from goosequill.tokenizers import tokenizer_for_vocabulary
from tests.py.checkpoints import MAKERS

CATALOGUE = catalogue.CATALOGUE.read_text()
MODELS: list[dict[str, Any]] = json.loads(CATALOGUE)["models"]
PUBLISHED = {
    "RWKV-7 G1d 0.1B": (365, 366),
    "RWKV-7 G1d 0.4B": (860, 861),
    "RWKV-7a G1d 0.1B": (1921, 1922),
    "RWKV-7 G1j 1.5B": (2914, 2915),
    "RWKV-7 G1j 2.9B": (5623, 5624),
    "RWKV-7 G1f 7.2B": (13733, 13734),
    "RWKV-7 G1f 13.3B": (25311, 25312),
}
"""MiB of the files of these sizes on the publisher's page in September 2026."""


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
    assert ("address_tried" in model) == (model["file"] is not None)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model["name"])
def test_sizes_fit_the_name(model: dict[str, Any]) -> None:
    size = model["name"].split()[-1]
    named = float(size[:-1]) * (1e6 if size.endswith("M") else 1e9)
    tables = model["layers"] * model["vocab_size"] * model.get("low_rank", {}).get("s", 0) ** 2
    assert model["parameters"] - tables == pytest.approx(named, rel=0.15, abs=1.1e8)


@pytest.mark.parametrize(
    "model", [model for model in MODELS if model["file"] and model["chat"]], ids=lambda model: model["name"]
)
def test_a_models_file_is_known_by_its_name_for_what_it_chats_in(model: dict[str, Any]) -> None:
    assert format_of({"name": model["file"].rsplit("/", 1)[-1]}).name == model["chat"]


def test_names_are_unique() -> None:
    assert len({model["name"] for model in MODELS}) == len(MODELS)


def test_the_figures_are_those_that_the_script_writes() -> None:
    assert catalogue.written(json.loads(CATALOGUE)) == CATALOGUE, "run python scripts/catalogue.py"


@pytest.mark.parametrize("version", ["4", "5.2", "6", "7", "7a"])
def test_names_and_shapes_are_those_of_a_checkpoint(version: str) -> None:
    sizes = {"5.2": {"heads": 2}, "6": {"heads": 2}}.get(version, {})
    made = MAKERS[version](layers=2, width=128, ffn=256, vocab=50, **sizes)
    seven = {"w": 16, "a": 16, "v": 8, "g": 32, "s": 32}
    ranks = {"6": {"shift": 6, "decay": 10}, "7": seven}.get(version[0], {})
    found = catalogue.checkpoint(version, 2, 128, 50, ranks, 256)
    assert {name: found.shape(name) for name in found.names()} == {
        name: array.shape for name, array in made.items()
    }


@pytest.mark.parametrize("name", PUBLISHED)
def test_files_have_the_size_that_their_publisher_shows(name: str) -> None:
    (model,) = [model for model in MODELS if model["name"] == name]
    least, most = PUBLISHED[name]
    # A file of 16-bit weights has some 100 kB besides.
    assert least * 2**20 - 2**20 < model["bytes"]["16"] < most * 2**20


def test_a_model_of_7_billion_parameters_is_too_large_for_a_page_with_4_bits() -> None:
    largest = 2**32 - 150_000_000
    for model in MODELS:
        assert (model["memory"]["4"] > largest) == (model["parameters"] > 5e9), model["name"]
        assert model["memory"]["4"] < model["memory"]["8"] < model["memory"]["16"]


def test_the_tables_of_rwkv_7a_are_not_in_memory() -> None:
    (with_tables,) = [model for model in MODELS if model["version"] == "7a"]
    (without,) = [model for model in MODELS if model["name"] == "RWKV-7 G1d 0.1B"]
    assert with_tables["bytes"]["8"] > 5 * without["bytes"]["8"]
    assert with_tables["memory"]["8"] < 1.5 * without["memory"]["8"]
