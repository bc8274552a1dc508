"""MiniLM: BERT's encoder, and the mean of its output as the vector of a text (arXiv:2002.10957, 1908.10084).

Glossary (code, the papers' symbol, the checkpoint's name in encoder.layer.N):

query, key, value   Q K V   attention.self.query, .key, .value
mixed               W^O     attention.output.dense, then attention.output.LayerNorm
up, down            W1 W2   intermediate.dense, output.dense, then output.LayerNorm
words, positions            embeddings.word_embeddings, .position_embeddings and .token_type_embeddings
rotation                    ours: the principal axes of English definitions, the most important first

Shapes in comments: T pieces of all texts of a batch, one after the other; C width, F inner width, n texts.
Differs from sentence-transformers in that texts are packed, not padded, and in that vectors are rotated in
the end, which changes no cosine: their first 256 numbers are the space of `static_table`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from goosequill.errors import FileFormatError
from goosequill.kernels import Kernel
from goosequill.models.parameters import Parameters
from goosequill.search.embedder import Batch, BatchEmbedder, Floats, unit_rows
from goosequill.tokenizers.wordpiece import WordPiece
from goosequill.weights.source import TensorSource

EPS = 1e-12
MAX_PIECES = 256
"""What the model was trained for; the rest of a longer text is ignored."""
MAX_LAYERS = 64
MAX_WIDTH = 4096
MAX_ROWS = 256
"""Pieces in a batch: enough to read each matrix rarely, few enough that a question waits only a moment."""

SAMPLE = 64
"""Pieces of the text by which threads are timed."""


@dataclass(frozen=True)
class Linear:
    """A matrix [out, in] and its bias [out]."""

    weight: Any
    bias: Any


@dataclass(frozen=True)
class Norm:
    """Weight and bias of a normalization."""

    weight: Any
    bias: Any


@dataclass(frozen=True)
class Layer:
    """Parameters of one layer: attention, then two products with GELU between them."""

    query: Linear
    key: Linear
    value: Linear
    mixed: Linear
    mixed_norm: Norm
    up: Linear
    down: Linear
    down_norm: Norm


class MiniLM(BatchEmbedder):
    """A BERT encoder with mean pooling.

    Parameters
    ----------
    tensors
        A checkpoint with the names of transformers' BertModel; matrices in full precision or 8 bits.
    heads
        Heads of attention.
    rotation
        Axes of the vectors, float32 [C, C], orthogonal, a row an axis; None leaves the vectors as they are.

    Raises
    ------
    FileFormatError
        ``tensor-missing``, ``tensor-shape``: the checkpoint is not such an encoder.
    """

    def __init__(
        self,
        tensors: TensorSource,
        tokenizer: WordPiece,
        kernel: Kernel,
        *,
        heads: int = 12,
        rotation: Floats | None = None,
        name: str = "minilm-l6",
        fingerprint: str = "",
        space: str = "",
    ) -> None:
        self.name, self.fingerprint, self.space = name, fingerprint, space
        self.kernel = kernel
        self._tokenizer = tokenizer
        self._heads = heads
        words, positions = f"{_EMBEDDINGS}word_embeddings.weight", f"{_EMBEDDINGS}position_embeddings.weight"
        vocabulary, self.dimensions = _matrix_shape(tensors, words)
        if self.dimensions > MAX_WIDTH or not 1 <= heads <= 256 or self.dimensions % heads:
            raise _wrong_shape(words, (vocabulary, self.dimensions))
        if vocabulary != tokenizer.vocab_size:
            raise _wrong_shape(words, (vocabulary, self.dimensions), f"{tokenizer.vocab_size:,} rows")
        parameters = Parameters(tensors, kernel)
        self.vocabulary = vocabulary
        self._words = parameters.table(words, (vocabulary, self.dimensions))
        self._positions = kernel.table(self._read_positions(parameters, _matrix_shape(tensors, positions)[0]))
        self._norm = self._read_norm(parameters, f"{_EMBEDDINGS}LayerNorm")
        count = sum(name.endswith(".attention.self.query.weight") for name in tensors.names())
        if not 1 <= count <= MAX_LAYERS:
            raise _wrong_shape(f"{_LAYERS}N", (count,), f"1 to {MAX_LAYERS} layers")
        inner = _matrix_shape(tensors, f"{_LAYERS}0.intermediate.dense.weight")[0]
        self._layers = [self._read_layer(parameters, f"{_LAYERS}{layer}.", inner) for layer in range(count)]
        if rotation is not None and rotation.shape != (self.dimensions, self.dimensions):
            raise _wrong_shape("rotation", rotation.shape)
        self._rotation = None if rotation is None else kernel.matrix(rotation)
        self._axes = rotation

    def _read_positions(self, parameters: Parameters, rows: int) -> Floats:
        """Position rows and the row of the only token type, [pieces, C]."""
        if not 2 <= rows <= 1 << 16:
            raise _wrong_shape(f"{_EMBEDDINGS}position_embeddings.weight", (rows, self.dimensions))
        self.longest = min(MAX_PIECES, rows)
        name, size = f"{_EMBEDDINGS}position_embeddings.weight", rows * self.dimensions
        places = parameters.array(name, size).reshape(rows, self.dimensions)[: self.longest]
        name = f"{_EMBEDDINGS}token_type_embeddings.weight"
        types = parameters.array(name)
        if types.ndim != 2 or types.shape[1] != self.dimensions or not len(types):
            raise _wrong_shape(name, types.shape)
        return np.ascontiguousarray(places + types[0], np.float32)

    def _read_norm(self, parameters: Parameters, name: str) -> Norm:
        width = self.dimensions
        return Norm(parameters.vector(f"{name}.weight", width), parameters.vector(f"{name}.bias", width))

    def _read_layer(self, parameters: Parameters, at: str, inner: int) -> Layer:
        def linear(name: str, rows: int, columns: int) -> Linear:
            weight = parameters.matrix(f"{at}{name}.weight", (rows, columns))
            return Linear(weight, parameters.vector(f"{at}{name}.bias", rows))

        c = self.dimensions
        return Layer(
            query=linear("attention.self.query", c, c),
            key=linear("attention.self.key", c, c),
            value=linear("attention.self.value", c, c),
            mixed=linear("attention.output.dense", c, c),
            mixed_norm=self._read_norm(parameters, f"{at}attention.output.LayerNorm"),
            up=linear("intermediate.dense", inner, c),
            down=linear("output.dense", c, inner),
            down_norm=self._read_norm(parameters, f"{at}output.LayerNorm"),
        )

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield (indices of texts, their vectors), texts of similar length together."""
        return self.token_batches([self.encode(text) for text in texts])

    def token_batches(self, texts: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Yield the same for texts that are given as ids."""
        for rows, pieces in pack([ids[: self.longest] for ids in texts], MAX_ROWS):
            yield rows, self._embed_pieces(pieces)

    def encode(self, text: str) -> list[int]:
        """Return the ids that the model reads of a text."""
        return self._tokenizer.encode(text, limit=self.longest)

    def embed_pieces(self, texts: Sequence[Sequence[int]]) -> Floats:
        """Return the vectors of texts given as ids, float32 [n, C]."""
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for rows, pieces in pack(texts, MAX_ROWS):
            vectors[rows] = self._embed_pieces(pieces)
        return vectors

    def compute_a_little(self) -> None:
        """Embed a text of ordinary length, to be timed."""
        self._embed_pieces([[0] * min(SAMPLE, self.longest)])

    def _embed_pieces(self, texts: Sequence[Sequence[int]]) -> Floats:
        lengths = [len(pieces) for pieces in texts]
        ids = [piece for pieces in texts for piece in pieces]
        out = self._run(ids, partial(self._forward, lengths=lengths))  # [T, C]
        starts = np.cumsum([0, *lengths[:-1]])
        sums: Floats = np.add.reduceat(out, starts, axis=0)  # [T, C] -> [n, C]
        means = sums / np.array(lengths, np.float32)[:, None]
        return unit_rows(means if self._rotation is None else self._rotate(means))

    def exported(self, vectors: Floats) -> Floats:
        """Return vectors [n, C] in the checkpoint's own axes, which other programs have."""
        return vectors if self._axes is None else unit_rows(vectors @ self._axes)

    def imported(self, vectors: Floats) -> Floats:
        """Return vectors [n, C] of other programs in the rotated axes."""
        return vectors if self._axes is None else unit_rows(vectors @ self._axes.T)

    def _rotate(self, vectors: Floats) -> Floats:
        kernel = self.kernel
        x = np.ascontiguousarray(vectors, np.float32)
        return self._run([0] * len(x), lambda _: kernel.product(self._rotation, kernel.bind(x)))

    def _run(self, ids: Sequence[int], build: Callable[[Any], Any]) -> Floats:
        out = self.kernel.run(
            ids, build, programs={}, key=None
        )  # lengths differ, so no program is used again
        assert out is not None  # build returns a tensor
        return out

    def _forward(self, ids: Any, *, lengths: Sequence[int]) -> Any:
        kernel = self.kernel
        places = kernel.positions(self._positions, lengths)
        x = kernel.add(kernel.embed(self._words, ids), places)  # [T] -> [T, C]
        x = self._normalize(x, self._norm)
        for layer in self._layers:
            x = self._normalize(kernel.add(x, self._attend(x, layer, lengths)), layer.mixed_norm)
            inner = kernel.product(layer.up.weight, x, bias=layer.up.bias, activation="gelu")  # -> [T, F]
            down = kernel.product(layer.down.weight, inner, bias=layer.down.bias)  # -> [T, C]
            x = self._normalize(kernel.add(x, down), layer.down_norm)
        return x

    def _attend(self, x: Any, layer: Layer, lengths: Sequence[int]) -> Any:
        """Self-attention within each text, [T, C] -> [T, C]."""
        kernel = self.kernel
        q, k, v = (
            kernel.product(each.weight, x, bias=each.bias)  # [T, C] @ [C, C] -> [T, C]
            for each in (layer.query, layer.key, layer.value)
        )
        mixed = kernel.attention(q, k, v, lengths, heads=self._heads)
        return kernel.product(layer.mixed.weight, mixed, bias=layer.mixed.bias)

    def _normalize(self, x: Any, norm: Norm) -> Any:
        return self.kernel.layer_norm(x, norm.weight, norm.bias, eps=EPS)


_EMBEDDINGS = "embeddings."
_LAYERS = "encoder.layer."


def pack(texts: Sequence[Sequence[int]], most: int) -> Iterator[tuple[list[int], list[Sequence[int]]]]:
    """Yield (indices, texts) of batches with at most this many pieces, or one longer text; shortest first."""
    rows: list[int] = []
    total = 0
    for row in sorted(range(len(texts)), key=lambda row: len(texts[row])):
        if rows and total + len(texts[row]) > most:
            yield rows, [texts[each] for each in rows]
            rows, total = [], 0
        rows.append(row)
        total += len(texts[row])
    if rows:
        yield rows, [texts[each] for each in rows]


def _matrix_shape(tensors: TensorSource, name: str) -> tuple[int, int]:
    if name not in tensors.names():
        raise FileFormatError(f"The embedding model's tensor {name!r} is missing.", code="tensor-missing")
    shape = tensors.shape(name)
    if len(shape) != 2 or not all(shape):
        raise _wrong_shape(name, shape)
    return shape[0], shape[1]


def _wrong_shape(name: str, shape: Sequence[int], expected: str = "") -> FileFormatError:
    hint = f" but should have {expected}" if expected else ", which this kind of model cannot have"
    return FileFormatError(
        f"The tensor {name!r} of the embedding model has the shape {list(shape)}{hint}.", code="tensor-shape"
    )
