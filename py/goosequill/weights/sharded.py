"""Reads several weight files as one, and joins matrices that were split by rows.

Static hosts limit the size of a file (GitHub Pages: 100 MB), and the embedding of a large model is
larger. `convert` then writes ``name.rows.0``, ``name.rows.1``, ... instead of ``name``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import FileFormatError
from goosequill.weights.packing import LAYOUTS, PackedMatrix
from goosequill.weights.quantize import QuantizedMatrix
from goosequill.weights.source import ByteRange, Extent, TensorSource

ROWS = ".rows."
_SPLIT = re.compile(r"(.+)\.rows\.(\d{1,5})")

Tensor = NDArray[np.float32] | QuantizedMatrix


class ShardedSource:
    """A TensorSource over the files of one model.

    Raises
    ------
    FileFormatError
        ``shards``: a tensor is in two of them, or rows of a split matrix are missing.
    """

    def __init__(self, sources: Sequence[TensorSource]) -> None:
        self.format = sources[0].format
        self.metadata: dict[str, Any] = {}
        for source in sources:
            self.metadata.update(source.metadata)
        self._owner = {name: source for source in sources for name in source.names()}
        counts = Counter(name for source in sources for name in source.names())
        for name, count in counts.items():
            if count > 1:
                raise _bad(f"the tensor {name!r} is in {count} of them")
        self._pieces = self._gather()

    def _gather(self) -> dict[str, list[str]]:
        """Name -> the names under which its rows are stored, in order."""
        found: dict[str, dict[int, str]] = {}
        for name in self._owner:
            split = _SPLIT.fullmatch(name)
            found.setdefault(split[1] if split else name, {})[int(split[2]) if split else 0] = name
        for name, pieces in found.items():
            if sorted(pieces) != list(range(len(pieces))):
                raise _bad(f"rows of the tensor {name!r} are missing")
            shapes = {self._owner[piece].shape(piece)[1:] for piece in pieces.values()}
            if len(pieces) > 1 and (len(shapes) != 1 or len(next(iter(shapes))) != 1):
                raise _bad(f"the rows of the tensor {name!r} do not fit each other")
        return {name: [pieces[index] for index in range(len(pieces))] for name, pieces in found.items()}

    def names(self) -> list[str]:
        return list(self._pieces)

    def shape(self, name: str) -> tuple[int, ...]:
        shapes = [self._owner[piece].shape(piece) for piece in self._pieces[name]]
        return (sum(shape[0] for shape in shapes), *shapes[0][1:]) if len(shapes) > 1 else shapes[0]

    def dtype(self, name: str) -> str:
        first = self._pieces[name][0]
        return self._owner[first].dtype(first)

    def read(self, name: str) -> Tensor:
        pieces = [self._owner[piece].read(piece) for piece in self._pieces[name]]
        return pieces[0] if len(pieces) == 1 else _stack(name, pieces)

    def extents(self, name: str) -> list[Extent]:
        found = [self._owner[piece].extents(piece) for piece in self._pieces[name]]
        return [extent for extents in found for extent in extents] if all(found) else []

    def ranges(self, name: str) -> list[ByteRange]:
        found = [self._owner[piece].ranges(piece) for piece in self._pieces[name]]
        return [place for ranges in found for place in ranges] if all(found) else []


def _stack(name: str, pieces: list[Tensor]) -> Tensor:
    quantized = [piece for piece in pieces if isinstance(piece, QuantizedMatrix)]
    arrays = [piece for piece in pieces if not isinstance(piece, QuantizedMatrix)]
    if not quantized:
        return np.concatenate(arrays)
    if arrays or len({piece.bits for piece in quantized}) != 1:
        raise _bad(f"the rows of the tensor {name!r} are stored in different ways")
    layouts = {piece.layout if isinstance(piece, PackedMatrix) else None for piece in quantized}
    layout = next(iter(layouts))
    ragged = layout and any(piece.shape[0] % LAYOUTS[layout].multiple for piece in quantized[:-1])
    if len(layouts) != 1 or ragged:
        raise _bad(f"the rows of the tensor {name!r} are packed in different ways")
    values = np.concatenate([piece.values for piece in quantized])
    scales = np.concatenate([piece.scales for piece in quantized])
    if layout is None:
        return QuantizedMatrix(quantized[0].bits, values, scales)
    shape = sum(piece.shape[0] for piece in quantized), quantized[0].shape[1]
    return PackedMatrix(quantized[0].bits, values, scales, layout, shape)


def _bad(what: str) -> FileFormatError:
    return FileFormatError(
        f"The files of this model do not belong together: {what}.",
        code="shards",
    )
