"""Explanations match generation: the replayed steps choose the same tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from goosequill.decoding import Chunk, DecodingConfig, StateMemory, generate
from goosequill.decoding.explain import explain
from goosequill.decoding.sampling import log_probability, probabilities
from goosequill.errors import SettingsError
from tests.py.decoding.fakes import BYTE, OPERATIONS, random_model

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
def test_the_chosen_token_survives_every_step(settings: dict[str, Any]) -> None:
    settings = {**settings, "seed": 3, "max_new_tokens": 30}
    written = write(settings)
    for index, token in enumerate(written):
        found = explained(written, index, settings)
        (chosen,) = [one for one in found["candidates"] if one["token"] == token]
        assert chosen["cut_by"] is None
        assert chosen["probabilities"][-1] > 0
        assert len(chosen["probabilities"]) == len(found["steps"])
        likelier = [
            one for one in found["candidates"] if one["probabilities"][0] > chosen["probabilities"][0]
        ]
        assert found["rank"] == 1 + len(likelier) or found["rank"] > 10 == len(likelier)
        assert found["logprob"] == pytest.approx(np.log(chosen["probabilities"][0]), abs=1e-4)


def test_every_step_reports_what_it_kept_and_removed() -> None:
    settings = {"top_k": 5, "temperature": 0.0, "seed": 1, "max_new_tokens": 3}
    found = explained(write(settings), 2, settings)
    assert [(step["name"], step["kept"]) for step in found["steps"]] == [
        ("model", 256),
        ("top_k", 5),
        ("temperature", 1),
    ]
    assert [one["cut_by"] for one in found["candidates"]] == [None, *[2] * 4, *[1] * 5]
    assert found["candidates"][0]["token"] == found["token"]
    assert all(step["label"] and step["sentence"] for step in found["steps"])


def test_a_token_of_the_prompt_has_the_models_candidates_and_no_decoder() -> None:
    found = explained([], -2, {"top_k": 1})
    model = random_model()
    logits = model.forward(BYTE.encode("Goo"), model.new_state())
    assert found["text"] == "s"
    assert [step["name"] for step in found["steps"]] == ["model"]
    assert found["logprob"] == pytest.approx(log_probability(logits, ord("s"), OPERATIONS))
    best = int(np.argmax(logits))
    assert found["candidates"][0]["token"] == best
    assert found["candidates"][0]["probabilities"] == [
        pytest.approx(float(probabilities(logits, OPERATIONS)[best]))
    ]


def test_random_numbers_start_again_after_a_branch() -> None:
    settings = {"top_k": 40, "xtc_probability": 0.5, "xtc_threshold": 0.02, "seed": 9, "max_new_tokens": 12}
    given = list(b" gander")
    written = given + write(settings, given)
    for index in range(len(given), len(written)):
        found = explained(written, index, settings, len(given))
        assert [one["cut_by"] for one in found["candidates"] if one["token"] == written[index]] == [None]


@pytest.mark.parametrize("settings", [{"top_k": 9}, {"mirostat": 2}, {"regex": "[a-z ]*"}], ids=str)
def test_explanation_from_memory_equals_one_from_rereading(settings: dict[str, Any]) -> None:
    settings = {**settings, "seed": 3, "max_new_tokens": 70}
    given = list(b" gander")
    written = given + write(settings, given, memory := StateMemory())
    model = random_model()
    for index in (-1, 3, len(given), 50, len(written) - 1):
        found = explain(model, BYTE, PROMPT, written, index, settings, len(given), memory)
        assert found == explained(written, index, settings, len(given))
    assert len(model.read) < 5 * 40


@pytest.mark.parametrize("index", [-5, 1, 99])
def test_a_token_without_a_prediction_is_refused(index: int) -> None:
    with pytest.raises(SettingsError, match="no prediction"):
        explained([65], index, {})


@pytest.mark.parametrize("settings", [{}, {"logit_bias": {101: -5.0}, "top_k": 3}])
def test_the_explanation_says_what_the_model_would_have_written_without_the_constraint(
    settings: dict[str, Any],
) -> None:
    settings = {**settings, "regex": "[a-e]{8}", "seed": 2}
    config = DecodingConfig.from_dict(settings)
    chunks = [c for c in generate(random_model(), BYTE, PROMPT, config) if isinstance(c, Chunk)]
    written = [chunk.token for chunk in chunks]
    for index, chunk in enumerate(chunks):
        found = explained(written, index, settings)["constraint"]
        model = random_model()
        logits = model.forward([*BYTE.encode(PROMPT), *written[:index]], model.new_state())
        shares = np.exp(logits.astype(np.float64)) / np.exp(logits.astype(np.float64)).sum()
        shares[97:102] = 0  # what was allowed
        order = np.argsort(-shares, kind="stable")[:5]
        assert [one["token"] for one in found["without"]] == order.tolist()
        assert [one["probability"] for one in found["without"]] == pytest.approx(shares[order].tolist())
        assert found["allowed"] == 5
        assert chunk.constraint is not None
        assert {key: found[key] for key in ("allowed", "masked", "changed")} == vars(chunk.constraint)
    assert explained(written, -1, settings)["constraint"] is None  # no decoder chose the prompt
    assert explained(written, 0, {"seed": 2})["constraint"] is None
