"""Products: all routes give the same numbers, for every order in memory."""

import numpy as np
import pytest

from goosequill.kernels.library import open_library
from goosequill.lab.products import LARGE, kernel_product, product


@pytest.mark.parametrize("in_browser", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 3, 7), (20, 100, 10), (7, 784, 33), (3, 0, 2)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_product_is_the_product(in_browser: bool, shape: tuple[int, int, int], kind: type) -> None:
    rng = np.random.default_rng(0)
    rows, inner, columns = shape
    left, right = rng.standard_normal((rows, inner)), rng.standard_normal((inner, columns))
    exact = [
        [sum(left[i, k] * right[k, j] for k in range(inner)) for j in range(columns)] for i in range(rows)
    ]
    a, b = left.astype(kind), right.astype(kind)
    for one in (a, np.asfortranarray(a)):
        for other in (b, np.asfortranarray(b)):
            found = product(one, other, in_browser=in_browser)
            assert found.dtype == kind and found.shape == (rows, columns)
            np.testing.assert_allclose(found, exact, atol=1e-4 if kind is np.float32 else 1e-11)


@pytest.mark.parametrize("shape", [(1, 1, 16), (3, 5, 17), (128, 784, 64), (784, 128, 33), (128, 64, 10)])
def test_the_kernels_product_is_the_product(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(1)
    rows, inner, columns = shape
    a = rng.standard_normal((rows, inner)).astype(np.float32)
    b = rng.standard_normal((inner, columns)).astype(np.float32)
    multiply = kernel_product(open_library("native"))
    exact = a.astype(np.float64) @ b
    for one in (a, np.asfortranarray(a)):
        for other in (b, np.asfortranarray(b)):
            np.testing.assert_allclose(multiply(one, other), exact, atol=2e-4)


def test_only_large_products_of_float32_use_the_kernel() -> None:
    used = []

    def kernel():
        used.append(True)
        return kernel_product(open_library("native"))

    a, b = np.ones((128, 784), np.float32), np.ones((784, 64), np.float32)
    assert a.shape[0] * b.size >= LARGE
    for left, right, count in (
        (a, b, 1), (a[:2], b, 0), (a, b[:, :7], 0), (a.astype(float), b.astype(float), 0),
    ):  # fmt: skip
        used.clear()
        found = product(left, right, in_browser=True, kernel=kernel)
        assert len(used) == count and np.all(found == 784)
    found = product(a, b, in_browser=True, kernel=lambda: None)
    assert np.all(found == 784)
