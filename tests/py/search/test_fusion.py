"""How scores of passages become one, and what their neighbours add."""

import numpy as np

from goosequill.search.fusion import MISSING, NEIGHBOUR_WEIGHT, around, with_neighbours

RANDOM = np.random.default_rng(1)
SECTIONS = np.repeat(np.arange(40), RANDOM.integers(1, 9, 40)).astype(np.int64)
SCORES = RANDOM.normal(size=len(SECTIONS)).astype(np.float32)
ALL = np.arange(len(SECTIONS))


def one_by_one(number: int) -> float:
    """The score of a passage with its neighbours, by definition."""
    own = float(SCORES[number])
    others = [number + distance for distance in (-2, -1, 1, 2)]
    there = [at for at in others if 0 <= at < len(ALL) and SECTIONS[at] == SECTIONS[number]]
    near = sum(float(SCORES[at]) for at in there) + MISSING * own * (4 - len(there))
    return (own + NEIGHBOUR_WEIGHT * near / 4) / (1 + NEIGHBOUR_WEIGHT)


def test_neighbours_count_within_their_section() -> None:
    expected = np.array([one_by_one(int(number)) for number in ALL], np.float32)
    assert np.allclose(with_neighbours(ALL, SECTIONS, SCORES), expected, atol=1e-6)
    both = with_neighbours(ALL, SECTIONS, np.stack([SCORES, -SCORES]))
    assert np.allclose(both, np.stack([expected, -expected]), atol=1e-6)


def test_scores_of_some_passages_are_those_of_all_if_their_neighbours_are_there() -> None:
    wanted = np.sort(RANDOM.choice(ALL, 25, replace=False))
    near = around(wanted, len(ALL))
    assert set(wanted.tolist()) <= set(near.tolist()) and near.min() >= 0 and near.max() < len(ALL)
    found = with_neighbours(near, SECTIONS[near], SCORES[near])[np.isin(near, wanted)]
    assert np.allclose(found, with_neighbours(ALL, SECTIONS, SCORES)[wanted], atol=1e-6)


def test_no_passages_have_no_neighbours() -> None:
    none = np.zeros(0, np.intp)
    assert not len(around(none, 9))
    assert not len(with_neighbours(none, none.astype(np.int64), np.zeros(0, np.float32)))
