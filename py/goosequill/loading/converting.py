"""Quantizes weights while their bytes arrive, into the file that the next visit loads.

The file is the packed safetensors file that `weights.writing` writes, with the tensors in the order in which
the originals contain them, and is written from the front to the back. So it can be continued after any byte,
and only a few megabytes are in memory at a time. Who fetches the bytes, and who writes, is not decided here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from goosequill.chat.choosing import hints
from goosequill.kernels import Kernel
from goosequill.loading.load import Bits, Fit, Quantization
from goosequill.weights.elements import FLOATS, READ, STORED, all_finite, not_finite
from goosequill.weights.packing import LAYOUTS, PANEL
from goosequill.weights.quantize import is_row_table
from goosequill.weights.source import ByteRange, ByteSource, Extent, TensorSource
from goosequill.weights.writing import Piece, bytes_of, head, piece_arrays, plan


@dataclass(frozen=True)
class Output:
    """The next bytes of the file.

    Attributes
    ----------
    held
        Bytes that are written to the file later. Whoever resumes the conversion needs all of them again.
    """

    data: bytes | memoryview
    held: bytes = b""


class Conversion:
    """The steps from weights to the file.

    Attributes
    ----------
    bits
        That the large matrices get.
    length
        Bytes of the file.
    stored
        Bytes of the originals.
    """

    def __init__(
        self, tensors: TensorSource, kernel: Kernel, bits: Bits, sources: Sequence[ByteSource]
    ) -> None:
        self._tensors, self._kernel, self.bits = tensors, kernel, bits
        order = {id(source): index for index, source in enumerate(sources)}

        def place(piece: Piece) -> tuple[int, int]:
            first = tensors.ranges(piece.name)[0]
            return order[id(first.source)], first.start

        shards = plan(tensors, bits=bits, pack=True, shard_size=sys.maxsize)
        self._pieces = sorted((piece for shard in shards for piece in shard), key=place)
        self._head = head(self._pieces, hints(tensors.metadata))
        self.length = len(self._head) + sum(map(_size, self._pieces))
        self.stored = sum(source.size for source in sources)

    def steps(self, start: int = 0, held: bytes = b"") -> Iterator[ByteRange | Output]:
        """Yield which bytes are read next, before they are, and the bytes of the file, in its order.

        Parameters
        ----------
        start
            Bytes of the file that exist already.
        held
            What the outputs up to there, or further, had to be held, one after the other.

        Raises
        ------
        FileFormatError
            ``tensor-values``: a weight is not finite.
        ValueError
            Fewer bytes are held than `start` needs.
        """
        if start < len(self._head):
            yield Output(self._head[start:])
        position, noted = len(self._head), 0
        for piece in self._pieces:
            skip, length = max(0, start - position), _size(piece)
            scales = 4 * piece.shape[0] if piece.form == 8 else 0
            if skip < length:
                known = held[noted : noted + scales]
                yield from self._convert(piece, skip, known)
            position += length
            noted += scales

    def _convert(self, piece: Piece, skip: int, known: bytes) -> Iterator[ByteRange | Output]:
        """The steps of one tensor but for the first bytes; `known` are the first of its scales."""
        ranges = self._tensors.ranges(piece.name)
        if len(piece.shape) == 2 and self._tensors.dtype(piece.name) in FLOATS:
            yield ByteRange(ranges[0].source, ranges[0].start, min(ranges[0].end, ranges[0].start + READ))
            extents = self._tensors.extents(piece.name)
            if len(extents) == 1 and not extents[0].stride and piece.form in (8, 4, extents[0].dtype):
                yield from self._by_rows(piece, extents[0], skip, known)
                return
        yield from ranges
        arrays = piece_arrays(self._tensors, piece)
        data = b"".join(map(bytes_of, arrays))
        scales = arrays[1].tobytes()[: 4 * piece.shape[0]] if piece.form == 8 else b""
        yield Output(data[skip:], scales[len(known) :])

    def _by_rows(self, piece: Piece, extent: Extent, skip: int, known: bytes) -> Iterator[ByteRange | Output]:
        """Some megabytes of rows at a time."""
        rows, columns = piece.shape
        width = columns * STORED[extent.dtype].itemsize
        step = max(1, READ // (width * PANEL)) * PANEL
        scales = np.zeros(_scales(piece), np.float32)
        scales.view(np.uint8)[: len(known)] = np.frombuffer(known, np.uint8)
        done = 0
        for first in range(0, rows, step):
            count = min(step, rows - first)
            length = _length(piece, count)
            if done + length > skip:
                offset = extent.offset + first * width
                yield ByteRange(extent.source, offset, offset + count * width)
                data = extent.source.read(offset, count * width)
                values, found = self._quantized(piece, data, extent.dtype, (count, columns))
                if piece.form == 8:
                    scales[first : first + count] = found
                yield Output(values[max(0, skip - done) :], found.tobytes()[max(0, len(known) - 4 * first) :])
            elif piece.form == 8 and len(known) < 4 * (first + count):
                raise ValueError("the scales of a matrix are missing")
            done += length
        if scales.size:
            yield Output(bytes_of(scales)[max(0, skip - done) :])

    def _quantized(
        self, piece: Piece, data: bytes, dtype: str, shape: tuple[int, int]
    ) -> tuple[memoryview, np.ndarray]:
        """(bytes of the values, scales that are stored apart) of some rows."""
        none, stored = np.empty(0, np.float32), np.frombuffer(data, STORED[dtype]).reshape(shape)
        if isinstance(piece.form, str):
            if not all_finite(stored, dtype):
                raise not_finite(piece.name)
            return memoryview(data), none
        matrix = self._kernel.quantize(stored, piece.form, piece.name, dtype=dtype)
        values = self._kernel.pack(matrix, piece.layout).values if piece.layout else matrix.values
        return bytes_of(values), matrix.scales if piece.form == 8 else none


def plan_conversion(
    tensors: TensorSource,
    sources: Sequence[ByteSource],
    kernel: Kernel,
    *,
    quantize: Quantization,
    available: int | None = None,
) -> Conversion | None:
    """Return how weights are converted to the bits that `quantize` means; None if they must be loaded whole.

    So they are if no matrix is quantized, the kernel computes in float32, the places of the tensors in the
    files are not known before they are read, or single rows of some tables stay in their files.

    Raises
    ------
    LoadError
        ``model-too-large``.
    """
    fit = Fit(tensors, kernel, available)
    bits, names = fit.bits(quantize), tensors.names()
    fit.require(bits)
    if bits is None or kernel.name == "numpy" or any(map(is_row_table, names)):
        return None
    if not all(map(tensors.ranges, names)) or any(tensors.dtype(name).startswith("int") for name in names):
        return None
    return Conversion(tensors, kernel, bits, sources)


def _size(piece: Piece) -> int:
    return sum(length for *_, length in piece.entries())


def _scales(piece: Piece) -> int:
    """How many scales are stored apart from the values, those of padding rows among them."""
    if piece.form != 8:
        return 0
    return (_size(piece) - _length(piece, piece.shape[0])) // 4


def _length(piece: Piece, rows: int) -> int:
    """Bytes of the values of some rows: whole panels, or the last rows of the matrix."""
    columns = piece.shape[1]
    if piece.layout is not None:
        return LAYOUTS[piece.layout].lengths((rows, columns))[0]
    return rows * columns * (1 if piece.form == 8 else STORED[str(piece.form)].itemsize)
