from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest

from goosequill.conversations import records as module
from goosequill.conversations.records import file_of, records
from goosequill.errors import FileFormatError


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a":1}\n\n{"b":2}', [(1, {"a": 1}), (3, {"b": 2})]),
        (b'\xef\xbb\xbf{"a":1}\r\n{"b":2}\r\n', [(1, {"a": 1}), (2, {"b": 2})]),
        (b'[{"a":1},\n{"b":2}]', [(1, {"a": 1}), (2, {"b": 2})]),
        (b'{\n "a": 1\n}', [(1, {"a": 1})]),
        (gzip.compress(b'{"a":1}\n{"b":2}\n', mtime=0), [(1, {"a": 1}), (2, {"b": 2})]),
    ],
)
def test_a_file_is_lines_or_one_value(data: bytes, expected: list[tuple[int, object]]) -> None:
    assert list(records(file_of(data))) == expected


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "Line 1 .*Expecting value"),
        (b'{"a":1}\n{"b":', "Line 2 "),
        (b'{"a":1}\n[1]', "Line 2 .*not an object"),
        (b"[1]", "Line 1 .*not an object"),
        (b'{"a":"\xff"}', "Line 1 .*utf-8"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deep"),
        (gzip.compress(b'{"a":1}\n' * 1000, mtime=0)[:-20], "gzip file is damaged"),
        (b"\x1f\x8b nothing", "gzip file is damaged"),
    ],
)
def test_damaged_files_are_refused_with_the_line(data: bytes, why: str) -> None:
    with pytest.raises(FileFormatError, match=why) as caught:
        list(records(file_of(data)))
    assert caught.value.code == "conversations"


def test_a_small_gzip_file_does_not_unpack_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LINE", 10_000)
    bombs = [b'{"a":1}\n' + b" " * 10**6 * 2, b'{"a":1}\n' * 10**5, b" " * 10**6 * 2]
    for bomb in map(gzip.compress, bombs):
        tracemalloc.start()
        with pytest.raises(FileFormatError, match=r"more than|Expecting value"):
            sum(1 for _ in records(file_of(bomb, 100_000)))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.stop()


def test_all_lines_together_have_a_bounded_number_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ELEMENTS", 1_000)
    line = json.dumps({"a": [0] * 98}) + "\n"
    assert sum(1 for _ in records(file_of((line * 10).encode()))) == 10
    with pytest.raises(FileFormatError, match=r"Line 11 .*values"):
        list(records(file_of((line * 11).encode())))


def test_the_number_of_conversations_is_bounded_and_empty_lines_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_RECORDS", 3)
    assert len(list(records(file_of(b"{}\n\n" * 3)))) == 3
    with pytest.raises(FileFormatError, match=r"Line 7 .*more than 3 conversations"):
        list(records(file_of(b"{}\n\n" * 4)))
