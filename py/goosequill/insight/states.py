"""What a state holds, as arrays to draw: a map of all layers, one head's memory, and how fast it forgets.

Versions 5 to 7 remember a matrix per head. RWKV-4 remembers a weighted average per channel, as a numerator a,
a denominator b and the exponent p that both have in common.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from goosequill.decoding.memory import StateMemory
from goosequill.decoding.writer import prompt_tokens
from goosequill.errors import SettingsError
from goosequill.insight.reading import read_text
from goosequill.kernels import Kernel
from goosequill.models import Model
from goosequill.models.state import State
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer

Floats = NDArray[np.float32]

MOST_GROUPS = 64
"""Columns of RWKV-4's map: adjacent channels are averaged."""
LEAST_HALF_LIFE, MOST_HALF_LIFE = 0.01, 1e6
"""Tokens. Beyond them a decay is 0 or 1 within float32."""


@dataclass(frozen=True)
class StateView:
    """What a state holds.

    Attributes
    ----------
    tokens
        How many tokens it has read.
    kind
        "matrices" (versions 5 to 7) or "averages" (version 4).
    layer, head
        Which of them `memory` and `half_lives` are of.
    map
        [L, H]: the Frobenius norm of each head's matrix. Of RWKV-4 [L, G]: the root mean square of the
        averages in each of G groups of adjacent channels.
    memory
        [S, S]: the head's matrix, keys down and values across. Of RWKV-4 [4, C]: the averages a / b, then a,
        b and p.
    half_lives
        [C]: after how many tokens half of what a channel of the layer remembers has decayed, from 0.01 to
        1e6. In versions 6 and 7 at the last token that was read, as it depends on the token. In versions 5 to
        7 the channels are the keys of all heads, one head after the other. They are of the decay alone.
    removed
        [H], of version 7, else None: what the delta rule removed of each head of the layer at the last token,
        beside the decay, as a share of the head's memory (Frobenius norms, from 0 to 1).
    """

    tokens: int
    kind: str
    layer: int
    head: int
    map: Floats
    memory: Floats
    half_lives: Floats
    removed: Floats | None


def view_state(
    model: Model,
    tokens: Sequence[int],
    *,
    layer: int = 0,
    head: int = 0,
    nearest: bool = False,
    memory: StateMemory | None = None,
) -> Generator[Progress, None, StateView]:
    """Return what the state holds after some tokens, at least one.

    Parameters
    ----------
    layer, head
        Of which the memory is wanted, from 0.
    nearest
        Stop one token after the nearest kept state: quick enough while a text is generated.
    memory
        States of the same model to start from.

    Raises
    ------
    SettingsError
        ``setting-range``: there is no such layer or head. ``no-tokens`` or ``token-range``.
    """
    model.check(tokens)
    config = model.config
    _check_range("layer", layer, config.layers)
    _check_range("head", head, config.heads)
    count = len(tokens)
    if nearest:
        found = memory.recall(tokens[:-1]) if memory else None
        count = found[0] + 1 if found else 1
    state = yield from read_text(model, tokens[: count - 1], memory)
    before = state.arrays["wkv"][layer].copy()
    decays, removal, rates = _read_watched(model, tokens[count - 1], state)
    map_of, memory_of = _OF[model.state_kind]
    wkv = state.arrays["wkv"]
    return StateView(
        count,
        model.state_kind,
        layer,
        head,
        map_of(wkv),
        memory_of(model, wkv[layer], head),
        _half_lives(model, decays[layer]),
        _removed(before, removal[layer], rates[layer]) if model.delta_rule else None,
    )


def view_text_state(
    model: Model,
    tokenizer: Tokenizer,
    prompt: str,
    written: Sequence[int],
    index: int | None = None,
    *,
    memory: StateMemory | None = None,
    **options: Any,
) -> Generator[Progress, None, StateView]:
    """Return what the state holds after the token with an index, or after the last one: a job.

    An index counts the tokens after the prompt; -1 and below count back into the prompt. `options` are those
    of `view_state`.
    """
    start = prompt_tokens(tokenizer, prompt)
    after = len(written) if index is None else index + 1
    tokens = [*start, *written][: max(0, len(start) + after)]
    return (yield from view_state(model, tokens, memory=memory, **options))


def read_half_lives(model: Model, token: int, state: State) -> Floats:
    """Read a token and return each channel's half-life in tokens, float32 [L, C].

    A memory that is multiplied by w at every token is halved after log(1/2) / log(w) of them.

    Examples
    --------
    >>> read_half_lives(loaded.model, 33, loaded.model.new_state()).shape
    (6, 320)
    """
    return _half_lives(model, _read_watched(model, token, state)[0])


def _half_lives(model: Model, decays: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        logs = decays if model.log_decay else np.log(decays)
        half_lives = math.log(0.5) / logs.astype(np.float64)
    return np.clip(np.abs(half_lives), LEAST_HALF_LIFE, MOST_HALF_LIFE).astype(np.float32)


def _removed(heads: Floats, removal: Floats, rates: Floats) -> Floats:
    """How much the delta rule takes of each head, of the memory before the token: [H, V, K] -> [H].

    It removes, at the rate a of each channel, what is stored under the unit key: (S k) (a k)^T.
    """
    keys, rates = (array.reshape(len(heads), -1) for array in (removal, rates))  # [C] -> [H, K]
    stored = np.einsum("hvk,hk->hv", heads, keys)
    sizes = np.linalg.norm(heads, axis=(1, 2))
    taken = np.linalg.norm(stored, axis=1) * np.linalg.norm(keys * rates, axis=1)
    shares: Floats = np.divide(taken, sizes, out=np.zeros_like(taken), where=sizes > 0)
    return shares


def _read_watched(model: Model, token: int, state: State) -> Floats:
    """Read a token and return [3, L, C]: the decays and, of version 7, the removal keys and their rates."""
    watched = copy.copy(model)
    kept = np.zeros((3, model.config.layers, model.config.width), np.float32)
    watched.kernel = cast(Kernel, _Watch(model.kernel, kept))
    watched.forward([token], state, logits="none")
    return kept


class _Watch:
    """A kernel that keeps the rows of a pass for one token [3, L, C]; each layer has one wkv operation."""

    def __init__(self, kernel: Kernel, kept: Floats) -> None:
        self._kernel, self._rows = kernel, iter(kept.swapaxes(0, 1))
        self._zeros = np.zeros((1, kept.shape[-1]), np.float32)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernel, name)

    def run(self, tokens: Any, build: Any, *, programs: Any, key: Any) -> Any:
        return self._kernel.run(tokens, build, programs={}, key=key)  # the record is of no use to others

    def _keep(self, *values: Any) -> None:
        kernel = self._kernel
        for value, kept in zip(values, next(self._rows), strict=False):
            row = kernel.add(kernel.bind(self._zeros), value)  # [C] or [1, C] -> [1, C]
            kernel.shift(row, kernel.bind(kept))  # which writes it there

    def wkv4(self, k: Any, v: Any, decay: Any, bonus: Any, state: Any) -> Any:
        self._keep(decay)
        return self._kernel.wkv4(k, v, decay, bonus, state)

    def wkv5(self, r: Any, k: Any, v: Any, decay: Any, bonus: Any, state: Any) -> Any:
        self._keep(decay)
        return self._kernel.wkv5(r, k, v, decay, bonus, state)

    def wkv7(self, r: Any, decay: Any, k: Any, v: Any, removal: Any, a: Any, state: Any) -> Any:
        self._keep(decay, removal, a)
        return self._kernel.wkv7(r, decay, k, v, removal, a, state)


def _norms(wkv: Floats) -> Floats:
    """[L, H, S, S] -> [L, H]"""
    norms: Floats = np.sqrt(np.square(wkv).sum(axis=(2, 3)))
    return norms


def _matrix(model: Model, heads: Floats, head: int) -> Floats:
    """[H, S, S] -> [S, S], keys down; RWKV-7 has its values down."""
    matrix: Floats = heads[head]
    return (matrix.T if model.delta_rule else matrix).copy()


def _group_averages(wkv: Floats) -> Floats:
    """[L, 3, C] -> [L, G]"""
    averages = _averages(wkv[:, 0], wkv[:, 1])
    groups = np.array_split(averages, min(MOST_GROUPS, averages.shape[1]), axis=1)
    return np.stack([np.sqrt(np.square(group).mean(axis=1)) for group in groups], axis=1)


def _vectors(_model: Model, wkv: Floats, _head: int) -> Floats:
    """[3, C] -> [4, C]"""
    return np.concatenate([_averages(wkv[0], wkv[1])[None], wkv])


def _averages(numerator: Floats, denominator: Floats) -> Floats:
    """a / b; 0 where nothing has been remembered."""
    averages: Floats = np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator != 0)
    return averages


_OF = {"matrices": (_norms, _matrix), "averages": (_group_averages, _vectors)}


def _check_range(name: str, value: int, count: int) -> None:
    if not 0 <= value < count:
        raise SettingsError(f"The model has no {name} {value}: it has {count}.", code="setting-range")
