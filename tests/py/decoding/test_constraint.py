"""Constrained output: the automaton against Python's own matcher, and texts that must match their form."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goosequill.decoding import DecodingConfig
from goosequill.decoding.grammar import automaton
from goosequill.decoding.grammar.automaton import compile_regex, utf8_paths
from goosequill.decoding.grammar.json_schema import schema_to_regex
from goosequill.decoding.steps.constraint import escape
from goosequill.errors import SettingsError
from goosequill.tokenizers import load_tokenizer

from .fakes import FakeModel, random_model, run, saying, text_of

PATTERNS = [
    "abc",
    "a|bc|",
    "(ab)*c",
    "a+b?c{2,3}",
    "[a-c]{2}[^a]",
    r"\d+(\.\d{1,2})?",
    r"\w+\s\S*",
    ".*",
    "(?s).",
    "é|漢+|[😀-😂]",
    "[^é]",
    r"\D\W",
    "(?:a(?:b|c)*?d)+",
    "a{0,2}b{2,}",
    r"[\w.]+@[a-z]+\.(com|org)",
]
TEXTS = ["", "a", "abc", "bc", "c", "ababc", "aabcc", "abccc", "ab", "abd", "3", "3.14", "3.141", "x y"]
TEXTS += [
    "\n",
    "é",
    "漢漢",
    "😁",
    "😃",
    "acbd",
    "bb",
    "aabbb",
    "me.x@site.org",
    "a1 ",
    "٣",
    "d\x1c",
    "--",
    "ad",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_matches_what_python_matches(pattern: str) -> None:
    automaton = compile_regex(pattern)
    for text in TEXTS:
        wanted = re.fullmatch(pattern, text) is not None
        if text in ("٣", "d\x1c"):  # other kinds of digits and spaces: ours allows fewer, never more
            assert wanted or not automaton.matches(text)
        else:
            assert automaton.matches(text) == wanted, text


@given(
    st.text("ab", max_size=8), st.sampled_from(["(a|b)*abb", "(ab?)+", "a*b*", "(a|ba)*", "(?:aa|b){1,3}"])
)
@settings(max_examples=300, deadline=None)
def test_matches_what_python_matches_on_any_text(text: str, pattern: str) -> None:
    assert compile_regex(pattern).matches(text) == (re.fullmatch(pattern, text) is not None)


@given(st.integers(0, 0x10FFFF), st.integers(0, 0x10FFFF), st.integers(0, 0x10FFFF))
@settings(max_examples=300, deadline=None)
def test_utf8_paths_cover_exactly_the_characters_between(low: int, high: int, code: int) -> None:
    low, high = min(low, high), max(low, high)
    if 0xD800 <= code < 0xE000:
        return
    data = chr(code).encode()
    hits = [
        path
        for path in utf8_paths(low, high)
        if len(path) == len(data) and all(a <= b <= z for b, (a, z) in zip(data, path, strict=True))
    ]
    assert len(hits) == (low <= code <= high)


NOTHING = [r"[^\s\S]", "", "a{0}", "(?:)", r"x[^\w\W]"]


@pytest.mark.parametrize("pattern", [p for p in NOTHING if p])
def test_pattern_that_can_match_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(SettingsError) as caught:
        DecodingConfig(regex=pattern)
    assert caught.value.code == "regex-empty"


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "a{3,2}", "*"])
def test_invalid_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(SettingsError) as caught:
        DecodingConfig(regex=pattern)
    assert caught.value.code == "regex"


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)b", "(?!a)b", r"\bword", "^a", "a$", "(?i)a", "(?i:a)b"])
def test_unsupported_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(SettingsError) as caught:
        DecodingConfig(regex=pattern)
    assert caught.value.code == "regex"
    assert caught.value.remedy


@pytest.mark.parametrize("pattern", ["(a{1,1000}){1,1000}", "(.*a.{20})", "((a{9}){9}){99999}"])
def test_pattern_that_needs_too_many_states_is_refused(pattern: str) -> None:
    with pytest.raises(SettingsError) as caught:
        DecodingConfig(regex=pattern)
    assert caught.value.code == "regex-too-large"


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


@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_choices_are_taken_literally(choices: list[str]) -> None:
    automaton = compile_regex("|".join(map(escape, choices)))
    for choice in choices:
        assert automaton.matches(choice)
    assert not automaton.matches(choices[0] + "\x00longer than any of them")


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


@pytest.mark.parametrize("optional", range(8))
def test_optional_properties_have_their_commas(optional: int) -> None:
    names = ["x", "y", "z"]
    required = [name for index, name in enumerate(names) if optional >> index & 1]
    schema = {"type": "object", "properties": {n: {"const": 1} for n in names}, "required": required}
    automaton = compile_regex(schema_to_regex(schema))
    for present in range(8):
        value = {name: 1 for index, name in enumerate(names) if present >> index & 1}
        assert automaton.matches(json.dumps(value)) == (set(required) <= set(value))
    assert not automaton.matches('{"x": 1, }')


def test_schema_true_allows_any_json() -> None:
    automaton = compile_regex(schema_to_regex(True))
    for value in [1, -2.5e10, 'a"\\\u1234', None, [], {}, [1, [2, {"a": True}]], {"k": {"l": "m"}}]:
        assert automaton.matches(json.dumps(value)), value
    assert not automaton.matches("[1,]")
    assert not automaton.matches('"a')


BAD_SCHEMAS: list[Any] = [
    {"type": "thing"},
    {"type": "string", "format": "date"},
    {"not": {}},
    {"$ref": "#/$defs/none"},
    {"$ref": "#"},
    {"enum": []},
    {"type": "object", "properties": {"a": True}, "required": ["b"]},
    {"type": "array", "minItems": 3, "maxItems": 2},
    {"allOf": [True, True]},
    7,
    "{",
]


@pytest.mark.parametrize("schema", BAD_SCHEMAS, ids=str)
def test_invalid_or_unsupported_schema_is_refused(schema: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        DecodingConfig(json_schema=schema)
    assert caught.value.code == "json-schema"


def test_ban_of_every_allowed_token_is_reported() -> None:
    with pytest.raises(SettingsError) as caught:
        run(random_model(), "x", DecodingConfig(regex="a", banned_tokens=(97,)))
    assert caught.value.code == "all-cut"


def test_a_pattern_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    parse = automaton._parser.parse

    class Parser:
        MAXREPEAT = automaton._parser.MAXREPEAT

        @staticmethod
        def parse(pattern: str) -> Any:
            compiled.append(pattern)
            return parse(pattern)

    monkeypatch.setattr(automaton, "_parser", Parser)
    config = DecodingConfig(regex="once [ab]{2}c", seed=1)
    run(random_model(), "x", config, tokenizer=ENDING)
    run(random_model(), "x", config.replace(seed=2), tokenizer=ENDING)
    assert compiled == ["once [ab]{2}c"]
