"""Which reader a file gets, zips in zips, hashes, and the jobs of a page."""

import io
import zipfile

import pytest

from goosequill.errors import SearchError
from goosequill.search.documents import ReadOptions, Skipped, limits, read
from goosequill.search.documents.limits import MOST_FILE, DocumentBudget, given_file
from goosequill.search.documents.page_jobs import read_documents, read_pages
from goosequill.search.documents.reading import expand, kind_of, source
from goosequill.support.budget import File
from tests.py.jobs import run
from tests.py.refusals import refused
from tests.py.search.documents.pdfs import pdf


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.md", b"# A", "markdown"),
        ("A.HTML", b"<p>", "html"),
        ("a", b"\n<!DOCTYPE html><p>", "html"),
        ("a.txt", b"<p>no page</p>", "text"),
        ("README", b"text", "text"),
        ("a.tsv", b"a\tb", "table"),
        ("a.bin", b"junk%PDF-1.4", "pdf"),
        ("a.docx", packed({}), "word"),
        ("a.epub", packed({"a": b""}), "zip"),
        ("a.xlsx.txt", b"text", "text"),
    ],
)
def test_a_file_gets_the_reader_of_its_content_and_ending(name: str, data: bytes, kind: str) -> None:
    assert kind_of(given_file(name, data)) == kind


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.xlsx", packed({"a": b""}), "document-format"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "document-format"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "document-encrypted"),
        ("a.rtf", b"{\\rtf1 x}", "document-format"),
        ("a.pdf", b"no pdf", "document-corrupt"),
        ("a.zip", b"no zip", "document-corrupt"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "document-binary"),
        ("a.txt", b"  \n", "document-empty"),
        ("a.csv", b"title,text\n", "document-empty"),
        ("a.md", b"# Only a heading", "document-empty"),
    ],
)
def test_what_cannot_be_read_says_why(name: str, data: bytes, code: str) -> None:
    with pytest.raises(SearchError) as caught:
        list(read(name, data))
    assert caught.value.code == code and name in caught.value.message


def test_a_huge_text_is_refused_with_figures_before_it_is_decoded() -> None:
    with refused(SearchError, "document-too-large") as caught:
        list(read("a.txt", bytes(200_000_000)))
    assert "200 MB" in caught.value.message and "52 MB" in caught.value.message
    assert MOST_FILE == 52_428_800


def test_one_bad_file_in_a_zip_loses_nothing_else() -> None:
    inner = packed({"deep.txt": b"Deep text."})
    data = packed(
        {"a.md": b"# A\nText.", "bad.pdf": b"no", "in.zip": inner, "pic.png": b"\x89PNG" + bytes(9)}
    )
    skipped: list[Skipped] = []
    found = list(read("all.zip", data, skipped))
    assert [(document.name, document.title) for document in found] == [
        ("all.zip/a.md", "A"),
        ("all.zip/in.zip/deep.txt", "deep"),
    ]
    assert [(each.name, each.code) for each in skipped] == [
        ("all.zip/bad.pdf", "document-corrupt"),
        ("all.zip/pic.png", "document-binary"),
    ]
    assert all(each.message and each.remedy for each in skipped)


def word(text: str) -> bytes:
    main = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = f'<w:document xmlns:w="{main}"><w:p><w:t>{text}</w:t></w:p></w:document>'
    return packed({"word/document.xml": body.encode()})


@pytest.mark.parametrize(
    ("budget", "what"),
    [
        (DocumentBudget(unpacked=250_000, name="a.zip"), "more than 250 kB unpacked"),
        (DocumentBudget(elements=6, name="a.zip"), "more than 6 elements"),
        (DocumentBudget(files=8, name="a.zip"), "more than 8 files"),
        (DocumentBudget(text=250_000, name="a.zip"), "more than 250 kB of text"),
    ],
)
def test_all_documents_in_a_zip_spend_from_one_budget(budget: DocumentBudget, what: str) -> None:
    """Each of twenty had one of its own: 24 kB became 8 GB."""
    data = packed({f"{number}.docx": word("a" * 100_000) for number in range(6)})
    skipped: list[Skipped] = []
    found = []
    for each in expand(File("a.zip", data, budget), skipped):
        try:
            found += [document.name for document in each.documents()]
        except SearchError as error:
            skipped.append(Skipped.because(each.name, error))
    assert found == ["a.zip/0.docx", "a.zip/1.docx"]
    assert [each.name for each in skipped] == ["a.zip/2.docx", "a.zip"]  # and nothing after that is unpacked
    assert all(f"a.zip has {what}" in each.message for each in skipped)


def test_zips_in_zips_are_read_to_a_limit() -> None:
    data = packed({"a.txt": b"text"})
    for name in ("b.zip", "c.zip"):
        data = packed({name: data})
    skipped: list[Skipped] = []
    assert list(read("d.zip", data, skipped)) == []
    assert [(each.name, each.code) for each in skipped] == [("d.zip/c.zip/b.zip", "document-too-large")]


def test_a_hash_changes_with_the_bytes_and_with_what_changes_the_text() -> None:
    first = source(given_file("a.csv", b"a,b\n1,2"))
    assert len(first.hash) == 64
    assert first.hash == source(given_file("other.csv", b"a,b\n1,2")).hash
    assert first.hash != source(given_file("a.csv", b"a,b\n1,3")).hash
    assert first.hash != source(given_file("a.csv", b"a,b\n1,2"), options=ReadOptions(column="a")).hash
    assert (
        source(given_file("a.md", b"x")).hash
        == source(given_file("a.md", b"x"), options=ReadOptions(column="a")).hash
    )


def test_the_job_yields_documents_and_ends_with_what_was_skipped() -> None:
    data = packed(
        {"a.md": b"# A\n\nText.", "b.csv": b"q,text\n1,One\n2,Two", "c.pdf": pdf([["Page."]]), "d.bin": b"\0"}
    )
    end, parts = run(read_documents("z.zip", memoryview(data)))
    assert [part.get("name") for part in parts] == ["z.zip/a.md", "z.zip/b.csv#2", "z.zip/b.csv#3", None]
    assert parts[0]["title"] == "A" and parts[0]["text"] == "Text."
    assert parts[0]["blocks"] == ({"start": 0, "end": 5, "headings": ("A",), "anchor": ""},)
    assert parts[1]["source"] == "z.zip/b.csv" and parts[1]["hash"] == parts[2]["hash"]
    assert parts[3]["pdf"].startswith(b"%PDF-")
    assert end["documents"] == 3 and [each["name"] for each in end["skipped"]] == ["z.zip/d.bin"]

    known = {part["source"]: part["hash"] for part in parts}
    _, again = run(read_documents("z.zip", data, {"known": known}))
    assert [part.get("unchanged") for part in again] == [True] * 3


def test_the_job_leaves_out_unchanged_rows_and_names_them() -> None:
    _, parts = run(read_documents("t.csv", b"title,text\na,One\nb,Two\nc,Three"))
    known = {part["name"]: part["row_hash"] for part in parts}
    end, again = run(read_documents("t.csv", b"title,text\na,One\nb,Zwei\nc,Three", {"known": known}))
    assert [part.get("name") or part["kept"] for part in again] == ["t.csv#3", ["t.csv#2", "t.csv#4"]]
    assert again[0]["hash"] == again[1]["hash"] != parts[0]["hash"] and end["documents"] == 3


def test_the_job_of_pages_makes_one_document() -> None:
    end, parts = run(read_pages("a.pdf", "00", ["Some text."], "Title"))
    assert parts[0]["title"] == "Title" and parts[0]["source"] == "a.pdf" and parts[0]["hash"] == "00"
    assert end == {"documents": 1, "skipped": []}
    end, parts = run(read_pages("a.pdf", "00", ["", ""]))
    assert parts == [] and end["skipped"][0]["code"] == "document-scanned"


def test_the_pdfs_of_a_file_in_a_page_spend_from_one_budget() -> None:
    end, parts = run(read_pages("a.zip/b.pdf", "00", ["Text."], outermost="a.zip", spent=1 << 30))
    assert parts == [] and "a.zip has more than 1.1 GB of text" in end["skipped"][0]["message"]
    end, parts = run(read_pages("a.zip/b.pdf", "00", ["Text."], outermost="a.zip", spent=(1 << 30) - 5))
    assert end == {"documents": 1, "skipped": []}


def test_a_document_that_is_refused_loses_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_FILE", 1_000)
    skipped: list[Skipped] = []
    data = packed({"bomb.docx": word("a" * 100_000), "good.docx": word("Text.")})
    assert [document.text for document in read("a.zip", data, skipped)] == ["Text."]
    assert [(each.name, each.code) for each in skipped] == [("a.zip/bomb.docx", "document-too-large")]


def test_a_file_that_is_not_a_zip_is_a_source_of_itself() -> None:
    skipped: list[Skipped] = []
    assert [each.name for each in expand(given_file("a.txt", b"text"), skipped)] == ["a.txt"] and not skipped
