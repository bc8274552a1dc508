"""Explanations tell what really happened: the replayed steps choose what was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from goosequill.decoding import Chunk, DecodingConfig, StateMemory, generate
from goosequill.decoding.explain import explain
from goosequill.decoding.sampling import log_probability, probabilities
from goosequill.errors import SettingsError
from tests.py.decoding.fakes import BYTE, SCORES, random_model

PROMPT = "Goose"


def write(
    settings: dict[str, Any], given: Sequence[int] = (), memory: StateMemory | None = None
) -> list[int]:
    config = DecodingConfig.from_dict(settings)
    items = generate(random_model(), BYTE, PROMPT, config, given=given, memory=memory)
    return [item.token for item in items if isinstance(item, Chunk)]


def explained(written: list[int], index: int, settings: dict[str, Any], given: int = 0) -> dict[str, Any]:
    return explain(random_model(), BYTE, PROMPT, written, index, settings, given)


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0.0},
        {"top_k": 5, "temperature": 0.7},
        {"repetition_penalty": 1.5, "frequency_penalty": 0.5, "top_p": 0.3},
        {"mirostat": 2, "mirostat_tau": 2.0, "mirostat_eta": 0.5},
        {"xtc_probability": 0.5, "xtc_threshold": 0.02},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_the_token_that_was_taken_survives_every_step(settings: dict[str, Any]) -> None:
    settings = {**settings, "seed": 3, "max_new_tokens": 30}
    written = write(settings)
    for index, token in enumerate(written):
        told = explained(written, index, settings)
        (taken,) = [one for one in told["candidates"] if one["token"] == token]
        assert taken["cut_by"] is None
        assert taken["probabilities"][-1] > 0
        assert len(taken["probabilities"]) == len(told["steps"])
        assert told["logprob"] == pytest.approx(np.log(taken["probabilities"][0]), abs=1e-4)


def test_every_step_says_how_many_it_kept_and_whom_it_cut() -> None:
    settings = {"top_k": 5, "temperature": 0.0, "seed": 1, "max_new_tokens": 3}
    told = explained(write(settings), 2, settings)
    assert [(step["name"], step["kept"]) for step in told["steps"]] == [
        ("model", 256),
        ("top_k", 5),
        ("temperature", 1),
    ]
    assert [one["cut_by"] for one in told["candidates"]] == [None, *[2] * 4, *[1] * 5]
    assert told["candidates"][0]["token"] == told["token"]
    assert all(step["label"] and step["sentence"] for step in told["steps"])


def test_a_token_of_the_prompt_has_the_models_candidates_and_no_decoder() -> None:
    told = explained([], -2, {"top_k": 1})
    model = random_model()
    scores = model.forward(BYTE.encode("Goo"), model.new_state())
    assert told["text"] == "s"
    assert [step["name"] for step in told["steps"]] == ["model"]
    assert told["logprob"] == pytest.approx(log_probability(scores, ord("s"), SCORES))
    best = int(np.argmax(scores))
    assert told["candidates"][0]["token"] == best
    assert told["candidates"][0]["probabilities"] == [
        pytest.approx(float(probabilities(scores, SCORES)[best]))
    ]


def test_after_a_branch_the_randomness_begins_anew() -> None:
    settings = {"top_k": 40, "xtc_probability": 0.5, "xtc_threshold": 0.02, "seed": 9, "max_new_tokens": 12}
    given = list(b" gander")
    written = given + write(settings, given)
    for index in range(len(given), len(written)):
        told = explained(written, index, settings, len(given))
        assert [one["cut_by"] for one in told["candidates"] if one["token"] == written[index]] == [None]


@pytest.mark.parametrize("settings", [{"top_k": 9}, {"mirostat": 2}, {"regex": "[a-z ]*"}], ids=str)
def test_what_is_remembered_explains_as_what_is_read_again(settings: dict[str, Any]) -> None:
    settings = {**settings, "seed": 3, "max_new_tokens": 70}
    given = list(b" gander")
    written = given + write(settings, given, memory := StateMemory())
    model = random_model()
    for index in (-1, 3, len(given), 50, len(written) - 1):
        told = explain(model, BYTE, PROMPT, written, index, settings, len(given), memory)
        assert told == explained(written, index, settings, len(given))
    assert len(model.read) < 5 * 40


@pytest.mark.parametrize("index", [-5, 1, 99])
def test_a_token_without_a_prediction_is_refused(index: int) -> None:
    with pytest.raises(SettingsError, match="no prediction"):
        explained([65], index, {})
