"""A static index, as the page's JavaScript (under Node) reads it, compared with the same search in Python."""

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goosequill.search import web
from goosequill.search.bm25 import WordIndex
from goosequill.search.embedders import open_folder
from goosequill.search.static_table import StaticTable
from goosequill.search.web import (
    Grid,
    Postings,
    WebPassage,
    front_coded,
    stages,
    text_record,
    varint,
    varints,
    web_files,
)
from goosequill.tokenizers.wordpiece import WordPiece
from tests.static_index import WORDS, StaticIndex

ROOT = Path(__file__).resolve().parents[3]
CODE = 29_000
"""Bytes of <goose-search>, uncompressed: tests/js/search/static/size.test.js."""
PROBE = ROOT / "scripts" / "search" / "static_probe.js"


def ask(
    folder: Path, questions: list[str], *arguments: str, count: int = 5, stages: str = ""
) -> list[dict[str, Any]]:
    """Search in Node; the questions' pieces, vectors and results, and the bytes that were read."""
    given = json.dumps({"questions": questions, "count": count, "stages": stages})
    command = ["node", str(PROBE), str(folder), *arguments]
    result = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> StaticIndex:
    return StaticIndex(tmp_path_factory.mktemp("index"))


QUESTIONS = [
    "How do I make the text less random?",
    "Lamps, rivers; and quilling! (gardenness)",
    "ÜBER den Café 東京 Σω ω",
    "zzz q zz",
    "[UNK] [CLS] x [mask]",
    "temperature " * 40,
    "x" * 101 + " stone",
    "a\u0301b\u200dc\ufeff d\te\u3000f\u00adg",
    "##ing #s it's $5",
    "İstanbul ǅ ﬁ",
]


def test_pieces_vectors_and_words_are_those_of_python(made: StaticIndex) -> None:
    wordpiece = WordPiece(made.pieces)
    for text, found in zip(QUESTIONS, ask(made.folder, QUESTIONS), strict=True):
        expected = [made.pieces[number] for number in wordpiece.pieces(text, limit=254)]
        assert found["pieces"] == expected, text
        if found["vector"]:
            assert float(np.dot(found["vector"], made.question(text))) > 0.985, text
        np.testing.assert_allclose(found["scores"], made.index.scores(text), atol=0.03)


def test_random_texts_split_as_in_python(made: StaticIndex) -> None:
    draw = random.Random(5)
    planes = [(0x20, 0x7F), (0xA0, 0x250), (0x370, 0x500), (0x4E00, 0x4F00), (0x300, 0x340), (0x2000, 0x2070)]
    texts = ["".join(chr(draw.randrange(*draw.choice(planes))) for _ in range(12)) for _ in range(150)]
    wordpiece = WordPiece(made.pieces)
    for text, found in zip(texts, ask(made.folder, texts, count=1), strict=True):
        assert found["pieces"] == [made.pieces[n] for n in wordpiece.pieces(text, limit=254)], repr(text)


def test_the_ranking_is_that_of_the_full_static_stage(made: StaticIndex) -> None:
    draw = random.Random(9)
    questions = [" ".join(draw.choice(WORDS) for _ in range(4)) for _ in range(100)]
    same = 0
    for text, found in zip(questions, ask(made.folder, questions), strict=True):
        scores = made.scores(text)
        order = list(dict.fromkeys(int(i) // made.per_document[0] for i in np.argsort(-scores)))[:5]
        hits = found["results"][-1]["hits"]
        assert found["results"][-1]["stage"] == "meaning"
        documents = [hit["document"] for hit in hits]
        assert len(set(documents)) == len(documents)
        same += len(set(documents) & set(order))
        assert scores[hits[0]["passage"]] > scores.max() - 0.5  # of standard deviations
    assert same >= 400  # of 500; random passages are close to one another


def test_hits_have_what_a_page_shows(made: StaticIndex) -> None:
    (found,) = ask(made.folder, ["quill lamp"])
    for stage in found["results"]:
        for hit in stage["hits"]:
            passage = hit["passage"]
            assert hit["text"] == made.texts[passage]
            assert hit["url"] == f"http://127.0.0.1/p{passage}/#a"
            assert hit["title"] == f"Page {passage // 5}" and hit["heading"] == "A › B"
            for start, end in hit["matched"]:
                words = hit["text"][start:end].split()
                assert all(word.startswith(("quill", "lamp")) for word in words)
    assert found["results"][-1]["nothingFits"] == (found["results"][-1]["hits"][0]["cosine"] < 0.1)


def test_a_server_without_ranges_is_noted_and_gives_the_same(made: StaticIndex) -> None:
    questions = ["random text", "stone window"]
    parts, whole = ask(made.folder, questions), ask(made.folder, questions, "whole")
    assert [each["scores"] for each in parts] == [each["scores"] for each in whole]
    assert parts[0]["results"][-1]["notes"] == []
    assert "does not send parts of files" in whole[0]["results"][-1]["notes"][0]


@pytest.mark.parametrize("name", ["head", "words", "pieces", "vectors", "texts"])
def test_a_damaged_index_says_so(made: StaticIndex, tmp_path: Path, name: str) -> None:
    (tmp_path / "web").mkdir()
    for file in (made.folder / "web").iterdir():
        data = file.read_bytes()
        (tmp_path / "web" / file.name).write_bytes(
            data[: len(data) // 2] if file.name.startswith(name) else data
        )
    given = json.dumps({"questions": ["zwindow stone lamp"], "count": 60})
    result = subprocess.run(["node", str(PROBE), str(tmp_path)], input=given, capture_output=True, text=True)
    assert result.returncode and "index is damaged" in result.stderr


def test_an_empty_index_answers_nothing(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    files = web_files(
        [],
        [],
        np.zeros((0, 384), np.float32),
        postings=[],
        pieces=["a"],
        rows=np.ones((1, 256)),
        facts={"stages": {}},
    )
    for name, data in files:
        (tmp_path / "web" / name).write_bytes(data)
    given = json.dumps({"questions": ["a"], "count": 1})
    result = subprocess.run(
        ["node", str(PROBE), str(tmp_path)], input=given, capture_output=True, text=True, check=True
    )
    assert json.loads(result.stdout)[0]["results"][0]["hits"] == []


def test_titles_texts_and_addresses_of_strangers_are_bounded() -> None:
    record = text_record(WebPassage("t" * 10**6, "h" * 10**6, "a" * 10**6, "\U0001f600" * 10**6))
    title, heading, address, text = json.loads(record)
    assert (len(title), len(heading), address, len(text)) == (300, 300, "", 8000)


@pytest.mark.parametrize(("bits", "least", "most"), [(4, 0.011, 0.0125), (2, 0.115, 0.125)])
def test_steps_lose_as_little_as_they_can(bits: int, least: float, most: float) -> None:
    """Max gives .01154 and .1188 for a normal distribution."""
    rows = np.random.default_rng(1).standard_normal((500, 128)).astype(np.float32) * np.linspace(3, 0.01, 128)
    grid = Grid.fitted(rows.astype(np.float32), bits)
    packed = np.frombuffer(grid.pack(rows.astype(np.float32)), np.uint8).reshape(500, -1)
    highest = 2**bits - 1
    levels = np.stack([packed >> place & highest for place in range(0, 8, bits)], axis=2).reshape(500, 128)
    back = grid.means + (levels - highest / 2) * grid.steps
    error = ((back - rows) ** 2).mean(axis=0) / rows.var(axis=0)
    assert least < error.mean() < most


def test_numbers_and_strings_are_short() -> None:
    numbers = (0, 127, 128, 300, 2**21 - 1, 2**21, 2**40 + 5)
    assert [varint(n) for n in numbers[:4]] == [b"\0", b"\x7f", b"\x80\x01", b"\xac\x02"]
    assert varints(numbers).tobytes() == b"".join(map(varint, numbers)) and varints([]).tobytes() == b""
    assert front_coded(["abc", "abd", "é"]) == b"\0\3abc" + b"\2\1d" + b"\0\2" + "é".encode()


@pytest.mark.parametrize("count", [2000, 4000])
def test_a_first_answer_takes_at_most_320_kb(tmp_path: Path, count: int) -> None:
    """With the real table, and words as frequent as in English; the code counts too."""
    table = open_folder(ROOT / "site" / "models" / "minilm-static")
    assert isinstance(table, StaticTable)
    words = [piece for piece in table.pieces if piece.isalpha() and len(piece) > 2]
    draw = np.random.default_rng(7)
    chances = 1 / np.arange(10, len(words) + 10)
    chosen = draw.choice(len(words), (count, 60), p=chances / chances.sum())
    texts = [" ".join(words[word] for word in row) for row in chosen]
    index = WordIndex()
    index.add(texts)
    (tmp_path / "web").mkdir()
    for name, data in web_files(
        [WebPassage("A title of some words", "A heading", "page/#heading", text) for text in texts],
        [10] * (count // 10),
        table.embed(texts),
        postings=(Postings(*each) for each in index.terms()),
        pieces=table.pieces,
        rows=table.rows,
        facts={"stages": stages("minilm-l6")},
    ):
        (tmp_path / "web" / name).write_bytes(data)
    questions = [
        "How do I make the text less random?",
        "what happens to my documents when I close the browser window without saving them first",
        "antidisestablishmentarianism versus floccinaucinihilipilification",
    ]
    for found in ask(tmp_path, questions, count=8, stages="cold"):
        assert found["results"][-1]["stage"] == "meaning"
        assert found["bytes"] + CODE <= 320_000


def test_many_passages_are_compared_in_two_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MANY", 299)
    many = StaticIndex(tmp_path)
    assert len(many.texts) == 300
    grid = Grid.fitted(many.vectors, 2)
    packed = np.frombuffer(grid.pack(many.vectors), np.uint8).reshape(300, -1)
    levels = np.stack([packed >> place & 3 for place in range(0, 8, 2)], axis=2).reshape(300, -1)
    restored = grid.means + (levels - 1.5) * grid.steps
    for found in ask(tmp_path, ["quill lamp", "stones and rivers"]):
        for hit in found["results"][-1]["hits"]:
            expected = np.dot(restored[hit["passage"]], found["vector"])
            assert hit["cosine"] == pytest.approx(expected, abs=1e-5)
            assert expected == pytest.approx(np.dot(many.vectors[hit["passage"]], found["vector"]), abs=0.2)
