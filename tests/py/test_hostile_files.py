"""Every reader of files from outside, on damaged copies of sound files: nothing but errors of ours.

The same readers run for hours under a fuzzer that is guided by coverage: ``make soak``.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.soak.readers import READERS, check, inputs

TOKENS = [
    b"\xff" * 8,
    b"\0" * 8,
    b"\xff\xff\xff\x7f",
    b"9" * 20,
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"NaN",
    b"[" * 200,
    b'{"a":' * 200,
    b'"\\ud800"',
    b"\x1b[2J",
    b"\n",
    b"()",
]
"""What readers stumble over, whatever the format."""
EDIT = st.tuples(st.integers(0, 2**31), st.integers(0, 12), st.binary(max_size=8) | st.sampled_from(TOKENS))


def damaged(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Replace bytes; positions wrap around."""
    found = bytearray(data)
    for position, removed, added in edits:
        start = position % (len(found) + 1)
        found[start : start + removed] = added
    return bytes(found)


@pytest.mark.parametrize("name", READERS)
def test_a_sound_file_is_read(name: str) -> None:
    for data in inputs(name):
        READERS[name](data)


@pytest.mark.parametrize("name", READERS)
@given(st.data())
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_a_damaged_file_is_read_or_refused(name: str, data: st.DataObject) -> None:
    sound = data.draw(st.sampled_from(inputs(name)))
    check(name, damaged(sound, data.draw(st.lists(EDIT, min_size=1, max_size=4))))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\xff\xfe", b"[" * 50_000, b"{" * 50_000, b"PK\x03\x04", b"9" * 5_000]
)
def test_what_is_no_such_file_is_refused(name: str, data: bytes) -> None:
    check(name, data)
