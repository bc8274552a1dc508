"""BM25 gives the scores of bm25s, however texts were added, removed, saved and loaded."""

import json
import random
import re
import subprocess
import zlib
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import pytest

from goosequill.search import bm25
from goosequill.search.bm25 import WordIndex, stems, term, tokens, word_matches

ROOT = Path(__file__).resolve().parents[3]
WORDS = re.findall(
    r"\w+", "reflux acid heartburn stomach burning burn burns sleep sleeping night bed the of a is 42 été x"
)


def make_texts(count: int, seed: int = 0) -> list[str]:
    source = random.Random(seed)
    return [" ".join(source.choices(WORDS, k=source.randint(0, 30))) for _ in range(count)]


def theirs(texts: list[str], question: str) -> np.ndarray:
    corpus = [[term(word) for _, _, word in tokens(text)] for text in texts]
    model = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    model.index(corpus, show_progress=False)
    known = [word for word in stems(question) if word in model.vocab_dict]
    return model.get_scores(known) if known else np.zeros(len(texts))


QUESTIONS = ["burning acid at night", "the of", "sleep 42 x x", "nothing here", "", "ÉTÉ!"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_scores_equal_bm25s_whether_added_at_once_or_one_by_one(question: str) -> None:
    texts = make_texts(300)
    at_once, one_by_one = WordIndex(), WordIndex()
    at_once.add(texts)
    for text in texts:
        one_by_one.add([text])
    expected = theirs(texts, question)
    assert np.abs(at_once.scores(question) - expected).max() < 1e-5
    assert np.array_equal(at_once.scores(question), one_by_one.scores(question))
    assert len(one_by_one._segments) < 12


def test_removed_texts_are_as_if_never_added() -> None:
    texts = make_texts(200)
    index = WordIndex()
    index.add(texts)
    index.remove([(20, 40), (35, 60)])
    index.remove([(50, 90)])  # some a second time
    expected = theirs(texts[:20] + texts[90:], "burning acid at night")
    scores = index.scores("burning acid at night")
    assert np.abs(np.delete(scores, slice(20, 90)) - expected).max() < 1e-5
    assert not scores[20:90].any()


def test_compacted_it_is_as_if_removed_texts_had_never_been_added() -> None:
    texts, index, fresh = make_texts(90), WordIndex(), WordIndex()
    for first in range(0, 90, 7):
        index.add(texts[first : first + 7])
    index.remove([(0, 3), (20, 40), (88, 90)])
    left = texts[3:20] + texts[40:88]
    fresh.add(left)
    compacted = index.compacted()
    compacted.add(["an oak and a spoon"])
    fresh.add(["an oak and a spoon"])
    for question in ("spoon oak", " ".join(texts[50].split()[:4]), texts[25]):
        assert np.allclose(compacted.scores(question), fresh.scores(question))
    assert WordIndex.load(compacted.save(7), stamp=lambda count: 7) is not None


def test_saved_and_loaded_it_can_be_added_to() -> None:
    texts = make_texts(150)
    index = WordIndex()
    index.add(texts[:100])
    loaded = WordIndex.load(index.save(7), stamp=lambda count: 7 if count == 100 else None)
    assert loaded is not None
    loaded.add(texts[100:])
    assert np.abs(loaded.scores("acid sleep") - theirs(texts, "acid sleep")).max() < 1e-5


def test_an_empty_index_answers_and_saves() -> None:
    index = WordIndex()
    assert index.scores("a word").shape == (0,)
    loaded = WordIndex.load(index.save(0), stamp=lambda count: 0)
    assert loaded is not None and len(loaded) == 0
    loaded.add(["", "the"])
    assert not loaded.scores("the word").any()


def test_corrupt_bytes_load_as_none_or_as_a_valid_index() -> None:
    index = WordIndex()
    index.add(make_texts(40))
    data = index.save(zlib.crc32(b"x"))
    source = random.Random(1)
    for _ in range(1500):
        broken = bytearray(data)
        for _ in range(source.randint(1, 4)):
            broken[source.randrange(len(broken))] = source.randrange(256)
        loaded = WordIndex.load(
            broken[: source.choice([None, source.randrange(len(data))])], stamp=lambda _: 2
        )
        assert loaded is None
        loaded = WordIndex.load(broken, stamp=lambda count: zlib.crc32(b"x") if count == 40 else None)
        if loaded is not None:
            scores = loaded.scores("burning acid sleep")
            assert scores.shape == (40,)


def test_matches_are_found_by_stem_and_stop_words_are_none() -> None:
    text = "The burning of Burns, unburned."
    assert word_matches(text, stems("it burns")) == [(4, 11, "burn"), (15, 20, "burn")]
    assert stems("the of and") == []


def test_terms_sum_up_to_the_scores() -> None:
    texts = make_texts(120)
    index = WordIndex()
    for at in range(0, 120, 7):
        index.add(texts[at : at + 7])
    index.remove([(3, 11)])
    wanted, summed, before = set(stems("burning acid at night")), np.zeros(120), ""
    for word, numbers, values in index.terms():
        assert before < word and np.all(np.diff(numbers.astype(int)) > 0)
        before = word
        if word in wanted:
            summed[numbers] += values
    assert np.abs(summed - index.scores("burning acid at night")).max() < 1e-5


def test_merged_segments_are_those_of_all_their_postings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bm25, "_PART", 7)  # postings that are moved at once
    rng = np.random.default_rng(2)

    def drawn(first: int, count: int) -> list[Any]:
        texts = np.sort(rng.integers(first, first + 50, count)).astype(np.uint32)
        return [rng.integers(0, 30, count).astype(np.uint32), texts, rng.integers(1, 9, count, np.uint16)]

    for sizes in ((0, 0), (0, 9), (9, 0), (60, 3), (3, 60), (200, 200)):
        parts = [drawn(50 * number, size) for number, size in enumerate(sizes)]
        merged = bm25._merged(*(bm25.Segment.sorted(*part) for part in parts))
        whole = bm25.Segment.sorted(*(np.concatenate(pair) for pair in zip(*parts, strict=True)))
        for field in ("words", "starts", "texts", "counts"):
            found, wanted = getattr(merged, field), getattr(whole, field)
            assert found.dtype == wanted.dtype and np.array_equal(found, wanted)


def test_words_keep_their_marks_here_and_in_javascript() -> None:
    texts = ["हिन्दी में सात शब्द", "مُحَمَّدٌ رَسُولُ", "re\u0301sume\u0301 x2_y3 don’t 3.5", "ที่นี่ น้ำ", "क्‍ष \u0301a"]
    found = [[text[start:end] for start, end, _ in tokens(text)] for text in texts]
    assert found == [
        ["हिन्दी", "में", "सात", "शब्द"],
        ["مُحَمَّدٌ", "رَسُولُ"],
        ["re\u0301sume\u0301", "x2", "y3", "don", "3", "5"],
        ["ที่นี่", "น้ำ"],
        ["क्‍ष"],
    ]
    script = f"""
      import {{ tokens }} from {json.dumps((ROOT / "site/search/static/words.js").as_uri())};
      const texts = {json.dumps(texts)};
      console.log(JSON.stringify(texts.map((text) => tokens(text).map(({{ text }}) => text))));
    """
    command = ["node", "--input-type=module", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    theirs = [[word for word in words if word not in bm25.STOP_WORDS] for words in json.loads(done.stdout)]
    assert theirs == found
