"""An interpolated modified Kneser-Ney n-gram model (Chen and Goodman 1998) over tokens, for comparison.

With a vocabulary of 4096 a 5-gram is 60 bits, so counting is sorting one array of integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOKEN_BITS = 12
Keys = NDArray[np.uint64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Order:
    """Counts of one n-gram length: of n-grams, and of the contexts that begin them."""

    grams: Keys
    counts: NDArray[
        np.int64
    ]  # the highest order: occurrences; lower ones: distinct tokens seen before the n-gram
    contexts: Keys
    totals: NDArray[np.int64]
    kinds: NDArray[np.int64]  # [contexts, 3]: continuations seen once, twice, more often
    discounts: Floats  # [4]: for counts of 0, 1, 2, 3 or more


def pack(tokens: NDArray[np.uint16], order: int) -> Keys:
    """Every run of `order` tokens as one integer, the oldest token highest. [len - order + 1]"""
    keys = np.zeros(len(tokens) - order + 1, np.uint64)
    for i in range(order):
        keys = (keys << np.uint64(TOKEN_BITS)) | tokens[i : len(tokens) - order + 1 + i].astype(np.uint64)
    return keys


def _order(grams: Keys, counts: NDArray[np.int64]) -> Order:
    contexts, start = np.unique(grams >> np.uint64(TOKEN_BITS), return_index=True)
    totals = np.add.reduceat(counts, start)
    kinds = np.stack(
        [np.add.reduceat(mask.astype(np.int64), start) for mask in (counts == 1, counts == 2, counts > 2)], 1
    )
    n1, n2, n3, n4 = (max(int((counts == i).sum()), 1) for i in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    discounts = np.array([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]).clip(0)
    return Order(grams, counts, contexts, totals, kinds, discounts)


def train(tokens: NDArray[np.uint16], order: int = 5) -> list[Order]:
    """Count the n-grams of every length; the first element is the unigram."""
    grams, counts = np.unique(pack(tokens, order), return_counts=True)
    orders = [_order(grams, counts.astype(np.int64))]
    for size in range(order - 1, 0, -1):
        mask = np.uint64((1 << (TOKEN_BITS * size)) - 1)
        grams, counts = np.unique(
            grams & mask, return_counts=True
        )  # each longer n-gram once: distinct left neighbours
        orders.append(_order(grams, counts.astype(np.int64)))
    return orders[::-1]


def _find(keys: Keys, wanted: Keys) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    at = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return at, keys[at] == wanted


def probabilities(orders: list[Order], tokens: NDArray[np.uint16], *, vocab_size: int) -> Floats:
    """P(token | the four before it) for every token except the first. [len - 1]"""
    padded = np.concatenate([np.zeros(len(orders) - 1, np.uint16), tokens])
    result = np.full(len(tokens), 1 / vocab_size)
    for size, order in enumerate(orders, start=1):
        grams = pack(padded[len(orders) - size :], size)
        gram_at, gram_found = _find(order.grams, grams)
        at, found = _find(order.contexts, grams >> np.uint64(TOKEN_BITS))
        count = np.where(gram_found, order.counts[gram_at], 0)
        discount = order.discounts[count.clip(max=3)]
        total = np.where(found, order.totals[at], 1)
        left = (order.kinds[at] * order.discounts[1:]).sum(1) / total
        result = np.where(found, np.maximum(count - discount, 0) / total + left * result, result)
    return result[1:]
