"""Plain text: encodings, paragraphs, wrapped lines, and what is not text."""

import os
import random

import pytest

from goosequill.errors import SearchError
from goosequill.search.documents import text as module
from goosequill.search.documents.document import Composer
from goosequill.search.documents.limits import given_file
from goosequill.search.documents.text import decode, paragraphs, read_text, unescape, unwrap

POEM = (
    "Tyger Tyger, burning bright,\nIn the forests of the night;\nWhat immortal hand or eye,\nCould frame thy"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_text_is_decoded_whatever_program_wrote_it(encoding: str) -> None:
    text = "Größe: 3 € – “déjà vu”\n"
    assert decode(given_file("a.txt", text.encode(encoding))) == text


def test_a_declared_encoding_is_tried_after_utf_8() -> None:
    assert decode(given_file("a.html", "Größe".encode("latin-1")), "iso-8859-1") == "Größe"
    assert decode(given_file("a.html", "Größe".encode()), "iso-8859-1") == "Größe"
    assert decode(given_file("a.html", "Größe".encode("cp1252")), "no-such-encoding") == "Größe"


@pytest.mark.parametrize("data", [bytes(range(256)) * 10, b"\x7fELF" + bytes(100), os.urandom(5000)])
def test_binary_files_are_refused(data: bytes) -> None:
    with pytest.raises(SearchError) as caught:
        decode(given_file("a.bin", data))
    assert caught.value.code == "document-binary" and "a.bin" in caught.value.message


def test_hard_wrapped_lines_are_joined_and_paragraphs_are_kept() -> None:
    text = (
        "The model reads the whole prompt first and\nthen writes one token\nafter another.\n\n\n  Next one.\n"
    )
    document = read_text(given_file("a/notes.txt", text.encode()))
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
    assert read_text(given_file("a.txt", items.encode())).text.count("\n") == 1
    assert read_text(given_file("a.txt", rows.encode())).text.count("\n") == 1
    assert read_text(given_file("a.txt", POEM.encode())).text == POEM
    assert read_text(given_file("a.py", code.encode())).text == code.rstrip()


def test_nuls_lone_surrogates_and_soft_hyphens_do_not_reach_the_text() -> None:
    data = ("word " * 1000 + "a\0b so\u00adft").encode()
    assert read_text(given_file("a.txt", data)).text.endswith("ab soft")
    assert read_text(given_file("a.txt", b"\xff\xfe\x00\xd8a\x00")).text.isprintable()


def test_huge_character_references_are_not_converted() -> None:
    assert unescape("&amp;&#65;&#x42;&eacute;") == "&ABé"
    assert unescape("&#" + "9" * 100_000 + ";") == "\ufffd"


@pytest.mark.parametrize("text", ["", " \n\n ", "\n"])
def test_a_file_without_text_has_no_blocks(text: str) -> None:
    assert read_text(given_file("a.txt", text.encode())).blocks == ()


def read_in_one_piece(text: str) -> str:
    """What the reader makes of a text whose lines are all in memory."""
    composer = Composer()
    for paragraph in paragraphs(text.splitlines()):
        composer.paragraph("\n".join(unwrap(paragraph)))
    return composer.document("a.txt").text


@pytest.mark.parametrize("seed", range(40))
def test_a_text_read_in_parts_is_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SLAB", 50)
    source = random.Random(seed)
    pieces = [
        "a",
        "é",
        "word",
        "\n",
        "\n\n",
        " ",
        "\t",
        "\r\n",
        "\x0c",
        "\u2028",
        "x" * 30,
        "- item",
        "\n \n\n",
    ]
    if seed % 2:
        pieces += ["a line that is long enough to have been wrapped somewhere", "x" * 50]
    text = "".join(source.choices(pieces, k=400))
    assert read_text(given_file("a.txt", text.encode())).text == read_in_one_piece(text)


def test_tiny_paragraphs_are_not_taken_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, most = 0, 0
    paragraph = Composer.paragraph

    def counted(self: Composer, text: str) -> None:
        nonlocal calls, most
        calls, most = calls + 1, max(most, len(text))
        paragraph(self, text)

    monkeypatch.setattr(Composer, "paragraph", counted)
    for tiny in (b"a\n\n", b"a\r\n \r\n", b"ab\n", "é\n\n\n".encode()):
        calls, data = 0, tiny * (1_500_000 // len(tiny))
        found = read_text(given_file("a.txt", data)).text
        assert calls <= 1 + len(data) // module._SLAB and most <= module._LONGEST_PARAGRAPH + 2
        assert found.count(tiny.decode().strip()) == 1_500_000 // len(tiny)


def test_too_many_long_paragraphs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goosequill.search.documents.document.MOST_PARAGRAPHS", 100)
    wrapped = b"a line that is long enough to have been wrapped, and so it\nwas\n\n"
    assert read_text(given_file("a.txt", wrapped * 100)).blocks
    with pytest.raises(SearchError) as caught:
        read_text(given_file("a.txt", wrapped * 101))
    assert caught.value.code == "document-too-large" and "100" in caught.value.message
