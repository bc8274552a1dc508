"""An index keeps what it is given, survives kills at any time, and refuses what breaks its rules."""

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goosequill.errors import SearchError
from goosequill.kernels import NumpyKernel
from goosequill.search.index import Index
from goosequill.search.index_files import APPENDED, DESCRIPTION, IndexModel
from goosequill.search.passages import embedded_text, passages
from goosequill.search.storage import Buffer, FolderStorage, MemoryStorage, Overlay
from goosequill.search.vectors import (
    CANDIDATES,
    Bytes,
    QuantizedVectors,
    Rows,
    StoredVectors,
    quantize,
    signs,
)
from tests.py.refusals import refused
from tests.py.search.samples import HashEmbedder, make_document

SEARCH = NumpyKernel().search
EMBEDDER = HashEmbedder()
MODEL = IndexModel.of(EMBEDDER)


def fill(index: Index, documents: range, *, vectors: bool = True) -> None:
    for number in documents:
        index.add(make_document(number), digest=f"{number:064x}")
    while vectors and index.pending:
        waiting = index.waiting(7)
        index.add_vectors(EMBEDDER.embed([index.embedded_text(each) for each in waiting]), MODEL)


def contents(index: Index) -> list[Any]:
    """What is in an index, as plain values."""
    return [
        (
            index.entries[number].name,
            index.entries[number].hash,
            index.text(number),
            [(start, end, heading) for start, end, heading in index.blocks(number)],
            [
                (index.passage(each).heading, index.passage_text(each))
                for each in range(*index.entries[number].passages)
            ],
        )
        for number in index.documents()
    ]


@pytest.fixture
def filled() -> MemoryStorage:
    storage = MemoryStorage()
    index = Index.create(storage, SEARCH, name="Papers")
    fill(index, range(8))
    index.commit()
    return storage


@pytest.mark.parametrize("make", [lambda path: MemoryStorage(), lambda path: FolderStorage(path / "index")])
def test_what_was_added_is_there_after_opening(make: Callable[[Path], Any], tmp_path: Path) -> None:
    storage = make(tmp_path)
    index = Index.create(storage, SEARCH, name="Papers")
    fill(index, range(5))
    before = contents(index)
    index.commit()
    opened = Index.open(storage, SEARCH)
    assert contents(opened) == before
    assert (opened.name, opened.model, opened.pending) == ("Papers", MODEL, 0)
    for number in range(5):
        document = make_document(number)
        assert opened.text(number) == document.text
        for at, passage in enumerate(passages(document, number), opened.entries[number].passages[0]):
            assert opened.passage(at) == passage
            assert opened.passage_text(at) == document.text[passage.start : passage.end]
            assert opened.embedded_text(at) == embedded_text(
                document.title, passage.heading, opened.passage_text(at)
            )
    fill(opened, range(5, 9))
    opened.commit()
    assert len(Index.open(storage, SEARCH).documents()) == 9


def test_vectors_are_the_embedders_within_the_steps_of_8_bits(filled: MemoryStorage) -> None:
    index = Index.open(filled, SEARCH)
    texts = [index.embedded_text(number) for number in range(len(index))]
    exact = EMBEDDER.embed(texts)
    assert index.vectors is not None
    kept = index.vectors.restored(np.arange(len(index)))
    assert np.abs(kept - exact).max() <= np.abs(exact).max() / 254 + 1e-6


class Killed(Exception):
    pass


class DyingStorage(MemoryStorage):
    """Raises `Killed` at one of its writes, of which half is done."""

    def __init__(self, files: dict[str, bytearray], writes: int) -> None:
        super().__init__()
        self._files, self.left = files, writes

    def write(self, name: str, offset: int, data: bytes) -> None:
        self.left -= 1
        if self.left < 0:
            super().write(name, offset, data[: len(data) // 2])
            raise Killed
        super().write(name, offset, data)

    def replace(self, name: str, data: bytes) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed
        super().replace(name, data)


def test_killed_at_any_write_an_index_opens_as_it_was_and_can_go_on(filled: MemoryStorage) -> None:
    before = contents(Index.open(filled, SEARCH))
    for writes in range(9):
        files = {name: bytearray(data) for name, data in filled._files.items()}
        dying = DyingStorage(files, writes)
        index = Index.open(dying, SEARCH)
        index.remove(index.entries[2].name)
        fill(index, range(20, 23))
        expected = contents(index)
        try:
            index.commit()
            assert writes >= 8  # seven files have new bytes, then index.json
        except Killed:
            survivor = MemoryStorage()
            survivor._files = files
            opened = Index.open(survivor, SEARCH)
            assert contents(opened) == before
            opened.remove(opened.entries[2].name)
            fill(opened, range(20, 23))
            opened.commit()
            assert contents(Index.open(survivor, SEARCH)) == expected


def test_a_document_of_the_same_name_replaces_the_old_one(filled: MemoryStorage) -> None:
    index = Index.open(filled, SEARCH)
    name = index.entries[3].name
    index.add(make_document(99, name=name), digest="f" * 64)
    assert index.find(name) == 8
    assert 3 in index.deleted and len(index.documents()) == 8
    index.commit()
    opened = Index.open(filled, SEARCH)
    assert opened.find(name) == 8
    assert opened.entries[8].hash == "f" * 64
    assert opened.remove(name) and not opened.remove(name)


def test_passages_of_documents_deleted_before_they_are_embedded_are_skipped() -> None:
    index = Index.create(MemoryStorage(), SEARCH, name="")
    fill(index, range(6), vectors=False)
    for number in (0, 2, 3, 5):
        index.remove(index.entries[number].name)
    embedder = HashEmbedder()
    while index.pending:
        waiting = index.waiting(3)
        index.add_vectors(embedder.embed([index.embedded_text(each) for each in waiting]), MODEL)
    live = sum(np.diff(index.entries[number].passages)[0] for number in (1, 4))
    assert embedder.embedded == live
    assert index.vectors is not None
    found, _ = index.vectors.scan(EMBEDDER.question("stomach"), 1000)
    assert set(index.owners(found.tolist())) == {1, 4}


def test_compacted_it_has_the_same_without_the_deleted(filled: MemoryStorage) -> None:
    index = Index.open(filled, SEARCH)
    for number in (1, 2, 6):
        index.remove(index.entries[number].name)
    target = MemoryStorage()
    *_, fresh = index.compacted(target)
    opened = Index.open(target, SEARCH)
    assert contents(opened) == contents(index) == contents(fresh)
    assert len(opened.entries) == 5 and not opened.deleted and opened.pending == 0
    assert target.size("texts.bin") < filled.size("texts.bin")
    question = EMBEDDER.question("violin tempo")
    assert index.vectors is not None and opened.vectors is not None
    old, new = index.vectors.scan(question, 5), opened.vectors.scan(question, 5)
    assert np.allclose(old[1], new[1], atol=1e-6)
    texts = [
        [each.passage_text(number) for number in found[0]] for each, found in ((index, old), (opened, new))
    ]
    assert texts[0] == texts[1]


def test_compacting_copies_and_neither_reads_texts_again_nor_embeds(
    filled: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index.open(filled, SEARCH)
    index.save_words(index.words())
    index.remove(index.entries[3].name)
    expected = index.words().scores("piston valve"), contents(index)

    def never(*_: object) -> str:
        raise AssertionError("it is read")

    for name in ("text", "passage_text", "embedded_text"):
        monkeypatch.setattr(index, name, never)
    target = MemoryStorage()
    *_, fresh = index.compacted(target)
    opened = Index.open(target, SEARCH)
    first, end = index.entries.span(3)
    kept = np.delete(expected[0], np.arange(first, end))
    for each in (fresh, opened):
        assert contents(each) == expected[1]
        assert np.allclose(each.words().scores("piston valve"), kept)


def test_words_are_kept_as_far_as_they_were_and_the_rest_is_read_again(filled: MemoryStorage) -> None:
    index = Index.open(filled, SEARCH)
    index.save_words(index.words())
    fill(index, range(30, 33))
    index.remove(index.entries[0].name)
    index.commit()
    opened = Index.open(filled, SEARCH)
    read: list[int] = []
    words = opened.words(lambda done, total: read.append(done))
    fresh = Index.open(filled, SEARCH)
    filled.replace("words.bin", b"damaged")
    assert np.array_equal(words.scores("piston valve"), fresh.words().scores("piston valve"))
    assert len(read) == 1 and not words.scores("reflux acid")[: opened.entries[0].passages[1]].any()


def test_words_of_other_passages_are_not_taken(filled: MemoryStorage) -> None:
    other = Index.create(MemoryStorage(), SEARCH, name="")
    fill(other, range(40, 48), vectors=False)
    index = Index.open(filled, SEARCH)
    words = other.words()
    filled.replace("words.bin", words.save(other.stamp(len(words)) or 0))
    assert np.array_equal(index.words().scores("seed"), Index.open(filled, SEARCH).words().scores("seed"))
    assert len(index.words()) == len(index)


def test_another_models_vectors_are_refused(filled: MemoryStorage) -> None:
    index = Index.open(filled, SEARCH)
    index.add(make_document(50))
    for other in (IndexModel("other", 32, "0" * 64), IndexModel(MODEL.name, 32, "0" * 64)):
        with refused(SearchError, "index-model"):
            index.add_vectors(np.zeros((1, 32), np.float32), other)
    for wrong in (np.zeros((1, 31)), np.zeros(32), np.full((1, 32), np.nan), np.zeros((999, 32))):
        with refused(SearchError, "vectors"):
            index.add_vectors(wrong.astype(np.float32), MODEL)


def change(storage: MemoryStorage, **fields: Any) -> None:
    description = json.loads(bytes(storage.read(DESCRIPTION, 0, storage.size(DESCRIPTION))))
    for path, value in fields.items():
        target, names = description, path.split("__")
        for name in names[:-1]:
            target = target[name]
        target[names[-1]] = value
    storage.replace(DESCRIPTION, json.dumps(description).encode())


def put(storage: MemoryStorage, name: str, dtype: str, at: int, value: float) -> None:
    data = np.frombuffer(bytes(storage._files[name]), dtype).copy()
    data[at] = value
    storage.replace(name, data.tobytes())


HOSTILE: dict[str, tuple[str, Callable[[MemoryStorage], None]]] = {
    "no index": ("index-missing", lambda files: files._files.pop(DESCRIPTION) and None),
    "another format": ("index-missing", lambda files: change(files, format="goosequill-model")),
    "another version": ("index-version", lambda files: change(files, version=2)),
    "no JSON": ("index-corrupt", lambda files: files.replace(DESCRIPTION, b"{")),
    "deep JSON": ("index-corrupt", lambda files: files.replace(DESCRIPTION, b"[" * 100_000)),
    "not an object": ("index-missing", lambda files: files.replace(DESCRIPTION, b"[]")),
    "huge counts": ("index-corrupt", lambda files: change(files, passages=1 << 60)),
    "true as a count": ("index-corrupt", lambda files: change(files, documents=True)),
    "a negative length": ("index-corrupt", lambda files: change(files, bytes={"texts.bin": -1})),
    "more than there is": ("index-corrupt", lambda files: change(files, bytes__texts="x", bytes={})),
    "a short file": ("index-corrupt", lambda files: files.replace("vectors.bin", b"1")),
    "an absent file": ("index-corrupt", lambda files: files._files.pop("passages.bin") and None),
    "too few vectors": ("index-corrupt", lambda files: change(files, vectors=3)),
    "no model": ("index-corrupt", lambda files: change(files, model=None)),
    "no dimensions": ("index-corrupt", lambda files: change(files, model__dimensions=0)),
    "huge dimensions": ("index-corrupt", lambda files: change(files, model__dimensions=1 << 40)),
    "a deleted stranger": ("index-corrupt", lambda files: change(files, deleted=[99])),
    "more than all passages": ("index-corrupt", lambda files: change(files, live=1 << 20)),
    "a source without a hash": ("index-corrupt", lambda files: change(files, sources={"a.csv": 1})),
    "no sources": ("index-corrupt", lambda files: change(files, sources=[])),
    "NaN scales": ("index-corrupt", lambda files: put(files, "scales.bin", "<f4", 4, np.nan)),
    "infinite scales": ("index-corrupt", lambda files: put(files, "scales.bin", "<f4", 0, np.inf)),
    "negative scales": ("index-corrupt", lambda files: put(files, "scales.bin", "<f4", 0, -1)),
    "another's passage": ("index-corrupt", lambda files: put(files, "passages.bin", "<u4", 0, 5)),
    "a passage outside": ("index-corrupt", lambda files: put(files, "passages.bin", "<u4", 2, 1 << 30)),
    "bytes outside": ("index-corrupt", lambda files: put(files, "passages.bin", "<u4", 5, 1 << 30)),
    "a stray heading": ("index-corrupt", lambda files: put(files, "passages.bin", "<u4", 3, 77)),
    "a block's heading": ("index-corrupt", lambda files: put(files, "blocks.bin", "<u4", 2, 77)),
    "ends that fall": ("index-corrupt", lambda files: put(files, "documents.bin", "<u8", 4, 0)),
    "ends that are huge": ("index-corrupt", lambda files: put(files, "documents.bin", "<u8", 1, 1 << 63)),
    "no lines": ("index-corrupt", lambda files: files.replace("documents.jsonl", b"\0" * 100_000)),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_refused(filled: MemoryStorage, kind: str) -> None:
    code, spoil = HOSTILE[kind]
    spoil(filled)
    with refused(SearchError, code):
        Index.open(filled, SEARCH)


def test_random_damage_opens_with_our_errors_or_reads_safely(filled: MemoryStorage) -> None:
    source = random.Random(5)
    for _ in range(400):
        storage = MemoryStorage()
        storage._files = {name: bytearray(data) for name, data in filled._files.items()}
        data = storage._files[source.choice([*APPENDED, DESCRIPTION])]
        for _ in range(source.randint(1, 3)):
            data[source.randrange(len(data))] = source.randrange(256)
        try:
            index = Index.open(storage, SEARCH)
            contents(index)
            index.words().scores("stomach acid")
        except SearchError as error:
            assert error.code in ("index-corrupt", "index-missing", "index-version")


class CountingStorage(MemoryStorage):
    """Counts the bytes that are read of each file."""

    def __init__(self, files: dict[str, bytearray]) -> None:
        super().__init__()
        self._files = files
        self.bytes: Counter[str] = Counter()

    def read(self, name: str, offset: int, length: int) -> Buffer:
        self.bytes[name] += length
        return super().read(name, offset, length)


def compare(index: Index, stored: Index) -> None:
    """Check that an index which reads its vectors from the storage finds what one finds that has them."""
    for text in ("piston oil", "choir", "tomato seed frost"):
        question = EMBEDDER.question(text)
        assert isinstance(index.vectors, QuantizedVectors) and isinstance(stored.vectors, StoredVectors)
        exact, signs = index.vectors.scan(question, 12), stored.vectors.scan(question, 12)
        assert np.array_equal(exact[0], signs[0])
        assert np.array_equal(exact[1], signs[1])
        assert np.allclose(index.vectors.sample(question), stored.vectors.sample(question))
        later = index.vectors.scan(question, 12, start=9), stored.vectors.scan(question, 12, start=9)
        assert np.array_equal(later[0][0], later[1][0])


def test_more_vectors_than_memory_are_found_by_their_signs(filled: MemoryStorage) -> None:
    index = Index.open(filled, SEARCH)
    stored = Index.open(filled, SEARCH, memory=1)
    for each in (index, stored):
        fill(each, range(60, 70))
        each.remove(each.entries[4].name)
    compare(index, stored)


@pytest.mark.parametrize("make", [lambda path: MemoryStorage(), lambda path: FolderStorage(path / "index")])
def test_vectors_leave_the_memory_when_they_exceed_it(make: Callable[[Path], Any], tmp_path: Path) -> None:
    index = Index.create(MemoryStorage(), SEARCH, name="A")
    storage = make(tmp_path)
    growing = Index.create(storage, SEARCH, name="A", memory=20 * MODEL.dimensions)
    for each in (index, growing):
        fill(each, range(2))
        each.remove(make_document(1).name)
    kinds = []
    for number in range(2, 12):
        fill(index, range(number, number + 1))
        fill(growing, range(number, number + 1))
        kinds.append(type(growing.vectors))
    assert set(kinds) == {QuantizedVectors, StoredVectors}
    compare(index, growing)
    growing.commit()
    compare(index, Index.open(storage, SEARCH, memory=1))


def test_an_index_with_signs_opens_without_reading_its_vectors(filled: MemoryStorage) -> None:
    counting = CountingStorage(filled._files)
    stored = Index.open(counting, SEARCH, memory=1)
    assert counting.bytes["signs.bin"] == len(stored) * MODEL.dimensions // 8
    assert not counting.bytes["vectors.bin"]
    del filled._files["signs.bin"]  # as in an index that was written before there were signs
    description = json.loads(filled._files[DESCRIPTION])
    del description["bytes"]["signs.bin"]
    filled.replace(DESCRIPTION, json.dumps(description).encode())
    older = Index.open(filled, SEARCH, memory=1)
    fill(older, range(60, 62))
    fill(stored, range(60, 62))
    older.commit()
    index = Index.open(filled, SEARCH)
    compare(index, older)
    compare(index, stored)
    compare(index, Index.open(filled, SEARCH, memory=1))


def test_signs_tell_apart_though_few_axes_do() -> None:
    rng = np.random.default_rng(4)
    axes = np.exp(-np.arange(600) / 20).astype(np.float32)  # the others are noise
    rows, scales = quantize(rng.standard_normal((20_000, 600)).astype(np.float32) * axes)
    stored = StoredVectors(scales, signs(rows), 600, lambda numbers: rows[numbers], SEARCH)
    exact = QuantizedVectors(rows, scales, SEARCH)
    questions = (rng.standard_normal((20, 600)) * axes).astype(np.float32)
    same = sum(len(np.intersect1d(stored.scan(each, 10)[0], exact.scan(each, 10)[0])) for each in questions)
    assert same >= 196  # of 200; without the rotation 55


def test_a_question_reads_few_rows_even_where_most_are_forgotten() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((9000, 128)).astype(np.float32)
    rows, scales = quantize(vectors)
    read: list[int] = []

    def of_file(numbers: Rows) -> Bytes:
        read.append(len(numbers))
        return rows[numbers]

    stored = StoredVectors(scales, signs(rows), 128, of_file, SEARCH)
    exact = QuantizedVectors(rows, scales, SEARCH)
    for each in (stored, exact):
        each.forget(0, 6000)
    same = 0
    for question in rng.standard_normal((20, 128)).astype(np.float32):
        same += len(np.intersect1d(stored.scan(question, 10)[0], exact.scan(question, 10)[0]))
        stored.sample(question)
    assert same >= 199  # of 200
    assert read[0] == CANDIDATES and sorted(read)[-2] <= CANDIDATES  # the sample is read once
    stored.forget(6000, 9000)
    assert not len(stored.scan(question, 10)[0])


def test_an_overlay_gives_what_was_written_and_reads_all(filled: MemoryStorage) -> None:
    overlay, copy = Overlay(filled), MemoryStorage()
    copy._files = {name: bytearray(data) + b"left by a killed run" for name, data in filled._files.items()}
    index = Index.open(overlay, SEARCH)
    for numbers in (range(20, 22), range(22, 25)):
        fill(index, numbers)
        index.commit()
        appended, replaced = overlay.take()
        for name, (offset, data) in appended.items():
            copy.write(name, offset, data)
        for name, data in replaced.items():
            copy.replace(name, data)
    assert overlay.take() == ({}, {})
    assert contents(index) == contents(Index.open(copy, SEARCH)) == contents(Index.open(overlay, SEARCH))


def test_names_that_are_not_unicode_are_kept() -> None:
    storage = MemoryStorage()
    index = Index.create(storage, SEARCH, name="\ud800")
    index.add(make_document(1, name="caf\udce9.txt"))
    index.commit()
    assert Index.open(storage, SEARCH).find("caf\udce9.txt") == 0
