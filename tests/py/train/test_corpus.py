"""The corpus: documents stay on one side of the split, repeated paragraphs are removed, tags come first."""

import dataclasses
import json

import pytest
from scripts.train import corpus
from scripts.train.documents import Document

PARAGRAPH = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of folly."
)


def test_a_group_is_on_one_side_of_the_split_and_each_source_is_in_all_three():
    documents = [Document("novel", f"a/{i}", PARAGRAPH) for i in range(200)]
    documents += [Document("dialogue", f"a/{i}", PARAGRAPH) for i in range(200)]
    documents += [Document("verse", f"b/{i}", PARAGRAPH) for i in range(200)]
    split = corpus.split_groups(documents)
    for source in "ab":
        groups = [split[f"{source}/{i}"] for i in range(200)]
        assert {name: groups.count(name) for name in ("test", "valid")} == {"test": 4, "valid": 2}
    assert split == corpus.split_groups(documents[::-1])


def test_a_repeated_paragraph_is_dropped():
    again = Document(
        "novel", "b/1", f"{PARAGRAPH}\n\nSomething that only this second document says, and at length."
    )
    kept = corpus.deduplicate(
        [Document("novel", "a/1", PARAGRAPH), again, Document("verse", "c/1", PARAGRAPH)]
    )
    assert [document.text.count("worst of times") for document in kept] == [1, 0, 1]


def test_long_documents_are_split_at_paragraphs_and_every_piece_has_its_tag():
    text = "\n\n".join([PARAGRAPH] * 200)
    parts = list(corpus.pieces(Document("speech", "a/1", text)))
    assert len(parts) > 3
    assert all(part.startswith("<speech>\n") and len(part) < 1.1 * corpus.PIECE_CHARS for part in parts)
    assert "\n\n".join(part.removeprefix("<speech>\n") for part in parts) == text


def test_wordnet_becomes_definitions_and_questions_of_the_same_group():
    line = '00001740 03 n 02 heron 0 wader 0 000 | a wading bird with a long neck; "the heron stood still"  '
    members = {f"dict/data.{part}": b"  1 licence\n" for part in ("verb", "adj", "adv")}
    members["dict/data.noun"] = f"  1 licence\n{line}\n".encode()
    definition, dialogue = corpus.read_wordnet(members)
    assert definition.text == (
        'heron, also wader (noun): a wading bird with a long neck. "the heron stood still"'
    )
    assert dialogue.text.startswith("User: What is a heron?\n\nAssistant: It is a wading bird")
    assert definition.group == dialogue.group


def test_conversations_take_turns():
    yaml = b"categories:\n- x\nconversations:\n- - Hello\n  - Hi,\n    there\n  - 'It''s late'\n- - Lonely\n"
    (document,) = corpus.read_chatterbot({"data/x.yml": b"", "c/data/english/x.yml": yaml})
    assert document.text == "User: Hello\n\nAssistant: Hi, there\n\nUser: It's late"


def test_bible_chapters_are_documents():
    verses = [{"text": f"Verse {i}.", "book": "Jonah", "chapter": 1 + i // 2} for i in range(4)]
    data = "\n".join(map(json.dumps, verses)).encode()
    found = list(corpus.read_bible({"bible/data/kjv.jsonl": data}))
    assert [document.text for document in found] == [
        "Jonah 1\n\nVerse 0.\nVerse 1.",
        "Jonah 2\n\nVerse 2.\nVerse 3.",
    ]


def test_an_altered_download_is_refused_and_another_debian_version_is_named(tmp_path, capsys):
    wheel = next(one for one in corpus.PACKAGES if one.name == "chatterbot-corpus")
    debian = corpus.PACKAGES[0]
    (tmp_path / "chatterbot_corpus-1.3.3-py2.py3-none-any.whl").write_bytes(b"altered")
    with pytest.raises(SystemExit, match=r"not the known archive of chatterbot-corpus 1\.3\.3"):
        corpus.fetch(wheel, tmp_path)
    other = tmp_path / "r-cran-janeaustenr_1.0.1-2_all.deb"
    other.write_bytes(b"newer")
    assert corpus.fetch(debian, tmp_path) == other
    assert "may differ" in capsys.readouterr().err
    assert corpus.version_of(other, debian) == "1.0.1-2"
    same = dataclasses.replace(debian, sha256=corpus.digest_of(other))
    corpus.fetch(same, tmp_path)
    assert capsys.readouterr().err == ""
