"""JSON from outside is parsed in bounded memory, and never so deep that walking through it fails."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goosequill.support.bounded_json import MOST_DEPTH, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_ordinary_json_is_parsed_as_the_standard_library_parses_it(value: Any) -> None:
    text = json.dumps(value)
    assert parse(text) == value
    assert parse(text.encode()) == value


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("depth", [MOST_DEPTH + 1, 5_000, 200_000])
def test_deep_nesting_is_a_value_error(opening: str, depth: int) -> None:
    closing = "".join({"[": "]", "{": "}"}.get(mark, "") for mark in reversed(opening))
    with pytest.raises(ValueError):
        parse(opening * depth + "1" + closing * depth)


def test_nesting_within_the_bound_is_parsed() -> None:
    assert parse("[" * MOST_DEPTH + "]" * MOST_DEPTH)


def test_too_many_values_are_refused_in_little_memory() -> None:
    text = b"[" + b"[]," * 100_000 + b"0]"
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than 1,000 values"):
        parse(text, most=1_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize("text", ["", "{", b"\xff", "nul", "9" * 5_000])
def test_what_is_not_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        parse(text)
