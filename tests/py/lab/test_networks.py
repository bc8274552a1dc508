"""Exact derivatives of small networks against torch's automatic ones."""

import numpy as np
import pytest
import torch

from goosequill.lab import networks
from goosequill.lab.networks import Network

KINDS = [(unit, output) for unit in networks.UNITS for output in networks.OUTPUTS]
ACTIVATIONS = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu, "linear": lambda a: a}


def torch_output(network: Network, weights: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The network written anew for torch: [count] from [size] and [count, inputs]."""
    edge, hidden = network.hidden * network.inputs, network.hidden
    first, bias, second, offset = torch.split(weights, [edge, hidden, hidden, 1])
    z = x @ first.reshape(hidden, network.inputs).T + bias
    return ACTIVATIONS[network.output](ACTIVATIONS[network.unit](z) @ second + offset)


def example(unit: str, output: str):
    """Two sets of examples, three networks for each."""
    rng = np.random.default_rng(3)
    network = Network(5, 4, unit, output)
    x, targets = rng.standard_normal((2, 7, 5)), rng.integers(0, 2, (2, 7)).astype(float)
    return network, rng.standard_normal((2, 3, network.size)), x, targets


@pytest.mark.parametrize(("unit", "output"), KINDS)
def test_outputs_errors_and_gradient_equal_torch(unit: str, output: str) -> None:
    network, weights, x, targets = example(unit, output)
    done = networks.forward(network, weights, x)
    ours = networks.gradient(network, weights, x, targets, done=done)
    losses, accuracies = networks.errors(done.y, targets)
    for group, net in np.ndindex(2, 3):
        theirs = torch.tensor(weights[group, net], requires_grad=True)
        y = torch_output(network, theirs, torch.tensor(x[group]))
        loss = 0.5 * torch.mean((y - torch.tensor(targets[group])) ** 2)
        loss.backward()
        np.testing.assert_allclose(done.y[group, net], y.detach(), atol=1e-12)
        np.testing.assert_allclose(losses[group, net], loss.item(), rtol=1e-12)
        assert accuracies[group, net] == np.mean((y.detach().numpy() > 0.5) == (targets[group] == 1))
        np.testing.assert_allclose(ours[group, net], theirs.grad, atol=1e-12)


@pytest.mark.parametrize(("unit", "output"), KINDS)
def test_the_whole_hessian_of_the_output_equals_torch(unit: str, output: str) -> None:
    network, weights, x, _ = example(unit, output)
    first, second = networks.output_derivatives(network, weights[0, 0], x[0, 0])

    def answer(at: torch.Tensor) -> torch.Tensor:
        return torch_output(network, at, torch.tensor(x[0, :1]))[0]

    at = torch.tensor(weights[0, 0])
    np.testing.assert_allclose(first, torch.func.grad(answer)(at), atol=1e-12)
    np.testing.assert_allclose(second, torch.func.hessian(answer)(at), atol=1e-12)


@pytest.mark.parametrize(("unit", "output"), KINDS)
def test_the_rule_is_the_diagonal_and_the_penalty_the_whole_hessian_in_torch(unit: str, output: str) -> None:
    network, weights, x, _ = example(unit, output)
    done = networks.forward(network, weights, x)
    rule = networks.rule_term(network, weights, x, done=done)
    penalty = networks.penalty_gradient(network, weights, x, done=done)

    def answer(at: torch.Tensor, one: torch.Tensor) -> torch.Tensor:
        return torch_output(network, at, one[None])[0]

    for group, net in np.ndindex(2, 3):
        at, examples = torch.tensor(weights[group, net]), torch.tensor(x[group])
        first = torch.func.vmap(torch.func.grad(answer), (None, 0))(at, examples)
        second = torch.func.vmap(torch.func.hessian(answer), (None, 0))(at, examples)
        diagonal = torch.diagonal(second, dim1=1, dim2=2)
        np.testing.assert_allclose(rule[group, net], (first * diagonal).mean(0), atol=1e-12)
        whole = torch.einsum("nij,nj->ni", second, first).mean(0)
        np.testing.assert_allclose(penalty[group, net], whole, atol=1e-12)


def test_the_penalty_is_the_gradient_of_its_own_size() -> None:
    network, weights, x, _ = example("tanh", "sigmoid")

    def size(at: np.ndarray) -> float:
        slopes = [networks.output_derivatives(network, at, one)[0] for one in x[0]]
        return 0.5 * float(np.mean([slope @ slope for slope in slopes]))

    done = networks.forward(network, weights, x)
    exact = networks.penalty_gradient(network, weights, x, done=done)[0, 0]
    np.testing.assert_allclose(exact, networks.differences(size, weights[0, 0]), atol=1e-8)


def test_both_ways_to_multiply_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 4, 5))
    natively = networks.product(one, other)
    monkeypatch.setattr(networks.sys, "platform", "emscripten")
    np.testing.assert_allclose(networks.product(one, other), natively, atol=1e-12)


def test_single_precision_stays_single() -> None:
    network, weights, x, targets = example("relu", "sigmoid")
    weights, x, targets = (each.astype(np.float32) for each in (weights, x, targets))
    done = networks.forward(network, weights, x)
    assert done.y.dtype == np.float32
    assert networks.gradient(network, weights, x, targets, done=done).dtype == np.float32
    assert networks.rule_term(network, weights, x, done=done).dtype == np.float32
    assert networks.penalty_gradient(network, weights, x, done=done).dtype == np.float32
