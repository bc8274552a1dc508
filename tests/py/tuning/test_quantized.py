"""Gradients of a model in 8 and 4 bits, whose matrices go back through transposes in 8 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from goosequill.kernels import NumpyKernel, load_kernel
from goosequill.loading.load import LoadedModel, load_path
from goosequill.models import Model, load_model
from goosequill.tuning.gradient import Batch
from goosequill.tuning.versions import gradient_of
from goosequill.weights.quantize import bits_for, quantize
from tests.py.checkpoints import MAKERS, Tensors, source_of
from tests.py.conftest import MODEL


def cosine(one: Model, other: Model, tokens: NDArray[np.int64]) -> float:
    """Of the gradients of all vectors of two models."""
    batch, found = Batch(tokens[:, :-1], tokens[:, 1:], np.ones(tokens[:, 1:].shape, np.bool_)), []
    for model in (one, other):
        gradient = gradient_of(model)
        _, each, _ = gradient.gradients(gradient.untuned(), batch, lambda costs: (0.0, np.ones_like(costs)))
        found.append(np.concatenate([each[name] for name in sorted(each)]))
    return float(found[0] @ found[1] / np.linalg.norm(found[0]) / np.linalg.norm(found[1]))


def rounded(tensors: Tensors, bits: Any) -> Tensors:
    """The tensors with the values that their quantized forms have."""
    kept = {name: bits and bits_for(name, tensor.shape, bits) for name, tensor in tensors.items()}
    return {
        name: quantize(tensor, kept[name]).dequantize() if kept[name] else tensor
        for name, tensor in tensors.items()
    }


@pytest.mark.parametrize("version", ["4", "7"])
@pytest.mark.parametrize(("bits", "least"), [(None, 0.99999), (8, 0.999), (4, 0.99)])
def test_random_models(version: str, bits: Any, least: float) -> None:
    """In 4 bits the inputs of products are rounded to 8, which costs most where weights are noise."""
    tensors = MAKERS[version](layers=2, width=128, ffn=256, vocab=64)
    model = load_model(source_of(tensors), kernel=load_kernel("native"), quantize=bits)
    plain = load_model(source_of(rounded(tensors, bits)), kernel=NumpyKernel())
    assert cosine(model, plain, np.random.default_rng(0).integers(0, 64, (3, 41))) > least


def test_the_model_that_the_site_ships(loaded: LoadedModel) -> None:
    plain = load_path(MODEL, kernel=NumpyKernel())
    text = "It was a dark evening in November, and the wind beat hard against the windows of the old house."
    assert cosine(loaded.model, plain.model, np.array([[0, *loaded.tokenizer.encode(text)]])) > 0.999
