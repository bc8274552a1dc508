"""The classifier: gradients against torch and finite differences, dropout, judging."""

import numpy as np
import pytest
import torch

from goosequill.lab import classifier
from goosequill.lab.classifier import Layer

SIZES = {"linear": (6, 4), "hidden": (6, 5, 4)}


def example(sizes, *, kind=np.float64):
    rng = np.random.default_rng(3)
    layers = [
        Layer(*(rng.standard_normal(value.shape).astype(kind) for value in layer))
        for layer in classifier.start(sizes, rng)
    ]
    x, labels = rng.standard_normal((7, sizes[0])).astype(kind), rng.integers(0, sizes[-1], 7)
    mask = classifier.dropout_mask((7, sizes[1]), 0.4, rng).astype(kind) if len(sizes) == 3 else None
    return layers, x, labels, mask


@pytest.mark.parametrize("name", SIZES)
def test_gradients_equal_finite_differences(name: str) -> None:
    layers, x, labels, mask = example(SIZES[name])
    _, found = classifier.gradients(layers, x, labels, decay=0.3, mask=mask)
    for layer, slopes in zip(layers, found, strict=True):
        for values, slope in zip(layer, slopes, strict=True):
            for index in np.ndindex(values.shape):
                kept, ends = values[index], []
                for step in (1e-6, -1e-6):
                    values[index] = kept + step
                    ends.append(classifier.gradients(layers, x, labels, decay=0.3, mask=mask)[0])
                values[index] = kept
                assert slope[index] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)


@pytest.mark.parametrize("name", SIZES)
def test_loss_gradients_and_a_step_equal_those_of_torch(name: str) -> None:
    layers, x, labels, mask = example(SIZES[name])
    tensors = [[torch.tensor(value, requires_grad=True) for value in layer] for layer in layers]
    inside = torch.tensor(x)
    for weights, bias in tensors[:-1]:
        inside = torch.relu(inside @ weights + bias) * torch.tensor(mask)
    loss = torch.nn.functional.cross_entropy(inside @ tensors[-1][0] + tensors[-1][1], torch.tensor(labels))
    loss = loss + 0.15 * sum((weights**2).sum() for weights, _ in tensors)
    loss.backward()
    ours, found = classifier.gradients(layers, x, labels, decay=0.3, mask=mask)
    assert ours == pytest.approx(loss.item(), rel=1e-12)
    for slopes, theirs in zip(found, tensors, strict=True):
        for slope, tensor in zip(slopes, theirs, strict=True):
            np.testing.assert_allclose(slope, tensor.grad.numpy(), atol=1e-12)
    torch.optim.SGD([each for pair in tensors for each in pair], lr=0.7).step()
    classifier.descend(layers, found, 0.7)
    for layer, theirs in zip(layers, tensors, strict=True):
        for values, tensor in zip(layer, theirs, strict=True):
            np.testing.assert_allclose(values, tensor.detach().numpy(), atol=1e-12)


def test_everything_stays_in_the_type_of_the_weights() -> None:
    layers, x, labels, mask = example(SIZES["hidden"], kind=np.float32)
    _, found = classifier.gradients(layers, x, labels, decay=0.1, mask=mask)
    classifier.descend(layers, found, 0.5)
    assert all(value.dtype == np.float32 for layer in (*layers, *found) for value in layer)


def test_judging_is_the_mean_of_minus_log_p_also_for_huge_logits() -> None:
    layers, x, labels, _ = example(SIZES["linear"])
    loss, accuracy = classifier.judge(layers, x, labels)
    assert loss == pytest.approx(classifier.gradients(layers, x, labels)[0])
    assert accuracy == np.mean(
        classifier.probabilities(x @ layers[0].weights + layers[0].bias).argmax(1) == labels
    )
    far = [Layer(layers[0].weights * 1e6, layers[0].bias)]
    assert np.isfinite(classifier.judge(far, x, labels)[0])


def test_dropout_leaves_out_a_share_and_keeps_the_mean() -> None:
    mask = classifier.dropout_mask((500, 400), 0.3, np.random.default_rng(0))
    assert np.mean(mask == 0) == pytest.approx(0.3, abs=0.005) and mask.mean() == pytest.approx(1, abs=0.01)
    assert set(np.unique(mask)) == {0, np.float32(1 / np.float32(0.7))}


def test_folding_the_mean_into_the_bias_keeps_the_function() -> None:
    layers, x, _, _ = example(SIZES["hidden"])
    mean = x.mean(axis=0)
    moved = classifier.around(layers, mean)
    np.testing.assert_allclose(
        classifier.forward(moved, x)[1], classifier.forward(layers, x - mean)[1], atol=1e-12
    )
