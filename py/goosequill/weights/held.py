"""A checkpoint as a loaded model holds it: what was rounded comes from the model, the rest from the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.weights.quantize import QuantizedMatrix
from goosequill.weights.source import TensorSource


class HeldSource:
    """A TensorSource that can be written while its model is in use, without copying the matrices.

    Parameters
    ----------
    tensors
        What the model was loaded from; still to be read.
    held
        Matrices of the model that are in 8 or 4 bits, by name.
    """

    def __init__(self, tensors: TensorSource, held: Mapping[str, QuantizedMatrix]) -> None:
        self.format = tensors.format
        self.metadata: dict[str, Any] = {}
        self._tensors = tensors
        self._held = held

    def names(self) -> list[str]:
        return self._tensors.names()

    def shape(self, name: str) -> tuple[int, ...]:
        return self._held[name].shape if name in self._held else self._tensors.shape(name)

    def dtype(self, name: str) -> str:
        return f"int{self._held[name].bits}" if name in self._held else self._tensors.dtype(name)

    def read(self, name: str) -> NDArray[np.float32] | QuantizedMatrix:
        return self._held[name] if name in self._held else self._tensors.read(name)
