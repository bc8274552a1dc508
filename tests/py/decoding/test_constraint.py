"""Constrained output: texts that any model writes match their form. The forms themselves: `grammar`."""

import json
import re
from itertools import product
from typing import Any

import numpy as np
import pytest

from goosequill.decoding import Chunk, DecodingConfig, End, Preparing, generate
from goosequill.decoding.grammar import regex
from goosequill.errors import SettingsError
from goosequill.tokenizers import load_tokenizer
from tests.py.refusals import refused

from .fakes import FakeModel, random_model, run, saying, text_of

ENDING = load_tokenizer("byte", end_token=0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("pattern", [r"\d{4}-\d\d-\d\d", "(yes|no|maybe)", "[a-c]{3,6}é?", "漢字|かな"])
def test_any_model_writes_matching_text(pattern: str, seed: int) -> None:
    config = DecodingConfig(regex=pattern, seed=seed, max_new_tokens=60)
    result = run(random_model(seed), "x", config, tokenizer=ENDING)
    assert result[1].finish_reason == "stop"
    assert re.fullmatch(pattern, text_of(result))


def test_without_an_end_token_the_text_ends_where_the_form_is_complete() -> None:
    result = run(random_model(), "x", DecodingConfig(choices=("left", "right"), seed=1))
    assert text_of(result) in ("left", "right")
    assert result[1].finish_reason == "stop"


def test_form_completed_by_the_last_token_reports_stop() -> None:
    result = run(saying("ab"), "x", DecodingConfig(choices=("ab",), max_new_tokens=2))
    assert (text_of(result), result[1].finish_reason) == ("ab", "stop")


def test_tokens_of_several_characters_are_followed() -> None:
    world = load_tokenizer("world")
    ids = np.arange(65536)
    model = FakeModel(lambda tokens: np.sin(ids * (len(tokens) + 1.7)) * 5, 65536)
    config = DecodingConfig(regex=r"The (cat|dog) sat on \d+ mats\.", seed=2)
    result = run(model, "x", config, tokenizer=world)
    assert re.fullmatch(config.regex, text_of(result))
    assert len(result[0]) < len(text_of(result))


SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 8},
        "age": {"type": "integer"},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1, "maxItems": 2},
        "size": {"$ref": "#/$defs/size"},
        "score": {"type": ["number", "null"]},
    },
    "required": ["name", "tags"],
    "$defs": {"size": {"anyOf": [{"const": 1}, {"type": "boolean"}]}},
}


@pytest.mark.parametrize("seed", range(8))
def test_any_model_writes_valid_json(seed: int) -> None:
    config = DecodingConfig(json_schema=SCHEMA, seed=seed, max_new_tokens=400)
    result = run(random_model(seed), "x", config, tokenizer=ENDING)
    value = json.loads(text_of(result))
    assert set(value) <= set(SCHEMA["properties"])  # type: ignore[arg-type]
    assert 1 <= len(value["name"]) <= 8
    assert 1 <= len(value["tags"]) <= 2
    assert set(value["tags"]) <= {"a", "b"}
    assert isinstance(value.get("age", 0), int)
    assert value.get("size", True) in (1, True, False)


WORDS = tuple(map("".join, product("abc", "de", "abf", ["g", "gh"])))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temperature": 0.0},
        {"num_beams": 3},
        {"penalty_alpha": 0.3, "top_k": 4},
        {"guidance_scale": 2.0, "top_p": 0.9, "logit_bias": {97: -3}},
    ],
    ids=str,
)
@pytest.mark.parametrize("given", ["", "bd"])
def test_each_token_says_what_the_constraint_did(settings: dict[str, Any], given: str) -> None:
    """Against the definition: every token is tried, and the model's probabilities are summed."""
    config = DecodingConfig(choices=WORDS, **settings, seed=4, max_new_tokens=6)
    model, written = random_model(3), given
    items = list(generate(model, ENDING, "x", config, given=ENDING.encode(given)))
    chunks = [item for item in items if isinstance(item, Chunk)]
    assert given + "".join(map(str, chunks)) in WORDS
    for chunk in chunks:
        logits = model.forward(ENDING.encode("x" + written), model.new_state())
        shares = np.exp(logits.astype(np.float64)) / np.exp(logits.astype(np.float64)).sum()
        allowed = np.array(
            [any(word.startswith(written + chr(token)) for word in WORDS) for token in range(256)]
        )
        allowed[0] = written in WORDS  # the end token
        assert chunk.constraint is not None
        assert chunk.constraint.allowed == allowed.sum()
        assert chunk.constraint.masked == pytest.approx(shares[~allowed].sum(), abs=1e-6)
        assert chunk.constraint.changed == (not allowed[shares.argmax()])
        written += chr(chunk.token)


def test_a_text_without_a_constraint_says_nothing_about_one() -> None:
    assert all(chunk.constraint is None for chunk in run(random_model(), "x", DecodingConfig(seed=1))[0])


def test_ban_of_every_allowed_token_is_reported() -> None:
    with refused(SettingsError, "all-tokens-removed"):
        run(random_model(), "x", DecodingConfig(regex="a", banned_tokens=(97,)))


def test_stop_ends_the_making_of_an_automaton() -> None:
    """Stop is looked up between states, and the request ends as if stopped while it reads the prompt."""
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked == 2

    config = DecodingConfig(regex="(stop[ab]){500}")
    model = random_model()
    items = list(generate(model, ENDING, "x", config, cancelled=cancelled, progress=True))
    assert [type(item) for item in items] == [Preparing, Preparing, End]
    assert items[-1].finish_reason == "abort"  # type: ignore[union-attr]
    assert model.read == []


def test_a_form_is_read_and_made_once_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    parse = regex._parse
    monkeypatch.setattr(regex, "_parse", lambda pattern: read.append(pattern) or parse(pattern))
    config = DecodingConfig(regex="once [ab]{2}c", seed=1).replace(stop=("x",))
    run(random_model(), "x", config, tokenizer=ENDING)
    run(random_model(), "x", config.replace(seed=2), tokenizer=ENDING)
    assert read == ["once [ab]{2}c"]


def test_form_that_nothing_matches_is_refused_before_the_prompt_is_read() -> None:
    model = random_model()
    with refused(SettingsError, "regex-empty"):
        run(model, "x", DecodingConfig(regex=r"[^\s\S]"))
    assert model.read == []
