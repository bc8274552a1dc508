"""The operations in 128-bit SIMD: a forward pass is recorded once as a program, then run by simd.c.

Calling an operation here only records a step: the operation, addresses and sizes (`abi.OPERATIONS` names
them). The C code executes all steps of a pass in one call. A program is stored with the state for which it
was recorded, so a token costs one call of a few microseconds, whatever the depth of the model. Nothing is
computed in this file, and no memory is copied: C works on numpy's arrays in place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Literal
from weakref import WeakKeyDictionary, WeakSet

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels import abi
from goosequill.kernels.activations import Activation
from goosequill.kernels.kernel import Floats, Kept, Shortlist
from goosequill.kernels.library import IN_BROWSER, Library, address_of
from goosequill.kernels.logits import LogitOperations, SimdLogits
from goosequill.kernels.search import SearchOperations, SimdSearch
from goosequill.weights.packing import (
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
from goosequill.weights.quantize import QuantizedMatrix, empty_matrix, not_quantizable

_PRODUCT, _SHORTLIST = abi.NUMBERS["product"], abi.NUMBERS["shortlist"]
_LARGE = 1 << 14
"""Elements of a result from which on memory of its own takes less time than a copy."""
_MEMORY_FIELDS = np.array([f.get("state", f.get("previous", 0)) for f in abi.FIELDS.values()])
"""By the number of an operation, the field that has the address of the part of a state that it changes."""


class Arena:
    """Memory for weights: adjacent pieces of large arrays, aligned to cache lines.

    Linux gives numpy huge pages for an array of 4 MB or more, from which a matrix is read up to a quarter
    faster. A browser gives none, but there too weights that are read in sequence should be adjacent.
    """

    SIZE = 1 << 23 if IN_BROWSER else 1 << 24
    """Largest size of the arrays; the first ones are smaller, so that a small model takes little memory."""
    FIRST = 1 << 20
    """Size of the first array."""
    LARGEST = SIZE // 4
    """Largest size of a piece; larger ones would leave too much of an array unused."""
    LINE = 64  # bytes of a cache line

    def __init__(self) -> None:
        self._free = np.empty(0, np.int8)
        self._size = self.FIRST

    def take(self, length: int) -> NDArray[np.int8]:
        """Return `length` bytes of any values. What no piece takes is not written, so it takes no memory."""
        if length > self._free.size:
            array = np.empty(max(self._size, length) + self.LINE, np.int8)
            self._free = array[-address_of(array) % self.LINE :]
            self._size = min(2 * self._size, self.SIZE)
        taken, self._free = self._free[:length], self._free[-(-length // self.LINE) * self.LINE :]
        return taken


class Block:
    """Memory for results; returned to its pool when no tensor uses it any more."""

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

    @property
    def size(self) -> int:
        """Rows times columns."""
        return self.rows * self.columns


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Weights:
    """A matrix and its memory.

    Attributes
    ----------
    layout
        A name in `packed.LAYOUTS`; None for a table, which is stored row by row, and for pairs of rows.
    form
        The number of bits for panels, or one of `abi.FORMS`.
    parts
        The values, in one array or, divided after simd.c's `first_part` of the rows, in two.
    """

    rows: int
    columns: int
    bits: int
    layout: str | None
    form: int
    parts: tuple[NDArray[Any], ...]
    scales: NDArray[np.float32]

    @property
    def address(self) -> int:
        """The address of the values."""
        return address_of(self.parts[0])

    @property
    def gap(self) -> int:
        """The bytes between the two parts, negative if the second one comes first."""
        return address_of(self.parts[-1]) - self.address - self.nbytes + self.parts[-1].nbytes

    @property
    def nbytes(self) -> int:
        """The size of the values in bytes."""
        return sum(part.nbytes for part in self.parts)

    @property
    def scales_address(self) -> int:
        """The address of the scales."""
        return address_of(self.scales)

    @property
    def padded(self) -> int:
        """Rows including those that pad the last panel."""
        return whole_panels(self.rows)


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


@dataclass(frozen=True, slots=True)
class Program:
    """The steps of one pass.

    Attributes
    ----------
    result
        The array that its result is written to and copied from; with `outs`, only its shape counts.
    outs
        Which words of the steps have addresses in a large result of a last product, and how many bytes after
        its first. Each run gets an array of its own there, which saves the copy.
    constants
        What the steps read.
    memory
        Pools that it shares with no other program.
    """

    steps: NDArray[np.intp]
    address: int
    result: Floats | None
    outs: Sequence[tuple[int, int]]
    constants: Sequence[NDArray[np.int32]]
    memory: Mapping[int, list[Floats]] | None = None

    def write_to(self, address: int) -> None:
        """Let the next run write its result there."""
        words = self.steps.reshape(-1)
        for index, offset in self.outs:
            words[index] = address + offset  # after a pass, numpy's arithmetic takes as long as a copy


class SimdKernel:
    """The operations by compiled code.

    Parameters
    ----------
    library
        The compiled simd.c (`goosequill.kernels.library`).
    """

    chunk_size = abi.LIMITS["chunk"]

    def __init__(self, library: Library) -> None:
        self.name = library.name
        self.logits: LogitOperations = SimdLogits(library)
        self.search: SearchOperations = SimdSearch(library)
        self.library = library
        self._pools: dict[int, list[Floats]] = {}
        self._constants: dict[float, Floats] = {}
        self._arenas = Arena(), Arena()  # for the first parts of matrices, and for the second
        self._tokens = np.zeros(self.chunk_size, np.int32)
        self._steps: list[list[int]] = []
        self._retained: list[Tensor] = []
        self._ids: NDArray[np.int32] = self._tokens
        self._integers: list[NDArray[np.int32]] = []
        self._share: int | None = None
        self._team: Any = None
        self.matrices: WeakSet[Weights] = WeakSet()
        """The matrices in panels, whose rows helper threads can share."""
        self._sketches: WeakKeyDictionary[Weights, Sketch | None] = WeakKeyDictionary()
        """Of the heads that can have one; None until it is asked for."""

    def divide(self, share: int | None) -> None:
        """Share products with other threads, or compute them alone (None).

        Parameters
        ----------
        share
            Address of the function that divides a product's rows; simd.c describes it.
        """
        self._share = share

    def join(self, team: Any, threads: int) -> None:
        """Share products with the threads of a team (`goosequill.kernels.threads.Team`)."""
        team.grow(threads)
        self._team = team
        self.divide(team.share)

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

    def run(
        self,
        tokens: Sequence[int],
        build: Callable[[Any], Tensor | None],
        *,
        programs: MutableMapping[Hashable, Any],
        key: Hashable,
    ) -> Floats | None:
        count = len(tokens)
        # More tokens than these are never the same program again, so its token ids may be anywhere.
        self._ids = self._tokens if count <= self.chunk_size else np.empty(count, np.int32)
        if count == 1:
            self._ids[0] = tokens[0]  # a slice takes four times as long where nothing is in a cache
        else:
            self._ids[:count] = tokens
        program: Program | None = programs.get((key, count))
        if program is None:
            if isinstance(key, Kept):
                program = programs[key, count] = self._record_apart(build, count)
            else:
                program = self._record(build, count)
                if count in (1, self.chunk_size):  # other lengths occur once, at the end of a prompt
                    programs[key, count] = program
        if self._team is not None:
            self._team.wake()
        result = program.result
        if result is not None and program.outs:
            result = np.empty(result.shape, np.float32)
            program.write_to(address_of(result))
        self.library.run(program.address, len(program.steps), self._share)
        return result if result is None or program.outs else result.copy()

    @staticmethod
    def pauses(programs: Mapping[Hashable, Any], key: Hashable, count: int) -> NDArray[np.intp] | None:
        """For how many tokens each shortlist of a pass reads no sketch, now and when that began, [T, 2].

        They can be changed. None if the pass is not recorded, or does not end with shortlists.
        """
        program: Program | None = programs.get((key, count))
        if program is None or program.steps[-1, 0] != _SHORTLIST:
            return None
        rest = abi.FIELDS["shortlist"]["rest"]  # pause is the next field
        return program.steps[-count:, rest : rest + 2]

    @staticmethod
    def redirect(programs: Mapping[Hashable, Any], key: Hashable, count: int, memories: Any) -> None:
        """Let the steps of a recorded pass, which all change a state, change the parts of another one.

        Parameters
        ----------
        memories
            The addresses of these parts, in the order of the steps.
        """
        program: Program = programs[key, count]
        steps = program.steps
        steps[np.arange(len(steps)), _MEMORY_FIELDS[steps[:, 0]]] = memories

    def _record_apart(self, build: Callable[[Any], Tensor | None], count: int) -> Program:
        """Record with memory that no other program uses, so that `build` may keep tensors."""
        shared, self._pools = self._pools, {}
        try:
            return replace(self._record(build, count), memory=self._pools)
        finally:
            self._retained.clear()
            self._pools = shared

    def _record(self, build: Callable[[Any], Tensor | None], count: int) -> Program:
        self._steps, self._integers = [], [self._ids]
        result = build(count)
        _join(self._steps)
        steps = np.zeros((len(self._steps), abi.LIMITS["step_words"]), np.intp)
        for step, words in zip(steps, self._steps, strict=True):
            step[: len(words)] = words
        values = None if result is None else self._view(result)
        return Program(steps, address_of(steps), values, _outs(steps, result), self._integers)

    def _view(self, tensor: Tensor) -> Floats:
        array = tensor.owner.array if isinstance(tensor.owner, Block) else tensor.owner.reshape(-1)
        start = (tensor.address - address_of(array)) // array.itemsize
        return array[start : start + tensor.rows * tensor.columns].reshape(tensor.rows, tensor.columns)

    def _emit(self, operation: str, **operands: int | Tensor) -> None:
        """Record a step; `operands` are all of the operation's fields."""
        operands["operation"] = abi.NUMBERS[operation]
        words = map(operands.__getitem__, abi.FIELDS[operation])
        self._steps.append([word if isinstance(word, int) else word.address for word in words])
        if operation != "product":
            self._retained.clear()

    def _new(self, rows: int, columns: int) -> Tensor:
        length = 1 << (rows * columns - 1).bit_length()
        block = Block(self._pools.setdefault(length, []), length)
        return Tensor(address_of(block.array), rows, columns, block)

    def _parts(self, count: int, rows: int, columns: int) -> list[Tensor]:
        """Several adjacent results in one block."""
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
        return Weights(rows, columns, bits, None, bits, (values,), scales)

    def matrix(self, weights: Floats | QuantizedMatrix) -> Weights:
        """Lay out weights [out, in] in panels (`weights.packing`).

        Packed weights are taken over, so that a large matrix is not in memory twice: their values must not be
        used afterwards.

        float32 is in panels too: the 16 rows' first numbers, then their second numbers, and so on.
        """
        matrix = self._in_panels(weights)
        self.matrices.add(matrix)
        return matrix

    def head(self, weights: Floats | QuantizedMatrix) -> Weights:
        """Lay out the head; a large one in 8 bits in pairs of rows, so that it can have a sketch."""
        if not isinstance(weights, QuantizedMatrix) or not sketched(weights.shape, weights.bits):
            return self.matrix(weights)
        _, values, scales = _parts_of(weights)
        rows, columns = weights.shape
        form, paired = abi.FORMS["pairs"], np.zeros((rows + rows % 2) * columns, np.int8)
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

    def quantize(
        self, weights: NDArray[Any], bits: Literal[8, 4], name: str = "", *, dtype: str = "F32"
    ) -> QuantizedMatrix:
        rows, columns = weights.shape
        found, row = empty_matrix(rows, columns, bits), np.empty(columns, np.float32)
        weights = np.ascontiguousarray(weights)
        addresses = map(address_of, (found.values, found.scales, weights, row))
        finite = self.library.quantize(*addresses, rows, columns, abi.TYPES.index(dtype), bits)
        if not finite or not np.isfinite(found.scales).all():
            raise not_quantizable(name, bits)
        return found

    def pack(self, matrix: QuantizedMatrix, layout: str) -> PackedMatrix:
        bits, values, scales = _parts_of(matrix)
        rows, columns = matrix.shape
        out = np.zeros(LAYOUTS[layout].lengths((rows, columns))[0], np.int8 if bits == 8 else np.uint8)
        within = half_scales(scales) if bits == 4 else np.empty(0, np.float16)
        apart = pad_scales(scales) if bits == 8 else np.empty(0, np.float32)
        self.library.pack(address_of(out), address_of(values), address_of(within), rows, columns, bits)
        return PackedMatrix(matrix.bits, out, apart, layout, (rows, columns))

    def _in_panels(self, weights: Floats | QuantizedMatrix) -> Weights:
        if not isinstance(weights, PackedMatrix):
            return self._lay_out(weights)
        rows, columns = weights.shape
        values = weights.values.view(np.int8)
        parts = self._room(rows, len(values))
        if self.library.turned(columns, weights.bits):
            parts = parts or (values if values.flags.writeable else np.empty_like(values),)
            start = 0
            for part in parts:
                self._turn(part, values[start:], columns, weights.bits)
                start += len(part)
        elif parts:
            parts[0][:], parts[1][:] = np.split(values, [len(parts[0])])
        parts = parts or (values,)
        return Weights(rows, columns, weights.bits, weights.layout, weights.bits, parts, weights.scales)

    def _turn(
        self, out: NDArray[np.int8], values: NDArray[np.int8], columns: int, form: int, *, back: bool = False
    ) -> None:
        """Bring a matrix into the order in which it is multiplied, or back (simd/packing.h)."""
        self.library.turn(address_of(out), address_of(values), out.size, columns, form, back)

    def _values(self, matrix: Weights) -> NDArray[Any]:
        """The values of a matrix in the order of files, or as `pack` gives it pairs of rows."""
        values = matrix.parts[0] if len(matrix.parts) == 1 else np.concatenate(matrix.parts)
        if self.library.turned(matrix.columns, matrix.form):
            values, turned = np.empty_like(values), values
            self._turn(values, turned, matrix.columns, matrix.form, back=True)
        return values

    def _lay_out(self, weights: Floats | QuantizedMatrix) -> Weights:
        bits, values, scales = _parts_of(weights)
        rows, columns = weights.shape
        layout = GROUPS if bits == 4 else PANELS
        length = (
            4 * whole_panels(rows) * columns if bits == 32 else LAYOUTS[layout].lengths((rows, columns))[0]
        )
        parts = self._room(rows, length) or (np.empty(length, np.int8),)
        within = half_scales(scales) if bits == 4 else np.empty((rows, 0), np.float16)
        apart = pad_scales(scales) if bits == 8 else np.empty(0, np.float32)
        start = 0
        for part in parts:
            part[:] = 0
            end = min(rows, start + len(part) * whole_panels(rows) // length)
            addresses = address_of(part), address_of(values[start:]), address_of(within[start:])
            self.library.pack(*addresses, end - start, columns, bits)
            if self.library.turned(columns, bits):
                self._turn(part, part, columns, bits)
            start = end
        return Weights(rows, columns, bits, layout, bits, parts, apart)

    def _room(self, rows: int, length: int) -> tuple[NDArray[np.int8], ...]:
        """Memory for the parts of a matrix, beside those of the matrix before.

        None for a matrix of a single panel, and for a large one: it is read for so long that the time which
        memory needs where a stream begins hardly counts.
        """
        first = self.library.first_part(rows) * length // whole_panels(rows)
        if not first or length - first > Arena.LARGEST:
            return ()
        return self._arenas[0].take(first), self._arenas[1].take(length - first)

    def bits(self, matrix: Weights) -> Literal[8, 4] | None:
        return None if matrix.bits == 32 else 8 if matrix.bits == 8 else 4

    def stored(self, matrix: Weights) -> QuantizedMatrix | None:
        bits = self.bits(matrix)
        if bits is None:
            return None
        if matrix.layout is None:
            values, scales = matrix.parts[0], matrix.scales[: matrix.rows]
            if matrix.form == abi.FORMS["pairs"]:
                pairs = self._values(matrix).reshape(
                    -1, matrix.columns, 2
                )  # of lower and upper bytes of 256 a + b + 128
                pairs = np.stack([pairs[..., 1], pairs[..., 0] ^ np.int8(-128)], axis=1)
                values = pairs.reshape(-1, matrix.columns)[: matrix.rows]
            return QuantizedMatrix(bits, values, scales)
        values = self._values(matrix).view(np.int8 if bits == 8 else np.uint8)
        return PackedMatrix(bits, values, matrix.scales, matrix.layout, (matrix.rows, matrix.columns))

    def embed(self, table: Weights, tokens: Any) -> Tensor:
        return self._rows_of(table, self._ids, tokens)

    def positions(self, table: Weights, lengths: Sequence[int]) -> Tensor:
        ids = self._constant(np.concatenate([np.arange(length) for length in lengths]))
        return self._rows_of(table, ids, len(ids))

    def _rows_of(self, table: Weights, ids: NDArray[np.int32], count: int) -> Tensor:
        out = self._new(count, table.columns)
        self._emit(
            "embed", out=out, table=table.address, scales=table.scales_address, ids=address_of(ids),
            tokens=count, width=table.columns, bits=table.bits,
        )  # fmt: skip
        return out

    def _constant(self, values: Any) -> NDArray[np.int32]:
        """Integers that a step reads; they live as long as the program."""
        self._integers.append(np.asarray(values, np.int32))
        return self._integers[-1]

    def last(self, x: Tensor) -> Tensor:
        return self.rows(x, x.rows - 1, 1)

    @staticmethod
    def rows(x: Tensor, start: int, count: int) -> Tensor:
        """Consecutive rows of x, [count, C]."""
        return Tensor(x.address + 4 * start * x.columns, count, x.columns, x.owner)

    def layer_norm(self, x: Tensor, weight: Tensor, bias: Tensor, *, eps: float = 1e-5) -> Tensor:
        return self.group_norm(x, weight, bias, heads=1, eps=eps)

    def group_norm(self, x: Tensor, weight: Tensor, bias: Tensor, *, heads: int, eps: float) -> Tensor:
        constant = self._constants.setdefault(eps, np.array([eps], np.float32))
        out = self._new(x.rows, x.columns)
        self._emit(
            "normalise", out=out, x=x, weight=weight, bias=bias, rows=x.rows * heads,
            size=x.columns // heads, heads=heads, eps=address_of(constant),
        )  # fmt: skip
        return out

    def mix(self, x: Tensor, previous: Tensor, weights: Tensor) -> Sequence[Tensor]:
        outs = self._parts(weights.rows, x.rows, x.columns)
        self._emit(
            "mix", out=outs[0], x=x, previous=previous, weights=weights, tokens=x.rows, width=x.columns,
            count=weights.rows,
        )  # fmt: skip
        return outs

    def shift(self, x: Tensor, previous: Tensor) -> Tensor:
        out = self._new(x.rows, x.columns)
        self._emit("shift", out=out, x=x, previous=previous, tokens=x.rows, width=x.columns)
        return out

    def lerp(self, a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
        out = self._new(a.rows, a.columns)
        self._emit("lerp", out=out, a=a, b=b, weight=weight, size=a.size, period=weight.size)
        return out

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        out = self._new(a.rows, a.columns)
        self._emit("add", out=out, a=a, b=b, size=a.size, period=b.size)
        return out

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        out = self._new(a.rows, a.columns)
        self._emit("multiply", out=out, a=a, b=b, size=a.size, period=b.size)
        return out

    def product(
        self, matrix: Weights, x: Tensor, *, bias: Tensor | None = None, activation: Activation | None = None
    ) -> Tensor:
        out = self._new(x.rows, matrix.rows)
        scratch = self._scratch(matrix, x.rows)
        # Not reused by the next product, which may be computed together with this one.
        self._retained += x, out, scratch
        self._emit(
            "product", **self._operands(matrix, x, out, scratch, bias=bias, activation=activation),
            form=matrix.form, first_row=0, end_row=0, joined=0, gap=matrix.gap,
        )  # fmt: skip
        return out

    def _scratch(self, matrix: Weights, tokens: int) -> Tensor:
        return self._new(tokens, self.library.scratch_words(matrix.columns, matrix.form))

    def _operands(
        self,
        matrix: Weights,
        x: Tensor,
        out: Tensor,
        scratch: Tensor,
        *,
        bias: Tensor | None = None,
        activation: Activation | None = None,
    ) -> dict[str, int | Tensor]:
        """The fields that a product and a shortlist have in common."""
        return {
            "out": out,
            "weights": matrix.address,
            "scales": matrix.scales_address,
            "inputs": x,
            "bias": bias or 0,
            "scratch": scratch,
            "tokens": x.rows,
            "columns": matrix.columns,
            "rows": matrix.rows,
            "activation": abi.ACTIVATIONS.index(activation or "none"),
        }

    def likely(self, head: Weights, x: Tensor, shortlist: Shortlist) -> Tensor:
        sketch = self.sketch(head)
        if sketch is None:
            return self.product(head, x)
        out = self.product(sketch.matrix, x)
        # An index per panel and row and one more, each a machine word; then as many floats.
        count = head.padded // PANEL + head.rows + 1
        work = self._new(1, count * (np.dtype(np.intp).itemsize // 4 + 1))
        scratch = self._scratch(head, 1)
        for row in range(x.rows):
            token, result = self.rows(x, row, 1), self.rows(out, row, 1)
            self._emit(
                "shortlist", **self._operands(head, token, result, scratch),
                reach=address_of(sketch.reach), indices=work, count=shortlist.count,
                thousandths=ceil(1000 * shortlist.gap), rest=0, pause=0,
            )  # fmt: skip
        return out

    def wkv4(self, k: Tensor, v: Tensor, decay: Tensor, bonus: Tensor, state: Tensor) -> Tensor:
        out = self._new(k.rows, k.columns)
        self._emit(
            "wkv4", out=out, k=k, v=v, decay=decay, bonus=bonus, state=state, tokens=k.rows, width=k.columns,
        )  # fmt: skip
        return out

    def wkv5(self, r: Tensor, k: Tensor, v: Tensor, decay: Tensor, bonus: Tensor, state: Tensor) -> Tensor:
        out = self._new(r.rows, r.columns)
        self._emit(
            "wkv5", out=out, r=r, k=k, v=v, decay=decay, decay_step=decay.columns if decay.rows > 1 else 0,
            bonus=bonus, state=state, tokens=r.rows, heads=state.rows, size=state.columns,
        )  # fmt: skip
        return out

    def delta_keys(
        self, k: Tensor, a: Tensor, removal: Tensor, replacement: Tensor, *, heads: int
    ) -> tuple[Tensor, Tensor]:
        unit, keys = self._parts(2, k.rows, k.columns)
        self._emit(
            "delta_keys", unit=unit, keys=keys, k=k, a=a, removal=removal, replacement=replacement,
            tokens=k.rows, heads=heads, size=k.columns // heads,
        )  # fmt: skip
        return unit, keys

    def wkv7(
        self, r: Tensor, decay: Tensor, k: Tensor, v: Tensor, removal: Tensor, a: Tensor, state: Tensor
    ) -> Tensor:
        out, spare = self._new(r.rows, r.columns), self._new(2 * state.rows, state.columns)
        self._emit(
            "wkv7", out=out, r=r, decay=decay, k=k, v=v, removal=removal, a=a, state=state, tokens=r.rows,
            heads=state.rows, size=state.columns, spare=spare,
        )  # fmt: skip
        return out

    def head_bonus(self, r: Tensor, k: Tensor, v: Tensor, weight: Tensor, *, heads: int) -> Tensor:
        out = self._new(r.rows, r.columns)
        self._emit(
            "head_bonus", out=out, r=r, k=k, v=v, weight=weight, tokens=r.rows, heads=heads,
            size=r.columns // heads,
        )  # fmt: skip
        return out

    def deep_embed(self, x: Tensor, rows: Tensor, base: Tensor) -> Tensor:
        columns = base.columns // x.columns
        out = self._new(x.rows, columns)
        self._emit(
            "deep_embed", out=out, x=x, rows=rows, base=base, tokens=x.rows, size=x.columns, columns=columns,
        )  # fmt: skip
        return out

    def attention(self, q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int], *, heads: int) -> Tensor:
        out, size = self._new(q.rows, q.columns), q.columns // heads
        scratch = self._new(1, self.library.attention_words(size, max(lengths)))
        self._emit(
            "attention", out=out, q=q, k=k, v=v, lengths=address_of(self._constant(lengths)),
            count=len(lengths), heads=heads, size=size, scratch=scratch,
        )  # fmt: skip
        return out


def _join(steps: list[list[int]]) -> None:
    """Count consecutive products for one token that do not need each other's results.

    The count goes into the first one's step. Threads divide them as if they were one product, because larger
    pieces are read faster.
    """
    field, most = abi.FIELDS["product"], abi.LIMITS["max_joined"]
    names = ("operation", "out", "inputs", "tokens", "joined")
    operation, out, inputs, tokens, joined = (field[name] for name in names)
    first: list[int] | None = None
    results: set[int] = set()
    for step in steps:
        if step[operation] != _PRODUCT:
            first = None
            continue
        many = first is None or first[tokens] > 1 or step[tokens] > 1
        if first is None or many or first[joined] == most or step[inputs] in results:
            first, results = step, set()
        first[joined] += 1
        results.add(step[out])


def _outs(steps: NDArray[np.intp], result: Tensor | None) -> list[tuple[int, int]]:
    """The words that `Program` describes; none if the result is small, or not all that a product writes."""
    last = len(steps) - 1
    while last > 0 and steps[last, 0] == _SHORTLIST:
        last -= 1
    if result is None or result.size < _LARGE or last < 0 or steps[last, 0] != _PRODUCT:
        return []
    out, tokens, rows = (abi.FIELDS["product"][name] for name in ("out", "tokens", "rows"))
    start, size = int(steps[last, out]), steps[last, tokens] * steps[last, rows]
    if (start, size) != (result.address, result.size):
        return []
    words = range(last * steps.shape[1] + out, steps.size, steps.shape[1])
    return list(zip(words, (steps[last:, out] - start).tolist(), strict=True))


def _parts_of(weights: Floats | QuantizedMatrix) -> tuple[int, NDArray[Any], Floats]:
    """(bits, values, scales), contiguous; float32 has no scales."""
    if isinstance(weights, QuantizedMatrix):
        matrix = weights.by_rows()
        scales = np.ascontiguousarray(matrix.scales, np.float32)
        return weights.bits, np.ascontiguousarray(matrix.values), scales
    return 32, np.ascontiguousarray(weights, np.float32), np.empty(0, np.float32)
