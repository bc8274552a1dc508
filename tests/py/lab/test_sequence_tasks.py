"""The copying and the adding task: right answers, and what guessing reaches."""

import numpy as np
import pytest

from goosequill.lab.sequence_tasks import ALPHABET, Adding, Copy


def test_what_is_to_be_copied_is_shown_once_and_the_cue_comes_after_the_pause() -> None:
    task = Copy(symbols=2, delay=3)
    x, targets = task.draw(np.random.default_rng(0), 50)
    assert x.shape == (7, 50, ALPHABET + 1) and targets.shape == (2, 50)
    np.testing.assert_array_equal(x[:2].argmax(axis=2), targets)
    assert x[:2].sum() == 100 and x[5, :, ALPHABET].all() and x.sum() == 150
    assert task.labels(x[:, 0])[2:] == ["·", "·", "·", "?", "·"]
    assert task.right(np.eye(ALPHABET)[targets], targets) == 1


@pytest.mark.parametrize("length", [2, 5, 16])
def test_the_sum_is_that_of_the_marked_numbers_one_in_each_half(length: int) -> None:
    task = Adding(delay=length)
    x, targets = task.draw(np.random.default_rng(0), 300)
    np.testing.assert_allclose((x[:, :, 0] * x[:, :, 1]).sum(axis=0), targets[0, :, 0], rtol=1e-6)
    half = length // 2
    assert (x[:half, :, 1].sum(axis=0) == 1).all() and (x[half:, :, 1].sum(axis=0) == 1).all()
    assert sum(label.endswith("*") for label in task.labels(x[:, 0])) == 2


def test_guessing_reaches_what_the_tasks_say() -> None:
    rng = np.random.default_rng(1)
    task = Adding(delay=10)
    _, targets = task.draw(rng, 100_000)
    assert task.right(np.ones_like(targets), targets) == pytest.approx(task.chance, abs=0.005)
    assert np.mean((targets - 1) ** 2) == pytest.approx(task.idle_loss, abs=0.002)
    copy = Copy(symbols=1, delay=1)
    _, chosen = copy.draw(rng, 100_000)
    assert copy.right(rng.random((1, 100_000, ALPHABET)), chosen) == pytest.approx(copy.chance, abs=0.005)
