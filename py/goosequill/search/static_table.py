"""A table with a vector for each WordPiece, fitted to MiniLM: a text's vector is the mean over its pieces.

It takes microseconds where MiniLM takes milliseconds, and its vectors are in MiniLM's space: a question's
vector from here ranks passages' vectors from there. scripts/search/fit_table.py made it, and says how.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from goosequill.errors import FileFormatError
from goosequill.search.embedder import Batch, BatchEmbedder, Floats, unit_rows
from goosequill.tokenizers.wordpiece import WordPiece
from goosequill.weights.quantize import QuantizedMatrix

MAX_PIECES = 4096
"""The rest of a longer text is ignored."""
MAX_DIMENSIONS = 4096
BATCH = 512
"""Texts."""


class StaticTable(BatchEmbedder):
    """Mean vectors of pieces.

    Parameters
    ----------
    table
        [vocabulary, dimensions]; each row already has the weight of its piece.

    Raises
    ------
    FileFormatError
        ``tensor-shape``: the table does not fit the vocabulary.
    """

    longest = MAX_PIECES

    def __init__(
        self,
        table: QuantizedMatrix | Floats,
        tokenizer: WordPiece,
        *,
        name: str = "static-minilm",
        fingerprint: str = "",
        space: str = "",
    ) -> None:
        self.name, self.fingerprint, self.space = name, fingerprint, space
        if len(table.shape) != 2 or table.shape[0] != tokenizer.vocab_size or table.shape[1] > MAX_DIMENSIONS:
            raise FileFormatError(
                f"The table has the shape {list(table.shape)}, but the vocabulary has "
                f"{tokenizer.vocab_size:,} pieces.",
                code="tensor-shape",
            )
        self.vocabulary, self.dimensions = table.shape
        self._table = table
        self._tokenizer = tokenizer

    @property
    def rows(self) -> Floats:
        """The table, float32 [vocabulary, dimensions], computed at each call."""
        return self._table.dequantize() if isinstance(self._table, QuantizedMatrix) else self._table

    @property
    def pieces(self) -> list[str]:
        """The pieces of the vocabulary, by their ids."""
        return self._tokenizer.vocabulary

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield (indices of texts, their vectors)."""
        for start in range(0, len(texts), BATCH):
            pieces = [self.encode(text) for text in texts[start : start + BATCH]]
            for rows, vectors in self.token_batches(pieces):
                yield [start + row for row in rows], vectors

    def token_batches(self, texts: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Yield the same for texts that are given as ids."""
        for start in range(0, len(texts), BATCH):
            rows = list(range(start, min(start + BATCH, len(texts))))
            yield rows, unit_rows(np.array([self._mean(texts[row]) for row in rows], np.float32))

    def encode(self, text: str) -> list[int]:
        """Return the ids that the table reads of a text, without special tokens."""
        return self._tokenizer.pieces(text, limit=self.longest)

    def _mean(self, ids: Sequence[int]) -> Floats:
        """The mean vector [dimensions] of pieces; zeros without any."""
        ids = list(ids[: self.longest])
        return self._sum(ids) / np.float32(max(len(ids), 1))

    def _sum(self, ids: Sequence[int]) -> Floats:
        table = self._table
        if not isinstance(table, QuantizedMatrix):
            result: Floats = table[ids].sum(axis=0, dtype=np.float32)
            return result
        scaled: Floats = np.einsum("n,nd->d", table.scales[ids], table.values[ids], dtype=np.float32)
        return scaled
