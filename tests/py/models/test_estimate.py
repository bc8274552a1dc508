"""What a model is said to need, against what it takes."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from goosequill.errors import FileFormatError, LoadError
from goosequill.kernels import NumpyKernel
from goosequill.models import load_model
from goosequill.models.estimate import WORKING, Memory, estimate, require_memory
from goosequill.weights import BytesSource, open_tensors, quantize
from goosequill.weights.quantize import bits_for
from goosequill.weights.safetensors import encode, write
from tests.py.checkpoints import MAKERS


class Keeping(NumpyKernel):
    """Holds matrices in few bits, as the SIMD kernels do, and adds up what they take."""

    def __init__(self) -> None:
        super().__init__()
        self.held = 0

    def matrix(self, weights: Any) -> Any:
        self.held += weights.nbytes
        return weights

    table = matrix

    def bind(self, array: Any) -> Any:
        self.held += array.nbytes
        return array


@pytest.mark.parametrize("bits", [None, 8, 4])
@pytest.mark.parametrize("version", MAKERS)
def test_the_estimate_is_what_the_weights_take(version: str, bits: Literal[8, 4] | None) -> None:
    tensors = MAKERS[version](width=128)
    source = open_tensors(BytesSource(b"".join(encode(tensors.items()))))
    kernel = Keeping()
    load_model(source, kernel=kernel, quantize=bits)
    assert estimate(source, quantize=bits).weights == pytest.approx(kernel.held, rel=0.03)


def test_a_rounded_file_is_held_in_few_bits_its_low_rank_factors_too() -> None:
    tensors = MAKERS["7"](width=128)
    rounded: dict[str, Any] = dict(tensors)
    for name, value in tensors.items():
        if (bits := bits_for(name, value.shape, 8)) is not None:
            rounded[name] = quantize(value, bits)
    source, kernel = open_tensors(BytesSource(b"".join(encode(rounded.items())))), Keeping()
    load_model(source, kernel=kernel)
    assert estimate(source).weights == pytest.approx(kernel.held, rel=0.03)


def test_the_numpy_kernel_holds_everything_in_full() -> None:
    source = open_tensors(BytesSource(b"".join(encode(MAKERS["4"]().items()))))
    in_full = estimate(source).weights
    assert estimate(source, quantize=8, keeps_bits=False).weights == in_full
    assert estimate(source, quantize=8).weights < in_full / 2


def test_a_model_that_does_not_fit_is_refused_with_figures() -> None:
    require_memory(Memory(3_000_000_000, 500_000_000), 3_500_000_000 + WORKING)
    with pytest.raises(LoadError, match=r"3,564 MB .*3,000 MB.* 2,000 MB are there") as caught:
        require_memory(Memory(3_000_000_000, 500_000_000), 2_000_000_000)
    assert caught.value.code == "model-too-large"


def test_what_is_no_model_has_no_estimate() -> None:
    source = open_tensors(BytesSource(b"".join(encode([("x", np.zeros(3, np.float32))]))))
    with pytest.raises(FileFormatError):
        estimate(source)


def test_loading_never_needs_more_than_estimated(tmp_path: Path) -> None:
    """The file is far larger than the quantised model; it must never be in memory as a whole."""
    tensors = MAKERS["4"](width=512, ffn=2048, layers=4, vocab=4000)
    write(tmp_path / "model.safetensors", tensors.items())
    file_size = (tmp_path / "model.safetensors").stat().st_size
    del tensors
    source = open_tensors(tmp_path / "model.safetensors")
    memory = estimate(source, quantize=8)
    tracemalloc.start()
    load_model(source, kernel=Keeping(), quantize=8)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    stretch = 6 * 4 * (1 << 20)
    assert peak < memory.weights + memory.largest + stretch < file_size
