"""Zips: what is in them, and bombs, lies and damage."""

import io
import struct
import zipfile

import pytest

from goosequill.errors import SearchError
from goosequill.search.documents import archive
from goosequill.search.documents.archive import entries
from goosequill.search.documents.limits import DocumentBudget, given_file
from goosequill.support.budget import File


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return out.getvalue()


def refused(data: bytes) -> SearchError:
    with pytest.raises(SearchError) as caught:
        for entry in entries(given_file("a.zip", data)):
            entry.read(1 << 20)
    return caught.value


def test_entries_are_named_by_paths_that_stay_inside_and_hidden_ones_are_left_out() -> None:
    files = [
        "b/a.txt",
        "../../etc/passwd",
        "/abs.txt",
        "c:\\d\\e.txt",
        ".git/x",
        "__MACOSX/._a",
        "d/.hid",
        "f/",
    ]
    found = entries(given_file("a.zip", packed(dict.fromkeys(files, b"x"))))
    assert [entry.name for entry in found] == ["b/a.txt", "etc/passwd", "abs.txt", "c:/d/e.txt"]
    assert found[0].read(1).bytes(1) == b"x"


def test_a_bomb_is_refused_by_what_it_unpacks_to_not_by_what_it_says() -> None:
    data = packed({"zeros.txt": bytes(5 << 20)})
    assert refused(data).code == "document-too-large"
    lie = data.replace(struct.pack("<I", 5 << 20), struct.pack("<I", 10))
    assert refused(lie).code in ("document-too-large", "document-corrupt")


def test_many_entries_share_one_budget() -> None:
    data = packed({f"{n}.txt": bytes(1000) for n in range(4)})
    found = entries(File("a.zip", data, DocumentBudget(unpacked=2_500)))
    assert all(len(found[at].read(1000).bytes(1000)) == 1000 for at in (0, 1))
    with pytest.raises(SearchError) as caught:
        found[2].read(1000)
    assert caught.value.code == "document-too-large"


def test_a_list_of_too_many_entries_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_DIRECTORY", 10_000)
    data = packed({f"{n}": b"" for n in range(300)}, zipfile.ZIP_STORED)
    assert refused(data).code == "document-too-large"
    monkeypatch.setattr(archive, "MOST_DIRECTORY", 1 << 24)
    monkeypatch.setattr(archive, "MOST_ENTRIES", 100)
    assert "300 files" in refused(data).message


def test_a_large_list_behind_a_zip64_record_is_refused() -> None:
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1 << 22, 1 << 22, 1 << 28, 0)
    place = struct.pack("<4sIQI", b"PK\x06\x07", 0, 0, 1)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0)
    assert refused(record + place + end).code == "document-too-large"


def test_a_method_whose_pieces_have_no_bound_is_refused() -> None:
    data = packed({"a.txt": b"text"}, zipfile.ZIP_BZIP2)
    assert refused(data).code == "document-format"


def test_an_encrypted_entry_says_so() -> None:
    data = bytearray(packed({"a.txt": b"x"}))
    data[6] |= 1  # in the local header
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert refused(bytes(data)).code == "document-encrypted"


def test_any_damage_is_refused_with_our_error_or_harmless() -> None:
    data = packed({"a.txt": b"some text " * 20, "b.txt": b"more"})
    for at in range(len(data)):
        for changed in (data[:at], data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]):
            try:
                for entry in entries(given_file("a.zip", changed)):
                    entry.read(1 << 20)
            except SearchError as error:
                assert error.code.startswith("document-")


def test_an_entry_without_a_name_is_left_out() -> None:
    """`zipfile` cuts a name at its first NUL, and fails on what is left."""
    data = packed({"!nothing": b"no name", "a.txt": b"text"}).replace(b"!nothing", b"\0nothing")
    assert [entry.name for entry in entries(given_file("x.zip", data))] == ["a.txt"]
