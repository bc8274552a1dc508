"""Tensors under other names than the file's, with a converter's changes to their values undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.weights.elements import STORED, all_finite, not_finite
from goosequill.weights.quantize import QuantizedMatrix
from goosequill.weights.source import ByteRange, Extent, TensorSource

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Part:
    """Where a tensor comes from.

    Attributes
    ----------
    origin
        Name of the file's tensor that contains it.
    shape
        Its shape.
    restore
        Undoes the converter's change; the result is reshaped to `shape`.
    columns
        (first, end), if it is some columns of a matrix.
    """

    origin: str
    shape: tuple[int, ...]
    restore: Callable[[Floats], Floats] | None = None
    columns: tuple[int, int] | None = None


class MappedSource:
    """A TensorSource whose tensors are made from those of another."""

    def __init__(self, tensors: TensorSource, parts: Mapping[str, Part]) -> None:
        self.format = tensors.format
        self.metadata: dict[str, Any] = tensors.metadata
        self._tensors = tensors
        self._parts = parts

    def names(self) -> list[str]:
        return list(self._parts)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._parts[name].shape

    def dtype(self, name: str) -> str:
        return self._tensors.dtype(self._parts[name].origin)

    def read(self, name: str) -> Floats | QuantizedMatrix:
        part = self._parts[name]
        found = self._tensors.read(part.origin)
        if part.restore is None and found.shape == part.shape:
            return found
        array = found.dequantize() if isinstance(found, QuantizedMatrix) else found
        if part.columns is not None:
            array = array[:, slice(*part.columns)]
        if part.restore is not None:
            with np.errstate(all="ignore"):
                array = part.restore(array)
        restored = np.ascontiguousarray(array, np.float32).reshape(part.shape)
        if not all_finite(restored, "F32"):
            raise not_finite(name)
        return restored

    def extents(self, name: str) -> list[Extent]:
        part = self._parts[name]
        shape, found = self._tensors.shape(part.origin), self._tensors.extents(part.origin)
        if part.columns is not None:
            return [_columns(extent, part.columns[0], shape[1]) for extent in found]
        return found if part.restore is None and part.shape == shape else []

    def ranges(self, name: str) -> list[ByteRange]:
        return self._tensors.ranges(self._parts[name].origin)


def _columns(extent: Extent, first: int, columns: int) -> Extent:
    """The rows of a matrix of this many columns, from the first of some columns on."""
    item = STORED[extent.dtype].itemsize
    stride = extent.stride or columns * item
    return replace(extent, offset=extent.offset + first * item, stride=stride)
