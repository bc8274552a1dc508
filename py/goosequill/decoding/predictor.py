"""A model with its state: tokens in, logits out, checked to be finite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from goosequill.decoding.sampling import Logits, WeighOnce
from goosequill.errors import GoosequillError
from goosequill.kernels import Kernel, Shortlist

MOST_LOGIT = 1e30
"""The largest logit that is used: steps of the decoder multiply logits, and float32 ends at 3.4e38."""


class LanguageModel(Protocol):
    """What the decoder requires of a model; :class:`goosequill.models.Model` provides it."""

    @property
    def config(self) -> Any:
        """Sizes, of which the decoder reads ``vocab_size``."""
        ...

    @property
    def kernel(self) -> Kernel:
        """The kernel, of which the decoder uses the operations over logits."""
        ...

    def new_state(self) -> Any:
        """Return the state of a model that has read nothing."""
        ...

    def forward(self, tokens: Sequence[int], state: Any, *, logits: Any = "last") -> Any:
        """Read tokens into the state and return logits: see :meth:`goosequill.models.Model.forward`."""
        ...


class Predictor:
    """Reads tokens and keeps the logits of the next one.

    Attributes
    ----------
    state
        The model's state after all tokens that it has read.
    logits
        Of the next token; None before the first prediction.
    shortlist
        Which tokens' logits must be exact; None means all (`DecodingConfig.shortlist`).
    operations
        The kernel's operations over logits. They know the highest logit, which was checked.
    guessed, right
        How many tokens were guessed, and how many of them were right (`goosequill.decoding.speculation`).
    """

    guessed = right = 0

    def __init__(
        self,
        model: LanguageModel,
        state: Any = None,
        logits: Logits | None = None,
        *,
        shortlist: Shortlist | None = None,
    ) -> None:
        self.model = model
        self.state = model.new_state() if state is None else state
        self.logits = logits
        self.shortlist = shortlist
        self.operations = WeighOnce(model.kernel.logits)

    def read(self, tokens: Sequence[int], *, predict: bool = True) -> None:
        """Read tokens and, if asked to ``predict``, update ``logits``.

        Raises
        ------
        GoosequillError
            ``model-nan``: the model computed NaN or infinity; the message names the layer.
        """
        wanted = (self.shortlist or "last") if predict else "none"
        logits = self.model.forward(tokens, self.state, logits=wanted)
        if predict:
            self.logits = self._checked(logits)

    def follow(self, token: int, *, left: int) -> None:
        """Read a token of the output and predict the next one; `left` is how many may still be generated."""
        self.read([token])

    def close(self) -> None:
        """Give back what other texts can use; the text has ended."""

    def copy(self) -> Predictor:
        """Return an independent predictor in the same state."""
        return Predictor(self.model, self.state.copy(), self.logits, shortlist=self.shortlist)

    def following(self) -> Logits:
        """Return the logits of the next token; something must have been read."""
        if self.logits is None:
            raise RuntimeError("nothing has been read yet")
        return self.logits

    def _checked(self, raw: Any) -> Logits:
        logits: Logits = np.asarray(raw, np.float32)
        highest = self.operations.argmax(logits)  # past the end if there is a NaN anywhere
        if highest == len(logits) or not abs(logits[highest]) <= MOST_LOGIT:
            raise not_finite(self.state)
        return logits


def check_finite(rows: Logits, state: Any) -> Logits:
    """Return logits [..., V] that were computed without a Predictor, if each row is one that can be used.

    Raises
    ------
    GoosequillError
        ``model-nan``.
    """
    highest = np.abs(rows.max(axis=-1))
    if not (highest <= MOST_LOGIT).all():
        raise not_finite(state)
    return rows


def not_finite(state: Any) -> GoosequillError:
    """Return the error for logits that are not finite, naming the first layer with such a state."""
    arrays = getattr(state, "arrays", {})
    bad = [
        (int(layer), index, name)
        for index, (name, array) in enumerate(arrays.items())
        for layer in np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))[:1]
    ]
    where = f"in layer {min(bad)[0]}, first in its {min(bad)[2]}" if bad else "after the last layer"
    return GoosequillError(
        f"The model computed numbers that are not finite, or too large, {where}.",
        code="model-nan",
        remedy="The file may be corrupt or for another version. Download it again, or load it in float32.",
    )
