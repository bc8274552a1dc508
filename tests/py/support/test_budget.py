"""One budget bounds what a reader takes: bytes, values, depth and time; JSON is parsed by it."""

import gzip
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goosequill.support.budget import Budget, File

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


def test_what_is_within_a_file_spends_from_the_file_too() -> None:
    whole = Budget("a.zip", elements=10)
    for _ in range(2):
        whole.within("b.xml").spend("elements", 5)
    with pytest.raises(ValueError, match=r"a\.zip has more than 10 values"):
        whole.within("c.xml").spend("elements", 1)
    with pytest.raises(ValueError, match=r"a\.zip has more than 10 values"):
        whole.check()  # though it was raised before


def test_texts_of_one_file_share_its_values() -> None:
    budget = Budget(elements=10)
    assert budget.json("[1,2,3]") == budget.json("[1,2,3]")
    with pytest.raises(ValueError, match="it has more than 10 values"):
        budget.json("[1,2,3,4,5]")


def test_a_file_takes_no_longer_than_its_budget_allows() -> None:
    with pytest.raises(ValueError, match="it takes more than 0 seconds to read"):
        Budget(seconds=0).json("[]")


def test_a_stream_ends_with_the_budget() -> None:
    packed = gzip.compress(bytes(10_000_000), mtime=0)
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than 100,000 bytes"):
        Budget(unpacked=100_000).stream(gzip.GzipFile(fileobj=io.BytesIO(packed))).read(10_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 11_000_000


def test_a_file_gives_no_more_bytes_than_it_may(tmp_path: Path) -> None:
    assert File("a", b"[1]", Budget(packed=3)).json() == [1]
    with pytest.raises(ValueError, match="a has more than 3 bytes"):
        File("a", b"[12]", Budget(packed=3)).bytes()
    (tmp_path / "a").write_bytes(b"[12]")
    assert File.open(tmp_path / "a", Budget(packed=4)).bytes() == b"[12]"
    for path in (tmp_path / "a", "/dev/zero", "\0", tmp_path / "b"):
        with pytest.raises(OSError):
            File.open(path, Budget(packed=3))
