"""Bombs are read or refused in twice the memory that is stated, with bounds a thousandth of theirs.

``make soak`` gives the readers larger ones.
"""

import json
import subprocess
from collections.abc import Iterator

import pytest
from scripts.command import ROOT

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


@pytest.mark.rest
def test_nor_in_the_python_of_a_page() -> None:
    """Votes are read by JavaScript there, PDFs by pdf.js, and LanceDB not at all."""
    readers = [reader for reader in BOMBS if reader not in ("votes", "pdf", "lancedb")]
    script = ROOT / "tests" / "js" / "fuzz" / "bombs-in-pyodide.js"
    done = subprocess.run(["node", script, *readers], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == []
