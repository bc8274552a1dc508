"""Plain text: encodings, paragraphs, wrapped lines, and what is not text."""

import os

import pytest

from goosequill.errors import SearchError
from goosequill.search.documents.text import decode, read_text, unescape

POEM = (
    "Tyger Tyger, burning bright,\nIn the forests of the night;\nWhat immortal hand or eye,\nCould frame thy"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_text_is_decoded_whatever_program_wrote_it(encoding: str) -> None:
    text = "Größe: 3 € – “déjà vu”\n"
    assert decode("a.txt", text.encode(encoding)) == text


def test_a_declared_encoding_is_tried_after_utf_8() -> None:
    assert decode("a.html", "Größe".encode("latin-1"), "iso-8859-1") == "Größe"
    assert decode("a.html", "Größe".encode(), "iso-8859-1") == "Größe"
    assert decode("a.html", "Größe".encode("cp1252"), "no-such-encoding") == "Größe"


@pytest.mark.parametrize("data", [bytes(range(256)) * 10, b"\x7fELF" + bytes(100), os.urandom(5000)])
def test_binary_files_are_refused(data: bytes) -> None:
    with pytest.raises(SearchError) as caught:
        decode("a.bin", data)
    assert caught.value.code == "document-binary" and "a.bin" in caught.value.message


def test_hard_wrapped_lines_are_joined_and_paragraphs_are_kept() -> None:
    text = (
        "The model reads the whole prompt first and\nthen writes one token\nafter another.\n\n\n  Next one.\n"
    )
    document = read_text("a/notes.txt", text.encode())
    assert document.title == "notes"
    assert document.text.split("\n\n") == [
        "The model reads the whole prompt first and then writes one token\nafter another.",
        "Next one.",
    ]


def test_lists_poems_tables_and_code_keep_their_lines() -> None:
    items = "- a first item that is long enough to be wrapped\n- a second item, as long as the first\n"
    rows = "alpha      beta      gamma and a longer text\n1          2         3 and a longer text, wrapped\n"
    code = (
        "def function_with_a_long_name(argument):\n    return another_function_with_a_long_name(argument)\n"
    )
    assert read_text("a.txt", items.encode()).text.count("\n") == 1
    assert read_text("a.txt", rows.encode()).text.count("\n") == 1
    assert read_text("a.txt", POEM.encode()).text == POEM
    assert read_text("a.py", code.encode()).text == code.rstrip()


def test_nuls_lone_surrogates_and_soft_hyphens_do_not_reach_the_text() -> None:
    data = ("word " * 1000 + "a\0b so\u00adft").encode()
    assert read_text("a.txt", data).text.endswith("ab soft")
    assert read_text("a.txt", b"\xff\xfe\x00\xd8a\x00").text.isprintable()


def test_huge_character_references_are_not_converted() -> None:
    assert unescape("&amp;&#65;&#x42;&eacute;") == "&ABé"
    assert unescape("&#" + "9" * 100_000 + ";") == "\ufffd"


@pytest.mark.parametrize("text", ["", " \n\n ", "\n"])
def test_a_file_without_text_has_no_blocks(text: str) -> None:
    assert read_text("a.txt", text.encode()).blocks == ()
