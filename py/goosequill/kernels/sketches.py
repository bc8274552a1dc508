"""Large heads, and sketches of them, by which `likely` finds the rows that it must read in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from goosequill.kernels import abi
from goosequill.kernels.kernel import Floats
from goosequill.kernels.layouts import Layouts, Weights, parts_of
from goosequill.kernels.library import Library, address_of
from goosequill.weights.packing import GROUPS, LAYOUTS, PANEL, pad_scales, sketched
from goosequill.weights.quantize import QuantizedMatrix


@dataclass(frozen=True, slots=True)
class Sketch:
    """The values of a large head in 4 bits, without the rows' scales.

    Attributes
    ----------
    reach
        How far the logits may be from it: float32 [2, padded rows + panels], see simd/packing.h.
    """

    matrix: Weights
    reach: Floats


class Sketches(Layouts):
    """Lays out heads too."""

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self._sketches: WeakKeyDictionary[Weights, Sketch | None] = WeakKeyDictionary()
        """Of the heads that can have one; None until it is asked for."""

    def head(self, weights: Floats | QuantizedMatrix) -> Weights:
        """Lay out the head; a large one in 8 bits in pairs of rows, so that it can have a sketch."""
        if not isinstance(weights, QuantizedMatrix) or not sketched(weights.shape, weights.bits):
            return self.matrix(weights)
        _, values, scales = parts_of(weights)
        rows, columns = weights.shape
        form, paired = abi.FORMS["pairs"], np.empty((rows + rows % 2) * columns, np.int8)
        paired[(rows - rows % 2) * columns :] = 0  # the last row has none beside it
        self.library.pack(address_of(paired), address_of(values), 0, rows, columns, form)
        if self.library.turned(columns, form):
            self._turn(paired, paired, columns, form)
        head = Weights(rows, columns, 8, None, form, (paired,), pad_scales(scales))
        self._sketches[head] = None
        return head

    def sketch(self, head: Weights) -> Sketch | None:
        """What finds a large head's highest logits, made when it is first asked for; None if it has none."""
        sketch = self._sketches.get(head)
        if sketch or head not in self._sketches:
            return sketch
        panels = np.zeros(LAYOUTS[GROUPS].lengths((head.rows, head.columns))[0], np.int8)
        reach = np.zeros((2, head.padded + head.padded // PANEL), np.float32)
        addresses = address_of(panels), address_of(reach), head.address, head.scales_address
        self.library.sketch(*addresses, head.rows, head.columns)
        matrix = Weights(head.rows, head.columns, 4, GROUPS, 4, (panels,), np.empty(0, np.float32))
        self.matrices.add(matrix)
        sketch = self._sketches[head] = Sketch(matrix, reach)
        return sketch

    def division(self) -> dict[str, Any]:
        """The code and the addresses of the matrices that engine/threads.js needs for helper threads."""
        for head in self._sketches:
            self.sketch(head)  # helpers copy all matrices at once
        matrices = [
            {
                "weights": matrix.address,
                "scales": matrix.scales_address,
                "rows": matrix.rows,
                "columns": matrix.columns,
                "first_part": self.library.first_part(matrix.rows),
                "gap": matrix.gap,
                "panel_bytes": matrix.nbytes * PANEL // matrix.padded,
                "scale_bytes": matrix.scales.nbytes * PANEL // matrix.padded,
            }
            for matrix in self.matrices
        ]
        return {"module": self.library.helper.read_bytes(), "matrices": matrices}
