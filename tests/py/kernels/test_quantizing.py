"""Quantizing and packing by the SIMD kernel, compared to the last bit with numpy."""

from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from goosequill.errors import FileFormatError
from goosequill.kernels import load_kernel
from goosequill.weights.elements import STORED, float32_to_bfloat16, to_float32
from goosequill.weights.packing import LAYOUTS
from goosequill.weights.quantize import QuantizedMatrix, quantize

NATIVE, NUMPY = load_kernel("native"), load_kernel("numpy")
Bits = Literal[8, 4]
KINDS = {
    "normal": lambda random, shape: random.normal(0, 0.02, shape),
    "wide": lambda random, shape: random.normal(0, 1, shape) * 10.0 ** random.uniform(-7, 4, shape),
    "tiny": lambda random, shape: random.normal(0, 1, shape) * 2.0 ** random.uniform(-30, -14, shape),
    "halves": lambda random, shape: random.integers(-16, 17, shape) / 2,
    "zeros of both signs": lambda random, shape: np.where(random.random(shape) < 0.5, 0.0, -0.0),
}
each_type = pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
each_bits = pytest.mark.parametrize("bits", [8, 4])


def store(values: NDArray[Any], dtype: str) -> NDArray[Any]:
    values = values.astype(np.float32)
    return float32_to_bfloat16(values) if dtype == "BF16" else values.astype(STORED[dtype])


def assert_same(found: QuantizedMatrix, wanted: QuantizedMatrix) -> None:
    np.testing.assert_array_equal(found.values, wanted.values)
    np.testing.assert_array_equal(found.scales, wanted.scales)
    assert (found.bits, found.values.dtype) == (wanted.bits, wanted.values.dtype)


@each_bits
@each_type
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 64), (5, 192), (33, 1024)])
def test_every_bit_is_that_of_numpy(kind: str, dtype: str, bits: Bits, shape: tuple[int, int]) -> None:
    stored = store(KINDS[kind](np.random.default_rng(shape[0]), shape), dtype)
    wanted = quantize(to_float32(stored, dtype), bits)
    assert_same(NATIVE.quantize(stored, bits, dtype=dtype), wanted)
    assert_same(NUMPY.quantize(stored, bits, dtype=dtype), wanted)


@each_type
@pytest.mark.parametrize("columns", [1, 2, 3, 15, 17, 50, 67])
def test_8_bits_need_no_whole_vectors(columns: int, dtype: str) -> None:
    stored = store(np.random.default_rng(columns).normal(size=(3, columns)), dtype)
    assert_same(NATIVE.quantize(stored, 8, dtype=dtype), quantize(to_float32(stored, dtype), 8))


def test_every_float16_scale_is_rounded_as_numpy_does() -> None:
    """Scales halfway between two float16, next to it, subnormal, and almost infinite."""
    halves = np.arange(1, 0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    between = (halves[1:] + halves[:-1]) / 2
    steps = np.concatenate(
        [between, np.nextafter(between, 0), np.nextafter(between, np.float32(np.inf)), halves]
    )
    weights = np.zeros((len(steps), 64), np.float32)
    weights[:, 7] = -8 * steps
    assert_same(NATIVE.quantize(weights, 4), quantize(weights, 4))
    assert_same(NATIVE.quantize(-weights, 4), quantize(-weights, 4))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=64, max_size=64))
def test_any_numbers_are_quantized_alike(values: list[float]) -> None:
    weights = np.array([values], np.float32)
    for bits in (8, 4):
        try:
            wanted = quantize(weights, bits)
        except FileFormatError:
            with pytest.raises(FileFormatError):
                NATIVE.quantize(weights, bits)
        else:
            assert_same(NATIVE.quantize(weights, bits), wanted)


@each_bits
@each_type
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kernel", [NATIVE, NUMPY], ids=["native", "numpy"])
def test_what_is_not_finite_is_refused(kernel: Any, value: float, dtype: str, bits: Bits) -> None:
    for index in (0, 63, 70, 127):
        weights = np.ones((3, 128))
        weights[1, index] = value
        with pytest.raises(FileFormatError, match="'a' contains values that are not finite"):
            kernel.quantize(store(weights, dtype), bits, "a", dtype=dtype)


def test_weights_too_large_for_scales_of_16_bits_are_refused() -> None:
    assert np.isfinite(NATIVE.quantize(np.full((1, 64), 524_000, np.float32), 4).scales).all()
    with pytest.raises(FileFormatError, match="too large for 4 bits"):
        NATIVE.quantize(np.full((1, 64), 524_300, np.float32), 4)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(16, 64), (35, 192)])
def test_packing_is_that_of_numpy(layout: str, shape: tuple[int, int]) -> None:
    matrix = quantize(np.random.default_rng(0).normal(size=shape).astype(np.float32), LAYOUTS[layout].bits)
    found, wanted = NATIVE.pack(matrix, layout), NUMPY.pack(matrix, layout)
    assert_same(found, wanted)
    assert (found.layout, found.size) == (wanted.layout, wanted.size)
