"""The operations in 128-bit SIMD: a forward pass is recorded once as a program, then run by `simd.c`.

A model that calls an operation here only writes down a step: operation, addresses, sizes. The C
code executes all steps of a pass in one call, and a program is kept with the state for which it
was recorded, so that a token costs one call of a few microseconds whatever the model's depth.
Nothing is computed in this file, and no memory is copied: C works on numpy's arrays in place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels.kernel import Activation, Floats, Shortlist
from goosequill.kernels.library import IN_BROWSER, Library, address_of
from goosequill.kernels.logits import LogitOperations, SimdLogits
from goosequill.weights.formats.packed import (
    GROUPS,
    LAYOUTS,
    PANEL,
    PANELS,
    PackedMatrix,
    half_scales,
    pad_scales,
    sketched,
    whole_panels,
)
from goosequill.weights.quantize import QuantizedMatrix

# The numbers by which simd.c knows operations and activations.
EMBED, NORMALISE, MIX, SHIFT, LERP, ADD, MULTIPLY = range(7)
PRODUCT, WKV4, WKV5, WKV7, DELTA_KEYS, HEAD_BONUS, SHORTLIST = range(7, 14)
ACTIVATIONS: dict[Activation | None, int] = {
    None: 0,
    "sigmoid": 1,
    "silu": 2,
    "tanh": 3,
    "relu_squared": 4,
    "decay6": 5,
    "decay7": 6,
}
STEP = 15  # words
TOGETHER = 8
"""How many products, at most, are computed as one."""

SKETCH, ROWWISE = 1, 2
"""Forms of a matrix, as simd.c knows them, besides the bits of a weight in panels."""


class Room:
    """Memory for weights, in pieces of large arrays.

    Linux gives numpy huge pages for an array of 4 MB or more, and from those a matrix is read up to a quarter
    faster. A browser gives none, but small matrices that are read one after the other had better lie so.
    """

    SIZE = 1 << 22 if IN_BROWSER else 1 << 24
    """Of the arrays at most; the first is smaller, so that a small model takes little."""
    LARGEST = SIZE // 4
    """Of what is put there: more would leave too much of a large array empty."""
    LINE = 64  # of the cache

    def __init__(self) -> None:
        self._left = np.zeros(0, np.int8)
        self._size = self.LARGEST

    def zeros(self, length: int) -> NDArray[np.int8]:
        """So many bytes, all zero."""
        if length > self.LARGEST:
            return np.zeros(length, np.int8)
        if length > self._left.size:
            room = np.zeros(max(self._size, length) + self.LINE, np.int8)
            self._left = room[-address_of(room) % self.LINE :]
            self._size = min(2 * self._size, self.SIZE)
        taken, self._left = self._left[:length], self._left[-(-length // self.LINE) * self.LINE :]
        return taken

    def hold(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values that are laid out already: where they are, unless a large array makes them faster."""
        if values.nbytes > self.LARGEST:
            return values
        held = self.zeros(values.nbytes).view(values.dtype).reshape(values.shape)
        held[:] = values
        return held


class Block:
    """Memory for results; it returns to its pool when the last tensor in it is gone."""

    __slots__ = ("array", "pool")

    def __init__(self, pool: list[Floats], length: int) -> None:
        self.pool = pool
        self.array = pool.pop() if pool else np.empty(length, np.float32)

    def __del__(self) -> None:
        self.pool.append(self.array)


@dataclass(slots=True)
class Tensor:
    """float32 numbers in memory that `owner` keeps alive. Rows and columns are the first and last axis."""

    address: int
    rows: int
    columns: int
    owner: Block | Floats


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Weights:
    """A matrix and its memory.

    Attributes
    ----------
    layout
        One of `packed.LAYOUTS`; None: row by row.
    form
        What simd.c calls this.
    arrays
        Values and scales.
    sketch
        Of a large head: the upper halves of its numbers.
    """

    rows: int
    columns: int
    bits: int
    layout: str | None
    form: int
    arrays: tuple[NDArray[Any], NDArray[np.float32]]
    sketch: Weights | None = None

    @property
    def address(self) -> int:
        """Where the values are."""
        return address_of(self.arrays[0])

    @property
    def scales_address(self) -> int:
        """Where the scales are."""
        return address_of(self.arrays[1])

    @property
    def padded(self) -> int:
        """Rows of whole panels."""
        return whole_panels(self.rows)


@dataclass(frozen=True, slots=True)
class Program:
    """The steps of one pass, and where its result will be."""

    steps: NDArray[np.intp]
    address: int
    result: Floats | None


class SimdKernel:
    """The operations by compiled code.

    Parameters
    ----------
    library
        The compiled simd.c (`goosequill.kernels.library`).
    """

    chunk_size = 40

    def __init__(self, library: Library) -> None:
        self.name = library.name
        self.logits: LogitOperations = SimdLogits(library)
        self._library = library
        self._pools: dict[int, list[Floats]] = {}
        self._constants: dict[float, Floats] = {}
        self._room = Room()
        self._tokens = np.zeros(self.chunk_size, np.int32)
        self._steps: list[tuple[int, ...]] = []
        self._held: list[Tensor] = []
        self._share: int | None = None
        self.matrices: WeakSet[Weights] = WeakSet()
        """What `matrix` laid out, for threads that take some of its rows."""

    def divide(self, share: int | None) -> None:
        """Compute products together with other threads, or alone (None).

        Parameters
        ----------
        share
            Address of the function that divides a product's rows, as simd.c describes it.
        """
        self._share = share

    def division(self) -> dict[str, Any]:
        """What helper threads need in a browser: code, and where each matrix lies, for engine/threads.js."""
        matrices = [
            {
                "weights": matrix.address,
                "scales": matrix.scales_address,
                "rows": matrix.rows,
                "columns": matrix.columns,
                "panel_bytes": matrix.arrays[0].nbytes * PANEL // matrix.padded,
                "scale_bytes": matrix.arrays[1].nbytes * PANEL // matrix.padded,
            }
            for matrix in self.matrices
        ]
        return {"module": self._library.helper.read_bytes(), "matrices": matrices}

    def run(
        self,
        tokens: Sequence[int],
        build: Callable[[Any], Tensor | None],
        *,
        programs: MutableMapping[Hashable, Any],
        key: Hashable,
    ) -> Floats | None:
        count = len(tokens)
        self._tokens[:count] = tokens
        program: Program | None = programs.get((key, count))
        if program is None:
            program = self._record(build, count)
            if count in (1, self.chunk_size):  # what recurs; other lengths end a prompt
                programs[key, count] = program
        self._library.run(program.address, len(program.steps), self._share)
        return None if program.result is None else program.result.copy()

    def _record(self, build: Callable[[Any], Tensor | None], count: int) -> Program:
        self._steps = []
        result = build(count)
        steps = np.zeros((len(self._steps), STEP), np.intp)
        for step, words in zip(steps, self._steps, strict=True):
            step[: len(words)] = words
        _join(steps)
        values = None if result is None else self._view(result)
        return Program(steps, address_of(steps), values)

    def _view(self, tensor: Tensor) -> Floats:
        array = tensor.owner.array if isinstance(tensor.owner, Block) else tensor.owner.reshape(-1)
        start = (tensor.address - address_of(array)) // array.itemsize
        return array[start : start + tensor.rows * tensor.columns].reshape(tensor.rows, tensor.columns)

    def _emit(self, *words: int) -> None:
        self._steps.append(words)
        if words[0] != PRODUCT:
            self._held.clear()

    def _new(self, rows: int, columns: int) -> Tensor:
        length = 1 << (rows * columns - 1).bit_length()
        block = Block(self._pools.setdefault(length, []), length)
        return Tensor(address_of(block.array), rows, columns, block)

    def _parts(self, count: int, rows: int, columns: int) -> list[Tensor]:
        """Several results side by side in one block."""
        whole = self._new(count * rows, columns)
        return [
            Tensor(whole.address + 4 * i * rows * columns, rows, columns, whole.owner) for i in range(count)
        ]

    def bind(self, array: Floats) -> Tensor:
        if array.dtype != np.float32 or not array.flags.c_contiguous:
            raise ValueError(f"an operand must be contiguous float32, not {array.dtype} {array.strides}")
        rows = array.shape[0] if array.ndim > 1 else 1
        return Tensor(address_of(array), rows, array.shape[-1], array)

    def table(self, weights: Floats | QuantizedMatrix) -> Weights:
        bits, values, scales = _parts_of(weights)
        rows, columns = weights.shape
        return Weights(rows, columns, bits, None, bits, (values, scales))

    def matrix(self, weights: Floats | QuantizedMatrix) -> Weights:
        """Lay out weights [out, in] in panels (`weights.packed`); what is in them already stays where it is.

        float32 lies in panels too: the 16 rows' first numbers, then their second numbers, and so on.
        """
        matrix = self._hold(weights)
        self.matrices.add(matrix)
        return matrix

    def head(self, weights: Floats | QuantizedMatrix) -> Weights:
        """Lay out the head; a large one in 8 bits row by row, with a sketch for the scores of all rows."""
        rows, columns = weights.shape
        if not isinstance(weights, QuantizedMatrix) or not sketched(weights.shape, weights.bits):
            return self.matrix(weights)
        matrix = weights.by_rows()
        values = self._room.hold(np.ascontiguousarray(matrix.values))
        scales = pad_scales(matrix.scales)
        halves = self._room.zeros(whole_panels(rows) * columns // 2)
        self._library.sketch(address_of(halves), address_of(values), rows, columns)
        sketch = Weights(rows, columns, 4, None, SKETCH, (halves, scales))
        self.matrices.add(sketch)
        return Weights(rows, columns, 8, None, ROWWISE, (values, scales), sketch)

    def _hold(self, weights: Floats | QuantizedMatrix) -> Weights:
        if not isinstance(weights, PackedMatrix):
            return self._lay_out(weights)
        rows, columns = weights.shape
        values = self._room.hold(weights.values)
        return Weights(rows, columns, weights.bits, weights.layout, weights.bits, (values, weights.scales))

    def _lay_out(self, weights: Floats | QuantizedMatrix) -> Weights:
        bits, values, scales = _parts_of(weights)
        rows, columns = weights.shape
        layout = GROUPS if bits == 4 else PANELS
        length = (
            4 * whole_panels(rows) * columns if bits == 32 else LAYOUTS[layout].lengths((rows, columns))[0]
        )
        packed = self._room.zeros(length)
        within = half_scales(scales) if bits == 4 else np.empty(0, np.float16)
        apart = pad_scales(scales) if bits == 8 else np.empty(0, np.float32)
        self._library.pack(address_of(packed), address_of(values), address_of(within), rows, columns, bits)
        return Weights(rows, columns, bits, layout, bits, (packed, apart))

    def stored(self, matrix: Weights) -> QuantizedMatrix | None:
        if matrix.bits == 32:
            return None
        values, scales = matrix.arrays
        bits: Literal[8, 4] = 8 if matrix.bits == 8 else 4
        if matrix.layout is None:
            return QuantizedMatrix(bits, values, scales[: matrix.rows])
        return PackedMatrix(bits, values, scales, matrix.layout, (matrix.rows, matrix.columns))

    def embed(self, table: Weights, tokens: Any) -> Tensor:
        out = self._new(tokens, table.columns)
        self._emit(
            EMBED, out.address, table.address, table.scales_address, address_of(self._tokens), tokens,
            table.columns, table.bits,
        )  # fmt: skip
        return out

    def last(self, x: Tensor) -> Tensor:
        return Tensor(x.address + 4 * (x.rows - 1) * x.columns, 1, x.columns, x.owner)

    def layer_norm(self, x: Tensor, weight: Tensor, bias: Tensor, *, eps: float = 1e-5) -> Tensor:
        return self.group_norm(x, weight, bias, heads=1, eps=eps)

    def group_norm(self, x: Tensor, weight: Tensor, bias: Tensor, *, heads: int, eps: float) -> Tensor:
        constant = self._constants.setdefault(eps, np.array([eps], np.float32))
        out = self._new(x.rows, x.columns)
        self._emit(
            NORMALISE, out.address, x.address, weight.address, bias.address, x.rows * heads,
            x.columns // heads, heads, address_of(constant),
        )  # fmt: skip
        return out

    def mix(self, x: Tensor, previous: Tensor, weights: Tensor) -> Sequence[Tensor]:
        outs = self._parts(weights.rows, x.rows, x.columns)
        self._emit(
            MIX, outs[0].address, x.address, previous.address, weights.address, x.rows, x.columns,
            weights.rows,
        )  # fmt: skip
        return outs

    def shift(self, x: Tensor, previous: Tensor) -> Tensor:
        out = self._new(x.rows, x.columns)
        self._emit(SHIFT, out.address, x.address, previous.address, x.rows, x.columns)
        return out

    def lerp(self, a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
        out = self._new(a.rows, a.columns)
        size, period = a.rows * a.columns, weight.rows * weight.columns
        self._emit(LERP, out.address, a.address, b.address, weight.address, size, period)
        return out

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        out = self._new(a.rows, a.columns)
        self._emit(ADD, out.address, a.address, b.address, a.rows * a.columns, b.rows * b.columns)
        return out

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        out = self._new(a.rows, a.columns)
        self._emit(MULTIPLY, out.address, a.address, b.address, a.rows * a.columns, b.rows * b.columns)
        return out

    def product(
        self, matrix: Weights, x: Tensor, *, bias: Tensor | None = None, activation: Activation | None = None
    ) -> Tensor:
        out = self._new(x.rows, matrix.rows)
        scratch = self._new(x.rows, self._library.scratch_words(matrix.columns, matrix.form))
        self._held += x, out, scratch  # from the next product, which may be computed together with this one
        self._emit(
            PRODUCT, out.address, matrix.address, matrix.scales_address, x.address,
            bias.address if bias else 0, scratch.address, x.rows, matrix.columns, matrix.rows,
            ACTIVATIONS[activation], matrix.form,
        )  # fmt: skip
        return out

    def likely(self, head: Weights, x: Tensor, shortlist: Shortlist) -> Tensor:
        if head.sketch is None:
            return self.product(head, x)
        out = self.product(head.sketch, x)
        scratch = self._new(1, self._library.scratch_words(head.columns, head.form))
        # A place for each row and one more, in words; then a weight for each.
        work = self._new(1, (head.rows + 1) * np.dtype(np.intp).itemsize // 4 + head.rows)
        self._emit(
            SHORTLIST, out.address, head.address, head.scales_address, x.address, 0, scratch.address,
            x.rows, head.columns, head.rows, 0, work.address, shortlist.count,
            round(1000 * shortlist.mass),
        )  # fmt: skip
        return out

    def wkv4(self, k: Tensor, v: Tensor, decay: Tensor, bonus: Tensor, state: Tensor) -> Tensor:
        out = self._new(k.rows, k.columns)
        self._emit(
            WKV4, out.address, k.address, v.address, decay.address, bonus.address, state.address,
            k.rows, k.columns,
        )  # fmt: skip
        return out

    def wkv5(self, r: Tensor, k: Tensor, v: Tensor, decay: Tensor, bonus: Tensor, state: Tensor) -> Tensor:
        out = self._new(r.rows, r.columns)
        self._emit(
            WKV5, out.address, r.address, k.address, v.address, decay.address,
            decay.columns if decay.rows > 1 else 0, bonus.address, state.address,
            r.rows, state.rows, state.columns,
        )  # fmt: skip
        return out

    def delta_keys(
        self, k: Tensor, a: Tensor, removal: Tensor, replacement: Tensor, *, heads: int
    ) -> tuple[Tensor, Tensor]:
        unit, keys = self._parts(2, k.rows, k.columns)
        self._emit(
            DELTA_KEYS, unit.address, keys.address, k.address, a.address, removal.address,
            replacement.address, k.rows, heads, k.columns // heads,
        )  # fmt: skip
        return unit, keys

    def wkv7(
        self, r: Tensor, decay: Tensor, k: Tensor, v: Tensor, removal: Tensor, a: Tensor, state: Tensor
    ) -> Tensor:
        out, spare = self._new(r.rows, r.columns), self._new(2, state.columns)
        self._emit(
            WKV7, out.address, r.address, decay.address, k.address, v.address, removal.address, a.address,
            state.address, r.rows, state.rows, state.columns, spare.address,
        )  # fmt: skip
        return out

    def head_bonus(self, r: Tensor, k: Tensor, v: Tensor, weight: Tensor, *, heads: int) -> Tensor:
        out = self._new(r.rows, r.columns)
        self._emit(
            HEAD_BONUS, out.address, r.address, k.address, v.address, weight.address, r.rows, heads,
            r.columns // heads,
        )  # fmt: skip
        return out


def _join(steps: NDArray[np.intp]) -> None:
    """Write into the first of consecutive products for one token how many need none of one another's results.

    They are divided among threads as if they were one, and larger pieces are read faster.
    """
    first: NDArray[np.intp] | None = None
    results: set[int] = set()
    for step in steps:
        operation, result, values, tokens = (int(word) for word in step[[0, 1, 4, 7]])
        if operation != PRODUCT:
            first = None
            continue
        if first is None or tokens > 1 or first[14] == TOGETHER or values in results:
            first, results = step, set()
        first[14] += 1
        results.add(result)


def _parts_of(weights: Floats | QuantizedMatrix) -> tuple[int, NDArray[Any], Floats]:
    """(bits, values, scales), contiguous; float32 has no scales."""
    if isinstance(weights, QuantizedMatrix):
        matrix = weights.by_rows()
        scales = np.ascontiguousarray(matrix.scales, np.float32)
        return weights.bits, np.ascontiguousarray(matrix.values), scales
    return 32, np.ascontiguousarray(weights, np.float32), np.empty(0, np.float32)
