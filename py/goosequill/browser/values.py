"""Values that cross between Python and JavaScript: plain ones as they are, arrays by their buffers.

An array crosses as ``{"shape": [rows, columns], "dtype": "float32", "data": its elements in C order}``; the
data becomes a typed array of JavaScript's. Nothing of JavaScript is imported here.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

DTYPES = frozenset(
    "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float32 float64".split()  # noqa: SIM905
)
"""Element types that JavaScript has a typed array for; a bool takes a byte."""

_PLAIN = frozenset({str, int, float, bool, type(None), bytes})
_ARRAY_KEYS = {"shape", "dtype", "data"}


def encode(value: Any, *, copy: bool = False) -> Any:
    """Return a value in the form in which it crosses: dicts, lists, numbers, texts, bytes and arrays.

    Dataclasses become dicts, numpy's scalars numbers. Arrays share their memory, unless asked to `copy`. It
    is called for each token: plain values come first.

    Raises
    ------
    TypeError
        If JavaScript has nothing like it. That is a fault of the job, not of its user.
    """
    kind: type = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        return {key: item if type(item) in _PLAIN else encode(item, copy=copy) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [item if type(item) in _PLAIN else encode(item, copy=copy) for item in value]
    if names := _names(kind):
        return {
            name: item if type(item := getattr(value, name)) in _PLAIN else encode(item, copy=copy)
            for name in names
        }
    if isinstance(value, np.ndarray):
        return _encode_array(value.copy() if copy else value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (str, int, float, memoryview)):
        return value  # of a subclass
    raise TypeError(f"a job cannot return {kind.__name__}: it has no counterpart in JavaScript")


@cache
def _names(kind: type) -> tuple[str, ...]:
    """The names of a dataclass's fields; none of another type."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def _encode_array(array: NDArray[Any]) -> dict[str, Any]:
    dtype = array.dtype.newbyteorder("=")
    if dtype.name not in DTYPES:
        raise TypeError(f"a job cannot return an array of {dtype.name}: choose one of {sorted(DTYPES)}")
    flat = np.ascontiguousarray(array, dtype).reshape(-1)
    data = flat.view(np.uint8) if dtype.name == "bool" else flat
    return {"shape": list(array.shape), "dtype": dtype.name, "data": data}


def decode(value: Any) -> Any:
    """Return a value from JavaScript with its arrays as numpy arrays, which share the data's memory."""
    if isinstance(value, dict):
        if value.keys() == _ARRAY_KEYS and str(value["dtype"]) in DTYPES:
            return np.frombuffer(value["data"], value["dtype"]).reshape(
                [int(size) for size in value["shape"]]
            )
        return {key: decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [item if type(item) in _PLAIN else decode(item) for item in value]
    return value
