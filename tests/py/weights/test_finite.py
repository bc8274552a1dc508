"""Weights that are not finite are refused by the name of their tensor, whatever stores them."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch

from goosequill.errors import FileFormatError
from goosequill.kernels import KERNELS, load_kernel
from goosequill.loading.convert import convert
from goosequill.models import load_model
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.elements import STORED, all_finite, float16_to_float32, read_elements
from goosequill.weights.formats.safetensors import encode, write
from goosequill.weights.packing import GROUPS, LAYOUTS, PANELS
from goosequill.weights.quantize import QuantizedMatrix, quantize
from tests.py.checkpoints import rwkv4, rwkv7, source_of
from tests.py.refusals import refused
from tests.py.weights import converters

BAD = (np.nan, np.inf, -np.inf)


def test_every_float16_is_told_apart_and_every_finite_one_converted_as_numpy_does() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = np.isfinite(halves)
    assert [all_finite(halves[at : at + 1], "F16") for at in range(1 << 16)] == finite.tolist()
    expected = halves[finite].astype(np.float32)
    np.testing.assert_array_equal(
        float16_to_float32(halves[finite]).view(np.uint32), expected.view(np.uint32)
    )


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16"])
@pytest.mark.parametrize("value", BAD)
def test_one_value_that_is_not_finite_is_found_anywhere(dtype: str, value: float) -> None:
    for place in (0, 1, 200_000, 300_000):
        array = np.full(300_001, -1.5, "<f8" if dtype == "F64" else "<f4")
        array[place] = value
        stored = array.view("<u4") >> 16 if dtype == "BF16" else array
        data = BytesSource(stored.astype(STORED[dtype]).tobytes())
        with pytest.raises(FileFormatError, match=r"'emb\.weight' contains values that are not finite"):
            read_elements(data, 0, array.size, dtype, "emb.weight")


def test_a_float64_beyond_float32_is_refused() -> None:
    with pytest.raises(FileFormatError, match="not finite"):
        read_elements(BytesSource(np.array([1e39]).tobytes()), 0, 1, "F64", "a")


@pytest.mark.parametrize("bits", [None, 8, 4])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("name", ["blocks.1.att.key.weight", "emb.weight", "blocks.0.att.w0"])
def test_a_model_is_refused_at_load_by_every_kernel(kernel: str, bits: int | None, name: str) -> None:
    tensors = rwkv7()
    tensors[name].flat[7] = np.nan
    source = source_of(tensors)
    with refused(FileFormatError, "tensor-values", match=name):
        load_model(source, kernel=load_kernel(kernel), quantize=bits)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["pth", "bin"])
def test_other_formats_are_refused_too(form: str) -> None:
    tensors = rwkv4()
    tensors["blocks.2.ffn.key.weight"][3, 4] = np.inf
    if form == "bin":
        data = converters.rwkv_cpp(tensors)
    else:
        buffer = io.BytesIO()
        torch.save({name: torch.from_numpy(array) for name, array in tensors.items()}, buffer)
        data = buffer.getvalue()
    with pytest.raises(FileFormatError, match=r"blocks\.2\.ffn\.key\.weight"):
        load_model(open_tensors(BytesSource(data)))


def test_convert_writes_nothing_of_such_a_model(tmp_path: Path) -> None:
    tensors = rwkv4(vocab=256)
    tensors["head.weight"][0, 0] = np.nan
    write(tmp_path / "model.safetensors", tensors.items())
    for bits in (None, 8, 4):
        with pytest.raises(FileFormatError, match=r"head\.weight"):
            convert(tmp_path / "model.safetensors", tmp_path / "out", bits=bits, tokenizer="byte")  # type: ignore[arg-type]
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("layout", [None, PANELS, GROUPS])
def test_scales_of_stored_matrices_are_looked_at(layout: str | None) -> None:
    bits = 4 if layout == GROUPS else 8
    matrix = quantize(np.ones((32, 128), np.float32), bits)  # type: ignore[arg-type]
    matrix.scales.flat[5] = np.inf
    stored = LAYOUTS[layout].pack(matrix) if layout else matrix
    source = open_tensors(BytesSource(b"".join(encode([("head.weight", stored)]))))
    with pytest.raises(FileFormatError, match=r"head\.weight"):
        source.read("head.weight")


def test_a_weight_too_large_for_the_scales_of_4_bits_is_refused_by_name() -> None:
    weights = np.full((2, 64), 1e6, np.float32)
    assert isinstance(quantize(weights, 8, "a"), QuantizedMatrix)
    with pytest.raises(FileFormatError, match=r"'a' contains values .* too large for 4 bits"):
        quantize(weights, 4, "a")
