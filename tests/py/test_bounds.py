"""No reader takes bytes from outside without a bound: what reads or parses them whole has a reason here.

A new reader takes a `goosequill.support.budget.File`, JSON from its budget and bytes in pieces; or a line
below says what bounds it.
"""

import ast
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from goosequill.errors import SearchError
from goosequill.search import lancedb_store
from goosequill.search.bm25 import WordIndex
from goosequill.search.documents import places
from goosequill.search.documents.limits import DocumentBudget
from goosequill.search.documents.places import sources
from goosequill.search.endpoint import read_vectors
from goosequill.search.storage import ZipStorage
from goosequill.support.budget import MOST_VALUES
from goosequill.weights import BytesSource
from tests.py.refusals import refused

PACKAGE = Path(__file__).parents[2] / "py" / "goosequill"
WHOLE = {"read_bytes", "read_text", "read", "readlines", "readall", "extract", "extractall"}
"""Methods that read all that there is, if they are called without a length."""
PARSERS = {
    "json.load", "json.loads", "tomllib.load", "tomllib.loads", "np.load", "np.loadtxt", "np.genfromtxt",
    "csv.reader", "csv.DictReader", "ast.literal_eval", "zipfile.ZipFile", "tarfile.open", "gzip.open",
    "gzip.GzipFile", "gzip.decompress", "zlib.decompress", "bz2.decompress", "lzma.decompress",
    "pickle.load", "pickle.loads", "marshal.loads", "ElementTree.fromstring", "ElementTree.parse",
    "ET.fromstring", "ET.parse", "PdfReader",
}  # fmt: skip
"""Functions that make of a few bytes as much as these say."""

OURS = "a file of this package or of the site, which comes with its SHA-256"
OWN = "what this program itself has written on this machine"
EXCUSED = {
    "api/download.py": {"read_text": OWN, "json.loads": OWN},
    "chat/tools.py": {"json.loads": "arguments in a request or a reply, whose length is bounded"},
    "cli/defaults.py": {"tomllib.loads": "the settings of who runs it, within their budget"},
    "conversations/records.py": {"gzip.GzipFile": "unpacked in pieces, up to a bound"},
    "decoding/grammar/compile.py": {"json.loads": "a schema whose depth was counted; its text is bounded"},
    "decoding/replay.py": {"read": "a method of ours"},
    "decoding/strategies/beam.py": {"read": "a method of ours"},
    "kernels/native.py": {"read_bytes": OURS, "read_text": OWN},
    "kernels/sketches.py": {"read_bytes": OURS},
    "lab/experiments.py": {"read_bytes": OURS},
    "lab/cumulative.py": {"json.loads": OURS},
    "lab/handwriting.py": {"json.loads": OURS},
    "lab/launcher.py": {"json.loads": OURS},
    "lab/letters.py": {"json.loads": OURS},
    "lab/letters_data.py": {"read_bytes": OURS, "np.load": OURS},
    "lab/lstm.py": {"json.loads": OURS},
    "lab/lstm_text.py": {"json.loads": OURS, "np.load": OURS},
    "lab/maze.py": {"json.loads": OURS},
    "lab/reading.py": {"json.loads": OURS, "np.load": OURS},
    "lab/recordings.py": {"np.load": OURS, "np.loadtxt": "rows whose number and length were counted"},
    "lab/second_order.py": {"json.loads": OURS},
    "lab/symmetries.py": {"json.loads": OURS},
    "lab/training.py": {"json.loads": OURS},
    "lab/tuning.py": {"json.loads": OURS},
    "search/collection.py": {"zipfile.ZipFile": "written, not read"},
    "search/documents/archive.py": {"zipfile.ZipFile": "after its directory was measured (MOST_DIRECTORY)"},
    "search/documents/pdf.py": {"PdfReader": "a file within its bound, in a time that is bounded"},
    "search/documents/table.py": {"csv.reader": "a text within its bound, a row at a time"},
    "search/storage.py": {"zipfile.ZipFile": "through SourceFile, which reads at most 1 MiB"},
    "search/web.py": {"read_bytes": OURS},
    "support/budget.py": {"json.loads": "after its values were counted"},
    "tokenizers/base.py": {"read_bytes": OURS},
    "tokenizers/bpe.py": {"json.loads": "run once, to make a file of this package", "zlib.decompress": OURS},
    "tokenizers/world.py": {"ast.literal_eval": "a line within MAX_LINE characters", "zlib.decompress": OURS},
    "weights/formats/pth.py": {"zipfile.ZipFile": "read through _SourceFile, which is bounded; or written"},
}


def unbounded(code: str) -> Iterator[str]:
    """Yield what a module calls that bounds nothing by itself."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name in PARSERS:
            yield name
        elif isinstance(node.func, ast.Attribute) and node.func.attr in WHOLE:
            texts = [keyword for keyword in node.keywords if keyword.arg in ("encoding", "errors", "newline")]
            if not node.args and len(texts) == len(node.keywords):
                yield node.func.attr


BUDGET = "makes the budget of the outermost file"
OUTERMOST = "checks the length before anything else"
WITHIN = "a part of what was bounded"
WRITES = "writes them"
RAW = {
    "api/model.py": {"load use": "goes to read_adapter"},
    "browser/bridge.py": {"__init__": WITHIN},
    "conversations/pages.py": {"read_conversations": "goes to read"},
    "conversations/reading.py": {"read": BUDGET},
    "conversations/records.py": {"file_of": BUDGET, "_records _lines _line _parse": WITHIN},
    "decoding/grammar/byte_automaton.py": {"_split walk": WITHIN},
    "decoding/grammar/token_mask.py": {"__init__": WITHIN},
    "lab/cumulative.py": {"compute": OURS},
    "lab/experiments.py": {"_complete": OURS},
    "lab/handwriting.py": {"letters writers _built_in templates_of written compute": OURS},
    "lab/launcher.py": {"letters_of templates_of compute": OURS},
    "lab/letters.py": {"compute": OURS},
    "lab/letters_data.py": {"read _unpack": OURS},
    "lab/lstm.py": {"compute": OURS},
    "lab/lstm_text.py": {"compute unpack": OURS},
    "lab/maze.py": {"compute": OURS},
    "lab/reading.py": {"networks faces language_model compute __init__": OURS, "chunk": WRITES},
    "lab/recordings.py": {"grasshopper": OURS, "file_of": BUDGET},
    "lab/second_order.py": {"compute": OURS},
    "lab/sta.py": {"compute _recording": OURS},
    "lab/symmetries.py": {"compute": OURS},
    "lab/training.py": {"compute": OURS},
    "lab/tuning.py": {"compute": OURS},
    "lab/word_lists.py": {"read": OURS},
    "loading/convert.py": {"_write": WRITES},
    "loading/converting.py": {"steps _convert _by_rows": OWN, "_quantized": WRITES},
    "openai/http.py": {"parse": OUTERMOST},
    "search/bm25.py": {"_loaded __init__": WITHIN},
    "search/collection.py": {"write": WRITES},
    "search/documents/limits.py": {"given_file": BUDGET},
    "search/documents/page_jobs.py": {"read_documents table_columns": BUDGET},
    "search/documents/reading.py": {"read": BUDGET},
    "search/embeddings_json.py": {"read": OUTERMOST},
    "search/endpoint.py": {"read_vectors": OUTERMOST, "send": WRITES},
    "search/index.py": {"_append_vectors _append": WRITES},
    "search/lancedb_store.py": {"_read_model": "counts the values before"},
    "search/lines.py": {"__init__ _parsed": WITHIN},
    "search/storage.py": {"write replace": WRITES, "read_runs": "fills them"},
    "search/web.py": {"sections": WRITES},
    "support/budget.py": {"json": "counts the values", "__init__": "has a budget", "stream": "spends it"},
    "tokenizers/__init__.py": {"load_tokenizer": BUDGET},
    "tokenizers/base.py": {"__init__": WITHIN},
    "tokenizers/bpe.py": {"__init__": WITHIN, "pack_merges": OURS},
    "tokenizers/wordpiece.py": {"load_wordpiece": OUTERMOST},
    "tokenizers/world.py": {"_lengths_by_start pack_tokens __init__": WITHIN, "unpack_tokens": OURS},
    "tuning/adapter.py": {"read_adapter": OUTERMOST},
    "tuning/examples.py": {"read_examples": BUDGET},
    "weights/elements.py": {"_chunk": WITHIN},
    "weights/formats/pth.py": {"__init__ _describe": WITHIN},
    "weights/ggml_blocks.py": {"dequantize": WITHIN},
    "weights/source.py": {"__init__": "what the formats read by ranges"},
}
"""Functions that take bytes, and what bounds these; all others take a file with its budget, or a source."""


RAW_BYTES = re.compile(r"bytes|Buffer|memoryview|BinaryIO|RawIO|\bIO\[")


def taking_bytes(code: str) -> Iterator[str]:
    """Yield the functions of a module that take bytes."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            if any(RAW_BYTES.search(ast.unparse(each.annotation)) for each in given if each.annotation):
                yield node.name


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("data: bytes", ["read"]),
        ("name: str, *, data: bytes | None = None", ["read"]),
        ("data: memoryview", ["read"]),
        ("stream: io.BufferedReader", ["read"]),
        ("stream: IO[str]", ["read"]),
        ("file: File", []),
    ],
)
def test_the_walk_finds_a_reader_that_takes_raw_bytes(given: str, names: list[str]) -> None:
    assert list(taking_bytes(f"def read({given}) -> Document: ...")) == names


def test_a_reader_takes_a_file_with_its_budget_or_says_what_bounds_its_bytes() -> None:
    texts = {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*.py")
    }
    found = {name: names for name, text in texts.items() if (names := set(taking_bytes(text)))}
    assert found == {name: {*" ".join(reasons).split()} for name, reasons in RAW.items()}
    owners = [name for name, text in texts.items() if "file._data" in text]
    assert owners == [], "the bytes of a file come with a bound"


def test_every_reader_has_a_bound() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix(): set(unbounded(path.read_text("utf-8")))
        for path in PACKAGE.rglob("*.py")
    }
    missing = {name: calls - EXCUSED.get(name, {}).keys() for name, calls in found.items()}
    assert {name: calls for name, calls in missing.items() if calls} == {}
    needless = {name: calls.keys() - found.get(name, set()) for name, calls in EXCUSED.items()}
    assert {name: calls for name, calls in needless.items() if calls} == {}


@pytest.mark.parametrize(
    ("code", "calls"),
    [
        ("path.read_bytes()", ["read_bytes"]),
        ("path.read_text(encoding='utf-8')", ["read_text"]),
        ("file.read()", ["read"]),
        ("file.read(100)", []),
        ("read_bytes(path, MOST)", []),
        ("json.loads(data)", ["json.loads"]),
        ("budget.json(data)", []),
        ("source.read(0, length)", []),
        ("zipfile.ZipFile(io.BytesIO(data)).extractall()", ["extractall", "zipfile.ZipFile"]),
    ],
)
def test_the_walk_finds_what_reads_all_that_there_is(code: str, calls: list[str]) -> None:
    assert list(unbounded(code)) == calls


DEEP = "[" * 100_000


def test_an_endpoints_answer_of_very_many_values_is_refused() -> None:
    for answer in (DEEP, "[" + "0," * MOST_VALUES + "0]"):
        with refused(SearchError, "endpoint-answer", match="it is not JSON"):
            read_vectors(answer, 1)


def test_a_word_index_and_a_table_with_a_deep_head_are_damaged() -> None:
    saved = WordIndex().save(0)
    head = saved[: saved.index(b"{") - 4]
    deep = head + len(DEEP).to_bytes(4, "little") + DEEP.encode()
    assert WordIndex.load(deep, stamp=lambda count: 0) is None
    with refused(SearchError, "lancedb", match="was not made by Goosequill"):
        lancedb_store._read_model({lancedb_store._META: DEEP.encode()}, "here")


def test_a_document_that_grew_since_its_size_was_asked_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("a" * 100)
    monkeypatch.setattr(DocumentBudget, "allow", lambda *_: None)
    monkeypatch.setattr(places, "DocumentBudget", lambda name: DocumentBudget(name, packed=50))
    skipped: list[Any] = []
    assert list(sources(tmp_path, skipped)) == []
    assert [each.name for each in skipped] == ["a.txt"]


def test_a_zip_of_very_many_files_is_no_index() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number:020}", b"")
    with refused(SearchError, "index-corrupt", match="is not a zip file"):
        ZipStorage(BytesSource(held.getvalue(), "a.zip"))
