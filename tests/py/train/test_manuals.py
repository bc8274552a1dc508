import re
import struct
import zlib

from scripts.train import corpus
from scripts.train.documents import Document
from scripts.train.manuals import MANUALS, dialogues, is_prose, prose

PAGE = """<html><head><title>Not this</title></head><body>
<div class="navheader"><p>Previous page, next page, up and home, as on every page of it.</p></div>
<h2>19.1. Waiting<a class="headerlink">¶</a></h2>
<p>A query waits until the lock is <em>released</em>, unless the   timeout that you have set is shorter.</p>
<pre>SELECT pg_sleep(10); -- this is code, and would be long enough to be a paragraph.</pre>
<h3>Only a list of names below</h3>
<ul><li>work_mem</li></ul>
<h3>In lists</h3>
<ul><li>An item may be a whole sentence, and then it is as good as any paragraph.</li></ul>
<table><tr><td><p>A cell of a table that has much text, but no sentence follows it.</p></td></tr></table>
</body></html>"""


def test_a_page_is_its_headings_and_the_paragraphs_below_them():
    assert prose(PAGE) == [
        "Waiting",
        "A query waits until the lock is released, unless the timeout that you have set is shorter.",
        "In lists",
        "An item may be a whole sentence, and then it is as good as any paragraph.",
    ]


def test_identifiers_and_fragments_are_not_prose():
    assert not is_prose("std::vector<T>::push_back(x), std::move(y), operator[](n) and foo_bar->baz[3].a().")
    assert not is_prose("A sentence that is long enough to be kept, but which ends with no full stop")
    assert not is_prose("Too short.")
    assert is_prose("The first argument is the name of a file, and the second one says how to open it.")


def test_every_manual_is_pinned_and_has_a_reader():
    for manual in MANUALS:
        assert re.fullmatch(r"[0-9a-f]{64}", manual.package.sha256)
        assert manual.package.name in corpus.READERS
        assert manual.package in corpus.PACKAGES


def test_chapters_of_the_world_english_bible_have_neither_notes_nor_numbers():
    book = (
        '<milestone n="Jonah" type="x-usfm-h"/> <title type="main">Jonah</title> <div sID="a" type="x-p"/>'
        '<chapter n="2" osisID="Jonah.2" sID="Jonah.2"/>Then <w lemma="strong:H1">Jonah</w> prayed'
        '<note placement="foot">or, called</note>, and said \u201cI called.\u201d <div eID="a" type="x-p"/>'
        '<div sID="b" type="x-p"/>The waters<note>deep</note>closed over me. <chapter eID="Jonah.2"/>'
    ).encode()
    packed = zlib.compress(book)
    members = {"x/nt.bzs": struct.pack("<III", 0, len(packed), len(book)), "x/nt.bzz": packed}
    assert list(corpus.read_web(members)) == [
        Document(
            "scripture",
            "web/Jonah 2",
            'Jonah 2\n\nThen Jonah prayed, and said "I called."\n\nThe waters closed over me.',
        )
    ]


def test_a_tenth_of_the_pieces_is_wrapped_and_loses_nothing():
    texts = [f"<manual>\n{number} " + "some words that fill a line " * 9 for number in range(400)]
    wrapped = [corpus.wrap(text) for text in texts]
    changed = [(a, b) for a, b in zip(texts, wrapped, strict=True) if a != b]
    assert 20 < len(changed) < 60
    for before, after in changed:
        assert before.split() == after.split()
        assert after.startswith("<manual>\n")
        assert max(map(len, after.split("\n"))) <= 80
    assert wrapped == [corpus.wrap(text) for text in texts]


def test_headings_become_questions_where_the_text_answers_them_in_their_words():
    text = "\n\n".join((
        "Row Locks",
        "Row locks are held until the end of a transaction. " + "More about other things follows here. " * 9,
        "Deadlocks and SQL",
        "The words of this paragraph are others.",
        "std::vector and friends",
        "A vector has many friends, and std::vector is one of them.",
    ))  # fmt: skip
    (made,) = dialogues(Document("manual", "page", text))
    assert made.register == "dialogue"
    assert made.group == "page"
    asked, answer = made.text.split("\n\n")
    assert asked.startswith("User: ")
    assert "row locks" in asked
    assert answer.startswith("Assistant: Row locks are held until the end of a transaction. More")
    assert len(answer) <= 211
