"""Questions that go on from the one before."""

import pytest

from goosequill.search import collection as jobs
from goosequill.search.documents.document import Block, Document
from goosequill.search.thread import follows, searched
from tests.py.search.samples import HashEmbedder
from tests.py.search.test_collection import Page, as_argument

INSTALL = "How do I install the program on Linux?"


@pytest.mark.parametrize(
    "question", ["and on Windows?", "What about macOS", "on Windows?", "why?", "und unter Windows"]
)
def test_what_begins_like_it_or_is_a_short_question_follows(question: str) -> None:
    assert follows(question)


@pytest.mark.parametrize(
    "question", ["", "and", "Windows", "android phones", "hay fever", "how do I print on Windows?"]
)
def test_words_to_search_for_and_whole_questions_do_not(question: str) -> None:
    assert not follows(question) and searched(question, INSTALL) == question


def test_it_is_searched_for_with_the_content_words_of_the_question_before() -> None:
    assert searched("and on Windows?", INSTALL) == "install program Linux and on Windows?"
    assert searched("and programs on Windows?", INSTALL) == "install Linux and programs on Windows?"
    assert searched("and on Windows?", "how is it?") == searched("and on Windows?", "") == "and on Windows?"


def test_a_question_that_fails_alone_succeeds_in_its_thread() -> None:
    page, table = Page(), HashEmbedder("static-minilm", 64)
    collection = page.open()
    texts = {
        "windows": "Windows, and what Windows needs of a printer. Windows prints.",
        "install": "To install the program on Windows, open its file. Install it for all.",
        "linux": "To install the program on Linux, install its package as root.",
    }
    for name, text in texts.items():
        document = as_argument(Document(name, name, text, (Block(0, len(text)),)))
        page.run(jobs.add_document(collection, document, static=table))

    def first(**options: str) -> tuple[str, str]:
        found = jobs.search(collection, "and on Windows?", static=table, **options)
        return found["hits"][0].name, found["searched"]

    assert first() == ("windows", "and on Windows?")
    assert first(former=INSTALL) == ("install", "install program Linux and on Windows?")
