"""Elastic distances against a full matrix of plain loops, and every method against brute force."""

import itertools

import numpy as np
import pytest

from goosequill.lab import elastic
from goosequill.lab.experiments import DATA
from goosequill.lab.handwriting import FILE, Settings, letters, templates_of
from goosequill.lab.strokes import orders, perturbed, sequence
from tests.py.tiers import tiers


def whole_matrix(one: np.ndarray, other: np.ndarray, band: int) -> float:
    """The definition, cell by cell over a whole matrix: one loop for each axis, nothing shared."""
    rows, columns = one.shape[1], other.shape[1]
    sums = [[float("inf")] * columns for _ in range(rows)]
    for i in range(rows):
        for j in range(columns):
            if abs(i - j) > band:
                continue
            cost = float(((one[:, i] - other[:, j]) ** 2).sum())
            before = [
                sums[i - 1][j] if i else float("inf"),
                sums[i][j - 1] if j else float("inf"),
                sums[i - 1][j - 1] if i and j else float("inf"),
            ]
            sums[i][j] = cost + (0.0 if i == j == 0 else min(before))
    return sums[-1][-1]


def walks(count: int, points: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((4, points, count)).cumsum(axis=1)


@pytest.fixture(scope="module")
def written() -> tuple[elastic.Bank, np.ndarray]:
    """Each letter of a face in its given order, and 10,000 unsteady ones; 32 points, for speed."""
    parts = list(letters((DATA / FILE).read_bytes())["plain"].values())
    rng = np.random.default_rng(0)
    chosen = rng.integers(len(parts), size=10_000)
    amounts = rng.uniform(0, 1, size=10_000)
    queries = [
        sequence(perturbed(parts[i], amount, rng), 32) for i, amount in zip(chosen, amounts, strict=True)
    ]
    bank = elastic.Bank(np.stack([sequence(each, 32) for each in parts], axis=-1), 4)
    return bank, np.stack(queries, axis=-1)


@pytest.mark.parametrize("band", [0, 1, 2, 5, 15, 20])
def test_distances_equal_a_full_matrix(band: int) -> None:
    one, other = walks(40), walks(40, seed=1)
    ours, compared = elastic.distances(one, other, band=band)
    theirs = [whole_matrix(one[:, :, i], other[:, :, i], band) for i in range(40)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    inside = sum(abs(i - j) <= band for i in range(16) for j in range(16))
    assert set(compared) == {inside}
    if band < 16:
        assert inside == elastic.cells(16, band)


def test_without_a_band_to_stretch_in_it_is_the_squared_distance() -> None:
    one, other = walks(5), walks(5, seed=1)
    ours, _ = elastic.distances(one, other, band=0)
    np.testing.assert_allclose(ours, ((one - other) ** 2).sum(axis=(0, 1)), rtol=1e-12)


def test_the_path_costs_the_distance_and_is_a_path() -> None:
    one, other = walks(10), walks(10, seed=1)
    for index in range(10):
        steps = elastic.path(one[:, :, index], other[:, :, index], band=4)
        cost = sum(((one[:, i, index] - other[:, j, index]) ** 2).sum() for i, j in steps)
        assert cost == pytest.approx(whole_matrix(one[:, :, index], other[:, :, index], 4))
        assert steps[0] == (0, 0) and steps[-1] == (15, 15)
        moves = {tuple(b - a for a, b in zip(*pair, strict=True)) for pair in itertools.pairwise(steps)}
        assert moves <= {(0, 1), (1, 0), (1, 1)}
        assert max(abs(i - j) for i, j in steps) <= 4


def test_the_envelope_is_the_extremes_within_the_band() -> None:
    values = walks(3)
    low, high = elastic.envelope(values, 3)
    for i in range(16):
        near = values[:, max(0, i - 3) : i + 4]
        assert np.array_equal(low[:, i], near.min(axis=1)) and np.array_equal(high[:, i], near.max(axis=1))


@pytest.mark.parametrize("band", [0, 2, 6])
def test_bounds_are_never_above_the_distance_and_the_coarse_never_above_the_fine(band: int) -> None:
    bank, queries = elastic.Bank(walks(60), band, 4), walks(60, seed=1)
    pairs = tuple(each.ravel() for each in np.indices((60, 60)))
    true, _ = elastic.distances(queries[:, :, pairs[0]], bank.sequences[:, :, pairs[1]], band=band)
    bounds = {step: bank.bound(step, queries, pairs)[0] for step in ("kim", "coarse", "keogh")}
    for step, bound in bounds.items():
        assert (bound <= true * (1 + 1e-12)).all() and bound.max() > 0, step
    assert (bounds["coarse"] <= bounds["keogh"] * (1 + 1e-12)).all()
    np.testing.assert_allclose(bank.rest(queries, pairs)[0], bounds["keogh"])


@pytest.mark.parametrize("has_rest", [False, True])
def test_only_distances_above_the_limit_are_abandoned(has_rest: bool) -> None:
    bank, queries = elastic.Bank(walks(200), 3), walks(200, seed=1)
    pairs = (np.arange(200), np.arange(200))
    true, whole = elastic.distances(queries, bank.sequences, band=3)
    limit = np.full(200, np.median(true))
    rest = bank.rest(queries, pairs) if has_rest else None
    found, compared = elastic.distances(queries, bank.sequences, band=3, limit=limit, rest=rest)
    near = true <= limit
    assert np.array_equal(found[near], true[near])
    assert np.isinf(found).any() and (true[np.isinf(found)] > limit[0]).all()
    assert (compared <= whole).all() and compared.sum() < whole.sum()


@tiers("count", 500, 10_000)
def test_fast_and_brute_force_agree_on_10000_queries(
    written: tuple[elastic.Bank, np.ndarray], count: int
) -> None:
    bank, queries = written
    for start in range(0, count, 500):
        part = queries[:, :, start : start + 500]
        brute, fast = (elastic.nearest(bank, part, method=method) for method in ("brute", "coarse"))
        assert np.array_equal(brute.index, fast.index)
        assert np.array_equal(brute.distance, fast.distance)  # to the last bit


@pytest.mark.parametrize("method", elastic.METHODS)
@pytest.mark.parametrize("block", [1, 32])
def test_every_method_agrees_with_brute_force(
    written: tuple[elastic.Bank, np.ndarray], method: str, block: int
) -> None:
    bank, queries = written
    brute = elastic.nearest(bank, queries[:, :, :200], method="brute")
    found = elastic.nearest(bank, queries[:, :, :200], method=method, block=block)
    assert np.array_equal(brute.index, found.index) and np.array_equal(brute.distance, found.distance)
    assert set(found.comparisons) == {*elastic.METHODS[method], "distance"} - {"abandon"}


def test_of_equally_near_templates_every_method_finds_the_first() -> None:
    some = walks(20)
    bank = elastic.Bank(np.concatenate([some, some, some[:, :, ::-1]], axis=2), 3, 4)
    queries = some + 0.01 * walks(20, seed=1)
    for method in elastic.METHODS:
        for block in (1, 7):
            found = elastic.nearest(bank, queries, method=method, block=block)
            assert found.index.tolist() == list(range(20)), method


def test_excluded_templates_are_not_found() -> None:
    bank, queries = elastic.Bank(walks(30), 3, 4), walks(5, seed=1)
    first = elastic.nearest(bank, queries)
    without = np.zeros((5, 30), bool)
    without[np.arange(5), first.index] = True
    brute, fast = (elastic.nearest(bank, queries, method=m, without=without) for m in ("brute", "coarse"))
    assert np.array_equal(brute.index, fast.index) and (fast.index != first.index).all()


def test_the_hundredfold() -> None:
    """All orders and directions of the letters, and a moderately unsteady hand."""
    file = (DATA / FILE).read_bytes()
    _, bank = templates_of({FILE: file}, Settings(alphabet="all"))
    rng = np.random.default_rng(0)
    faces = letters(file)
    queries = []
    for _ in range(30):
        each = list(faces[list(faces)[rng.integers(len(faces))]].values())
        ways = orders(each[rng.integers(len(each))])
        queries.append(sequence(perturbed(ways[rng.integers(len(ways))], 0.4, rng)))
    found = elastic.nearest(bank, np.stack(queries, axis=-1))
    fast = sum(int(each.sum()) for each in found.comparisons.values())
    brute = 30 * bank.size * elastic.cells(64, 6)
    assert brute / fast > 100


def test_many_equal_templates_are_measured_in_few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bound excludes any; one at a time, a drawn dot took ten seconds."""
    calls, measure = [], elastic.distances
    monkeypatch.setattr(elastic, "distances", lambda *a, **options: calls.append(a) or measure(*a, **options))
    bank = elastic.Bank(np.repeat(walks(1), 1000, axis=2), 2)
    found = elastic.nearest(bank, np.zeros((4, 16, 1)))
    assert found.measured == 1000 and found.index == 0
    assert len(calls) < 200
