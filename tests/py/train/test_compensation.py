"""Compensated rounding: as the method defines it, stored without another error, closer for real inputs."""

import json

import numpy as np
import pytest
import torch
from scripts.train import compensation, rounding, train
from scripts.train.model import Rwkv, Size

from goosequill.weights import quantize
from tests.py.train.test_train import SMALL


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GOOSEQUILL_TRAIN_DIR", str(tmp_path))
    random = np.random.default_rng(0)
    for name, count in (("train", 2000), ("decay", 100_000), ("valid", 1000)):
        np.save(tmp_path / f"{name}.npy", random.integers(64, size=count).astype(np.uint16))
    (tmp_path / "valid.txt").write_text("x" * 3000)
    return tmp_path


def weights_and_inputs(rows=8, columns=128):
    """Weights, and inputs of which many say nearly the same."""
    random = np.random.default_rng(3)
    weights = random.standard_normal((rows, columns)).astype(np.float32)
    inputs = random.standard_normal((2000, 20)) @ random.standard_normal((20, columns))
    return weights, (inputs + 0.3 * random.standard_normal(inputs.shape)).astype(np.float32)


def by_definition(weights, products):
    """Optimal brain quantization: after each column the best values of those that are left, in float64."""
    products = products.astype(np.float64)
    order = np.argsort(-products.diagonal(), kind="stable")
    products += 0.01 * products.diagonal().mean() * np.eye(len(products))
    scales = quantize(weights, 4).scales.astype(np.float64)
    left, values = weights.astype(np.float64), np.empty(weights.shape)
    for index, column in enumerate(order):
        step = scales[:, column // 64]
        found = np.clip(np.rint(left[:, column] / step), -8, 7)
        group = np.abs(weights[:, column // 64 * 64 :][:, :64])
        found[group.argmax(1) == column % 64] = -8
        values[:, column] = found * step
        rest = order[index:]
        inverse = np.linalg.inv(products[np.ix_(rest, rest)])
        error = left[:, column] - values[:, column]
        left[:, rest] -= np.outer(error / inverse[0, 0], inverse[0])
    return values


def test_columns_are_rounded_and_compensated_as_defined():
    weights, inputs = weights_and_inputs()
    products = inputs.T @ inputs
    found = compensation.compensate(torch.from_numpy(weights.copy()), torch.from_numpy(products)).numpy()
    expected = by_definition(weights, products)
    assert np.isclose(found, expected, atol=1e-5).mean() > 0.99  # sums in another order may tip a few


def test_what_is_rounded_is_stored_as_it_is_and_gives_closer_outputs():
    weights, inputs = weights_and_inputs(rows=64, columns=192)
    weights[5] = 0
    weights[6, 64:128] *= 1e-9
    found = compensation.compensate(
        torch.from_numpy(weights.copy()), torch.from_numpy(inputs.T @ inputs)
    ).numpy()
    nearest = quantize(weights, 4)
    stored = quantize(found, 4)
    assert np.array_equal(stored.dequantize(), found)
    assert np.array_equal(stored.scales, nearest.scales)

    def error(rounded):
        return np.square(inputs @ (rounded - weights).T).sum()

    assert error(found) < 0.6 * error(nearest.dequantize())


@pytest.mark.parametrize("version", ["4", "7"])
def test_products_are_those_of_what_a_layer_reads(version, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GOOSEQUILL_TRAIN_DIR", str(tmp_path_factory.getbasetemp() / "train"))
    torch.manual_seed(1)
    model = Rwkv(Size(version, layers=2, width=64, ffn_width=128, vocab_size=50))
    batches = [torch.randint(50, (2, 32)) for _ in range(2)]
    for mix in (model.blocks[1].att, model.blocks[1].ffn):
        layers = [layer for layer in mix.children() if isinstance(layer, torch.nn.Linear)]
        read = {layer: [] for layer in layers}
        hooks = [
            layer.register_forward_hook(lambda layer, inputs, _, read=read: read[layer].append(inputs[0]))
            for layer in layers
        ]
        with torch.no_grad():
            for batch in batches:
                model(batch)
        for hook in hooks:
            hook.remove()
        for part in (layers[:-1], layers[-1:]):
            for layer, found in zip(part, compensation.products_of(model, part, batches), strict=True):
                inputs = torch.cat(read[layer]).flatten(0, 1)
                torch.testing.assert_close(found, inputs.T @ inputs)


def test_a_run_is_rounded_from_another_one_and_again(folder):
    train.main(["--run", "stable", "--steps", "2", *SMALL])
    for _ in range(2):
        compensation.main(["--run", "rounded", "--branch-of", "stable"])
    stable, found = (
        torch.load(folder / "runs" / run / "last.pt", weights_only=True) for run in ("stable", "rounded")
    )
    assert found["step"] == stable["step"] and found["origin"] == stable["origin"]
    for name, value in found["average"].items():
        own = stable["average"][name]
        if value.ndim == 2 and name.endswith("weight"):
            bits = 8 if name == "emb.weight" else 4
            torch.testing.assert_close(rounding.rounded(value, bits), value)
            assert not torch.equal(value, own)
        else:
            assert torch.equal(value, own)
    lines = [json.loads(line) for line in (folder / "runs/rounded/log.jsonl").read_text().splitlines()]
    assert lines[0]["valid_bpb"] == lines[1]["valid_bpb"] == lines[0]["average_bpb"]
