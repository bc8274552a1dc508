"""The estimate of a model's memory compared with what it takes."""

import tracemalloc
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from goosequill.errors import FileFormatError
from goosequill.kernels import SimdKernel
from goosequill.kernels.library import open_library
from goosequill.models import load_model
from goosequill.models.estimate import estimate
from goosequill.weights import BytesSource, open_tensors, quantize
from goosequill.weights.formats.safetensors import encode, write
from goosequill.weights.packing import SKETCHED
from goosequill.weights.quantize import bits_for
from tests.py.checkpoints import MAKERS, source_of


class Keeping(SimdKernel):
    """Adds up the memory of its matrices and operands."""

    def __init__(self) -> None:
        super().__init__(open_library("native"))
        self._arrays: dict[int, Any] = {}

    @property
    def held(self) -> int:
        return sum(array.nbytes for array in self._arrays.values())

    def _keep(self, weights: Any) -> Any:
        arrays = [*weights.parts, weights.scales]
        if sketch := self.sketch(weights):
            arrays += [*sketch.matrix.parts, sketch.matrix.scales, sketch.reach]
        self._arrays |= {id(array): array for array in arrays}
        return weights

    def matrix(self, weights: Any) -> Any:
        return self._keep(super().matrix(weights))

    def head(self, weights: Any) -> Any:
        return self._keep(super().head(weights))

    def table(self, weights: Any) -> Any:
        return self._keep(super().table(weights))

    def bind(self, array: Any) -> Any:
        self._arrays[id(array)] = array
        return super().bind(array)


@pytest.mark.parametrize("bits", [None, 8, 4])
@pytest.mark.parametrize("version", MAKERS)
def test_the_estimate_is_what_the_weights_take(version: str, bits: Literal[8, 4] | None) -> None:
    tensors = MAKERS[version](width=128, ffn=4096)
    source = source_of(tensors)
    kernel = Keeping()
    load_model(source, kernel=kernel, quantize=bits)
    # Version 6's factors have 6 rows, which are padded to panels of 16.
    assert estimate(source, quantize=bits).weights == pytest.approx(kernel.held, rel=0.06)


def test_the_sketch_of_a_large_head_counts() -> None:
    tensors = MAKERS["4"](vocab=SKETCHED, width=64)
    source, kernel = source_of(tensors), Keeping()
    load_model(source, kernel=kernel, quantize=8)
    assert estimate(source, quantize=8).weights == pytest.approx(kernel.held, rel=0.003)


def test_a_quantized_file_stays_quantized_and_so_do_its_low_rank_factors() -> None:
    tensors = MAKERS["7"](width=128)
    quantized: dict[str, Any] = dict(tensors)
    for name, value in tensors.items():
        if (bits := bits_for(name, value.shape, 8)) is not None:
            quantized[name] = quantize(value, bits)
    source, kernel = source_of(quantized), Keeping()
    load_model(source, kernel=kernel)
    assert estimate(source).weights == pytest.approx(kernel.held, rel=0.03)


def test_the_numpy_kernel_needs_full_precision() -> None:
    source = source_of(MAKERS["4"]())
    full = estimate(source).weights
    assert estimate(source, quantize=8, keeps_bits=False).weights == full
    assert estimate(source, quantize=8).weights < full / 2


def test_a_file_without_a_model_has_no_estimate() -> None:
    source = open_tensors(BytesSource(b"".join(encode([("x", np.zeros(3, np.float32))]))))
    with pytest.raises(FileFormatError):
        estimate(source)


def test_loading_never_needs_more_than_estimated(tmp_path: Path) -> None:
    """The file is far larger than the quantized model, and must never be in memory as a whole."""
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


@pytest.mark.parametrize("version", ["6", "7"])
def test_a_low_rank_factor_that_is_no_matrix_is_estimated_and_refused_at_load(version: str) -> None:
    tensors = MAKERS[version](layers=1)
    name = "blocks.0.att.w1" if version == "7" else "blocks.0.att.time_decay_w1"
    tensors[name] = tensors[name].reshape(-1)
    source = source_of(tensors)
    assert estimate(source, quantize=8).weights > 0
    with pytest.raises(FileFormatError, match="has the shape"):
        load_model(source, quantize=8)
