"""The trained models equal the engine's: same names, same logits; their gradients are right."""

import numpy as np
import pytest
import torch
from scripts.train.model import Rwkv, Size, Wkv4, Wkv7

from goosequill.models import load_model
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode


@pytest.fixture(autouse=True)
def training_folder(tmp_path_factory, monkeypatch):
    """Compile libraries into a temporary folder."""
    monkeypatch.setenv("GOOSEQUILL_TRAIN_DIR", str(tmp_path_factory.getbasetemp() / "train"))


@pytest.mark.parametrize("version", ["4", "7"])
def test_logits_equal_those_of_the_engine(version):
    torch.manual_seed(1)
    trained = Rwkv(Size(version, layers=2, width=128, ffn_width=256, vocab_size=80))
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    tokens = torch.randint(80, (1, 32))
    tensors = [(name, value.detach().numpy()) for name, value in trained.named_parameters()]
    engine = load_model(open_tensors(BytesSource(b"".join(encode(tensors)), "trained")))
    found = engine.forward(tokens[0].tolist(), engine.new_state(), logits="all")
    np.testing.assert_allclose(found, trained(tokens)[0].detach().numpy(), atol=2e-5)


def wkv4_by_definition(w, u, k, v):
    rows = []
    for t in range(k.shape[1]):
        e = torch.exp(u + k[:, t])
        top, bottom = e * v[:, t], e
        for i in range(t):
            e = torch.exp((t - 1 - i) * w + k[:, i])
            top, bottom = top + e * v[:, i], bottom + e
        rows.append(top / bottom)
    return torch.stack(rows, 1)


def wkv7_by_definition(r, w, k, v, a, b):
    state, rows = torch.zeros(*r.shape[:1], *r.shape[2:], 64), []
    for t in range(r.shape[1]):
        removed = state @ a[:, t, :, :, None]
        state = state * w[:, t, :, None] + removed @ b[:, t, :, None] + v[:, t, :, :, None] @ k[:, t, :, None]
        rows.append((state @ r[:, t, :, :, None])[..., 0])
    return torch.stack(rows, 1)


def inputs_of_wkv4():
    return [-torch.exp(torch.randn(64)), torch.randn(64), 2 * torch.randn(2, 9, 64), torch.randn(2, 9, 64)]


def inputs_of_wkv7():
    r, w, k, v, kk, rate = (torch.randn(2, 32, 2, 64) for _ in range(6))
    kk = torch.nn.functional.normalize(kk, dim=-1)
    return [r, torch.sigmoid(w + 2), k, v, -kk, kk * torch.sigmoid(rate)]


@pytest.mark.parametrize(
    ("operation", "definition", "make"),
    [(Wkv4, wkv4_by_definition, inputs_of_wkv4), (Wkv7, wkv7_by_definition, inputs_of_wkv7)],
)
def test_recurrences_in_c_have_the_values_and_gradients_of_their_definition(operation, definition, make):
    torch.manual_seed(2)
    inputs = [tensor.requires_grad_() for tensor in make()]
    found, expected = operation.apply(*inputs), definition(*inputs)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    weights = torch.randn_like(expected)
    pairs = zip(
        torch.autograd.grad(found, inputs, weights),
        torch.autograd.grad(expected, inputs, weights),
        strict=True,
    )
    for got, wanted in pairs:
        torch.testing.assert_close(got, wanted, rtol=1e-3, atol=2e-4)
