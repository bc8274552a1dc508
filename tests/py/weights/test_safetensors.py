"""Our reader and writer against the `safetensors` package, and against malformed files."""

import json
import struct
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

from goosequill.errors import FileFormatError
from goosequill.weights import BytesSource, QuantizedMatrix, open_tensors, quantize
from goosequill.weights.formats.safetensors import encode

GOOD = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}


def file_of(header: Any, body: bytes = b"\0" * 8) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def test_reads_what_the_package_writes() -> None:
    rng = np.random.default_rng(0)
    tensors = {
        "full": torch.from_numpy(rng.standard_normal((3, 4)).astype(np.float32)),
        "half": torch.from_numpy(rng.standard_normal(5)).half(),
        "brain": torch.from_numpy(rng.standard_normal((1, 1, 6))).bfloat16(),
        "empty": torch.zeros(0, 3),
    }
    source = open_tensors(BytesSource(safetensors.torch.save(tensors, {"note": "kept"})))
    assert source.metadata == {"note": "kept"}
    assert sorted(source.names()) == sorted(tensors)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(source.read(name), tensor.float().numpy())
        assert source.shape(name) == tuple(tensor.shape)


def test_the_package_reads_what_we_write() -> None:
    tensors = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "y": np.ones(3, np.float16)}
    found = safetensors.numpy.load(b"".join(encode(tensors.items(), {"k": "v"})))
    for name, array in tensors.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("bits", [8, 4])
def test_quantized_matrices_are_read_back_exactly(bits: Any) -> None:
    matrix = quantize(np.random.default_rng(0).standard_normal((4, 128)).astype(np.float32), bits)
    source = open_tensors(BytesSource(b"".join(encode([("m.weight", matrix)]))))
    found = source.read("m.weight")
    assert source.names() == ["m.weight"]
    assert source.shape("m.weight") == (4, 128)
    assert isinstance(found, QuantizedMatrix)
    np.testing.assert_array_equal(found.dequantize(), matrix.dequantize())


def entry(**changes: Any) -> dict[str, Any]:
    return {"a": {**GOOD["a"], **changes}}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\1\2\3",
        b"\0" * 9,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 100_000_001) + b"{}",
        struct.pack("<Q", 50) + b"{}",
        file_of(b"{not json"),
        file_of(b"[" * 100_000),
        file_of(b'{"a":1,"a":2}'),
        file_of([]),
        file_of({"a": 3}),
        file_of({"a": {"dtype": "F32"}}),
        file_of(entry(dtype="F33")),
        file_of(entry(shape=[-2])),
        file_of(entry(shape=[2**63, 2**63])),
        file_of(entry(shape=[2.0])),
        file_of(entry(shape=[True, 2])),
        file_of(entry(data_offsets=[8, 0])),
        file_of(entry(data_offsets=[0])),
        file_of(entry(data_offsets=[-8, 0])),
        file_of(GOOD, b"\0" * 7),
        file_of(GOOD, b"\0" * 9),
        file_of({**GOOD, "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}),
        file_of({**GOOD, "b": {"dtype": "F32", "shape": [1], "data_offsets": [12, 16]}}, b"\0" * 16),
        file_of({"a": {"dtype": "I8", "shape": [8], "data_offsets": [0, 8]}}),
        file_of({"__metadata__": 3, **GOOD}),
    ],
)
def test_a_malformed_file_is_refused_with_our_error(data: bytes) -> None:
    with pytest.raises(FileFormatError) as caught:
        open_tensors(BytesSource(data))
    assert caught.value.remedy
