"""JSON from outside is parsed in bounded memory, and never so deep that walking through it fails."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goosequill.support.budget import Budget

DEPTH = Budget().depth
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_ordinary_json_is_parsed_as_the_standard_library_parses_it(value: Any) -> None:
    text = json.dumps(value)
    assert Budget().json(text) == value
    assert Budget().json(text.encode()) == value


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("depth", [DEPTH + 1, 5_000, 200_000])
def test_deep_nesting_is_a_value_error(opening: str, depth: int) -> None:
    closing = "".join({"[": "]", "{": "}"}.get(mark, "") for mark in reversed(opening))
    with pytest.raises(ValueError):
        Budget().json(opening * depth + "1" + closing * depth)


def test_nesting_within_the_bound_is_parsed() -> None:
    assert Budget().json("[" * DEPTH + "]" * DEPTH)


def test_too_many_values_are_refused_in_little_memory() -> None:
    text = b"[" + b"[]," * 100_000 + b"0]"
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than 1,000 values"):
        Budget(values=1_000).json(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize("text", ["", "{", b"\xff", "nul", "9" * 5_000])
def test_what_is_not_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        Budget().json(text)


@pytest.mark.parametrize("opening", ["[", '{"a":', '["]", "\\\\\\"]]", ', '[{"[\\\\":0,"b":'])
def test_depth_is_known_before_anything_is_parsed(monkeypatch: pytest.MonkeyPatch, opening: str) -> None:
    """In a page, the stack of `json` has no bound of its own."""
    monkeypatch.setattr("json.loads", lambda *_, **__: pytest.fail("it was parsed"))
    for text in (opening * 1_000, (opening * 1_000).encode("utf-16"), '"' + '"' + opening * 1_000):
        with pytest.raises(ValueError, match="nested too deep"):
            Budget().json(text)


@pytest.mark.parametrize("text", ['"' * 99_999, "\\" * 200_000, '"[' + "\\", '["' * 99_999, "]" * 99_999])
def test_damaged_json_is_looked_at_once(text: str) -> None:
    """Twice for each character would take minutes."""
    with pytest.raises(ValueError):
        Budget().json("[" * DEPTH + "]" * DEPTH + "[]" + text)


def test_brackets_in_texts_are_no_nesting() -> None:
    value = ["[{" * 500, {"[" * 500: "\\" + '"[' * 500}] * 200
    assert Budget().json(json.dumps(value)) == value
