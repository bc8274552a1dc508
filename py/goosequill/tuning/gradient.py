"""What the gradients of all versions share: the embedding, the sequence of blocks, the loss at the head."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels import Kernel
from goosequill.models import Model
from goosequill.tuning.operations import Back, Floats, Pass, Products

Values = Mapping[str, Floats]
Weigh = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]
"""From what each sequence of a batch costs in all, in nats [B], to the loss and its gradient with respect to
that [B]."""

HEAD_NUMBERS = 1 << 22
"""Logits that are in memory at a time."""


@dataclass(frozen=True)
class Batch:
    """Sequences of the same length, padded at their ends.

    Attributes
    ----------
    tokens, targets
        What is read, and what should follow each of these tokens, [B, T].
    wanted
        Which of the targets count, [B, T].
    """

    tokens: NDArray[np.int64]
    targets: NDArray[np.int64]
    wanted: NDArray[np.bool_]


class Gradient(ABC):
    """The gradients of a model's vectors and of its initial state; its matrices are never changed.

    Parameters
    ----------
    model
        It is only read, and may be used in between.
    kernel
        By default the model's.
    """

    make_pass: type[Pass] = Pass
    """A subclass may compute products in another way."""

    def __init__(self, model: Model, kernel: Kernel | None = None) -> None:
        self.model, self.kernel = model, kernel or model.kernel
        self.products = Products(self.kernel)

    @abstractmethod
    def states(self) -> dict[str, Floats]:
        """Return an initial state from which it can be tuned: blocks.N.att.time_state -> float32."""

    @abstractmethod
    def floats_per_token(self) -> int:
        """How many numbers a token takes between its way through the model and back."""

    @abstractmethod
    def time_mix(self, run: Pass, x: Floats, layer: int) -> tuple[Floats, Back]:
        """Return what the time mixing of a block adds to x, [T, B, C]."""

    @abstractmethod
    def channel_mix(self, run: Pass, x: Floats, layer: int) -> tuple[Floats, Back]:
        """Return what the channel mixing of a block adds to x, [T, B, C]."""

    def untuned(self) -> dict[str, Floats]:
        """Return the model's own vectors, and its initial states if its checkpoint has them."""
        shapes = {name: state.shape for name, state in self.states().items()}
        vectors = self.model.vectors
        return {name: vector.reshape(shapes.get(name, -1)) for name, vector in vectors.items()}

    def restrained(self, gradients: dict[str, Floats]) -> dict[str, Floats]:
        """Return gradients without what must not change, though it could."""
        return gradients

    def costs(self, values: Values, batch: Batch) -> NDArray[np.float64]:
        """Return what the wanted tokens of each sequence cost, in nats [B], all their costs added up."""
        run = self.make_pass(self.products, values)
        hidden = self._hidden(run, batch)[0]
        return self._head(hidden, batch, back=False)[0]

    def gradients(
        self, values: Values, batch: Batch, weigh: Weigh
    ) -> tuple[float, dict[str, Floats], NDArray[np.float64]]:
        """Return the loss of a batch, the gradients of the values, and what each sequence costs [B].

        Parameters
        ----------
        values
            Every vector of the model by its name in the checkpoint, and its initial state if it is tuned.
        weigh
            Makes the loss out of the costs of the sequences.
        """
        run = self.make_pass(self.products, values)
        hidden, back = self._hidden(run, batch)
        costs, slopes = self._head(hidden, batch, back=True)
        loss, shares = weigh(costs)
        back(slopes * shares.astype(np.float32)[:, None])  # [T, B, C], shares [B]
        return loss, run.gradients, costs

    def compute_a_little(self) -> None:
        """Learn from one token, which makes the transposes of all matrices."""
        token = np.zeros((1, 1), np.int64)
        batch = Batch(token, token, np.ones((1, 1), np.bool_))
        self.gradients(self.untuned(), batch, lambda costs: (0.0, np.ones_like(costs)))

    def _hidden(self, run: Pass, batch: Batch) -> tuple[Floats, Back]:
        """What the head gets, [T, B, C]."""
        model, backs = self.model, list[Back]()
        x, back = run.norm(self.products.embed(model.embedding, batch.tokens.T), "blocks.0.ln0")
        backs.append(back)
        for layer in range(model.config.layers):
            x, back = self._block(run, x, layer)
            backs.append(back)
        x, back = run.norm(x, "ln_out")
        backs.append(back)

        def all_back(g: Floats) -> Floats:
            while backs:
                g = backs.pop()(g)  # and what it kept is released
            return g

        return x, all_back

    def _block(self, run: Pass, x: Floats, layer: int) -> tuple[Floats, Back]:
        """What x [T, B, C] is after a block."""
        mixed, time_back = self.time_mix(run, x, layer)
        x = x + mixed
        mixed, channel_back = self.channel_mix(run, x, layer)

        def back(g: Floats) -> Floats:
            g = g + channel_back(g)
            return g + time_back(g)

        return x + mixed, back

    def _head(self, hidden: Floats, batch: Batch, *, back: bool) -> tuple[NDArray[np.float64], Floats]:
        """What each sequence costs [B], and the gradient of that [T, B, C]; in parts, as logits are large."""
        head, found = self.model.head, np.zeros_like(hidden)
        places = np.argwhere(batch.wanted.T)  # [n, 2]: token, sequence
        costs = np.zeros(len(batch.tokens))
        step = max(1, HEAD_NUMBERS // self.model.config.vocab_size)
        for start in range(0, len(places), step):
            time, sequence = places[start : start + step].T
            logits = self.products(head, hidden[time, sequence])  # [n, V]
            for row, at, target in zip(logits, sequence, batch.targets[sequence, time], strict=True):
                weighed = self.model.kernel.logits.weigh(row)
                costs[at] += weighed.log_total - float(row[target])
                if back:
                    np.multiply(weighed.weights, np.float32(1 / weighed.total), out=row)  # softmax
                    row[target] -= 1
            if back:
                found[time, sequence] = self.products.back(head, logits)
        return costs, found


def state_names(model: Model) -> list[str]:
    """The names that adapters have for initial states."""
    return [f"blocks.{layer}.att.time_state" for layer in range(model.config.layers)]
