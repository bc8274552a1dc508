"""MiniLM equals transformers' BertModel with mean pooling, which is what sentence-transformers runs."""

import ctypes
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scripts.search.original import HEADS, VOCABULARY, WEIGHTS, OriginalTensors

from goosequill.errors import GoosequillError
from goosequill.kernels import SimdKernel, abi, load_kernel
from goosequill.search.embedder import Embedder, Floats
from goosequill.search.embedders import open_folder
from goosequill.search.minilm import MiniLM, pack
from goosequill.tokenizers.wordpiece import WordPiece, load_wordpiece
from goosequill.weights.formats.safetensors import SafetensorsSource
from goosequill.weights.packing import PANEL
from goosequill.weights.source import FileSource
from tests.py.refusals import refused

from . import encoder

KERNELS = ("numpy", "native")
ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "dist" / "models" / "minilm"
needs_weights = pytest.mark.skipif(not WEIGHTS.is_file(), reason="the vendored weights are not here")


class Tensors:
    """A TensorSource over arrays."""

    format = "test"

    def __init__(self, arrays: dict[str, Floats]) -> None:
        self.metadata: dict[str, Any] = {}
        self.arrays = arrays

    def names(self) -> list[str]:
        return list(self.arrays)

    def shape(self, name: str) -> tuple[int, ...]:
        return self.arrays[name].shape

    def dtype(self, name: str) -> str:
        return "F32"

    def read(self, name: str) -> Floats:
        return self.arrays[name]


def reference(arrays: dict[str, Floats], ids: Sequence[Sequence[int]], heads: int) -> Floats:
    """The vectors of texts by transformers, one text at a time."""
    from transformers import BertConfig, BertModel  # takes seconds, in each worker that collects this

    width = arrays["embeddings.LayerNorm.bias"].size
    config = BertConfig(
        vocab_size=arrays["embeddings.word_embeddings.weight"].shape[0],
        hidden_size=width,
        num_hidden_layers=sum("self.query.weight" in name for name in arrays),
        num_attention_heads=heads,
        intermediate_size=arrays["encoder.layer.0.intermediate.dense.bias"].size,
        max_position_embeddings=arrays["embeddings.position_embeddings.weight"].shape[0],
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    state = {name: torch.tensor(array) for name, array in arrays.items() if not name.startswith("pooler")}
    model.load_state_dict(state)
    found = []
    with torch.inference_mode():
        for text in ids:
            mean = model(torch.tensor([list(text)])).last_hidden_state[0].mean(dim=0)
            found.append((mean / mean.norm()).numpy())
    return np.stack(found)


def sentences() -> list[str]:
    """Texts of 0 to 400 words of English, and some with what no vocabulary has."""
    words = (ROOT / "README.md").read_text("utf-8").split()
    lengths = (0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 90, 150, 250, 400)
    made = [" ".join(words[7 * at : 7 * at + length]) for at, length in enumerate(lengths)]
    asked = [
        "hello",
        "How do I make the text less random?",
        "I'm getting a lot of heartburn.",
        "日本 \U0001f600",
    ]
    about = ("the knee", "Paris", "insurance", "bread", "a thunderstorm", "jealousy", "the train", "chess")
    return [*asked, *made, *(f"What is {thing}, and where is it?" for thing in about)]


def cosines(a: Floats, b: Floats) -> Floats:
    result: Floats = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return result


@pytest.fixture(scope="module")
def published() -> tuple[list[str], Floats]:
    """Texts, and their vectors by the published model."""
    texts, tokenizer = sentences(), load_wordpiece(VOCABULARY.read_bytes())
    ids = [tokenizer.encode(text, limit=256) for text in texts]
    tensors = OriginalTensors()
    return texts, reference({name: tensors.read(name) for name in tensors.names()}, ids, HEADS)


@needs_weights
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_published_model_gives_the_published_vectors(
    kernel: str, published: tuple[list[str], Floats]
) -> None:
    texts, expected = published
    tokenizer = load_wordpiece(VOCABULARY.read_bytes())
    model = MiniLM(OriginalTensors(), tokenizer, load_kernel(kernel), heads=HEADS)
    assert cosines(model.embed(texts), expected).min() > 0.9999


@needs_weights
@pytest.mark.skipif(not (FOLDER / "config.json").is_file(), reason="the site has not been built")
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_quantized_model_is_close_and_only_rotated(
    kernel: str, published: tuple[list[str], Floats]
) -> None:
    texts, expected = published
    model = open_folder(FOLDER, load_kernel(kernel))
    rotation = SafetensorsSource(FileSource(FOLDER / "model.safetensors")).read("rotation")
    vectors = model.embed(texts)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert cosines(vectors @ np.asarray(rotation, np.float32), expected).min() > 0.999
    assert np.abs(vectors @ vectors.T - expected @ expected.T).max() < 0.03


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_small_encoder_equals_transformers_in_any_batch(kernel: str) -> None:
    arrays = encoder.encoder_tensors(3)
    model = MiniLM(Tensors(arrays), WordPiece(encoder.PIECES), load_kernel(kernel), heads=encoder.HEADS)
    source = random.Random(1)
    texts = [[source.randrange(30) for _ in range(length)] for length in (1, 2, 2, 3, 7, 16, 39, 40)]
    expected = reference(arrays, texts, encoder.HEADS)
    assert cosines(model.embed_pieces(texts), expected).min() > 0.99999
    alone = np.concatenate([model.embed_pieces([text]) for text in texts])
    assert np.abs(alone - model.embed_pieces(texts)).max() < 1e-5


def test_vectors_do_not_depend_on_the_order_of_texts(tmp_path: Path) -> None:
    model: Embedder = open_folder(encoder.write_folder(tmp_path))
    texts = ["a", "", "abc. d", "zzz", "ab " * 100, "a"]
    vectors = model.embed(texts)
    assert np.abs(vectors[::-1] - model.embed(texts[::-1])).max() < 1e-5
    assert np.abs(model.question("abc. d") - vectors[2]).max() < 1e-5
    assert model.embed([]).shape == (0, encoder.WIDTH)
    assert isinstance(model, MiniLM)
    ((_, wanted),), long = model.batches(["ab " * 1_000]), model.encode("ab " * 1_000)
    ((_, read),) = model.token_batches([[*long, 1]])  # of too many, it reads the first
    assert np.array_equal(read, wanted)
    done = [row for rows, _ in model.batches(texts) for row in rows]
    assert sorted(done) == list(range(len(texts)))


def test_divided_products_give_the_same_vectors() -> None:
    """Threads have memory for few tokens, so a long text's products are divided in parts."""
    kernel = load_kernel("native")
    assert isinstance(kernel, SimdKernel)
    field, calls = abi.FIELDS["product"], 0

    @ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.POINTER(ctypes.c_ssize_t))
    def share(step: Any) -> int:
        """Compute each product's first panel, then the others."""
        nonlocal calls
        at = calls % 3
        calls += 1
        for product in range(step[field["joined"]]):
            words = product * abi.LIMITS["step_words"]
            assert step[words + field["tokens"]] <= abi.LIMITS["chunk"]
            rows = step[words + field["rows"]]
            first, end = [(0, PANEL), (PANEL, rows), (0, 0)][at]
            step[words + field["first_row"]] = min(first, rows)
            step[words + field["end_row"]] = min(end, rows)
        return at < 2

    model = MiniLM(
        Tensors(encoder.encoder_tensors(3)), WordPiece(encoder.PIECES), kernel, heads=encoder.HEADS
    )
    texts = [[each % 30 for each in range(length)] for length in (1, 5, 40, 38, 40, 40, 40)]
    alone = model.embed_pieces(texts)
    kernel.divide(ctypes.cast(share, ctypes.c_void_p).value)
    divided = [model.embed_pieces(texts), model.embed_pieces(texts[:1])]
    kernel.divide(None)
    assert calls > 100 and calls % 3 == 0
    np.testing.assert_array_equal(divided[0], alone)
    assert np.abs(divided[1] - alone[:1]).max() < 1e-5


def test_batches_are_bounded() -> None:
    texts = [[0] * length for length in (5, 300, 1, 1, 256, 4, 256)]
    batches = list(pack(texts, 256))
    assert [len(rows) for rows, _ in batches] == [4, 1, 1, 1]
    assert sorted(row for rows, _ in batches for row in rows) == list(range(7))


@pytest.mark.parametrize(
    ("name", "shape", "code"),
    [
        ("embeddings.word_embeddings.weight", None, "tensor-missing"),
        ("embeddings.word_embeddings.weight", (30,), "tensor-shape"),
        ("embeddings.word_embeddings.weight", (7, 32), "tensor-shape"),
        ("embeddings.word_embeddings.weight", (30, 33), "tensor-shape"),
        ("embeddings.position_embeddings.weight", (1, 32), "tensor-shape"),
        ("embeddings.position_embeddings.weight", (40, 8), "tensor-shape"),
        ("embeddings.token_type_embeddings.weight", (7,), "tensor-shape"),
        ("encoder.layer.1.output.dense.weight", (48, 32), "tensor-shape"),
        ("encoder.layer.0.intermediate.dense.weight", (48, 1), "tensor-shape"),
        ("encoder.layer.1.attention.self.key.bias", None, "tensor-missing"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(
    name: str, shape: tuple[int, ...] | None, code: str
) -> None:
    arrays = encoder.encoder_tensors()
    if shape is None:
        del arrays[name]
    else:
        arrays[name] = np.zeros(shape, np.float32)
    with refused(GoosequillError, code):
        MiniLM(Tensors(arrays), WordPiece(encoder.PIECES), load_kernel("numpy"), heads=encoder.HEADS)


def test_values_that_are_not_numbers_are_reported() -> None:
    arrays = encoder.encoder_tensors()
    arrays["embeddings.LayerNorm.bias"][0] = np.nan
    model = MiniLM(Tensors(arrays), WordPiece(encoder.PIECES), load_kernel("numpy"), heads=encoder.HEADS)
    with refused(GoosequillError, "embedding-nan"):
        model.embed(["a"])
