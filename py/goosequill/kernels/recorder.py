"""Records the steps of a forward pass as a program, and runs it: a token costs one call of C.

A program is stored with the state for which it was recorded. Its results are in memory from pools, which
later steps, and other programs, use again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels import abi
from goosequill.kernels.kernel import Floats, PersistentKey
from goosequill.kernels.library import Library, address_of

_PRODUCT, _SHORTLIST = abi.NUMBERS["product"], abi.NUMBERS["shortlist"]
_LARGE = 1 << 14
"""Elements of a result from which on memory of its own takes less time than a copy."""
_MEMORY_FIELDS = np.array([f.get("state", f.get("previous", 0)) for f in abi.FIELDS.values()])
"""By the number of an operation, the field that has the address of the part of a state that it changes."""


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


class Recorder:
    """Runs passes: records the steps that `build` asks for, or runs what it has recorded.

    Parameters
    ----------
    library
        The compiled simd.c.
    """

    chunk_size = abi.LIMITS["chunk"]

    def __init__(self, library: Library) -> None:
        self.library = library
        self._pools: dict[int, list[Floats]] = {}
        self._tokens = np.zeros(self.chunk_size, np.int32)
        self._steps: list[list[int]] = []
        self._retained: list[Tensor] = []
        self._ids: NDArray[np.int32] = self._tokens
        self._integers: list[NDArray[np.int32]] = []
        self._share: int | None = None
        self._team: Any = None

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
            if isinstance(key, PersistentKey):
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
        self._retained.clear()  # all of it is in pools, from which only later programs take
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

    def _constant(self, values: Any) -> NDArray[np.int32]:
        """Integers that a step reads; they live as long as the program."""
        self._integers.append(np.asarray(values, np.int32))
        return self._integers[-1]


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
