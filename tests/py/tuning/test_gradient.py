"""Every gradient compared with torch's autograd over an independent transcription."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from goosequill.kernels import NumpyKernel
from goosequill.models import load_model
from goosequill.tuning.gradient import Batch
from goosequill.tuning.versions import gradient_of
from tests.py.checkpoints import MAKERS, Tensors, source_of
from tests.py.tuning import oracle

DEFAULT = 2
"""Configurations of each version in `make test`; `make test-rest` has 20."""


class Case:
    """A random small model, a random batch of random lengths, and a random loss."""

    def __init__(self, version: str, seed: int) -> None:
        rng = np.random.default_rng(seed)
        heads = 64 if version == "7" else 16
        sizes = {"layers": int(rng.integers(1, 4)), "width": heads * int(rng.integers(1, 4))}
        vocab, ffn = int(rng.integers(5, 60)), int(rng.integers(8, 100))
        self.tensors: Tensors = MAKERS[version](**sizes, ffn=ffn, vocab=vocab, seed=seed)
        shape = int(rng.integers(1, 5)), int(rng.integers(1, 40))
        tokens, targets = rng.integers(0, vocab, (2, *shape))
        wanted = rng.random(shape) < 0.7
        wanted[0, 0] = True
        self.batch = Batch(tokens, targets, wanted)
        self.shares = rng.normal(size=shape[0])
        self.version, self.rng = version, rng

    def weigh(self, costs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        return float(costs @ self.shares), self.shares


def assert_close(found: NDArray[Any], expected: NDArray[Any], name: str) -> None:
    error = np.linalg.norm(found - expected) / max(1e-6, float(np.linalg.norm(expected)))
    assert found.shape == expected.shape and error <= 1e-4, f"{name}: {error}"


def each_case(test: Any) -> Any:
    seeds = [*range(DEFAULT), *(pytest.param(seed, marks=pytest.mark.rest) for seed in range(DEFAULT, 20))]
    return pytest.mark.parametrize("version", oracle.MODELS)(pytest.mark.parametrize("seed", seeds)(test))


@pytest.mark.parametrize("version", oracle.MODELS)
def test_a_token_takes_as_much_memory_as_is_said(version: str) -> None:
    model = load_model(source_of(MAKERS[version](width=256, ffn=1024)), kernel=NumpyKernel())
    gradient = gradient_of(model)

    def compute(sequences: int) -> int:
        tokens = np.ones((sequences, 65), np.int64)
        batch = Batch(tokens[:, :-1], tokens[:, 1:], np.ones((sequences, 64), np.bool_))
        tracemalloc.reset_peak()
        gradient.gradients(gradient.untuned(), batch, lambda costs: (0.0, np.ones_like(costs)))
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    peaks = [compute(sequences) for sequences in (1, 2, 4)]
    tracemalloc.stop()
    said = 4 * gradient.floats_per_token()
    assert 0.75 * said < (peaks[2] - peaks[1]) / 128 < said


@each_case
def test_every_gradient_is_torchs(version: str, seed: int) -> None:
    case = Case(version, seed)
    gradient = gradient_of(load_model(source_of(case.tensors), kernel=NumpyKernel()))
    states = {
        name: state + case.rng.normal(scale=0.3, size=state.shape).astype(np.float32)
        for name, state in gradient.states().items()
    }
    if seed % 2:
        states = {}
    values = {**gradient.model.vectors, **states}
    loss, gradients, costs = gradient.gradients(values, case.batch, case.weigh)

    leaves = oracle.leaves({**case.tensors, **states})
    batch = case.batch
    expected = oracle.costs(version, leaves, batch.tokens, batch.targets, batch.wanted)
    total = expected @ torch.from_numpy(case.shares)
    total.backward()
    np.testing.assert_allclose(costs, expected.detach().numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gradient.costs(values, batch), costs)
    assert loss == pytest.approx(total.item(), rel=1e-4, abs=1e-4)
    used = {name for name, leaf in leaves.items() if leaf.grad is not None and name in values}
    assert set(gradients) == used == set(values)
    for name, found in gradients.items():
        wanted = leaves[name].grad
        assert wanted is not None
        assert_close(found, wanted.numpy(), name)
