"""A loaded RWKV language model as an embedder, an experiment: the mean of its last layer's outputs.

Language models are not trained to put questions near their answers, so this ranks much worse than MiniLM and
than words alone. It needs no second model, and reads any script that the language model knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from goosequill.models import Model
from goosequill.search.embedder import Batch, BatchEmbedder, Floats, as_resource, fingerprint, unit_rows
from goosequill.support.resources import Resource
from goosequill.tokenizers import Tokenizer

MAX_TOKENS = 512
"""The rest of a longer text is ignored."""


class RwkvEmbedder(BatchEmbedder):
    """The mean of a language model's outputs over a text's tokens, without an adapter if it has one.

    Parameters
    ----------
    description
        The model's config.json, or what it has for bare weights; the fingerprint is made from it.
    """

    longest = MAX_TOKENS

    def __init__(self, model: Model, tokenizer: Tokenizer, description: Mapping[str, Any]) -> None:
        self._model, self._tokenizer = model.base, tokenizer
        name = str(description.get("name", "model"))
        self.name = f"rwkv:{name}"
        self.dimensions, self.vocabulary = model.config.width, model.config.vocab_size
        files = [
            f"{entry['name']} {entry['sha256']}"
            for entry in description.get("files", [])
            if isinstance(entry, dict) and {"name", "sha256"} <= entry.keys()
        ]
        sizes = f"{model.config.parameters} {self.dimensions} {model.config.vocab_size}"
        self.fingerprint = fingerprint("rwkv", name, sizes, *sorted(files))

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield the vector of one text after the other."""
        return self.token_batches([self.encode(text) for text in texts])

    def token_batches(self, texts: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Yield the vector of one text, given as ids, after the other."""
        for row, tokens in enumerate(texts):
            yield [row], unit_rows(self._mean(tokens)[None])

    def encode(self, text: str) -> list[int]:
        """Return the ids that the model reads of a text."""
        return self._tokenizer.encode(text)[: self.longest]

    def _mean(self, tokens: Sequence[int]) -> Floats:
        """The mean output [C] of a text's tokens; zeros if it has none."""
        tokens = tokens[: self.longest]
        if not tokens:
            return np.zeros(self.dimensions, np.float32)
        outputs = self._model.hidden(tokens, self._model.new_state())  # [T, C]
        mean: Floats = outputs.mean(axis=0, dtype=np.float32)
        return mean


def open_model(model: Model, tokenizer: Tokenizer, description: Mapping[str, Any]) -> Resource:
    """Keep a loaded language model as an embedder: the job ``open_model_embedder``."""
    return as_resource(RwkvEmbedder(model, tokenizer, description))
