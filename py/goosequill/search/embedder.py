"""What an embedding model is to the rest of search: texts in, rows of length 1 out.

Two models may share a space: then the question's vector from one ranks passages' vectors of the other, over
the first dimensions that both have.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SearchError
from goosequill.support.resources import Divisible, Resource

Floats = NDArray[np.float32]
Batch = tuple[list[int], Floats]
"""Indices of texts, and their vectors [len(indices), dimensions]."""


class Embedder(Protocol):
    """An embedding model.

    Attributes
    ----------
    name
        ``"minilm-l6"``, ``"static-minilm"``, ``"rwkv:NAME"`` or ``"endpoint:MODEL"``.
    dimensions
        Numbers in a vector.
    fingerprint
        SHA-256, in hexadecimal, of everything that its vectors depend on. Vectors of another fingerprint must
        not be compared with its own.
    space
        SHA-256 of the axes that its vectors share with another model's; "" if they share none.
    """

    name: str
    dimensions: int
    fingerprint: str
    space: str

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of passages, float32 [n, dimensions], each of length 1."""
        ...

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield the same vectors in batches that take a moment each; their order is the model's choice."""
        ...

    def question(self, text: str) -> Floats:
        """Return the vector of a question, float32 [dimensions], of length 1."""
        ...

    def exported(self, vectors: Floats) -> Floats:
        """Return vectors [n, dimensions] of this embedder as other programs get them from its model."""
        ...

    def imported(self, vectors: Floats) -> Floats:
        """Return vectors [n, dimensions] that other programs got from its model as this embedder's own."""
        ...


@runtime_checkable
class TokenEmbedder(Embedder, Protocol):
    """An embedding model that also reads token ids.

    Attributes
    ----------
    vocabulary
        How many ids there are.
    longest
        Of a text, it reads this many ids.
    """

    vocabulary: int
    longest: int

    def encode(self, text: str) -> list[int]:
        """Return the ids that it reads of a text."""
        ...

    def token_batches(self, texts: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Yield what `batches` does, for texts that are given as ids, each at least one."""
        ...


class BatchEmbedder(ABC):
    """An embedder that is defined by its `batches`, and treats a question like a passage."""

    name: str
    dimensions: int
    fingerprint: str
    space: str = ""

    @abstractmethod
    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield batches of vectors; see `Embedder`."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of texts, float32 [n, dimensions], each of length 1."""
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for rows, found in self.batches(texts):
            vectors[rows] = found
        return vectors

    def question(self, text: str) -> Floats:
        """Return the vector of a question, float32 [dimensions], of length 1."""
        vector: Floats = self.embed([text])[0]
        return vector

    def exported(self, vectors: Floats) -> Floats:
        """Return vectors [n, dimensions] as other programs get them: the same, unless overridden."""
        return vectors

    def imported(self, vectors: Floats) -> Floats:
        """Return vectors [n, dimensions] of other programs as its own: the same, unless overridden."""
        return vectors


def unit_rows(vectors: Floats) -> Floats:
    """Scale each row to length 1; a row of zeros stays.

    Raises
    ------
    SearchError
        ``embedding-nan``: a number is infinite or not a number.
    """
    vectors = np.asarray(vectors, np.float32)
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))[:, None]
    if not np.isfinite(lengths).all():
        raise SearchError("The embedding model returned values that are not numbers.", code="embedding-nan")
    unit: Floats = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit


def fingerprint(*parts: str | bytes) -> str:
    """Return the SHA-256 of several values, in hexadecimal; it depends on where one ends."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little") + data)
    return state.hexdigest()


MOST_TEXTS = 1024
"""Texts of one call of the job ``embed_texts``."""


def embed_texts(embedder: Embedder, texts: Sequence[str], question: bool = False) -> dict[str, Floats]:
    """Embed a few texts for a page: the job ``embed_texts``.

    Parameters
    ----------
    texts
        At most `MOST_TEXTS`; more are left out.
    question
        Whether they are questions, and not passages.

    Returns
    -------
    dict
        ``vectors``: float32 [texts, dimensions], each of length 1.
    """
    given = [str(text) for text in texts[:MOST_TEXTS]]
    if question and given:
        return {"vectors": np.stack([embedder.question(text) for text in given])}
    return {"vectors": embedder.embed(given)}


def as_resource(embedder: Embedder) -> Resource:
    """Return an embedder as what a job keeps, with what the page shows of it."""
    info = {
        "name": embedder.name,
        "dimensions": embedder.dimensions,
        "fingerprint": embedder.fingerprint,
        "space": embedder.space,
        "divisible": isinstance(embedder, Divisible),
    }
    return Resource("embedder", embedder, info)
