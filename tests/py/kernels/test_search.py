"""Scans compared with numpy's argsort in float64: random vectors, ties, edges, and what must be refused."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from goosequill.kernels import NumpyKernel, SearchOperations, load_kernel
from goosequill.kernels.search import LONGEST, pack_signs

KERNELS: dict[str, SearchOperations] = {"numpy": NumpyKernel().search, "native": load_kernel("native").search}
each_kernel = pytest.mark.parametrize("search", KERNELS.values(), ids=list(KERNELS))


def draw(rows: int, columns: int, seed: int = 0) -> tuple[NDArray[np.int8], Any, Any]:
    """Vectors of length 1 as an index stores them, with their scales, and a question."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((rows, columns)).astype(np.float32)
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
    scales = np.maximum(np.abs(values).max(axis=1, initial=0), 1e-9).astype(np.float32) / np.float32(127)
    question = rng.standard_normal(columns).astype(np.float32)
    question /= np.float32(max(np.linalg.norm(question), 1e-9))
    return np.rint(values / scales[:, None]).astype(np.int8), scales, question


@each_kernel
@given(
    rows=st.integers(0, 90), columns=st.integers(1, 70), count=st.integers(1, 100), seed=st.integers(0, 999)
)
@settings(max_examples=100, deadline=None)
def test_the_nearest_are_those_of_argsort(
    search: Any, rows: int, columns: int, count: int, seed: int
) -> None:
    vectors, scales, question = draw(rows, columns, seed)
    expected = vectors.astype(np.float64) @ question.astype(np.float64) * scales
    indices, scores = search.nearest(vectors, scales, question, count)
    assert len(indices) == len(scores) == min(count, rows)
    assert scores.dtype == np.float32 and len(set(indices.tolist())) == len(indices)
    np.testing.assert_allclose(scores, np.sort(expected)[::-1][:count], atol=1e-6)
    np.testing.assert_allclose(scores, expected[indices], atol=1e-6)


@pytest.mark.parametrize(("rows", "columns"), [(20_000, 384), (5_003, 129), (30, 4096), (9, LONGEST)])
@pytest.mark.parametrize("count", [1, 10, 2000])
def test_both_kernels_find_the_same_to_the_last_bit(rows: int, columns: int, count: int) -> None:
    vectors, scales, question = draw(rows, columns)
    found, expected = (
        KERNELS[name].nearest(vectors, scales, question, count) for name in ("native", "numpy")
    )
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.scores, expected.scores)


@each_kernel
def test_of_equal_scores_the_first_row_is_first(search: SearchOperations) -> None:
    vectors, scales, question = draw(1, 48)
    many = np.repeat(vectors, 999, axis=0), np.repeat(scales, 999)
    np.testing.assert_array_equal(search.nearest(*many, question, 20).indices, np.arange(20))
    np.testing.assert_array_equal(search.nearest(*many, question * 0, 20).indices, np.arange(20))
    assert not search.nearest(*many, question * 0, 20).scores.any()


@each_kernel
def test_rows_that_differ_only_in_the_last_bit_of_the_question_are_in_order(search: SearchOperations) -> None:
    """15 bits of the question would take them for equal."""
    question = np.array([1.0, 1e-6, 2e-6, 0, 0, 0, 0, 0, 0], np.float32)
    vectors = np.zeros((3, 9), np.int8)
    vectors[:, 0], vectors[1, 2], vectors[2, 1] = 1, 1, 1
    found = search.nearest(vectors, np.ones(3, np.float32), question, 2)
    np.testing.assert_array_equal(found.indices, [1, 2])


@each_kernel
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_row_with_a_corrupt_scale_is_never_found(search: SearchOperations, value: float) -> None:
    vectors, scales, question = draw(50, 40)
    scales[[0, 7, 49]] = value
    for count in (3, 50):
        found = search.nearest(vectors, scales, question, count)
        assert len(found.indices) == min(count, 47)
        assert not {0, 7, 49} & set(found.indices.tolist()) and np.isfinite(found.scores).all()


@each_kernel
def test_the_largest_products_do_not_overflow(search: SearchOperations) -> None:
    for columns in (384, LONGEST):
        vectors = np.repeat(np.array([[-128], [127], [-127]], np.int8), columns, axis=1)
        found = search.nearest(vectors, np.ones(3, np.float32), np.full(columns, -1.0, np.float32), 3)
        np.testing.assert_array_equal(found.indices, [0, 2, 1])
        np.testing.assert_allclose(found.scores, np.array([128, 127, -127.0]) * columns)


@each_kernel
def test_operands_that_do_not_fit_are_refused(search: SearchOperations) -> None:
    vectors, scales, question = draw(20, 24)
    wrong: list[tuple[Any, ...]] = [
        (vectors.astype(np.int16), scales, question, 3),
        (vectors[:, ::2], scales, question[::2].copy(), 3),
        (vectors, scales[1:], question, 3),
        (vectors, scales, question[1:], 3),
        (vectors, scales, question.astype(np.float64), 3),
        (vectors, scales, question, 0),
        (vectors, scales, question * np.float32(np.nan), 3),
        (vectors, scales, question * np.float32(np.inf), 3),
        (np.zeros((1, LONGEST + 1), np.int8), scales[:1], np.zeros(LONGEST + 1, np.float32), 1),
    ]
    for operands in wrong:
        with pytest.raises(ValueError):
            search.nearest(*operands)
    bits = pack_signs(vectors)
    for operands in ((bits.view(np.int8), question, 3), (bits, question[8:], 3), (bits, question, 0)):
        with pytest.raises(ValueError):
            search.nearest_bits(*operands)


@each_kernel
@given(
    rows=st.integers(0, 90), columns=st.integers(1, 200), count=st.integers(1, 100), seed=st.integers(0, 999)
)
@settings(max_examples=60, deadline=None)
def test_the_nearest_in_bits(search: Any, rows: int, columns: int, count: int, seed: int) -> None:
    vectors, _, question = draw(rows, columns, seed)
    signs, asked = np.where(vectors > 0, 1, -1), np.where(question > 0, 1, -1)
    expected = signs @ asked
    order = np.argsort(-expected, kind="stable")[:count]
    found = search.nearest_bits(pack_signs(vectors), question, count)
    np.testing.assert_array_equal(found.indices, order)
    np.testing.assert_array_equal(found.scores, expected[order])


@each_kernel
def test_bits_then_exact_rescoring_find_the_nearest(search: SearchOperations) -> None:
    """On vectors with the structure of real ones: clusters of different sizes."""
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((200, 128))
    values = centres[rng.integers(0, 200, 20_000)] + rng.standard_normal((20_000, 128))
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    scales = (np.abs(values).max(axis=1) / 127).astype(np.float32)
    vectors = np.rint(values / scales[:, None]).astype(np.int8)
    bits, hits = pack_signs(vectors), 0
    for row in range(20):
        question = (values[row] + 0.03 * rng.standard_normal(128)).astype(np.float32)
        exact = search.nearest(vectors, scales, question, 10).indices
        few = np.sort(search.nearest_bits(bits, question, 2000).indices)
        again = few[search.nearest(vectors[few], scales[few], question, 10).indices]
        hits += len(set(exact.tolist()) & set(again.tolist()))
    assert hits >= 0.99 * 200
