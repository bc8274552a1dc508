"""DOCX, written by python-docx, and hostile or damaged files."""

import io
import zipfile

import pytest

from goosequill.errors import SearchError
from goosequill.search.documents import archive as packing
from goosequill.search.documents import limits, word
from goosequill.search.documents.limits import given_file
from goosequill.search.documents.word import read_word
from tests.py.work import measured_memory

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def archive(**parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return out.getvalue()


def document(body: str, *, before: str = "") -> bytes:
    return archive(
        **{"word/document.xml": f'{before}<w:document xmlns:w="{MAIN}"><w:body>{body}</w:body></w:document>'}
    )


def refused(data: bytes) -> SearchError:
    with pytest.raises(SearchError) as caught:
        read_word(given_file("a.docx", data))
    return caught.value


def test_headings_lists_and_tables_of_a_word_document_are_read() -> None:
    docx = pytest.importorskip("docx")
    made = docx.Document()
    made.core_properties.title = "The manual"
    made.add_paragraph("Before everything.")
    made.add_heading("Sampling", 1)
    paragraph = made.add_paragraph("Each token is ")
    paragraph.add_run("drawn").bold = True
    paragraph.add_run(" at random.\tSo.")
    made.add_paragraph("one", style="List Bullet")
    made.add_paragraph("two", style="List Bullet")
    made.add_heading("Temperature", 2)
    table = made.add_table(2, 2)
    for cell, text in zip(table._cells, ["Name", "Value", "a", "1"], strict=True):
        cell.text = text
    made.add_paragraph("After the table.")
    out = io.BytesIO()
    made.save(out)
    found = read_word(given_file("a.docx", out.getvalue()))
    assert found.title == "The manual"
    blocks = [(block.headings, found.text[block.start : block.end].split("\n\n")) for block in found.blocks]
    assert blocks[0] == ((), ["Before everything."])
    assert blocks[1][0] == ("Sampling",) and blocks[1][1][0] == "Each token is drawn at random. So."
    assert "\n".join(blocks[1][1][1:]).split() == ["one", "two"]
    assert blocks[2] == (("Sampling", "Temperature"), ["Name | Value\na | 1", "After the table."])


def test_the_fallback_of_a_text_box_is_not_read_twice_and_deleted_text_not_at_all() -> None:
    compatible = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    box = "<w:p><w:r><w:t>Box</w:t></w:r></w:p>"
    body = (
        f'<w:p><w:r><mc:AlternateContent xmlns:mc="{compatible}"><mc:Choice>{box}</mc:Choice>'
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:t>kept</w:t></w:r></w:p>"
    )
    assert read_word(given_file("a.docx", document(body))).text == "Box\n\nkept"


def test_an_entity_bomb_is_refused() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = document(
        "<w:p><w:r><w:t>&a9;</w:t></w:r></w:p>", before=f'<!DOCTYPE x [<!ENTITY a0 "x">{entities}]>'
    )
    error = refused(bomb)
    assert error.code == "document-corrupt" and "entities" in error.message


def test_a_deflate_bomb_is_refused_within_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goosequill.search.documents.word.MOST_XML", 100_000)
    error = refused(document("<w:p/>" * 100_000))
    assert error.code == "document-too-large" and "100 kB" in error.message


def test_a_run_of_text_without_end_takes_no_more_memory_than_the_text_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MOST_FILE", 1_000_000)
    data = document(f"<w:p><w:r><w:t>{'a' * 30_000_000}</w:t></w:r></w:p>")
    with measured_memory() as work:
        error = refused(data)
    assert error.code == "document-too-large" and "more than 1.0 MB of text" in error.message
    assert work.peak < 10_000_000


def test_a_long_paragraph_is_read_in_the_memory_of_its_text_and_not_of_its_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packing, "_CHUNK", 1 << 16)
    data = document(f"<w:p><w:r><w:t>  {'ab ' * 300_000}</w:t><w:tab/><w:t>\t end</w:t></w:r></w:p>")
    with measured_memory() as work:
        text = read_word(given_file("a.docx", data)).text
    assert text == "ab " * 300_000 + "end"
    assert work.peak < 12 * len(text)


def test_a_long_title_takes_time_in_proportion_to_its_length_and_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MOST_FILE", 100_000)
    title = f'<title xmlns="http://purl.org/dc/elements/1.1/">{"a" * 200_000}</title>'
    data = archive(**{"word/document.xml": "<x/>", "docProps/core.xml": title})
    assert "more than 100 kB of text" in refused(data).message


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<w:p/>" * 11_000, "more than 10,000 elements"),
        (f"<w:p {' '.join(f'a{n}=``' for n in range(11_000))}/>".replace("`", '"'), "10,000 elements"),
        ("<w:sdt>" * 2_000, "more than 1,000 elements within each other"),
        (f'<w:p x="{"a" * 3_000_000}"/>', "a tag of more than 100 kB"),
        (f"<!--{'a' * 3_000_000}-->", "a tag of more than 100 kB"),
        ("".join(f"<name{n}/>" for n in range(1_000)), "too many different names"),
        (f'<x:p xmlns:x="{"u" * 2_000}"/>', "too long a namespace"),
    ],
)
def test_xml_that_takes_more_than_its_bytes_is_refused(
    body: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_ELEMENTS", 10_000)
    monkeypatch.setattr(word, "MOST_DEPTH", 1_000)
    monkeypatch.setattr(word, "MOST_TAG", 100_000)
    monkeypatch.setattr(word, "MOST_NAMES", 5_000)
    error = refused(document(body))
    assert error.code == "document-too-large" and what in error.message


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), archive(other="x"), document("<w:p>")]
)
def test_damaged_files_are_refused(data: bytes) -> None:
    assert refused(data).code == "document-corrupt"


def test_a_hundred_thousand_nested_elements_are_read_or_refused() -> None:
    deep = document("<w:sdt>" * 100_000 + "<w:p><w:r><w:t>x</w:t></w:r></w:p>" + "</w:sdt>" * 100_000)
    assert read_word(given_file("a.docx", deep)).text == "x"


def test_any_cut_of_a_file_is_refused_with_our_error() -> None:
    data = document("<w:p><w:r><w:t>Text</w:t></w:r></w:p>")
    for length in range(0, len(data), 7):
        with pytest.raises(SearchError):
            read_word(given_file("a.docx", data[:length]))
