"""Values that cross between Python and JavaScript."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from goosequill.browser.values import DTYPES, decode, encode

ARRAYS = {
    **{dtype: np.arange(6).reshape(2, 3).astype(dtype) for dtype in sorted(DTYPES)},
    "scalar": np.array(2.5, np.float32),
    "empty": np.zeros((0, 3), np.int8),
    "transposed": np.arange(6, dtype=np.float64).reshape(2, 3).T,
    "every other": np.arange(9, dtype=np.int32)[::2],
    "big-endian": np.arange(5, dtype=">f4"),
}


def crossed(value: Any) -> Any:
    """What arrives on the other side: flat data of a plain type, as a typed array has it."""
    encoded = encode(value)
    assert encoded["data"].ndim == 1 and encoded["data"].dtype.isnative and encoded["data"].flags.c_contiguous
    return {**encoded, "data": memoryview(encoded["data"])}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_comes_back_as_it_was(name: str) -> None:
    array = ARRAYS[name]
    back = decode(crossed(array))
    assert (back.shape, back.dtype.name) == (array.shape, array.dtype.name)
    np.testing.assert_array_equal(back, array)


def test_a_boolean_takes_a_byte() -> None:
    assert encode(np.array([True, False]))["data"].tolist() == [1, 0]
    assert encode(np.array([True, False]))["data"].dtype == np.uint8


@dataclass
class Point:
    """A result that has an array inside."""

    name: str
    values: Any


def test_arrays_are_found_wherever_they_are() -> None:
    found = encode({"points": (Point("a", np.ones(2, np.float32)), None), "count": np.int64(3), "raw": b"x"})
    values = found["points"][0]["values"]
    assert (values["shape"], values["dtype"], values["data"].tolist()) == ([2], "float32", [1.0, 1.0])
    assert (found["points"][1], found["count"], found["raw"]) == (None, 3, b"x")
    assert type(found["count"]) is int
    sent = {"a": [1, {"b": {"shape": [1], "dtype": "int8", "data": b"\x07"}}], "shape": [1]}
    back = decode(sent)
    assert back["a"][1]["b"].tolist() == [7]
    assert back["shape"] == [1]


@pytest.mark.parametrize("value", [{1, 2}, object(), np.array(["a"]), np.array([1 + 2j]), np.float16([1])])
def test_what_javascript_has_no_counterpart_for_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot return"):
        encode(value)
