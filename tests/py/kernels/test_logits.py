"""Every kernel's operations on logits, compared with plain numpy in float64."""

import inspect
import math
from collections.abc import Sequence
from functools import partial, update_wrapper
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from goosequill.kernels import LogitOperations, load_kernel
from goosequill.kernels.logits import LOWEST

Logits = NDArray[np.float32]
KERNELS = {name: load_kernel(name).logits for name in ("numpy", "native")}
each_kernel = pytest.mark.parametrize("kernel", KERNELS.values(), ids=list(KERNELS))
SIZES = [1, 2, 3, 16, 23, 1025, 5002]
KINDS = {
    "peaked": lambda random, size: random.normal(0, 4, size),
    "flat": lambda random, size: random.normal(0, 0.01, size),
    "ties": lambda random, size: random.integers(-2, 3, size),
    "all tie": lambda random, size: np.zeros(size),
    "zeros of both signs": lambda random, size: np.where(random.random(size) < 0.5, 0.0, -0.0),
    "two heaps": lambda random, size: np.where(
        random.random(size) < 0.5, 0.0, 20 + 1e-6 * random.normal(size=size)
    ),
    "tiny": lambda random, size: -(10.0 ** random.uniform(-30, 2, size)),
    "huge": lambda random, size: random.normal(0, 1e37, size),
    "many masked": lambda random, size: np.where(
        random.random(size) < 0.7, -np.inf, random.normal(0, 3, size)
    ),
    "masked but for the start": lambda random, size: np.where(
        np.arange(size) < 100, random.normal(0, 3, size), -np.inf
    ),
    "one left": lambda random, size: np.where(np.arange(size) == size // 2, -3.0, -np.inf),
}


def make(kind: str, size: int, seed: int = 0) -> Logits:
    logits = KINDS[kind](np.random.default_rng([size, seed]), size).astype(np.float32)
    if not np.isfinite(logits).any():
        logits[-1] = 0
    return logits


def each_case(test: Any, sizes: Sequence[int] = SIZES) -> Any:
    """Let a test try all sizes, of each kind: a test takes less time than pytest does to begin it."""

    def sized(**arguments: Any) -> None:
        for size in sizes:
            test(size=size, **arguments)

    update_wrapper(sized, test)  # with its other parameters
    given = inspect.signature(test)
    rest = [parameter for name, parameter in given.parameters.items() if name != "size"]
    sized.__signature__ = given.replace(parameters=rest)  # type: ignore[attr-defined]
    return each_kernel(pytest.mark.parametrize("kind", KINDS)(sized))


each_case_and_a_large_one = partial(each_case, sizes=[*SIZES, 33_001])


@each_case
def test_highest(kernel: LogitOperations, kind: str, size: int) -> None:
    logits = make(kind, size)
    assert kernel.highest(logits) == logits.max()
    for index in {0, size // 2, size - 1}:
        broken = logits.copy()
        broken[index] = np.nan
        assert math.isnan(kernel.highest(broken))
        broken[index] = np.inf
        assert kernel.highest(broken) == np.inf


@each_case
def test_argmax(kernel: LogitOperations, kind: str, size: int) -> None:
    logits = make(kind, size)
    assert kernel.argmax(logits) == logits.argmax()
    for index in {0, size // 2, size - 1}:
        broken = logits.copy()
        broken[index] = np.inf
        assert kernel.argmax(broken) == index
        broken[-1] = np.nan
        assert kernel.argmax(broken) == size


@each_kernel
@pytest.mark.parametrize("size", SIZES)
def test_the_highest_of_masked_logits_is_minus_infinity(kernel: LogitOperations, size: int) -> None:
    assert kernel.highest(np.full(size, -np.inf, np.float32)) == -np.inf


@each_case
def test_weigh(kernel: LogitOperations, kind: str, size: int) -> None:
    logits = make(kind, size)
    before = logits.copy()
    weights, highest, total = kernel.weigh(logits)
    expected = np.exp((logits - logits.max()).astype(np.float64))
    np.testing.assert_allclose(weights, expected, rtol=4e-7, atol=2e-38)
    assert weights.dtype == np.float32
    assert (weights[logits == -np.inf] == 0).all()
    assert weights[logits.argmax()] == 1
    assert highest == logits.max()
    assert total == pytest.approx(expected.sum(), rel=2e-7)
    assert total == pytest.approx(weights.sum(dtype=np.float64), rel=1e-13)
    assert kernel.log_total(logits) == kernel.log_total(logits, highest) == highest + math.log(total)
    known = kernel.weigh(logits, highest)
    np.testing.assert_array_equal(known.weights, weights)
    assert known[1:] == (highest, total)
    np.testing.assert_array_equal(logits, before)


@each_kernel
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_logits_without_a_softmax_have_no_total(kernel: LogitOperations, size: int, wrong: float) -> None:
    logits = make("peaked", size)
    if wrong == -np.inf:
        logits[:] = wrong
    logits[size // 2] = wrong
    assert math.isnan(kernel.weigh(logits).total)
    assert math.isnan(kernel.log_total(logits))


@each_case
@pytest.mark.parametrize("temperature", [1e-300, 1e-30, 0.5, 1.0, 100.0])
def test_temper(kernel: LogitOperations, kind: str, size: int, temperature: float) -> None:
    logits = make(kind, size)
    highest = float(logits.max())
    with np.errstate(over="ignore"):
        expected = ((logits.astype(np.float64) - highest) / temperature).astype(np.float32)
    np.testing.assert_array_equal(kernel.temper(logits, highest, temperature), expected)


@each_case
def test_cumulative_index(kernel: LogitOperations, kind: str, size: int) -> None:
    weights, _, total = KERNELS["numpy"].weigh(make(kind, size))
    sums = np.cumsum(weights, dtype=np.float64)
    last = int(np.flatnonzero(weights)[-1])
    for share in (0.0, 1e-9, 0.1, 0.37, 0.5, 0.99, 1.0, 2.0):
        found = kernel.cumulative_index(weights, share * total)
        assert weights[found] > 0
        # A target within a rounding error of an edge may be on either side of it.
        assert found == last or sums[found] > share * total * (1 - 1e-12)
        assert sums[found] - weights[found] <= share * total * (1 + 1e-12)


@each_case
def test_at_least(kernel: LogitOperations, kind: str, size: int) -> None:
    logits = make(kind, size)
    broken = logits.copy()
    broken[size // 2] = np.nan
    for values in (logits, broken):
        for limit in (LOWEST, -1.0, 0.0, float(logits.max()), math.inf):
            found = kernel.at_least(values, limit)
            np.testing.assert_array_equal(found, np.flatnonzero(values >= np.float32(limit)))


def sorted_leading(values: Logits, weights: Logits, mass: float, limit: float = LOWEST) -> list[int]:
    """The definition: sort everything, and take values until the mass is reached."""
    ids = np.argsort(-values, kind="stable")
    ids = ids[values[ids] >= np.float32(limit)]
    return sorted(ids[: int(np.searchsorted(np.cumsum(weights[ids], dtype=np.float64), mass)) + 1].tolist())


@each_case_and_a_large_one
@pytest.mark.parametrize("mass", [0.0, 0.1, 0.5, 0.9, 0.999, 1.01])
def test_leading_is_the_stable_sort(kernel: LogitOperations, kind: str, size: int, mass: float) -> None:
    logits = make(kind, size)
    weights, _, total = KERNELS["numpy"].weigh(logits)
    weights = (weights / np.float32(total)).astype(np.float32)
    alive = logits[logits > -np.inf].astype(np.float64)
    far = np.where(logits > -np.inf, -np.abs(logits - alive.mean()), -np.inf).astype(np.float32)
    for values in (weights, logits, far):
        for limit in (LOWEST, float(np.median(values[values > -np.inf]))):
            # With a mass of 0, weights of 0 may or may not come before the first that is larger.
            expected = sorted_leading(values, weights, mass or 1e-300, limit)
            found = kernel.leading(values, weights, mass or 1e-300, limit)
            assert found.tolist() == expected


@each_case_and_a_large_one
@pytest.mark.parametrize("count", [1, 2, 40, 4000, 70_000])
def test_leading_without_weights_counts(kernel: LogitOperations, kind: str, size: int, count: int) -> None:
    logits = make(kind, size)
    found = kernel.leading(logits, None, count)
    assert found.tolist() == sorted_leading(logits, np.ones_like(logits), count)


@each_kernel
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1), st.data())
@settings(max_examples=200, deadline=None)
def test_leading_of_any_numbers(kernel: LogitOperations, values: list[float], data: st.DataObject) -> None:
    logits = np.array(values, np.float32)
    whole = st.integers(1, 3)  # sums of these are exact
    given = data.draw(st.lists(whole, min_size=len(values), max_size=len(values)))
    weights = np.array(given, np.float32)
    mass = data.draw(st.integers(0, sum(given) + 1))
    assert kernel.leading(logits, weights, mass).tolist() == sorted_leading(logits, weights, mass)


def test_only_contiguous_floats_are_accepted() -> None:
    for wrong in (np.zeros(4), np.zeros(8, np.float32)[::2]):
        with pytest.raises(ValueError, match="contiguous float32"):
            KERNELS["native"].highest(wrong)
