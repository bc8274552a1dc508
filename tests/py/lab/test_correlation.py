"""The Fourier transform and the circular correlation against scipy."""

import numpy as np
import pytest
import scipy.fft

from goosequill.lab.correlation import circular_correlation, fourier, padded_length
from goosequill.support.progress import finish


@pytest.mark.parametrize("length", [1, 2, 5, 6, 7, 8, 40, 96, 448, 1024])
def test_the_transform_is_scipys(length: int) -> None:
    rng = np.random.default_rng(length)
    values = rng.standard_normal(length) + 1j * rng.standard_normal(length)
    np.testing.assert_allclose(finish(fourier(values, "")), scipy.fft.fft(values), atol=1e-11)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 100, 1001])
def test_the_correlation_is_circular(length: int) -> None:
    one, other = np.random.default_rng(length).standard_normal((2, length))
    expected = [np.roll(one, lag) @ other for lag in range(length)]
    np.testing.assert_allclose(finish(circular_correlation(one, other, "")), expected, atol=1e-10)


def test_padding_is_never_short_and_rarely_long() -> None:
    for least in range(1, 5000):
        assert least <= padded_length(least) <= max(8, 1.25 * least)


def test_each_pass_is_a_step_of_progress() -> None:
    steps = list(fourier(np.ones(1024, complex), "shifts"))
    assert [step.loaded for step in steps] == [16, 32, 64, 128, 256, 512, 1024]
    assert {(step.status, step.total) for step in steps} == {("shifts", 1024)}
