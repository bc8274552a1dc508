"""Reads a checkpoint's tensors one by one and passes them to a kernel.

Each tensor is read, laid out and released before the next one, so the peak of memory is the loaded model plus
one tensor. What was made of it is remembered: the same model with other vectors is made from that, not from
the file.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import FileFormatError, UnsupportedModelError
from goosequill.kernels import Kernel
from goosequill.support.progress import OnProgress
from goosequill.weights.elements import STORED, stored_bytes
from goosequill.weights.quantize import QuantizedMatrix, bits_for
from goosequill.weights.rows import RowCache
from goosequill.weights.source import TensorSource


@dataclass(frozen=True)
class LowRank:
    """A low-rank pair: two thin matrices, [D, C] then [C, D], and the bias of the second, if it has one."""

    down: Any
    up: Any
    bias: Any


class Parameters:
    """A checkpoint that is being loaded into a kernel.

    Parameters
    ----------
    bits
        8 or 4 quantizes matrices that are in full precision in the file (`bits_for` has the exceptions); None
        keeps them as they are. Low-rank factors, which files have in full precision, get 8 bits whenever the
        model is quantized.
    """

    def __init__(
        self,
        tensors: TensorSource,
        kernel: Kernel,
        *,
        bits: Literal[8, 4] | None = None,
        progress: OnProgress | None = None,
    ) -> None:
        self._tensors = tensors
        self._names = set(tensors.names())
        self._kernel = kernel
        self._bits = bits
        self._quantized = bits is not None or any(
            tensors.dtype(name) in ("int8", "int4") for name in tensors.names()
        )
        self._progress = progress
        self._read = 0
        self.matrices: dict[str, Any] = {}
        """The kernel's matrices and embedding, by their names in the file."""
        self.vectors: dict[str, NDArray[np.float32]] = {}
        """What was read with `array` and a size, by name: flat, and not to be changed in place."""
        self._made: dict[str, Any] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names or name in self.vectors

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what `make` returned for this name first; `adapted` parameters have it too."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def adapted(self, vectors: Mapping[str, NDArray[np.float32]]) -> Parameters:
        """Return the parameters of a model that has been read, with some other vectors; all else is shared.

        They can make no more than that model's, because they do not keep its files.
        """
        found = copy.copy(self)
        found.vectors = {**self.vectors, **vectors}
        found._progress = None
        found.__dict__.pop("_tensors", None)
        return found

    def rank(self, name: str) -> int:
        """Return the rank D of a low-rank pair from the shape of its first matrix, [C, D]."""
        return int(self.once(f"{name} rank", lambda: self._rank(name)))

    def _rank(self, name: str) -> int:
        self._require(name)
        shape = self._tensors.shape(name)
        if len(shape) != 2 or not shape[1]:
            raise FileFormatError(
                f"The tensor {name!r} has the shape {list(shape)}, but should be a matrix.",
                code="tensor-shape",
            )
        return shape[1]

    def raw(self, name: str) -> NDArray[np.float32] | QuantizedMatrix:
        """Read a tensor as it is in the file."""
        self._require(name)
        tensor = self._tensors.read(name)
        self._count(1)
        return tensor

    def _count(self, tensors: int) -> None:
        self._read += tensors
        if self._progress:
            self._progress(self._read, len(self._names))

    def array(self, name: str, size: int | None = None) -> NDArray[np.float32]:
        """Read a tensor in full precision, flat if `size` (its number of elements) is given."""
        if name in self.vectors:
            return self.vectors[name]
        tensor = self.raw(name)
        array = tensor.dequantize() if isinstance(tensor, QuantizedMatrix) else tensor
        if size is None:
            return array
        self._check(name, array.size == size, (size,), array.shape)
        self.vectors[name] = np.ascontiguousarray(array.reshape(size))
        return self.vectors[name]

    def vector(self, name: str, size: int) -> Any:
        """Read a tensor of `size` elements as an operand."""
        return self._kernel.bind(self.array(name, size))

    def stack(self, names: Sequence[str], size: int, *, flip: bool = False) -> Any:
        """Read several vectors as one operand [n, size]; `flip` subtracts each from 1."""
        rows = np.stack([self.array(name, size) for name in names])
        return self._kernel.bind(np.float32(1) - rows if flip else rows)

    def matrix(self, name: str, shape: tuple[int, int], *, transpose: bool = False) -> Any:
        """Read weights for `Kernel.product`; `shape` is [out, in], after transposing."""
        make = self._kernel.matrix
        matrix = self.once(name, lambda: make(self._weights(name, shape, transpose=transpose)))
        if not transpose:
            self.matrices[name] = matrix
        return matrix

    def head(self, name: str, shape: tuple[int, int]) -> Any:
        """Read weights for `Kernel.likely` and `Kernel.product`."""
        self.matrices[name] = self.once(name, lambda: self._kernel.head(self._weights(name, shape)))
        return self.matrices[name]

    def table(self, name: str, shape: tuple[int, int]) -> Any:
        """Read an embedding table for `Kernel.embed`."""
        self.matrices[name] = self.once(name, lambda: self._kernel.table(self._weights(name, shape)))
        return self.matrices[name]

    def rows(self, names: Sequence[str], shape: tuple[int, int]) -> RowCache:
        """Return a reader of single rows of tables, which are not read now; `shape` is each one's.

        Raises
        ------
        FileFormatError
            ``tensor-missing`` or ``tensor-shape``.
        UnsupportedModelError
            ``unsupported-quantization``: single rows cannot be read, or the tables have different types.
        """
        found: RowCache = self.once(names[0], lambda: self._rows(names, shape))
        return found

    def _rows(self, names: Sequence[str], shape: tuple[int, int]) -> RowCache:
        for name in names:
            self._require(name)
            self._check(name, self._tensors.shape(name) == shape, shape, self._tensors.shape(name))
        extents = {name: self._tensors.extents(name) for name in names}
        types = {extent.dtype for found in extents.values() for extent in found}
        if not all(extents.values()) or len(types) != 1:
            stored = ", ".join(sorted({self._tensors.dtype(name) for name in names}))
            raise UnsupportedModelError(
                f"The tables of this model ({names[0]!r}, ...) are stored as {stored}, whose rows "
                "cannot be read one by one.",
                code="unsupported-quantization",
                remedy="Choose a file in which all of them are F32, F16 or BF16.",
            )
        self._count(len(names))
        return RowCache(extents, shape[1])

    def _weights(
        self, name: str, shape: tuple[int, int], *, transpose: bool = False
    ) -> NDArray[np.float32] | QuantizedMatrix:
        if transpose:
            # Low-rank factors are stored as [in, out], but kernels need [out, in].
            array, dtype = self._stored(name)
            self._check(name, array.shape == shape[::-1], shape[::-1], array.shape)
            transposed = np.ascontiguousarray(array.T)
            return self._kernel.quantize(transposed, 8, name, dtype=dtype) if self._quantized else transposed
        weights = self.raw(name)
        self._check(name, weights.shape == shape, shape, weights.shape)
        if isinstance(weights, QuantizedMatrix) or self._bits is None:
            return weights
        bits = bits_for(name, shape, self._bits)
        return weights if bits is None else self._kernel.quantize(weights, bits, name)

    def _stored(self, name: str) -> tuple[NDArray[Any], str]:
        """Read a matrix and its type: as it is in the file where the kernel quantizes it from there."""
        self._require(name)
        extents = self._tensors.extents(name) if self._quantized else []
        if len(extents) == 1 and not extents[0].stride:
            source, shape, dtype = extents[0].source, self._tensors.shape(name), extents[0].dtype
            data = source.read(extents[0].offset, stored_bytes(prod(shape), dtype))
            self._count(1)
            return np.frombuffer(data, STORED[dtype]).reshape(shape), dtype
        found = self.raw(name)
        return (found.dequantize() if isinstance(found, QuantizedMatrix) else found), "F32"

    def _require(self, name: str) -> None:
        if name not in self._names:
            raise FileFormatError(
                f"This model is incomplete: the tensor {name!r} is missing.",
                code="tensor-missing",
            )

    def _check(self, name: str, fits: bool, expected: tuple[int, ...], found: tuple[int, ...]) -> None:
        if not fits:
            raise FileFormatError(
                f"The tensor {name!r} has the shape {list(found)}, but should have {list(expected)}.",
                code="tensor-shape",
            )
