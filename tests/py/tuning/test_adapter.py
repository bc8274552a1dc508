"""Adapter files: what is written is read, and anything else is refused by name."""

import json
from typing import Any

import numpy as np
import pytest

from goosequill.errors import FileFormatError, SettingsError
from goosequill.tuning.adapter import METADATA, Adapter, AdapterFacts, read_adapter
from goosequill.weights.formats.safetensors import encode
from tests.py.refusals import refused

ABOUT = AdapterFacts(
    "vectors", "rwkv-4:1", "Default", "Pirate", {"rate": 0.01, "seed": "7"}, {"examples": 50}, 3.3, 2.5
)
VECTORS = {"ln_out.weight": np.array([0.5, -0.25, 0], np.float32), "ln_out.bias": np.ones(3, np.float32)}
STATES = {f"blocks.{n}.att.time_state": np.full((2, 4, 4), n, np.float32) for n in range(2)}


def file(tensors: dict[str, Any], about: Any = None) -> bytes:
    about = {"format_version": 1, "method": "vectors"} if about is None else about
    return b"".join(encode(tensors.items(), {METADATA: json.dumps(about)}))


def test_a_file_is_read_as_it_was_written(tmp_path: Any) -> None:
    Adapter(VECTORS, ABOUT).write(tmp_path / "a.safetensors")
    adapter = read_adapter(tmp_path / "a.safetensors")
    assert adapter.about == ABOUT
    assert list(adapter.tensors) == list(VECTORS)
    for name, tensor in adapter.tensors.items():
        np.testing.assert_array_equal(tensor, VECTORS[name])
    assert (tmp_path / "a.safetensors").stat().st_size < 700 + 2 * 6


def test_a_state_is_written_as_pth_too_and_read_as_it_is_stored(tmp_path: Any) -> None:
    Adapter(STATES, AdapterFacts("state")).write(tmp_path / "poet.pth")
    adapter = read_adapter(tmp_path / "poet.pth")
    assert adapter.about == AdapterFacts("state", name="poet")
    for name, tensor in adapter.tensors.items():
        np.testing.assert_array_equal(tensor, STATES[name])
    with refused(SettingsError, "adapter-method"):
        Adapter(VECTORS, ABOUT).write(tmp_path / "b.pth")


@pytest.mark.parametrize("value", [7e4, np.nan, np.inf])
def test_a_number_that_float16_cannot_hold_is_not_written(value: float) -> None:
    with refused(SettingsError, "adapter-values", match="ln_out.weight"):
        Adapter({"ln_out.weight": np.array([value], np.float32)}).encode()


@pytest.mark.parametrize(
    ("tensors", "method"),
    [
        ({}, "vectors"),
        ({"ln_out.weight": np.zeros((3, 3), np.float32)}, "vectors"),
        ({"ln_out.weight": np.zeros((), np.float32)}, "vectors"),
        ({**VECTORS, "x": np.zeros(3, np.int8), "x.scale": np.zeros(3, np.float32)}, "vectors"),
        (STATES, "vectors"),
        (VECTORS, "state"),
        ({**STATES, "ln_out.weight": np.zeros(3, np.float32)}, "state"),
        ({"blocks.1.att.time_state": np.zeros((2, 4, 4), np.float32)}, "state"),
        ({**STATES, "blocks.2.att.time_state": np.zeros((2, 4, 5), np.float32)}, "state"),
        ({"blocks.0.att.time_state": np.zeros(4, np.float32)}, "state"),
    ],
)
def test_other_tensors_are_no_adapter(tensors: dict[str, Any], method: str) -> None:
    with pytest.raises(FileFormatError):
        read_adapter(file(tensors, {"format_version": 1, "method": method}))


@pytest.mark.parametrize(
    "about",
    [
        [],
        {"method": "vectors"},
        {"format_version": 2},
        {"format_version": 1, "method": "lora"},
        {"format_version": 1, "method": []},
        {"format_version": 1, "model": 7},
        {"format_version": 1, "name": "x" * 201},
        {"format_version": 1, "recipe": {"rate": [1]}},
        {"format_version": 1, "recipe": {"rate": float("nan")}},
        {"format_version": 1, "counts": {"examples": -1}},
        {"format_version": 1, "counts": {"examples": True}},
        {"format_version": 1, "before": "3"},
        {"format_version": 1, "after": 10**400},
        {"format_version": 1, "other": "x" * 20_000},
    ],
)
def test_an_invalid_description_is_refused(about: Any) -> None:
    with refused(FileFormatError, "not-an-adapter", match="description"):
        read_adapter(file(VECTORS, about))


def test_what_is_not_finite_is_refused() -> None:
    with refused(FileFormatError, "tensor-values"):
        read_adapter(file({"ln_out.weight": np.array([np.nan], np.float16)}))


def test_a_shape_with_more_numbers_than_the_file_is_refused() -> None:
    whole = file(VECTORS)
    for shape in (b"[2]", b"[4]", b"[9223372036854775808]", b"[-3]"):
        header = whole[8:].replace(b"[3]", shape, 1)
        length = header.rindex(b"}") + 1
        with refused(FileFormatError, "safetensors-header"):
            read_adapter(length.to_bytes(8, "little") + header)


def test_a_name_that_occurs_twice_is_refused() -> None:
    twice = file(VECTORS).replace(b'"ln_out.weight"', b'"ln_out.bias"  ')
    with refused(FileFormatError, "safetensors-header", match="twice"):
        read_adapter(twice)


def test_a_file_of_another_kind_is_refused() -> None:
    for data in (b"GGUF" + bytes(40), b"", b"{}", bytes(100)):
        with refused(FileFormatError, "not-an-adapter"):
            read_adapter(data)
