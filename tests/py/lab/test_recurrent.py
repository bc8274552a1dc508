"""Recurrent cells and their gradients, against torch's own LSTM and RNN, and autograd for the delta rule."""

import numpy as np
import pytest

from goosequill.lab.recurrent import CELLS, SLOWEST, Cell, Delta, Lstm, RecurrentNetwork, loss

torch = pytest.importorskip("torch")

STEPS, BATCH, INPUTS, HIDDEN = 7, 5, 3, 4


def tensor(values):
    return torch.tensor(np.array(values), requires_grad=True)


def torch_order(columns):
    """Our blocks i, f, o, g in torch's order i, f, g, o."""
    i, f, o, g = np.split(np.arange(columns), 4)
    return np.concatenate([i, f, g, o])


def torch_outputs(cell, weights, x):
    """Return h of every step by torch, and the tensors W, R and b, in our layout."""
    w, r, b = (tensor(part) for part in cell.split(weights))
    if isinstance(cell, Delta):
        return by_delta_rule(w, r, b, x), (w, r, b)
    is_lstm = isinstance(cell, Lstm)
    module = (torch.nn.LSTM if is_lstm else torch.nn.RNN)(INPUTS, HIDDEN, dtype=torch.float64)
    order = torch_order(cell.columns) if is_lstm else np.arange(cell.columns)
    given = {
        "weight_ih_l0": w.T[order],
        "weight_hh_l0": r.T[order],
        "bias_ih_l0": b[order],
        "bias_hh_l0": torch.zeros_like(b),
    }
    return torch.func.functional_call(module, given, (torch.tensor(x),))[0], (w, r, b)


def by_delta_rule(w, r_weights, b, x):
    """RWKV-7's recurrence, matrix by matrix: S (diag(w) - kk (a kk)^T) + v (a k)^T."""
    h = torch.zeros(BATCH, HIDDEN, dtype=torch.float64)
    s = torch.zeros(BATCH, HIDDEN, HIDDEN, dtype=torch.float64)
    found = []
    for row in torch.tensor(x):
        r, k, v, decay, rate = (row @ w + h @ r_weights + b).split(HIDDEN, dim=1)
        rate, decay = torch.sigmoid(rate), torch.exp(-SLOWEST * torch.sigmoid(decay))
        kk = torch.nn.functional.normalize(k, dim=1)
        transition = torch.diag_embed(decay) - kk[:, :, None] @ (rate * kk)[:, None, :]
        s = s @ transition + v[:, :, None] @ (rate * k)[:, None, :]
        h = torch.tanh((s @ r[:, :, None])[:, :, 0])
        found.append(h)
    return torch.stack(found)


@pytest.fixture(params=CELLS)
def made(request):
    rng = np.random.default_rng(1)
    cell = CELLS[request.param](INPUTS, HIDDEN)
    return cell, rng.standard_normal(cell.size), rng.standard_normal((STEPS, BATCH, INPUTS))


def test_outputs_are_those_of_torch(made) -> None:
    cell, weights, x = made
    wanted, _ = torch_outputs(cell, weights, x)
    np.testing.assert_allclose(cell.forward(weights, x).h[1:], wanted.detach(), atol=1e-12)


def test_gradients_through_time_are_those_of_autograd(made) -> None:
    cell, weights, x = made
    slope = np.random.default_rng(2).standard_normal((STEPS, BATCH, HIDDEN))
    outputs, parts = torch_outputs(cell, weights, x)
    (outputs * torch.tensor(slope)).sum().backward()
    wanted = np.concatenate([part.grad.numpy().ravel() for part in parts])
    found = cell.backward(weights, x, cell.forward(weights, x), slope)
    np.testing.assert_allclose(found, wanted, atol=1e-10)


def test_a_sequence_can_be_read_in_two_parts(made) -> None:
    cell, weights, x = made
    whole = cell.forward(weights, x)
    first = cell.forward(weights, x[:3])
    rest = cell.forward(weights, x[3:], h=first.h[-1], memory=first.memory)
    np.testing.assert_allclose(rest.h, whole.h[3:], atol=1e-14)
    np.testing.assert_allclose(rest.memory, whole.memory, atol=1e-14)


@pytest.mark.parametrize("kind", ["classes", "numbers"])
@pytest.mark.parametrize("name", CELLS)
def test_the_readers_loss_and_gradient_are_those_of_torch(name: str, kind: str) -> None:
    rng = np.random.default_rng(3)
    reader = RecurrentNetwork(CELLS[name](INPUTS, HIDDEN), 2)
    weights, x = rng.standard_normal(reader.size), rng.standard_normal((STEPS, BATCH, INPUTS))
    targets = rng.integers(0, 2, (3, BATCH)) if kind == "classes" else rng.standard_normal((3, BATCH, 2))
    cell, v, c = reader.split(weights)
    outputs, parts = torch_outputs(reader.cell, cell, x)
    out = (tensor(v), tensor(c))
    y = outputs[-3:] @ out[0] + out[1]
    if kind == "classes":
        value = torch.nn.functional.cross_entropy(y.reshape(-1, 2), torch.tensor(targets).reshape(-1))
    else:
        value = ((y - torch.tensor(targets)) ** 2).sum() / (3 * BATCH)
    value.backward()
    found, slope = reader.gradient(weights, x, targets)
    assert found == pytest.approx(value.item(), abs=1e-12)
    wanted = np.concatenate([part.grad.numpy().ravel() for part in (*parts, *out)])
    np.testing.assert_allclose(slope, wanted, atol=1e-10)


def test_a_wrong_derivative_is_noticed(monkeypatch: pytest.MonkeyPatch, made) -> None:
    cell = made[0]
    right = type(cell).step_back

    def wrong(self, to_h, to_memory, kept):
        to_z, before = right(self, to_h, to_memory, kept)
        return to_z * 1.0001, before

    monkeypatch.setattr(type(cell), "step_back", wrong)
    with pytest.raises(AssertionError):
        test_gradients_through_time_are_those_of_autograd(made)


def test_results_have_the_type_of_the_weights() -> None:
    reader = RecurrentNetwork(Delta(2, 3), 4)
    weights = reader.start(np.random.default_rng(0)).astype(np.float32)
    x, targets = np.zeros((5, 2, 2), np.float32), np.zeros((1, 2), int)
    _, slope = reader.gradient(weights, x, targets)
    assert slope.dtype == np.float32 and np.isfinite(slope).all()  # a key of zeros has no direction


def test_biases_of_a_block_can_start_elsewhere() -> None:
    cell = Lstm(2, 3)
    bias = cell.split(cell.start(np.random.default_rng(0), biases={"f": 1.5}))[2]
    assert bias.tolist() == [0] * 3 + [1.5] * 3 + [0] * 6
    assert Cell(2, 3).size == 3 * (2 + 3 + 1) and cell.size == 4 * Cell(2, 3).size


def test_a_certain_wrong_answer_has_a_finite_loss() -> None:
    value, slope = loss(np.array([[[1000.0, 0.0]]]), np.array([[1]]))
    assert 60 < value < 100 and np.isfinite(slope).all()
