"""The best grouping of strokes against every grouping there is."""

import itertools

import numpy as np
import pytest

from goosequill.lab import segmentation


def every_grouping(count: int, most: int):
    for cuts in itertools.product((False, True), repeat=count - 1):
        ends = [i + 1 for i, cut in enumerate(cuts) if cut] + [count]
        found = list(zip([0, *ends[:-1]], ends, strict=True))
        if all(end - start <= most for start, end in found):
            yield found


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_the_best_grouping_of_all(count: int) -> None:
    rng = np.random.default_rng(count)
    for _ in range(20):
        costs = {group: float(rng.uniform(-0.5, 1)) for group in segmentation.groups(count)}
        found = segmentation.best(count, costs)
        theirs = min(every_grouping(count, 4), key=lambda each: sum(costs[group] for group in each))
        assert found == theirs


def test_groups_are_neighbors_and_at_most_four() -> None:
    assert segmentation.groups(2) == [(0, 1), (0, 2), (1, 2)]
    assert len(segmentation.groups(6)) == 6 + 5 + 4 + 3


def line(left: float, right: float) -> np.ndarray:
    return np.array([[left, 0.0], [right, 1.0]])


def test_gaps_inside_a_letter_and_overlaps_of_two_count() -> None:
    found = segmentation.spacing([line(0, 1), line(0.5, 1), line(3, 4)])
    assert found[0, 2] == 0  # they overlap
    assert found[1, 3] == pytest.approx(2 + 0.5)  # the gap, and what the second shares with the first
    assert found[0, 3] == pytest.approx(2)
    assert found[2, 3] == 0 and found[1, 2] == pytest.approx(0.5)
