"""A checkpoint as a loaded model has it: quantized matrices from the model, the rest from the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from goosequill.weights.quantize import QuantizedMatrix
from goosequill.weights.source import ByteRange, Extent, TensorSource

InMemory = tuple[Literal[8, 4], Callable[[], QuantizedMatrix | None]]


class LoadedSource:
    """A TensorSource that can be written while its model is in use, without copying all matrices at once.

    Parameters
    ----------
    tensors
        What the model was loaded from; it must still be readable.
    quantized
        By name, the bits of the model's matrices in 8 or 4 bits, and what returns them.
    metadata
        What of the original's is kept.
    """

    def __init__(
        self, tensors: TensorSource, quantized: Mapping[str, InMemory], metadata: Mapping[str, str]
    ) -> None:
        self.format = tensors.format
        self.metadata: dict[str, Any] = dict(metadata)
        self._tensors = tensors
        self._quantized = quantized

    def names(self) -> list[str]:
        return self._tensors.names()

    def shape(self, name: str) -> tuple[int, ...]:
        return self._tensors.shape(name)

    def dtype(self, name: str) -> str:
        if name in self._quantized:
            return f"int{self._quantized[name][0]}"
        return self._tensors.dtype(name)

    def read(self, name: str) -> NDArray[np.float32] | QuantizedMatrix:
        matrix = self._quantized[name][1]() if name in self._quantized else self._tensors.read(name)
        assert matrix is not None  # a quantized one has 8 or 4 bits
        return matrix

    def extents(self, name: str) -> list[Extent]:
        return [] if name in self._quantized else self._tensors.extents(name)

    def ranges(self, name: str) -> list[ByteRange]:
        return [] if name in self._quantized else self._tensors.ranges(name)
