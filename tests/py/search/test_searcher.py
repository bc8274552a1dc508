"""The searcher returns the same as scoring every passage would, and says truly why a passage is there."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from goosequill.errors import SearchError
from goosequill.kernels import NumpyKernel
from goosequill.kernels.kernel import Floats
from goosequill.search.calibration import CURVES
from goosequill.search.collection import embed_pending
from goosequill.search.documents.document import Block, Composer, Document
from goosequill.search.fusion import FULL_WEIGHT, NEIGHBOURS, fuse, with_neighbours
from goosequill.search.hits import DISTANT
from goosequill.search.index import Index
from goosequill.search.searcher import NEAR, Searcher
from goosequill.search.storage import MemoryStorage
from tests.py.refusals import refused
from tests.py.search.samples import SUBJECTS, HashEmbedder, make_document

SEARCH = NumpyKernel().search
FULL, STATIC = HashEmbedder(), HashEmbedder("static-minilm", 24)


def make_index(documents: int, *, sentences: int = 12, vectors: bool = True) -> Index:
    index = Index.create(MemoryStorage(), SEARCH, name="")
    for number in range(documents):
        index.add(make_document(number, sentences=sentences))
    if vectors:
        list(embed_pending(index, FULL))
    return index


def every_score(index: Index, question: str) -> Floats:
    """The score of every passage, by definition."""
    numbers = np.arange(len(index))
    vectors = FULL.embed([index.embedded_text(number) for number in range(len(index))])
    scores = fuse(vectors @ FULL.question(question), index.words().scores(question), FULL_WEIGHT)
    return with_neighbours(numbers, index.sections(numbers), scores)


def best_of_documents(index: Index, scores: Floats, count: int) -> list[int]:
    found: dict[int, int] = {}
    for number in np.argsort(-scores, kind="stable").tolist():
        found.setdefault(int(index.owners([number])[0]), number)
    return list(found.values())[:count]


@pytest.mark.parametrize(
    "question", ["piston oil and torque", "tomato", "the violin’s rhythm and melody", "zzz"]
)
@pytest.mark.parametrize("count", [1, 10])
def test_it_returns_what_scoring_every_passage_would(question: str, count: int) -> None:
    index = make_index(60, sentences=40)
    scores = every_score(index, question)
    found = Searcher(index, SEARCH, full=FULL).ask(question, count=count)
    ours = [hit.passage for hit in found.hits]
    assert len({hit.document for hit in found.hits}) == len(ours) == count
    assert np.allclose([hit.score for hit in found.hits], scores[ours], atol=0.05)  # 8 bits
    assert np.allclose(scores[ours], scores[best_of_documents(index, scores, count)], atol=0.05)
    assert found.stage == "full"


def test_one_document_that_has_all_the_best_passages_hides_no_other() -> None:
    index = Index.create(MemoryStorage(), SEARCH, name="")
    index.add(make_document(1, subject="music", sentences=4000, name="long"))
    for number in range(2, 30):
        index.add(make_document(number, subject="garden"))
    list(embed_pending(index, FULL))
    found = Searcher(index, SEARCH, full=FULL).ask("violin chord tempo", count=10)
    assert len(found.hits) == 10 and found.hits[0].name == "long"


def make_faq(*sections: str, name: str = "faq.md", heads: bool = True) -> Document:
    """A document with a section for each text; without `heads` it has paragraphs of three sentences."""
    composer = Composer()
    for number, text in enumerate(sections):
        if heads:
            composer.heading(f"Question {number}", 2)
        composer.paragraph(text)
    return composer.document(name, title="FAQ")


def test_a_document_has_further_passages_from_other_sections_below_its_best() -> None:
    index = Index.create(MemoryStorage(), SEARCH, name="")
    music = "The violin has a chord and a melody. " * 8
    index.add(make_faq(*[music, "Tomato and soil, compost and frost. " * 8] * 4))
    for number in range(20):
        index.add(make_document(number, subject="garden"))
    list(embed_pending(index, FULL))
    searcher = Searcher(index, SEARCH, full=FULL)
    first, second = searcher.ask("violin chord melody", count=10).hits[:2]
    shown = [first, *first.more]
    assert [hit.name for hit in shown] == ["faq.md"] * 3 and second.name != "faq.md"
    assert len({hit.heading for hit in shown} & {f"Question {number}" for number in (0, 2, 4, 6)}) == 3
    assert all(NEAR * first.score <= hit.score <= first.score for hit in first.more)
    assert second.more == [] and all(hit.more == [] for hit in first.more)
    assert all(hit.more == [] for hit in searcher.ask("violin", count=9, within=0).hits)
    # what is close enough to its document's best, but not among the first of all passages, is left out
    every = [hit for hit in searcher.ask("tomato soil compost", count=10).hits if hit.more]
    assert sum(1 + len(hit.more) for hit in every) <= 10


def test_text_without_headings_has_further_passages_that_do_not_adjoin() -> None:
    index = Index.create(MemoryStorage(), SEARCH, name="")
    rest = [" ".join([*SUBJECTS["engine"], "works. "]) * 4] * 8
    paragraphs = ["The violin has a chord and a melody. " * 8] * 3 + rest
    index.add(make_faq(*paragraphs, *paragraphs[::-1], name="long.txt", heads=False))
    list(embed_pending(index, FULL))
    hit = Searcher(index, SEARCH, full=FULL).ask("violin chord melody").hits[0]
    numbers = [hit.passage, *(each.passage for each in hit.more)]
    assert len(numbers) > 1
    assert min(abs(one - other) for one, other in combinations(numbers, 2)) > NEIGHBOURS


def test_within_a_document_its_passages_are_ranked_and_no_others() -> None:
    index = make_index(8)
    searcher = Searcher(index, SEARCH, static=STATIC, full=FULL)
    first, end = index.entries[3].passages
    every = every_score(index, "violin chord")
    found = searcher.ask("violin chord", count=1000, within=3).hits
    assert [hit.passage for hit in found] == sorted(range(first, end), key=lambda at: (-every[at], at))
    assert len(searcher.ask("violin chord", count=1, within=3).hits) == 1
    for missing in (-1, 8):
        with pytest.raises(SearchError, match="no longer"):
            searcher.ask("violin", within=missing)


def test_passages_without_vectors_are_found_by_the_static_table_and_by_words() -> None:
    index = make_index(12)
    index.add(make_document(100, subject="garden", name="new"))
    searcher = Searcher(index, SEARCH, static=STATIC, full=FULL)
    assert "new" in [hit.name for hit in searcher.ask("tomato soil compost", count=5).hits]
    alone = Searcher(make_index(12, vectors=False), SEARCH)
    found = alone.ask("piston valve")
    assert found.stage == "words" and found.likelihood is None and not found.nothing_fits
    assert found.hits[0].name.startswith("engine") and found.hits[0].cosine is None
    assert alone.ask("nowhere").nothing_fits


def test_what_is_added_embedded_and_removed_meanwhile_is_taken_in() -> None:
    index = make_index(8, vectors=False)
    searcher = Searcher(index, SEARCH, static=STATIC, full=FULL)
    assert searcher.ask("choir melody", stage="static").stage == "static"
    index.add(make_document(40, subject="music", name="late"))
    index.remove(index.entries[3].name)
    names = [hit.name for hit in searcher.ask("choir melody", count=9).hits]
    assert "late" in names and "music/3.txt" not in names
    steps = embed_pending(index, FULL, chunk=8)
    while next(steps) is not None:
        pass  # until the first vectors are in the index
    mixed = searcher.ask("choir melody", count=20)
    assert len(mixed.hits) == 8 and "late" in [hit.name for hit in mixed.hits]
    list(steps)
    fresh = Searcher(index, SEARCH, static=STATIC, full=FULL)
    assert searcher.ask("choir melody") == fresh.ask("choir melody")
    index.remove("late")
    assert "late" not in [hit.name for hit in searcher.ask("choir melody", count=9).hits]


def test_the_static_tables_question_ranks_the_models_passages() -> None:
    index = make_index(20)
    found = Searcher(index, SEARCH, static=STATIC).ask("diesel clutch", count=3)
    assert found.stage == "static"
    assert all(hit.name.startswith("engine") for hit in found.hits)
    stranger = Searcher(index, SEARCH, static=HashEmbedder("other", 24)).ask("diesel clutch", count=3)
    assert stranger.stage == "words"


def test_another_model_than_the_indexs_is_refused() -> None:
    searcher = Searcher(make_index(4), SEARCH, full=HashEmbedder("other"))
    with refused(SearchError, "index-model"):
        searcher.ask("anything")


@pytest.mark.parametrize("vector", [np.zeros(5), np.full(32, np.nan), np.zeros((1, 32))])
def test_a_question_vector_that_does_not_fit_is_refused(vector: Floats) -> None:
    with refused(SearchError, "vectors"):
        Searcher(make_index(4), SEARCH).ask("anything", vector=vector.astype(np.float32))


def test_a_question_vector_from_elsewhere_asks_the_full_stage() -> None:
    index = make_index(12)
    asked = Searcher(index, SEARCH).ask("choir", vector=FULL.question("choir"))
    known = Searcher(index, SEARCH, full=FULL).ask("choir")
    assert asked.stage == "full"
    assert [(hit.passage, hit.score) for hit in asked.hits] == [
        (hit.passage, hit.score) for hit in known.hits
    ]


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_counts_out_of_range_are_refused(count: int) -> None:
    with refused(SearchError, "question"):
        Searcher(make_index(1), SEARCH).ask("x", count=count)


def test_an_empty_index_and_an_empty_question_have_answers() -> None:
    empty = Searcher(Index.create(MemoryStorage(), SEARCH, name=""), SEARCH, static=STATIC, full=FULL)
    assert empty.ask("anything").nothing_fits and empty.ask("anything").hits == []
    for question in ("", "   ", "?!", "\ud800", "x" * 100_000):
        assert len(Searcher(make_index(3), SEARCH, static=STATIC, full=FULL).ask(question).hits) == 3


def test_a_hit_says_where_it_is_which_words_it_shares_and_which_sentence_fits() -> None:
    index = make_index(12)
    document = index.text(0)
    hit = (
        Searcher(index, SEARCH, static=STATIC, full=FULL).ask("Refluxes and antacids of the stomach").hits[0]
    )
    text = index.text(hit.document)
    assert text[hit.start : hit.end] == hit.text and hit.document in (0, 4, 8)
    words = {text[start:end].lower() for start, end in hit.matched}
    assert words and words <= {"reflux", "antacid", "stomach"}
    assert len(hit.sentences) > 1 and all(
        hit.start <= each["start"] < each["end"] <= hit.end for each in hit.sentences
    )
    assert len({each["score"] for each in hit.sentences}) > 1
    assert all(f"‘{word}’" in hit.explanation for word in words)
    assert not any(character.isdigit() for character in hit.explanation)
    assert hit.address == f"{hit.document}.html" and document


def test_nothing_fits_a_foreign_question_but_a_rare_word_of_it_does() -> None:
    index = make_index(40)
    searcher = Searcher(index, SEARCH, full=FULL)
    foreign = searcher.ask("constitutional amendment treaty")
    assert foreign.nothing_fits and foreign.likelihood is not None and foreign.likelihood < 0.5
    assert foreign.hits[0].explanation.endswith("Shares none of your words.")
    assert foreign.hits[0].closeness in ("loose", "distant") and not foreign.hits[0].common
    plain = make_document(7)
    index.add(replace(plain, name="rare.txt", text=plain.text.replace("concert", "XK9000")))
    found = searcher.ask("what is XK9000")
    assert not found.nothing_fits and found.hits[0].name == "rare.txt"
    assert searcher.ask("what is XK9001").state != "fits"


@pytest.mark.parametrize("question", ["violin concert", "parking in the town", "what is XK9000", "tax"])
def test_whether_anything_fits_does_not_depend_on_how_many_are_asked_for(question: str) -> None:
    index = make_index(40)
    text = "It is the XK9000."
    index.add(replace(make_document(50), name="rare.txt", text=text, blocks=(Block(0, len(text)),)))
    list(embed_pending(index, FULL))
    searcher = Searcher(index, SEARCH, full=FULL)
    found = [searcher.ask(question, count=count) for count in (1, 5, 20)]
    assert len({(each.state, each.likelihood) for each in found}) == 1


def test_words_that_tell_nothing_are_neither_marked_nor_named() -> None:
    index = make_index(12)
    text = "You get up and the violin is still in its case."
    index.add(replace(make_document(50), name="plain", text=text, blocks=(Block(0, len(text)),)))
    for number in range(60, 160):
        common = f"Everywhere there is a rosin, and number {number}."
        index.add(
            replace(make_document(number), text=common, blocks=(Block(0, len(common)),), name=str(number))
        )
    searcher = Searcher(index, SEARCH)
    hit = next(hit for hit in searcher.ask("getting up with a violin", count=200).hits if hit.name == "plain")
    assert [text[start:end] for start, end in hit.matched] == ["violin"]
    assert hit.explanation == "Shares the word ‘violin’."
    assert (hit.shared, hit.common, hit.closeness) == (["violin"], True, "")
    for hit in searcher.ask("rosin 60", count=200).hits:
        assert "rosin" not in hit.explanation
    alone = searcher.ask("up").hits[0]
    assert alone.explanation == "Shares the word ‘up’.", "nothing else was asked for"


def test_a_hit_is_distant_if_it_is_unlikely_and_lacks_a_word() -> None:
    index = make_index(40)
    found = Searcher(index, SEARCH, full=FULL).ask("violin chord tempo", count=40)
    assert [hit.distant for hit in found.hits] == [(hit.likelihood or 0) < DISTANT for hit in found.hits]
    assert not found.hits[0].distant and found.hits[-1].distant
    only = Searcher(make_index(40, vectors=False), SEARCH).ask("violin", count=40)
    assert not any(hit.distant for hit in only.hits), "without a likelihood nothing is known"


def test_one_long_document_fits_by_its_closest_passage() -> None:
    """Only the best passage of each document is shown, and once only what is shown was judged."""
    index = Index.create(MemoryStorage(), SEARCH, name="")
    index.add(make_document(1, subject="music", sentences=400, name="long"))
    list(embed_pending(index, FULL))
    found = Searcher(index, SEARCH, full=FULL).ask("violin", vector=FULL.question("piano"))
    vectors = FULL.embed([index.embedded_text(number) for number in range(len(index))])
    closest = CURVES[FULL.name, FULL.name].likelihood(float((vectors @ FULL.question("piano")).max()))
    assert found.likelihood == pytest.approx(closest, abs=0.004)  # 8 bits
    (shown,) = found.hits
    assert shown.likelihood is not None and shown.likelihood < closest - 0.008
