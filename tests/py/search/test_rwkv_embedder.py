"""A language model's mean outputs as vectors."""

from collections.abc import Callable

import numpy as np
import pytest

from goosequill.kernels import load_kernel
from goosequill.models import load_model
from goosequill.search.rwkv_embedder import MAX_TOKENS, RwkvEmbedder, open_model
from goosequill.tokenizers import load_tokenizer
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode
from tests.py import checkpoints
from tests.py.checkpoints import source_of

DESCRIPTION = {"name": "small", "files": [{"name": "model.safetensors", "sha256": "ab"}]}


def embedder(kernel: str, make: Callable[..., checkpoints.Tensors] = checkpoints.rwkv4) -> RwkvEmbedder:
    weights = b"".join(encode(make(vocab=256).items()))
    model = load_model(open_tensors(BytesSource(weights)), kernel=load_kernel(kernel))
    return RwkvEmbedder(model, load_tokenizer("byte"), DESCRIPTION)


@pytest.mark.parametrize("make", [checkpoints.rwkv4, checkpoints.rwkv7])
def test_the_outputs_before_the_head_give_the_logits(make: Callable[..., checkpoints.Tensors]) -> None:
    weights = make(vocab=256)
    tensors = source_of(weights)
    model = load_model(tensors, kernel=load_kernel("numpy"))
    tokens = [number % 256 for number in range(0, 900, 7)]  # more than a chunk
    outputs = model.hidden(tokens, model.new_state())
    logits = model.forward(tokens, model.new_state(), logits="all")
    assert outputs.shape == (len(tokens), model.config.width)
    assert np.allclose(outputs @ weights["head.weight"].astype(np.float32).T, logits, atol=2e-3)


def test_kernels_agree_and_texts_do_not_influence_each_other() -> None:
    native, numpy = embedder("native"), embedder("numpy")
    texts = ["abc", "a longer text, of more than one chunk " * 4, ""]
    vectors = native.embed(texts)
    assert np.abs(vectors - numpy.embed(texts)).max() < 1e-3
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 1, 0], atol=1e-5)
    assert np.abs(native.embed(texts[:1])[0] - native.embed(texts[::-1])[2]).max() < 1e-5
    assert np.array_equal(native.question("x" * MAX_TOKENS), native.question("x" * 3 * MAX_TOKENS))


def test_it_is_named_after_the_model_and_kept_by_a_job() -> None:
    first = embedder("numpy")
    assert first.name == "rwkv:small" and first.space == ""
    assert first.fingerprint == embedder("numpy").fingerprint
    assert first.fingerprint != embedder("numpy", checkpoints.rwkv7).fingerprint
    kept = open_model(first._model, first._tokenizer, {})
    assert kept.kind == "embedder" and kept.info["name"] == "rwkv:model"
