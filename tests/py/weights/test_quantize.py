"""Quantizing to 8 and 4 bits."""

import sys
from typing import Literal

import numpy as np
import pytest

from goosequill.weights import quantize
from goosequill.weights.quantize import bits_for

# The package exports the function of that name.
quantization = sys.modules["goosequill.weights.quantize"]


@pytest.mark.parametrize(("bits", "steps"), [(8, 127), (4, 8)])
def test_weights_are_off_by_half_a_step_at_most(bits: Literal[8, 4], steps: int) -> None:
    weights = np.random.default_rng(0).standard_normal((5, 192)).astype(np.float32)
    matrix = quantize(weights, bits)
    assert matrix.shape == weights.shape
    assert matrix.scales.shape == matrix.scales_shape
    groups = weights.reshape(5, -1, 192 if bits == 8 else 64)
    step = np.abs(groups).max(axis=-1, keepdims=True) / steps
    beyond = np.maximum(0, np.abs(groups) - step * (7.5 if bits == 4 else 127))  # 4 bits end at 7 or -7
    off = np.abs(matrix.dequantize().reshape(groups.shape) - groups)
    assert (off <= 0.51 * step + beyond).all()
    assert (off[beyond == 0] <= 0.51 * np.broadcast_to(step, groups.shape)[beyond == 0]).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_of_a_group_is_exact_with_either_sign(sign: int) -> None:
    weights = np.linspace(-0.5, 0.5, 64, dtype=np.float32)[None].copy()
    weights[0, 40] = sign * 2.0
    assert quantize(weights, 4).dequantize()[0, 40] == sign * 2.0


@pytest.mark.parametrize("bits", [8, 4])
def test_quantizing_in_chunks_of_rows_changes_nothing(
    bits: Literal[8, 4], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = np.random.default_rng(0).standard_normal((11, 64)).astype(np.float32)
    whole = quantize(weights, bits)
    monkeypatch.setattr(quantization, "CHUNK", 200)
    parts = quantize(weights, bits)
    np.testing.assert_array_equal(parts.values, whole.values)
    np.testing.assert_array_equal(parts.scales, whole.scales)


@pytest.mark.parametrize("bits", [8, 4])
def test_zeros_stay_zeros(bits: Literal[8, 4]) -> None:
    assert not quantize(np.zeros((3, 64), np.float32), bits).dequantize().any()


@pytest.mark.parametrize("bits", [8, 4])
def test_what_is_exact_already_stays_exact(bits: Literal[8, 4]) -> None:
    once = quantize(np.random.default_rng(0).standard_normal((4, 128)).astype(np.float32), bits)
    again = quantize(once.dequantize(), bits)
    np.testing.assert_allclose(again.dequantize(), once.dequantize(), rtol=1e-3)


def test_4_bits_need_whole_groups() -> None:
    with pytest.raises(ValueError, match="multiple of 64"):
        quantize(np.zeros((2, 65), np.float32), 4)


@pytest.mark.parametrize(
    ("name", "shape", "bits"),
    [
        ("blocks.0.att.key.weight", (8, 128), 4),
        ("blocks.0.att.key.weight", (8, 96), 8),
        ("emb.weight", (8, 128), 8),
        ("head.weight", (8, 128), 4),
        ("blocks.0.att.w1", (8, 128), None),
        ("blocks.0.ln1.weight", (128,), None),
    ],
)
def test_some_tensors_keep_8_bits_or_are_not_quantized(
    name: str, shape: tuple[int, ...], bits: int | None
) -> None:
    assert bits_for(name, shape, 4) == bits
