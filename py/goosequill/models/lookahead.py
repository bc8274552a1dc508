"""Reads a token and guesses of what follows it in one pass, and then keeps only the guesses that are right.

A pass reads all weights once, whatever the number of its tokens. It runs on a copy of the state and remembers
what each token changes in a state: the rows that enter the token shifts and the recurrences. So the state
itself follows token by token, without reading weights again, and a wrong guess never reaches it. Every number
is the same as without guesses, bit by bit. Which tokens to guess is decided in `goosequill.decoding`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels import Kernel, PersistentKey, Shortlist, SimdKernel
from goosequill.models.state import State

COUNTS = (2, 3, 4, 6, 8)
"""How many tokens a pass may have. Each is recorded once, which takes a few milliseconds."""

MOST_AT_ONCE = 4
"""Texts of one model that can look ahead at the same time; each needs the memory of a state and a pass."""

Change = tuple[str, tuple[Any, ...], tuple[int, str]]
"""An operation that changes the state, its other operands, and the layer and name of what it changes."""


class Model(Protocol):
    """What it takes to look ahead; `goosequill.models.model.Model` has it, and keeps what looks ahead."""

    kernel: Kernel

    def new_state(self) -> State: ...
    def run(
        self, tokens: Sequence[int], build: Callable[[Any], Any], programs: Any, key: Hashable
    ) -> NDArray[np.float32] | None: ...
    def logits_of_each(self, tokens: Any, state: State, shortlist: Shortlist | None) -> Any: ...


class Lookahead:
    """A copy of a model's state that runs ahead; it serves one text at a time.

    Attributes
    ----------
    is_first
        Whether what was done last was recorded first, which takes longer than to repeat it.
    """

    def __init__(self, model: Model) -> None:
        assert isinstance(model.kernel, SimdKernel)  # `lookaheads_of` sees to that
        self._kernel, self._ahead = model.kernel, model.new_state()
        self._changes: dict[Hashable, list[Change]] = {}
        self._last: tuple[Shortlist | None, int] = (None, 0)
        self._pauses: NDArray[np.intp] | None = None
        self._pauses_after: list[list[int]] = []
        self._follower: State | None = None
        self._following: set[Hashable] = set()
        self.is_first = False

    def read(
        self, model: Model, tokens: Sequence[int], state: State, shortlist: Shortlist | None = None
    ) -> NDArray[np.float32] | None:
        """Read tokens after a state without changing it; return the logits after each of them.

        Parameters
        ----------
        model
            The model that it is for.
        tokens
            Two or more; see `COUNTS`.
        shortlist
            Which logits must be exact; None means all.

        Returns
        -------
        Float32 [N, V], the same bits as if the tokens were read one by one. N may be less than the number of
        tokens; None means that one must be read alone now.
        """
        plain = (model, shortlist), 1
        if shortlist and plain not in state.programs:
            return None
        # Whether a sketch is read for a token depends on the tokens before it (kernels/simd/shortlist.h).
        self._pauses = self._kernel.pauses(state.programs, *plain) if shortlist else None
        rest, pause = (0, 0) if self._pauses is None else self._pauses[0].tolist()
        if rest:
            tokens, shortlist = tokens[:rest], None
        if len(tokens) < 2:
            return None
        inner = self._kernel.pauses(self._ahead.programs, PersistentKey(shortlist), len(tokens))
        if inner is not None:
            inner[0, 1] = pause
        elif shortlist and pause:  # it cannot be told to a pass that is not recorded
            return None
        for name, array in state.arrays.items():
            np.copyto(self._ahead.arrays[name], array)
        self._last = shortlist, len(tokens)
        self.is_first = self._last not in self._changes
        rows = self._run(model, tokens, shortlist)
        self._pauses_after = [[rest - row, pause] for row in range(1, len(tokens) + 1)]
        inner = self._kernel.pauses(self._ahead.programs, PersistentKey(shortlist), len(tokens))
        if inner is not None:
            failed = np.flatnonzero(inner[:, 0])
            rows = rows[: failed[0] + 1] if len(failed) else rows
            self._pauses_after = inner.tolist()
            inner[:] = 0
        return rows

    def _run(self, model: Model, tokens: Sequence[int], shortlist: Shortlist | None) -> NDArray[np.float32]:
        def build(ids: Any) -> Any:
            watched, watch = copy.copy(model), _ChangeWatch(model.kernel, self._ahead)
            watched.kernel = cast(Kernel, watch)
            self._changes[shortlist, len(tokens)] = watch.changes
            return watched.logits_of_each(ids, self._ahead, shortlist)

        rows = model.run(tokens, build, self._ahead.programs, PersistentKey(shortlist))
        assert rows is not None  # the pass ends with a product
        return rows

    def advance(self, state: State, row: int) -> None:
        """Let the state read the token of a row of the last pass, which is the next one for it."""
        key = PersistentKey((self._last, row))
        if self._follower is not state:
            self._follower, self._following = state, set()
        self.is_first = key not in self._following
        if self.is_first:
            self._follow(state, key, row)
        self._kernel.run([0], _recorded, programs=self._ahead.programs, key=key)
        if self._pauses is not None:
            self._pauses[0] = self._pauses_after[row]

    def _follow(self, state: State, key: Hashable, row: int) -> None:
        """Record how the copy reads a row, and let the record change the state instead."""
        changes, programs = self._changes[self._last], self._ahead.programs
        if (key, 1) not in programs:
            self._kernel.run([0], lambda _: self._change(row), programs=programs, key=key)
        memories = [state.layers[layer][part].address for _, _, (layer, part) in changes]
        self._kernel.redirect(programs, key, 1, memories)
        self._following.add(key)

    def _change(self, row: int) -> None:
        kernel, count = self._kernel, self._last[1]
        for name, operands, (layer, part) in self._changes[self._last]:
            own = (kernel.rows(x, row, 1) if x.rows == count else x for x in operands)
            getattr(kernel, name)(*own, self._ahead.layers[layer][part])

    def leave(self) -> None:
        """Forget the state that followed: its text has ended."""
        self._follower = None


def _recorded(_: Any) -> None:
    raise AssertionError("a pass that has been recorded is not built again")


class _ChangeWatch:
    """A kernel that keeps the operations of a pass that change the state, with their operands."""

    def __init__(self, kernel: Kernel, state: State) -> None:
        self._kernel = kernel
        self._parts = {
            id(operand): (layer, name)
            for layer, parts in enumerate(state.layers)
            for name, operand in parts.items()
        }
        self.changes: list[Change] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernel, name)

    def _keep(self, name: str, *operands: Any) -> None:
        *others, memory = operands
        self.changes.append((name, tuple(others), self._parts[id(memory)]))

    def mix(self, x: Any, previous: Any, weights: Any) -> Any:
        self._keep("shift", x, previous)
        return self._kernel.mix(x, previous, weights)

    def shift(self, x: Any, previous: Any) -> Any:
        self._keep("shift", x, previous)
        return self._kernel.shift(x, previous)

    def wkv4(self, *operands: Any) -> Any:
        self._keep("wkv4", *operands)
        return self._kernel.wkv4(*operands)

    def wkv5(self, *operands: Any) -> Any:
        self._keep("wkv5", *operands)
        return self._kernel.wkv5(*operands)

    def wkv7(self, *operands: Any) -> Any:
        self._keep("wkv7", *operands)
        return self._kernel.wkv7(*operands)


class Pace:
    """How long a model takes to read one token, and to read several at once, measured as it happens.

    Attributes
    ----------
    seconds
        By the number of tokens; 0 is the time in which a state follows by one token.
    """

    def __init__(self) -> None:
        self.seconds: dict[int, float] = {}

    def note(self, count: int, seconds: float) -> None:
        """Note how long it took this time. Other load only adds time, so the shortest of late counts."""
        known = self.seconds.get(count, seconds)
        self.seconds[count] = min(seconds, 1.02 * known)

    def forget(self, count: int) -> None:
        """Trust a measurement a little less, so that one that was disturbed is repeated some day."""
        if count in self.seconds:
            usual = self._usual(count)
            self.seconds[count] += 0.02 * (usual - self.seconds[count])

    def expected(self, count: int) -> float:
        """Return how long it takes; what is usual where it has not been measured."""
        return self.seconds[count] if count in self.seconds else self._usual(count)

    def _usual(self, count: int) -> float:
        one = self.seconds.get(1, 0.0)
        return 0.05 * one if count == 0 else one * (1 + 0.2 * (count - 1))


class Lookaheads:
    """What a model's texts look ahead with; one that has ended leaves it to the next, with all records."""

    def __init__(self) -> None:
        self._paces = {False: Pace(), True: Pace()}
        self._free: list[Lookahead] = []
        self._lent = 0

    def pace(self, shortlist: Shortlist | None) -> Pace:
        """Return how long the model takes with all logits, or with those of a shortlist."""
        return self._paces[shortlist is not None]

    def borrow(self, model: Model) -> Lookahead | None:
        """Return one that is free, or a new one; None if too many are in use."""
        if self._lent == MOST_AT_ONCE:
            return None
        lookahead = self._free.pop() if self._free else Lookahead(model)
        self._lent += 1
        return lookahead

    def give_back(self, lookahead: Lookahead) -> None:
        """Take back what was borrowed."""
        lookahead.leave()
        self._lent -= 1
        self._free.append(lookahead)


def lookaheads_of(kernel: Kernel) -> Lookaheads | None:
    """Return a model's; None with the numpy kernel, for which passes and single steps are not bit-equal."""
    return Lookaheads() if isinstance(kernel, SimdKernel) else None
