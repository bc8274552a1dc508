"""A model with its state: tokens in, scores out, and a check that the numbers are sound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from goosequill.decoding.sampling import Scores
from goosequill.errors import GoosequillError
from goosequill.kernels import Kernel, Shortlist


class LanguageModel(Protocol):
    """What the decoder asks of a model; :class:`goosequill.models.Model` has it."""

    @property
    def config(self) -> Any:
        """Sizes, of which the decoder reads ``vocab_size``."""
        ...

    @property
    def kernel(self) -> Kernel:
        """What computes, of which the decoder uses the operations over scores."""
        ...

    def new_state(self) -> Any:
        """Return the state of a model that has read nothing."""
        ...

    def forward(self, tokens: Sequence[int], state: Any, *, logits: Any = "last") -> Any:
        """Read tokens into the state and return logits: see :meth:`goosequill.models.Model.forward`."""
        ...


class Predictor:
    """Reads tokens and keeps the scores of what follows.

    Attributes
    ----------
    state
        The model's state after all that was read.
    scores
        What follows; None before anything was predicted.
    shortlist
        Which tokens' scores must be exact; None: all (`DecodingConfig.shortlist`).
    """

    def __init__(
        self,
        model: LanguageModel,
        state: Any = None,
        scores: Scores | None = None,
        *,
        shortlist: Shortlist | None = None,
    ) -> None:
        self.model = model
        self.state = model.new_state() if state is None else state
        self.scores = scores
        self.shortlist = shortlist

    def read(self, tokens: Sequence[int], *, predict: bool = True) -> None:
        """Read tokens; ``scores`` then says what follows, if that is wanted.

        Raises
        ------
        GoosequillError
            ``model-nan``: the model's numbers broke down; the message names the layer.
        """
        wanted = (self.shortlist or "last") if predict else "none"
        logits = self.model.forward(tokens, self.state, logits=wanted)
        if predict:
            self.scores = self._sound(logits)

    def copy(self) -> Predictor:
        """Return an independent predictor at the same place."""
        return Predictor(self.model, self.state.copy(), self.scores, shortlist=self.shortlist)

    def following(self) -> Scores:
        """Return the scores of what follows; something must have been read."""
        if self.scores is None:
            raise RuntimeError("nothing was read yet")
        return self.scores

    def _sound(self, logits: Any) -> Scores:
        scores: Scores = np.asarray(logits, np.float32)
        # A NaN anywhere makes the highest NaN.
        if not math.isfinite(self.model.kernel.logits.highest(scores)):
            raise broken_down(self.state)
        return scores


def broken_down(state: Any) -> GoosequillError:
    """Return the error for scores that are no numbers, naming the first layer whose state holds one."""
    arrays = getattr(state, "arrays", {})
    bad = [
        (int(layer), place, name)
        for place, (name, array) in enumerate(arrays.items())
        for layer in np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))[:1]
    ]
    where = f"in layer {min(bad)[0]}, first seen in its {min(bad)[2]}" if bad else "after the last layer"
    return GoosequillError(
        f"The model's numbers broke down {where}: its scores are not numbers any more.",
        code="model-nan",
        remedy="The file may be damaged or made for another version; fetch it again, or load it unquantised.",
    )
