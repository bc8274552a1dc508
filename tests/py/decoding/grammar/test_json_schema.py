"""JSON schemas: every keyword is honoured or refused by name. See test_random_schemas for many more."""

import json
from datetime import date, datetime, time
from random import Random
from typing import Any

import pytest
from jsonschema.validators import Draft202012Validator

from goosequill.decoding import DecodingConfig
from goosequill.decoding.grammar.byte_automaton import Automaton
from goosequill.decoding.grammar.compile import compiled, schema_form
from goosequill.decoding.grammar.formats import FORMATS
from goosequill.decoding.grammar.keywords import ANNOTATIONS, KEYWORDS, REFUSED
from goosequill.errors import SettingsError

from .walks import random_text


def automaton_of(schema: Any) -> Automaton:
    return compiled(schema_form(schema))


def allows(schema: Any, value: Any) -> bool:
    return automaton_of(schema).matches(json.dumps(value, ensure_ascii=False))


@pytest.mark.parametrize("optional", range(8))
def test_optional_properties_have_their_commas(optional: int) -> None:
    names = ["x", "y", "z"]
    required = [name for index, name in enumerate(names) if optional >> index & 1]
    schema = {"type": "object", "properties": {n: {"const": 1} for n in names}, "required": required}
    automaton = automaton_of(schema)
    for present in range(8):
        value = {name: 1 for index, name in enumerate(names) if present >> index & 1}
        assert automaton.matches(json.dumps(value)) == (set(required) <= set(value))
    assert not automaton.matches('{"x": 1, }')


def test_schema_true_allows_any_json() -> None:
    for value in [1, -2.5e10, 1e-7, 'a"\\\u1234\x7f', None, [], {}, [1, [2, {"a": True}]], {"k": {"l": "m"}}]:
        assert allows(True, value), value
    assert not automaton_of(True).matches("[1,]")
    assert not automaton_of(True).matches('"a')


def test_false_within_a_schema_allows_nothing_there() -> None:
    assert allows({"type": "array", "items": False}, [])
    assert not allows({"type": "array", "items": False}, [1])
    assert not allows({"type": "object", "properties": {"a": False, "b": True}}, {"a": 1})


SIBLINGS: list[tuple[Any, list[Any], list[Any]]] = [
    ({"enum": [1, "a", None], "type": "string"}, ["a"], [1, None]),
    ({"enum": ["ab", "b"], "pattern": "^a"}, ["ab"], ["b"]),
    ({"enum": [1, 5, 9], "minimum": 4}, [5, 9], [1]),
    ({"enum": [1, 5, 9], "exclusiveMinimum": 1, "exclusiveMaximum": 9}, [5], [1, 9]),
    ({"enum": [4, 6, 6.5, 1e300], "multipleOf": 3}, [6], [4, 6.5]),
    ({"const": [1, 2], "enum": [[1, 2], 3]}, [[1, 2]], [3]),
    ({"type": "array", "items": {"type": "integer"}, "enum": [[1], ["a"]]}, [[1]], [["a"]]),
    ({"type": "integer", "anyOf": [{"minimum": 9}, {"maximum": 1}]}, [1, 9], [5]),
    ({"type": "string", "allOf": [{"minLength": 2}, {"maxLength": 3}]}, ["ab"], ["a", "abcd"]),
    ({"$ref": "#/$defs/x", "maximum": 3, "$defs": {"x": {"type": "integer", "minimum": 1}}}, [2], [0, 4]),
    ({"required": ["b"], "anyOf": [{"properties": {"a": {}, "b": {}}}]}, [{"b": 1}], [{}, {"a": 1}]),
    ({"type": "object", "required": ["a"]}, [{"a": 1}, {"a": 1, "b": 2}], [{}, {"b": 2}]),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, [{}, {"x": 1}], [{"x": "a"}]),
    ({"type": "object", "additionalProperties": False}, [{}], [{"x": 1}]),
    ({"properties": {"a": {}}, "additionalProperties": {"const": 1}}, [{"b": 1}, {"a": 2}], [{"b": 2}]),
    (
        {"type": "array", "prefixItems": [{"const": 1}], "items": {"const": 2}},
        [[], [1], [1, 2, 2]],
        [[2], [1, 1]],
    ),
    ({"type": "array", "minItems": 2, "maxItems": 3, "items": {"const": 0}}, [[0, 0]], [[0], [0] * 4]),
    ({"type": "array", "minItems": 1, "prefixItems": [True, {"const": 2}]}, [[1], [1, 2, 3]], [[], [1, 1]]),
    ({"type": "string", "maxLength": 2.0}, ["", "ab"], ["abc"]),
    ({"type": "string", "pattern": "b"}, ["b", "abc"], ["a"]),
    ({"type": "string", "pattern": '^["\\\\\n]{2}$', "minLength": 2}, ['"\\', "\n\n"], ['"', '"""']),
    ({"type": "string", "pattern": "^a|b$"}, ["ac", "cb"], ["ca", "bc"]),
    ({"type": ["integer", "null"], "multipleOf": 3}, [None, 9, -6, 0], [4]),
    ({"type": "integer", "exclusiveMinimum": 0, "maximum": 120}, [1, 99, 120], [0, -1, 121]),
    ({"type": "integer", "minimum": -12.5, "exclusiveMaximum": -1}, [-12, -2], [-13, -1, 0]),
    ({"type": "number", "minimum": -0.5, "exclusiveMaximum": 2}, [-0.5, 0, 1.999, 0.25], [-0.51, 2, 2.5]),
    ({"type": "number", "minimum": 0}, [0, 0.5, 123456789], [-0.5, -1]),
    ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, ["a", 1], [None, 1.5]),
]


@pytest.mark.parametrize(("schema", "valid", "invalid"), SIBLINGS, ids=lambda value: str(value)[:50])
def test_keywords_hold_together(schema: dict[str, Any], valid: list[Any], invalid: list[Any]) -> None:
    for value in valid:
        assert allows(schema, value), value
        assert Draft202012Validator(schema).is_valid(value)
    for value in invalid:
        assert not allows(schema, value), value
        assert not Draft202012Validator(schema).is_valid(value)


def test_properties_of_parts_are_joined_in_their_order() -> None:
    schema = {
        "properties": {"b": {"type": "integer"}},
        "allOf": [{"properties": {"a": {"const": 1}, "b": {"minimum": 3}}, "required": ["b"]}],
    }
    assert allows(schema, {"b": 3, "a": 1})
    assert not allows(schema, {"b": 2, "a": 1})
    assert not allows(schema, {"a": 1, "b": 3})


def test_member_that_another_schema_closes_is_left_out() -> None:
    schema = {
        "properties": {"a": {}, "b": {}},
        "allOf": [{"properties": {"a": {}}, "additionalProperties": False}],
    }
    assert allows(schema, {"a": 1})
    assert not allows(schema, {"b": 1})


CONTENDERS: list[Any] = [
    {"type": "object", "properties": {"kind": {"const": kind}, "x": {}}, "required": ["kind"]}
    for kind in "ab"
]


def test_one_of_tells_schemas_apart_by_a_member() -> None:
    assert allows({"oneOf": CONTENDERS}, {"kind": "b", "x": 1})
    assert not allows({"oneOf": CONTENDERS}, {"kind": "c"})


def test_one_of_tells_schemas_apart_by_what_each_requires() -> None:
    schema = {"oneOf": [{"properties": {name: {}}, "required": [name]} for name in "ab"]}
    assert allows(schema, {"a": 1})
    assert allows(schema, {"b": 1})
    assert not allows(schema, {"a": 1, "b": 1})


ITSELF: list[Any] = []
ITSELF.append(ITSELF)
TWICE: list[Any] = []
TWICE.extend([TWICE, TWICE])
BAD: list[tuple[Any, str]] = [
    ({"type": "thing"}, "type must be of null, boolean"),
    ({"type": []}, "type must be"),
    ({"type": "string", "format": "iri"}, "format must be one of date"),
    ({"$ref": "#/$defs/none"}, "leads nowhere"),
    ({"$ref": "#"}, "recursive"),
    ({"properties": {"a": {"$ref": "#"}}}, "recursive"),
    ({"$ref": "https://example.org/#/$defs/x", "$defs": {"x": True}}, "not one within the schema"),
    ({"$ref": "other.json#/$defs/x", "$defs": {"x": True}}, "not one within the schema"),
    ({"$ref": "x", "$defs": {"x": True}}, "not one within the schema"),
    ({"$ref": 7}, "$ref must be a text"),
    ({"enum": []}, "enum must be a list"),
    ({"enum": [float("nan")]}, "cannot be written as JSON"),
    ({"enum": ["\ud800"]}, "cannot be written as JSON"),
    (
        {"type": "object", "properties": {"a": True}, "required": ["b"], "additionalProperties": False},
        "no value fits",
    ),
    ({"type": "array", "minItems": 3, "maxItems": 2}, "no value fits"),
    ({"type": "string", "minLength": 3, "maxLength": 2}, "no value fits"),
    ({"type": "integer", "minimum": 3, "maximum": 2}, "no value fits"),
    ({"type": "integer", "minimum": 0.2, "maximum": 0.8}, "no value fits"),
    ({"type": "string", "const": 1}, "no value fits"),
    ({"type": "string", "minLength": -1}, "minLength must be a whole number"),
    ({"type": "string", "maxLength": 2.5}, "maxLength must be a whole number"),
    ({"type": "string", "maxLength": "2"}, "maxLength must be a whole number"),
    ({"type": "string", "maxLength": True}, "maxLength must be a whole number"),
    ({"type": "string", "pattern": 5}, "pattern must be a text"),
    ({"type": "string", "pattern": "(?=a)"}, "look-ahead"),
    ({"type": "string", "pattern": "("}, "not a regular expression"),
    ({"type": "number", "minimum": "1"}, "minimum must be a number"),
    ({"type": "number", "minimum": float("inf")}, "minimum must be a number"),
    ({"type": "number", "multipleOf": 0.01}, "multipleOf must be a whole number"),
    ({"type": "number", "multipleOf": 0}, "multipleOf must be a whole number"),
    ({"type": "number", "minimum": 1e30}, "no number between"),
    ({"type": "integer", "minimum": 10**400}, "no number between"),
    ({"type": "object", "required": "a"}, "required must be a list of texts"),
    ({"type": "object", "properties": []}, "properties must be an object of schemas"),
    ({"type": "object", "properties": {"a": 1}}, "properties must be an object of schemas"),
    ({"type": "array", "items": [True]}, "items must be a schema"),
    ({"allOf": []}, "allOf must be a list of schemas"),
    ({"anyOf": {}}, "anyOf must be a list of schemas"),
    ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "use anyOf"),
    ({"oneOf": [True, {"type": "number"}]}, "use anyOf"),
    ({"properties": {"a": {"$id": "x"}}}, "'$id' is supported only at the top"),
    ({"foo": 1}, "'foo' is not a keyword"),
    (False, "no value fits"),
    (7, "7 is not a schema"),
    ("{", "it is not JSON"),
    ("[" * 149, "it is not JSON"),
    ("[" * 100_000, "more than 150 brackets within each other"),
    (ITSELF, "more than 150 brackets within each other"),
    ([ITSELF] * 9, "more than 150 brackets within each other"),
    ([TWICE] * 9, "more than 200,000 values"),
    ({"const": json.loads("[" * 140 + "]" * 140)}, "nested more than 30 levels deep"),
    ('{"const": ' + "[" * 900 + "]" * 900 + "}", "more than 150 brackets within each other"),
    (json.loads('{"items":' * 40 + "{}" + "}" * 40), "nested more than 30 levels deep"),
    (json.loads('{"allOf":[' * 40 + "{}" + "]}" * 40), "nested more than 30 levels deep"),
    ({1, 2}, "it is not JSON"),
]


@pytest.mark.parametrize(("schema", "why"), BAD, ids=lambda value: str(value)[:60])
def test_invalid_or_unsupported_schema_is_refused(schema: Any, why: str) -> None:
    with pytest.raises(SettingsError) as caught:
        compiled(schema_form(DecodingConfig(json_schema=schema).json_schema))
    assert why in caught.value.message
    assert caught.value.code == "json-schema"


@pytest.mark.parametrize("keyword", REFUSED)
def test_keyword_that_is_not_supported_is_refused_by_name(keyword: str) -> None:
    with pytest.raises(SettingsError) as caught:
        DecodingConfig(json_schema={"type": "string", keyword: True})
    assert f"the keyword {keyword!r} is not supported; {REFUSED[keyword]}" in caught.value.message


def test_every_keyword_of_the_standard_has_its_line() -> None:
    """The keywords are those of the standard's own meta-schemas, old ones included."""
    from jsonschema_specifications import REGISTRY

    known: set[str] = set()
    for uri in REGISTRY:
        contents = REGISTRY.contents(uri)
        if "schema" in uri or "meta" in uri:
            known |= set(contents.get("properties", {}))
    known -= {"id", "extends", "disallow", "divisibleBy"}  # of draft 3 and 4, in which $id is id
    assert len(known) > 50
    assert known <= {*KEYWORDS, *ANNOTATIONS, *REFUSED}


def test_annotations_restrict_nothing() -> None:
    schema = dict.fromkeys(ANNOTATIONS, "x") | {"type": "null", "uniqueItems": False}
    assert allows(schema, None)


FORMAT_SAMPLES: dict[str, tuple[list[str], list[str]]] = {
    "date": (
        ["2024-02-29", "2000-02-29", "1999-12-31", "0001-01-01"],
        ["2023-02-29", "1900-02-29", "2024-13-01", "0000-01-01"],
    ),
    "time": (["23:59:59Z", "00:00:00.25+02:00"], ["24:00:00Z", "12:00Z", "12:00:00"]),
    "date-time": (["2024-02-29T12:00:00Z"], ["2024-02-30T12:00:00Z", "2024-02-29 12:00:00Z"]),
    "uuid": (["123e4567-e89b-12d3-a456-426614174000"], ["123e4567e89b12d3a456426614174000"]),
    "email": (["a.b@example.org", "x+y@a-b.co"], ["a@b", "@a.org", "a b@c.org", "a@-b.org"]),
    "ipv4": (["0.0.0.0", "255.255.255.255", "10.20.3.4"], ["256.1.1.1", "1.1.1", "01.1.1.1"]),
    "uri": (
        ["https://example.org/a?b=c#d", "mailto:a@b.org", "urn:isbn:1", "http://a:8080"],
        ["a", "http://", "a b:c", "http://a/%zz"],
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_format_allows_what_the_standard_says(name: str) -> None:
    automaton = automaton_of({"type": "string", "format": name})
    valid, invalid = FORMAT_SAMPLES[name]
    for text in valid:
        assert automaton.matches(json.dumps(text)), text
    for text in invalid:
        assert not automaton.matches(json.dumps(text)), text


@pytest.mark.parametrize("name", FORMATS)
def test_generated_texts_have_their_format(name: str) -> None:
    random, checker = Random(5), Draft202012Validator.FORMAT_CHECKER
    automaton = automaton_of({"type": "string", "format": name})
    for _ in range(60):
        text = json.loads(random_text(automaton, random, 60))
        assert checker.conforms(text, name)
        if name == "date-time":
            datetime.fromisoformat(text)
        if name in ("date", "time"):
            {"date": date, "time": time}[name].fromisoformat(text)  # type: ignore[attr-defined]


@pytest.mark.parametrize("low", [-120, -9.75, -0.5, 0, 0.1, 3, 99.99])
@pytest.mark.parametrize("width", [0, 0.25, 1, 30, 1000])
@pytest.mark.parametrize("strict", [False, True])
def test_numbers_keep_their_limits(low: float, width: float, strict: bool) -> None:
    words = ("exclusiveMinimum", "exclusiveMaximum") if strict else ("minimum", "maximum")
    schema = {"type": "number", words[0]: low, words[1]: low + width}
    if strict and not width:
        return
    random, automaton, validator = Random(2), automaton_of(schema), Draft202012Validator(schema)
    for _ in range(40):
        text = random_text(automaton, random, 9)
        assert validator.is_valid(json.loads(text)), text
    for _ in range(100):
        value = round(random.uniform(low - 1, low + width + 1), random.randint(0, 5))
        value = int(value) if value.is_integer() else value
        assert automaton.matches(json.dumps(value)) == validator.is_valid(value), value
