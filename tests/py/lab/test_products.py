"""Products: both routes give the same numbers, for every order in memory."""

import numpy as np
import pytest

from goosequill.lab.products import product


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
