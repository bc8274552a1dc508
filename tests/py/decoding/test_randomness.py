"""Our generator against numpy's own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from goosequill.decoding.randomness import Pcg64


@given(st.integers(0, 2**200))
def test_the_numbers_are_numpys(seed: int) -> None:
    ours, theirs = Pcg64(seed), np.random.Generator(np.random.PCG64(seed))
    assert [ours.random() for _ in range(40)] == theirs.random(40).tolist()
