"""The jobs of a collection, with the page played by a store of bytes that may be killed at any time."""

import io
import json
import random
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from goosequill.browser.jobs import all_jobs, find
from goosequill.browser.values import encode
from goosequill.errors import SearchError
from goosequill.search import collection as jobs
from goosequill.search.collection import Collection
from goosequill.search.documents.document import Block, Document
from goosequill.search.documents.page_jobs import read_documents
from goosequill.support.progress import Progress, UnevenProgress
from goosequill.weights.source import BytesSource
from tests.py.refusals import refused
from tests.py.search.samples import HashEmbedder, make_document

FULL, STATIC = HashEmbedder(), HashEmbedder("static-minilm", 24)


class Page:
    """The files of one collection as the page has them."""

    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}

    def write(self, part: Mapping[str, Any], *, steps: int = 1000) -> None:
        """Write a part as far as a page comes that is killed after some steps."""
        actions = [(name, each["at"], each["data"]) for name, each in part["append"].items()]
        actions += [(name, None, data) for name, data in part["replace"].items()]
        actions += [("index.json", None, part["index"].encode())] if part["index"] else []
        for name, at, data in actions[:steps]:
            file = self.files.setdefault(name, bytearray())
            assert at is None or at <= len(file), "a hole"
            file[slice(at, None if at is None else at + len(data))] = data

    def run(self, steps: Any) -> Any:
        """Write every part of a job and return its end."""
        while True:
            try:
                part = next(steps)
            except StopIteration as stop:
                return stop.value
            encode(part)
            if not isinstance(part, Progress):
                self.write(part)

    def open(self, name: str = "", **options: Any) -> Collection:
        files = {key: BytesSource(bytes(data), key) for key, data in self.files.items()}
        kept = jobs.open_collection({**files, **options.pop("files", {})}, name=name, **options)
        assert kept.kind == "collection"
        encode(dict(kept.info))
        found: Collection = kept.value
        return found


def as_argument(document: Document, digest: str = "") -> dict[str, Any]:
    return {**json.loads(json.dumps(asdict(document))), "hash": digest}


def fill(page: Page, collection: Collection, numbers: range, **models: Any) -> None:
    for number in numbers:
        page.run(
            jobs.add_document(collection, as_argument(make_document(number), f"{number:064x}"), **models)
        )


def filled(count: int = 0, *, name: str = "", **models: Any) -> tuple[Page, Collection]:
    page = Page()
    collection = page.open(name)
    fill(page, collection, range(count), **models)
    return page, collection


def found(collection: Collection, question: str = "diesel clutch", **models: Any) -> list[str]:
    given = models or {"static": STATIC, "embedder": FULL}
    result = jobs.search(collection, question, stage="full", **given)
    encode(result)
    return [hit.name for hit in result["hits"]]


def exported(collection: Collection) -> bytes:
    return b"".join(part["data"] for part in jobs.export_collection(collection) if isinstance(part, dict))


def imported(page: Page, data: bytes) -> Any:
    return page.run(jobs.import_collection({"x.zip": BytesSource(data, "x.zip")}))


def test_every_job_is_there() -> None:
    ours = {name for name, path in all_jobs().items() if path.startswith("goosequill.search.collection:")}
    assert len(ours) == 15 and all(callable(find(name)) for name in ours)


def test_a_document_that_was_removed_is_back_with_its_vectors() -> None:
    page, collection = filled(6, name="Papers", static=STATIC)
    page.run(jobs.embed_passages(collection, FULL))
    before = found(collection)
    collection.keep_words()
    page.write(jobs.remove_documents(collection, ["engine/2.txt", "music/3.txt"]))
    page.write(jobs.restore_documents(page.open(), ["engine/2.txt", "unknown"]))
    again = page.open()
    assert found(again)[0] == before[0] == "engine/2.txt"
    assert "music/3.txt" not in found(again) and jobs.describe_collection(again)["pending"] == 0
    fill(page, again, range(3, 4), static=STATIC)  # another of the name
    page.write(jobs.restore_documents(again, ["music/3.txt"]))
    assert len(jobs.describe_collection(page.open())["documents"]) == 6


def test_a_document_that_was_replaced_is_put_back_and_rows_that_came_with_it_go() -> None:
    page, collection = filled(3, name="Papers", static=STATIC)
    for number in (1, 2, 3):
        page.run(jobs.add_document(collection, row(number, f"old {number}", f"old {number}")))
    page.run(jobs.embed_passages(collection, FULL))
    before = rows_of(collection)
    other = as_argument(make_document(9, name="engine/2.txt"), "n" * 64)
    assert page.run(jobs.add_document(collection, other))["replaced"]
    for number in (1, 4):
        end = page.run(jobs.add_document(collection, row(number, "new", f"new {number}"), partial=True))
        assert end["replaced"] == (number == 1)
    page.write(jobs.finish_source(collection, ["table.csv#3"], source="table.csv", hash="new"))
    page.run(jobs.embed_passages(collection, FULL))
    names = ["engine/2.txt", "table.csv#1", "table.csv#3", "unknown"]
    page.write(jobs.restore_documents(collection, names, instead=True, without=["table.csv#4"]))
    again = page.open()
    assert rows_of(again) == before and found(again)[0] == "engine/2.txt"
    listed = jobs.describe_collection(again)
    assert not listed["sources"] and listed["pending"] == 0


def test_a_search_says_how_long_it_took() -> None:
    _, collection = filled(2, name="Papers", static=STATIC)
    assert 0 < jobs.search(collection, "diesel", static=STATIC)["seconds"] < 60


def test_a_collection_fills_is_asked_and_opens_again() -> None:
    page, collection = filled(6, name="Papers", static=STATIC)
    assert found(collection, static=STATIC)[0] == "engine/2.txt"
    assert jobs.describe_collection(collection)["pending"] > 0
    assert page.run(jobs.embed_passages(collection, FULL))["vectors"] == len(collection.index)
    before = found(collection)
    again = page.open()
    info = jobs.describe_collection(again)
    assert found(again) == before and before[0] == "engine/2.txt"
    assert info == jobs.describe_collection(collection)
    assert (info["name"], len(info["documents"]), info["pending"]) == ("Papers", 6, 0)
    assert info["model"]["name"] == "minilm-l6"


def test_unchanged_documents_are_skipped_and_changed_ones_replaced() -> None:
    page, collection = filled(3, embedder=FULL)
    same = as_argument(make_document(1), f"{1:064x}")
    assert page.run(jobs.add_document(collection, same))["unchanged"]
    changed = as_argument(make_document(50, name=make_document(1).name, subject="music"), "c" * 64)
    end = page.run(jobs.add_document(collection, changed, embedder=FULL))
    assert not end["unchanged"] and end["document"] == 3
    names = [each["name"] for each in jobs.describe_collection(page.open())["documents"]]
    assert sorted(names) == sorted(make_document(number).name for number in range(3))


def test_killed_between_any_two_writes_it_opens_and_continues() -> None:
    page = Page()
    fill(page, page.open("A"), range(3), embedder=FULL)
    for steps in range(9):
        torn = Page()
        torn.files = {name: bytearray(data) for name, data in page.files.items()}
        collection = torn.open()
        part = next(iter(jobs.add_document(collection, as_argument(make_document(30), "d" * 64))))
        assert not isinstance(part, Progress)
        torn.write(part, steps=steps)
        opened = torn.open()
        fill(torn, opened, range(30, 31), embedder=FULL)
        fill(torn, opened, range(3), embedder=FULL)
        whole = torn.open()
        assert len(whole.index.documents()) == 4 and whole.index.pending == 0
        assert found(whole) == found(opened)


def test_indexing_that_is_stopped_goes_on_where_it_was() -> None:
    page, collection = filled(150, static=STATIC)
    steps = jobs.embed_passages(collection, FULL)
    for step in steps:
        if not isinstance(step, Progress):
            page.write(step)
            break
    steps.close()
    opened, embedder = page.open(), HashEmbedder()
    assert 0 < opened.index.embedded < len(opened.index)
    left = opened.index.pending
    page.run(jobs.embed_passages(opened, embedder))
    assert embedder.embedded == left


def test_vectors_from_elsewhere_are_added_in_order() -> None:
    page, collection = filled(5)
    page.write(jobs.remove_documents(collection, [make_document(0).name]))
    model = {"name": "endpoint:x", "dimensions": 32, "fingerprint": "e" * 64}
    while (wanted := jobs.pending_texts(collection, count=3))["texts"]:
        vectors = 5 * FULL.embed(wanted["texts"])
        page.write(jobs.add_vectors(collection, vectors, wanted["passages"], model))
        with pytest.raises(SearchError):
            jobs.add_vectors(collection, np.zeros((1, 31), np.float32), [len(collection.index) - 1], model)
    opened = page.open()
    assert opened.index.pending == 0
    result = jobs.search(opened, "seed frost", question_vector=FULL.question("seed frost"))
    assert result["stage"] == "full" and result["hits"][0].name == "garden/1.txt"
    assert result["likelihood"] is None and result["hits"][0].cosine <= 1


def test_it_is_renamed_exported_and_imported() -> None:
    page, collection = filled(4, name="Old", embedder=FULL)
    page.write(jobs.rename_collection(collection, "Neu ü"))
    data = exported(collection)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None and "index.json" in archive.namelist()
    other = Page()
    end = imported(other, data)
    assert end["name"] == "Neu ü" and end["documents"] == 4
    assert found(other.open()) == found(collection)


def test_an_export_is_whole_though_documents_are_added_meanwhile() -> None:
    page, other = Page(), Page()
    collection = page.open("Growing")
    fill(page, collection, range(3), embedder=FULL)
    steps = jobs.export_collection(collection)
    data = bytearray(next(steps)["data"])
    fill(page, collection, range(3, 6), embedder=FULL)
    data += b"".join(part["data"] for part in steps)
    imported(other, bytes(data))
    assert len(other.open().index.documents()) == 3
    assert len(page.open().index.documents()) == 6, "the export has taken nothing that must be written"


def test_damaged_exports_are_refused() -> None:
    _, collection = filled(2, embedder=FULL)
    data = exported(collection)
    source = random.Random(3)
    broken = [b"", b"PK", data[:-30], data[30:], data[: len(data) // 2]]
    for _ in range(150):
        changed = bytearray(data)
        for _ in range(3):
            changed[source.randrange(len(data) - 1200, len(data))] = source.randrange(256)
        broken.append(bytes(changed))
    compressed = io.BytesIO()
    with zipfile.ZipFile(compressed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.json", b"0" * 100_000)
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(200):
            archive.writestr(f"{number}", b"")
    for each in [*broken, compressed.getvalue(), many.getvalue()]:
        try:
            imported(Page(), each)
        except SearchError as error:
            assert error.code in ("index-missing", "index-corrupt", "index-version")


@pytest.mark.parametrize("inside", [True, False])
def test_documents_that_come_and_go_while_passages_are_embedded_leave_each_its_own_vector(
    inside: bool,
) -> None:
    page, collection = filled(12)
    name = make_document(2).name
    changes = [jobs.remove_documents, jobs.restore_documents]
    if inside:
        steps = jobs.embed_passages(collection, FULL)
        for step in steps:
            if not isinstance(step, Progress):
                page.write(step)
            if changes and isinstance(step, Progress) == (len(changes) == 2):
                page.write(changes.pop(0)(collection, [name]))
        page.run(jobs.embed_passages(collection, FULL))
    model = {"name": FULL.name, "dimensions": FULL.dimensions, "fingerprint": FULL.fingerprint}
    while not inside and (wanted := jobs.pending_texts(collection, count=5))["texts"]:
        if changes:
            page.write(changes.pop(0)(collection, [name]))
        page.write(jobs.add_vectors(collection, FULL.embed(wanted["texts"]), wanted["passages"], model))
    opened = page.open().index
    assert opened.vectors is not None and opened.pending == 0 and len(opened.documents()) == 12
    for number in np.flatnonzero(~np.isin(opened.owners(range(len(opened))), list(opened.deleted))):
        own = FULL.embed([opened.embedded_text(number)])[0]
        assert opened.vectors.cosines(np.array([number]), own)[0] > 0.98, number


def test_compacted_it_has_the_same_documents() -> None:
    page, fresh = Page(), Page()
    collection = page.open("A")
    fill(page, collection, range(130), embedder=FULL)
    page.write(jobs.remove_documents(collection, [make_document(number).name for number in range(0, 100, 2)]))
    end = fresh.run(jobs.compact_collection(collection))
    opened = fresh.open()
    assert end["documents"] == len(opened.index.documents()) == 80 and not opened.index.deleted
    assert found(opened) == found(collection)
    assert sum(map(len, fresh.files.values())) < sum(map(len, page.files.values())) * 0.8


def test_a_documents_text_comes_with_its_blocks_and_passages() -> None:
    page, collection = filled()
    argument = as_argument(make_document(2))
    for block in argument["blocks"]:
        block["anchor"] = "part"
    page.run(jobs.add_document(collection, argument))
    shown = jobs.document_text(collection, 0)
    assert shown["text"] == argument["text"]
    assert [(each["start"], each["end"], each["headings"]) for each in shown["blocks"]] == [
        (each["start"], each["end"], each["headings"]) for each in argument["blocks"]
    ]
    assert all(0 <= start < end <= len(shown["text"]) for start, end in shown["passages"])
    hits = jobs.search(collection, "diesel", static=STATIC)["hits"]
    assert hits[0].address == "2.html#part"
    page.run(jobs.add_document(collection, {**argument, "name": "picked", "hash": "", "address": ""}))
    assert {hit.address for hit in jobs.search(collection, "diesel", static=STATIC)["hits"]} == {
        "2.html#part",
        "",
    }
    for wrong in (-1, 2):
        with pytest.raises(SearchError):
            jobs.document_text(collection, wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": None, "blocks": [{"start": 0, "end": 99}]},
        {"blocks": [{"start": 5, "end": 2}]},
        {"blocks": [{"start": -1, "end": 2}]},
        {"blocks": [{"end": 2}]},
        {"blocks": 5},
        {"blocks": [{"start": 0, "end": 9}, {"start": 4, "end": 12}]},
    ],
)
def test_documents_whose_parts_do_not_fit_are_refused(wrong: dict[str, Any]) -> None:
    page = Page()
    with refused(SearchError, "document"):
        page.run(jobs.add_document(page.open(), {"name": "x", "text": "Some words are here.", **wrong}))


def test_many_documents_added_one_by_one_take_time_in_proportion() -> None:
    """A commit writes what is new: the appended bytes of 1,500 documents are their own, once."""
    page, collection = filled()
    written = kept = 0
    for number in range(1500):
        argument = {"name": f"{number}", "text": f"Sentence {number} is about piston {number % 7}. It ends."}
        for part in jobs.add_document(collection, argument, static=STATIC):
            assert not isinstance(part, Progress)
            page.write(part)
            written += sum(len(each["data"]) for each in part["append"].values()) + len(part["index"])
            kept += len(part["replace"])
    assert written < 1500 * 1500 and kept <= 3
    assert len(page.open().index) == 1500
    assert found(collection, "piston 3", static=STATIC)


class OpenFile(BytesSource):
    """A file that is open while a job runs."""

    def __init__(self, data: bytearray, name: str) -> None:
        super().__init__(bytes(data), name)
        self.data, self.asked, self.is_open = bytes(data), 0, True

    def read(self, offset: int, length: int) -> bytes:
        assert self.is_open, "read after its job"
        return super().read(offset, length)

    def rows(self, numbers: NDArray[np.intp], width: int) -> bytes:
        assert self.is_open, "read after its job"
        self.asked += len(numbers)
        return np.frombuffer(self.data, np.int8).reshape(-1, width)[numbers].tobytes()


def test_vectors_that_exceed_the_memory_are_read_while_a_job_has_their_file() -> None:
    page = Page()
    fill(page, page.open("A"), range(12), embedder=FULL)
    before = found(page.open())
    files = [OpenFile(page.files["vectors.bin"], "vectors.bin")]
    stored = page.open(files={"vectors.bin": files[0]}, memory=1)
    assert not files[0].asked, "the signs are enough to open it"

    def during(job: Any, *args: Any, **options: Any) -> Any:
        """Run a job that gets the file, which is closed then."""
        files[-1].is_open = False
        files.append(OpenFile(page.files["vectors.bin"], "vectors.bin"))
        result = job(*args, files={"vectors.bin": files[-1]}, **options)
        return result if isinstance(result, dict) else list(result)

    asked = during(jobs.search, stored, "diesel clutch", stage="full", static=STATIC, embedder=FULL)
    assert [hit.name for hit in asked["hits"]] == before and files[-1].asked
    fill(page, stored, range(12, 16), embedder=FULL)  # which needs no file
    exported = b"".join(part["data"] for part in during(jobs.export_collection, stored))
    with zipfile.ZipFile(io.BytesIO(exported)) as archive:
        assert archive.read("vectors.bin") == bytes(page.files["vectors.bin"])
    page.write(jobs.remove_documents(stored, [make_document(3).name]))
    copy = Page()
    for part in during(jobs.compact_collection, stored):
        if not isinstance(part, Progress):
            copy.write(part)
    again = copy.open(memory=1)
    assert found(again) == found(copy.open())
    assert (
        again.index.embedded
        == len(again.index)
        == len(stored.index) - stored.index.entries[3].passages[1] + stored.index.entries[3].passages[0]
    )


def test_a_long_document_is_added_in_steps_between_which_it_can_be_stopped() -> None:
    page, collection = filled(2, name="A", embedder=FULL)
    before = dict(page.files)
    long = make_document(40, sentences=6000)
    steps = jobs.add_document(collection, as_argument(long))
    shown = []
    while isinstance(step := next(steps), Progress):
        shown.append((step.status, step.loaded, step.total))
    assert len(shown) >= 2 and {status for status, *_ in shown} == {"words"}
    assert all(loaded < total == len(collection.index) for _, loaded, total in shown)
    assert len(collection.searcher.words) == len(collection.index), "a commit has nothing left to count"
    stopped = jobs.add_document(page.open(), as_argument(long))
    next(stopped)
    stopped.close()
    assert page.files == before, "nothing is written before all of it is there"


def row(number: int, text: str, digest: str) -> dict[str, Any]:
    name = f"table.csv#{number}"
    return as_argument(Document(name, name, text, (Block(0, len(text)),)), digest)


def rows_of(collection: Collection) -> list[tuple[str, str]]:
    listed = jobs.describe_collection(collection)["documents"]
    return [(each["name"], jobs.document_text(collection, each["document"])["text"]) for each in listed]


def parts_of_replacement(collection: Collection) -> Iterator[Mapping[str, Any]]:
    """A table of three rows becomes one of two, of which one is the same, while another row is removed."""
    for number, text in ((1, "diesel clutch"), (2, "a new row")):
        for part in jobs.add_document(collection, row(number, text, "new"), static=STATIC, partial=True):
            if not isinstance(part, Progress):
                yield part
    yield jobs.remove_documents(collection, ["engine/2.txt"])
    yield jobs.finish_source(collection, ["table.csv#3"])


def test_a_page_that_is_killed_has_all_rows_of_a_table_or_none() -> None:
    start = Page()
    collection = start.open("Papers")
    fill(start, collection, range(3), static=STATIC)
    for number, text in ((1, "an old row"), (2, "another"), (3, "a third")):
        start.run(jobs.add_document(collection, row(number, text, "old"), static=STATIC))
    before = [each for each in rows_of(start.open()) if each[0].startswith("table")]
    after = [("table.csv#1", "diesel clutch"), ("table.csv#2", "a new row")]
    seen = []
    for killed in range(40):
        page = Page()
        page.files = {name: bytearray(data) for name, data in start.files.items()}
        left = killed
        for part in parts_of_replacement(page.open()):
            page.write(part, steps=max(left, 0))
            left -= len(part["append"]) + len(part["replace"]) + bool(part["index"])
            if left < 0:
                break
        again = page.open()
        rows = [each for each in rows_of(again) if each[0].startswith("table")]
        assert rows in (before, after), f"killed at step {killed}"
        assert set(found(again, static=STATIC)) <= {name for name, _ in rows_of(again)}
        seen.append(rows == after)
        if left >= 0:
            break
    assert seen == sorted(seen) and not seen[0] and seen[-1], "it was never whole"


def indexed(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(page.files["index.json"]))
    return found


def test_a_table_of_which_reading_was_stopped_leaves_nothing_counted() -> None:
    page = Page()
    fill(page, page.open("Papers"), range(3), static=STATIC)
    before = indexed(page)
    collection = page.open()
    page.run(jobs.add_document(collection, row(1, "diesel clutch", "new"), static=STATIC, partial=True))
    page.run(jobs.embed_passages(collection, FULL))
    page.write(jobs.remove_documents(collection, [make_document(0).name]))
    after, listed = indexed(page), jobs.describe_collection(page.open())
    assert (after["documents"], after["passages"]) == (before["documents"], before["passages"])
    assert after["live"] == listed["passages"] == sum(each["passages"] for each in listed["documents"])
    assert (len(listed["documents"]), listed["deleted"], listed["pending"]) == (2, 1, 0)
    opened = page.open()
    fill(page, opened, range(7, 9), embedder=FULL)
    assert found(page.open()) == found(opened)


def test_a_changed_row_of_a_table_writes_and_embeds_one_row() -> None:
    page, rows = Page(), 300
    collection = page.open("Papers")

    def read(changed: str) -> tuple[int, int, int]:
        """Read the table as the page does; return rows added, bytes appended and bytes of index.json."""
        info = jobs.describe_collection(collection)
        known = {each["name"]: each["hash"] for each in info["documents"]} | info["sources"]
        lines = [f"t{number},Row about piston {number % 7}." for number in range(rows)]
        lines[50] = f"t50,{changed}"
        data = "\n".join(["title,text", *lines]).encode()
        counts, hash = [0, 0, 0], ""
        for item in read_documents("table.csv", data, {"known": known}):
            hash = item["hash"]
            if "text" not in item:
                continue
            counts[0] += 1
            for part in jobs.add_document(collection, {**item, "hash": item["row_hash"]}, partial=True):
                counts[1] += sum(len(each["data"]) for each in part["append"].values())
                counts[2] += len(part["index"])
                page.write(part)
        part = jobs.finish_source(collection, source="table.csv", hash=hash)
        page.write(part)
        return counts[0], counts[1], counts[2] + len(part["index"])

    added, appended, described = read("old")
    assert added == rows and described < 1000, "index.json is not written for each row"
    embedder = HashEmbedder()
    page.run(jobs.embed_passages(collection, embedder))
    collection = page.open()
    assert read("A violin.")[:2] == (1, pytest.approx(appended / rows, rel=0.5))
    page.run(jobs.embed_passages(collection, embedder))
    assert embedder.embedded == rows + 1
    collection = page.open()
    assert read("A violin.")[:2] == (0, 0)
    assert jobs.describe_collection(collection)["sources"].keys() == {"table.csv"}


def test_rows_that_are_replaced_meanwhile_are_found_before_the_last_one() -> None:
    page, collection = filled(name="Papers")
    page.run(jobs.add_document(collection, row(1, "an old row", "old"), static=STATIC))
    page.run(jobs.add_document(collection, row(1, "diesel clutch", "new"), static=STATIC, partial=True))
    assert rows_of(collection) == [("table.csv#1", "diesel clutch")]
    assert rows_of(page.open()) == [("table.csv#1", "an old row")]
    page.run(jobs.embed_passages(collection, FULL))
    page.write(jobs.finish_source(collection))
    assert rows_of(page.open()) == [("table.csv#1", "diesel clutch")]
    assert page.open().index.pending == 0


def test_a_question_does_not_wait_until_the_table_has_read_what_was_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = HashEmbedder("static-minilm", 24)
    page, collection = filled(8, static=table)
    assert table.embedded == len(collection.index), "while nobody waited"
    assert jobs.search(collection, "diesel clutch", static=table)["unread"] == 0
    monkeypatch.setattr(jobs, "PATIENCE", 5)
    opened, left = page.open(), len(collection.index)
    whole = [hit.name for hit in collection.searcher.ask("diesel clutch").hits]
    while left:
        answer = jobs.search(opened, "diesel clutch", static=table)
        assert answer["hits"] and answer["pending"] == len(opened.index)
        left = max(0, left - 5)
        assert answer["unread"] == left
    assert [hit.name for hit in answer["hits"]] == whole


def test_vectors_that_come_before_the_table_has_read_a_passage_make_that_unnecessary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "PATIENCE", 2)
    page, _ = filled(8)
    opened = page.open()
    assert jobs.search(opened, "diesel clutch", static=STATIC)["unread"] > 0
    steps = jobs.embed_pending(opened.index, FULL, chunk=6)
    while next(steps) is not None:
        pass
    answer = jobs.search(opened, "diesel clutch", static=STATIC, embedder=FULL, stage="full")
    assert answer["unread"] == answer["pending"] - 2 > 0
    assert all(hit.name.startswith("engine") for hit in answer["hits"][:2])


def test_the_share_of_the_work_counts_long_passages_for_more() -> None:
    page, collection = filled()
    texts = {"short": "Acid rises.", "long": " ".join(f"Word{number}" for number in range(60)) + "."}
    for name, text in texts.items():
        page.run(
            jobs.add_document(collection, as_argument(Document(name, name, text, (Block(0, len(text)),))))
        )
    steps = jobs.embed_pending(collection.index, OneByOne())
    found = [step for step in steps if step is not None]
    shares = [step.share for step in found if isinstance(step, UnevenProgress)]
    assert 0 < shares[0] < 0.2 and shares[-1] == 1


class OneByOne(HashEmbedder):
    """An embedder whose batches are single texts."""

    def batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Any]]:
        for row, text in enumerate(texts):
            yield [row], self.embed([text])
