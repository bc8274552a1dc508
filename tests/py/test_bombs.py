"""Bombs are read or refused in twice the memory that is stated, with bounds a thousandth of theirs.

``make soak`` gives the readers larger ones.
"""

from collections.abc import Iterator

import pytest

from tests.bombs import BOMBS, failures, smaller
from tests.soak.readers import READERS


@pytest.fixture(scope="module", autouse=True)
def smaller_bounds() -> Iterator[None]:
    with smaller(1024):
        yield


def test_every_reader_has_bombs() -> None:
    assert BOMBS.keys() == READERS.keys()


@pytest.mark.parametrize("reader", BOMBS)
def test_no_bomb_takes_more_than_twice_the_bound(reader: str) -> None:
    assert list(failures(reader)) == []
