"""Strokes as sequences: points at equal distances, the same for every place and size, all ways to write."""

import numpy as np
import pytest

from goosequill.lab import strokes as module

CORNER = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]])
BAR = np.array([[0.0, 2.0], [2.0, 2.0]])


def test_resampled_points_are_at_equal_distances_along_the_stroke() -> None:
    points = module.resample(CORNER, 9)
    along = points[:, 0] + points[:, 1]  # the corner goes right, then down
    np.testing.assert_allclose(along, np.linspace(0, 4, 9))
    assert np.array_equal(points[[0, -1]], CORNER[[0, -1]])


def test_a_resampled_dot_stays_where_it_is() -> None:
    assert np.array_equal(module.resample(np.ones((2, 2)), 5), np.ones((5, 2)))


@pytest.mark.parametrize("lengths", [[1.0], [1.0, 1.0], [5.0, 0.0, 1.0], [0.0, 0.0], [1e-3, 9, 4, 2]])
def test_points_are_shared_by_length(lengths: list[float]) -> None:
    counts = module.shares(lengths, 64)
    assert sum(counts) == 64 and min(counts) >= 2
    if sum(lengths):
        np.testing.assert_allclose(
            counts, 2 + np.array(lengths) / sum(lengths) * (64 - 2 * len(lengths)), atol=1
        )


def test_place_and_size_do_not_matter_but_the_sides_proportion_does() -> None:
    one = module.sequence([CORNER, BAR])
    other = module.sequence([3 * CORNER + 7, 3 * BAR + 7])
    np.testing.assert_allclose(one, other, atol=1e-12)
    assert np.ptp(one[0]) == pytest.approx(1) and np.ptp(one[1]) == pytest.approx(2 / 3)
    assert one.shape == (4, module.POINTS)


def test_the_direction_has_one_length_and_points_along_the_stroke() -> None:
    found = module.sequence([BAR])
    np.testing.assert_allclose(found[2], module.DIRECTION)
    np.testing.assert_allclose(found[3], 0, atol=1e-12)
    np.testing.assert_allclose(np.hypot(*module.sequence([CORNER])[2:]), module.DIRECTION)


def test_a_single_dot_is_a_sequence_of_finite_numbers() -> None:
    assert np.isfinite(module.sequence([np.zeros((2, 2))])).all()


def test_every_order_and_direction() -> None:
    assert [len(module.orders([BAR] * n)) for n in (1, 2, 3)] == [2, 8, 48]
    distinct = {np.concatenate(each).tobytes() for each in module.orders([CORNER, BAR])}
    assert len(distinct) == 8
    assert len(module.orders([BAR + 9 * i for i in range(5)])) == 1


def test_four_strokes_that_meet_are_also_written_as_three() -> None:
    stem, bars = np.array([[0.0, 0.0], [0.0, 2.0]]), [np.array([[0.0, y], [1.0, y]]) for y in (0.0, 1.0, 2.0)]
    ways = module.orders([stem, *bars])
    assert sum(len(way) == 4 for way in ways) == 24
    fewer = [way for way in ways if len(way) == 3]
    assert len(fewer) == 48
    assert all(sum(map(module.length, way)) == pytest.approx(5) for way in ways)


def test_an_amount_of_0_only_scales_and_more_moves_more() -> None:
    still, rng = module.perturbed([CORNER, BAR], 0, np.random.default_rng(0)), np.random.default_rng
    np.testing.assert_allclose(module.sequence(still), module.sequence([CORNER, BAR]), atol=0.05)
    moved = [
        np.abs(module.perturbed([CORNER], amount, rng(1))[0] - still_one).mean()
        for amount, still_one in ((a, module.perturbed([CORNER], 0, rng(1))[0]) for a in (0.1, 0.4, 1.0))
    ]
    assert moved == sorted(moved) and moved[0] > 0
    assert np.array_equal(*(module.perturbed([CORNER], 1, rng(2))[0] for _ in range(2)))
