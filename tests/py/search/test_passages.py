"""Passages: their size, their limits and what stands above them."""

import random
from itertools import pairwise

import pytest

from goosequill.search import passages as module
from goosequill.search.documents.document import Block, Composer, Document
from goosequill.search.passages import MOST_WORDS, Passage, embedded_text, passages
from goosequill.search.sentences import sentences, words

DRAW = random.Random(4)
SENTENCE = "The model reads the prompt and then it writes one token after another until it stops."


def compose(*parts: str) -> Document:
    """A document from Markdown-like parts: "# One" is a heading."""
    composer = Composer()
    for part in parts:
        if part.startswith("#"):
            composer.heading(part.lstrip("# "), len(part) - len(part.lstrip("#")))
        else:
            composer.paragraph(part)
    return composer.document("notes.txt")


def texts(document: Document) -> list[str]:
    return [document.text[passage.start : passage.end] for passage in passages(document)]


def count(text: str) -> int:
    return sum(1 for _ in words(text))


def test_a_paragraph_is_split_after_four_sentences() -> None:
    document = compose(" ".join([SENTENCE] * 8))
    assert texts(document) == [" ".join([SENTENCE] * 4)] * 2


def test_a_short_rest_joins_the_passage_before_it() -> None:
    assert texts(compose(" ".join([SENTENCE] * 5))) == [" ".join([SENTENCE] * 5)]


def test_passages_end_where_paragraphs_end() -> None:
    three = " ".join([SENTENCE] * 3)
    assert texts(compose(three, three)) == [three, three]


def test_short_paragraphs_and_list_items_share_a_passage() -> None:
    items = "\n".join(f"Item {index} of the list" for index in range(40))
    found = texts(compose(items))
    assert "\n".join(found) == items
    assert all(40 <= count(text) <= MOST_WORDS for text in found)


def test_no_passage_crosses_a_heading_and_each_has_its_trail() -> None:
    document = compose(
        "# Guide", "Before.", "## Sampling", "Draw.", "### Temperature", "Warm.", "## End", "Done."
    )
    assert document.title == "Guide"
    assert [(document.text[p.start : p.end], p.heading) for p in passages(document, 7)] == [
        ("Before.", ""),
        ("Draw.", "Sampling"),
        ("Warm.", "Sampling › Temperature"),
        ("Done.", "End"),
    ]
    assert {passage.document for passage in passages(document, 7)} == {7}


def test_offsets_are_code_points_without_white_space_at_the_ends() -> None:
    document = Document("a", "a", "  😀 One.  \n\n  Two 😀.  ", (Block(0, 24),))
    assert passages(document) == [Passage(0, 2, 20, "")]
    assert texts(document) == ["😀 One.  \n\n  Two 😀."]


@pytest.mark.parametrize(
    "text",
    [
        "word " * 5_000,
        "x" * 50_000,
        "一" * 5_000,
        "a-b(c)[d]=" * 2_000,
        "слово " * 1_000,
        "\n".join(["a,b,c,d"] * 3_000),
        ". " * 3_000,
        "😀" * 3_000,
        " ".join(str(DRAW.random()) for _ in range(3_000)),
    ],
    ids=["words", "one-word", "cjk", "code", "cyrillic", "rows", "stops", "emoji", "numbers"],
)
def test_no_passage_is_too_long_and_nothing_is_lost(text: str) -> None:
    document = compose(text)
    found = passages(document)
    assert "".join("".join(texts(document)).split()) == "".join(text.split())
    assert all(count(each) <= MOST_WORDS for each in texts(document))
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert len(found) <= 2 + len(text) / 50


def test_documents_without_text_have_no_passages() -> None:
    assert passages(compose("# Only a heading")) == []
    assert passages(Document("a", "a", " \n\n ", (Block(0, 4),))) == []


def test_embedded_text_has_title_and_headings_in_front() -> None:
    assert embedded_text("Guide", "Sampling › Temperature", "Warm.") == "Guide. Sampling › Temperature. Warm."
    assert embedded_text("What is it?", "", "A model.") == "What is it? A model."
    assert embedded_text("", "", "A model.") == "A model."
    long = embedded_text("title " * 100, "heading " * 100, "Text.")
    assert len(long) < 220 and long.endswith("heading. Text.")


def test_a_composer_makes_blocks_of_sections() -> None:
    document = compose("One\0.", "Two e\u0301.", "# Head", "", "Three.")
    assert document.text == "One.\n\nTwo é.\n\nThree."
    assert document.blocks == (Block(0, 12), Block(14, 20, ("Head",)))
    assert compose("Text.").title == "notes"


@pytest.mark.parametrize("tiny", ["a\n\n", "A. ", "?", "b!\n", "é。", "..\r\n", "\n\n \n", "   ", "x"])
def test_millions_of_tiny_sentences_are_joined_before_they_are_looked_at(
    tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DISTINCT_SENTENCES", 1000)
    calls, run = 0, module._run

    def counted(text: str, at: int, *, opens: bool = False) -> module._Run:
        nonlocal calls
        calls += 1
        return run(text, at, opens=opens)

    monkeypatch.setattr(module, "_run", counted)
    monkeypatch.setattr(module, "sentences", None if tiny.strip() and tiny != "x" else sentences)
    text = ("An opening sentence. " + tiny * 100_000)[:200_000]
    found = passages(Document("a", "a", text, (Block(0, len(text)),)))
    assert calls <= 3 * len(text) / 60
    joined = "".join(text[passage.start : passage.end] for passage in found)
    assert "".join(joined.split()) == "".join(text.split()), "nothing is lost"


def test_sentences_are_told_apart_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "It is one. " * 50
    apart = passages(Document("a", "a", text, (Block(0, len(text)),)))
    monkeypatch.setattr(module, "DISTINCT_SENTENCES", 50)
    assert passages(Document("a", "a", text, (Block(0, len(text)),))) == apart
    monkeypatch.setattr(module, "DISTINCT_SENTENCES", 49)
    assert passages(Document("a", "a", text, (Block(0, len(text)),))) != apart
