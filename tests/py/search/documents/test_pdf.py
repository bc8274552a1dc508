"""PDF: lines to paragraphs, pages to headings, and files without text."""

import io

import pytest

from goosequill.errors import SearchError
from goosequill.search.documents import from_pages, limits
from goosequill.search.documents.limits import MOST_PAGES, DocumentBudget, given_file
from goosequill.search.documents.pdf import read_pdf
from tests.py.search.documents.pdfs import pdf
from tests.py.work import measured_memory

FORM = {"/Type": "/XObject", "/Subtype": "/Form"}
PROSE = [
    "The model reads the whole prompt first, and it then writes one token af-",
    "ter another until it stops.",
]


def refused(data: bytes) -> SearchError:
    with pytest.raises(SearchError) as caught:
        read_pdf(given_file("a.pdf", data))
    return caught.value


def test_lines_are_joined_and_each_page_has_its_heading() -> None:
    document = from_pages(
        "report.pdf", ["\n".join(PROSE), "Second page."], "A report", budget=DocumentBudget()
    )
    assert document.title == "A report"
    assert document.text == (
        "The model reads the whole prompt first, and it then writes one token after another until it stops."
        "\n\nSecond page."
    )
    assert [block.headings for block in document.blocks] == [("Page 1",), ("Page 2",)]


def test_a_sentence_across_pages_stays_together() -> None:
    document = from_pages(
        "a.pdf", ["It begins here and", "ends there. The next one."], budget=DocumentBudget()
    )
    assert document.text == "It begins here and ends there.\n\nThe next one."


def test_running_heads_and_page_numbers_are_left_out() -> None:
    pages = [f"The Guide\nText of page {word}.\n\nPage {n} of 6" for n, word in enumerate("abcdef", 1)]
    assert from_pages("a.pdf", pages, budget=DocumentBudget()).text == "\n\n".join(
        f"Text of page {word}." for word in "abcdef"
    )


def test_a_first_line_without_a_full_stop_is_the_title() -> None:
    assert from_pages("a.pdf", ["On Temperature\n\nText."], budget=DocumentBudget()).title == "On Temperature"
    assert from_pages("b.pdf", ["This is a sentence.\n\nText."], budget=DocumentBudget()).title == "b"


def test_a_pdf_is_read_with_pypdf() -> None:
    document = read_pdf(given_file("a.pdf", pdf([PROSE, [], ["The (third) page."]], title="Guide")))
    assert document.title == "Guide"
    assert document.blocks[1].anchor == "page=3"
    assert [block.headings for block in document.blocks] == [("Page 1",), ("Page 3",)]
    assert (
        document.text.startswith("The model reads the whole prompt")
        and "token after another" in document.text
    )
    assert document.text.endswith("The (third) page.")


def test_a_pdf_of_pictures_says_so() -> None:
    assert refused(pdf([[], []])).code == "document-scanned"


def test_an_encrypted_pdf_says_so() -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([PROSE]))))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    assert refused(out.getvalue()).code == "document-encrypted"


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"%PDF-1.7\n" + b"1 0 obj << >>" * 10, pdf([PROSE])[:300]])
def test_damaged_pdfs_are_refused(data: bytes) -> None:
    assert refused(data).code in ("document-corrupt", "document-scanned")


def test_a_reference_in_the_content_of_a_page_is_damage() -> None:
    """pypdf answers it with a failed assertion; found by the fuzzer."""
    shown = b"(fly.) Tj T*"
    data = pdf([["Geese", "fly."]])
    assert shown in data
    assert refused(data.replace(shown, b"[5 0 R]".ljust(len(shown)))).code == "document-corrupt"


def test_the_text_of_a_pdf_is_bounded_while_it_is_extracted(monkeypatch: pytest.MonkeyPatch) -> None:
    from pypdf import PageObject

    monkeypatch.setattr(limits, "MOST_FILE", 10_000)
    extracted = []
    extract = PageObject.extract_text
    monkeypatch.setattr(
        PageObject, "extract_text", lambda *args, **more: extracted.append(0) or extract(*args, **more)
    )
    error = refused(pdf([["x" * 900] * 10] * 5))
    assert error.code == "document-too-large" and "a.pdf has more than 10 kB of text" in error.message
    assert len(extracted) == 2


def test_a_form_that_a_page_draws_often_is_bounded_while_it_is_extracted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([["Text."]]))))
    page = writer.pages[0]
    form, drawn = DecodedStreamObject(), DecodedStreamObject()
    form.set_data(b"BT /F1 11 Tf (%b) Tj ET" % (b"x" * 1_000))
    form.update({NameObject(key): NameObject(value) for key, value in FORM.items()})
    form[NameObject("/Resources")] = page["/Resources"].clone(writer)
    drawn.set_data(b"/Form Do " * 4_000)
    forms = DictionaryObject({NameObject("/Form"): writer._add_object(form)})
    page["/Resources"][NameObject("/XObject")] = forms
    page[NameObject("/Contents")] = writer._add_object(drawn)
    out = io.BytesIO()
    writer.write(out)
    monkeypatch.setattr(limits, "MOST_FILE", 50_000)
    with measured_memory() as work:
        assert "more than 50 kB of text" in refused(out.getvalue()).message
    assert work.peak < 3_000_000


def test_a_form_that_draws_nothing_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_SECONDS", 0)
    assert "takes more than 0 minutes to read" in refused(pdf([["Text."]])).message


def test_too_many_pages_are_refused_with_figures() -> None:
    with pytest.raises(SearchError, match="10,001 pages"):
        from_pages("a.pdf", ["x"] * (MOST_PAGES + 1), budget=DocumentBudget())
