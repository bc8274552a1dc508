"""Every Python reader of files from outside, as a function from bytes: for the fuzzers, quick and long.

A reader may refuse what it is given, with an error of ours whose message is short and shows control
characters. Anything else that it raises is a fault.
"""

import contextlib
import functools
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from goosequill.chat.formats import FORMATS, ChatFormat
from goosequill.chat.saved_state import load_saved_state
from goosequill.conversations.reading import read as read_trees
from goosequill.conversations.writing import WRITERS, write
from goosequill.decoding import DecodingConfig
from goosequill.errors import MOST_MESSAGE, FileFormatError, GoosequillError
from goosequill.evaluation.reports import read_decoders, read_prompts
from goosequill.evaluation.votes import judge
from goosequill.kernels import NumpyKernel
from goosequill.lab import recordings
from goosequill.loading.inspect import as_text, inspect
from goosequill.loading.load import LoadOptions, load_files
from goosequill.models import Model, load_model
from goosequill.search import embeddings_json
from goosequill.search.documents.reading import read
from goosequill.search.embedders import open_embedder
from goosequill.search.index import Index
from goosequill.search.lancedb_store import LanceStore
from goosequill.search.storage import SourceStorage, ZipStorage
from goosequill.support.budget import Budget
from goosequill.support.printable import printable
from goosequill.tokenizers import load_tokenizer
from goosequill.tokenizers.wordpiece import load_wordpiece
from goosequill.tuning.adapter import read_adapter
from goosequill.tuning.applying import adapt
from goosequill.tuning.examples import read_examples
from goosequill.tuning.sequences import units_of
from goosequill.weights import BytesSource, open_tensors
from tests.py.search.samples import HashEmbedder

SEEDS = Path(__file__).parents[1] / "data" / "soak"
"""Sound files of each reader, a folder each; `python -m tests.soak.seeds` makes them."""
KERNEL = NumpyKernel()
TEXT = "The cat's 12 whiskers<end> weren't\n\n  there, élan 漢字"


def seeds(name: str) -> list[bytes]:
    """The committed files of a reader."""
    return [path.read_bytes() for path in sorted((SEEDS / name).iterdir())]


def seed(name: str, file: str) -> bytes:
    return (SEEDS / name / file).read_bytes()


def weights(data: bytes) -> None:
    tensors = open_tensors(BytesSource(data, "file"))
    shown = inspect(tensors)
    as_text(shown)
    declared = sum(int(np.prod(tensors.shape(name), dtype=np.float64)) for name in tensors.names())
    assert 4 * declared <= 16 * len(data), "more memory than the file's size allows"
    model = load_model(tensors, kernel=KERNEL, quantize=8 if len(data) % 2 else None)
    model.forward([0, 1], model.new_state())


def _folder(files: dict[str, bytes]) -> None:
    sources = {name: BytesSource(data, name) for name, data in files.items()}
    load_files(sources, LoadOptions(kernel=KERNEL))


@functools.cache
def small_model() -> Model:
    return load_model(open_tensors(BytesSource(seed("weights", "7.safetensors"))), kernel=KERNEL)


def state(data: bytes) -> None:
    load_saved_state(BytesSource(data, "state"), small_model())


def adapter(data: bytes) -> None:
    found = read_adapter(data)
    assert 4 * sum(tensor.size for tensor in found.tensors.values()) <= 16 * len(data)
    found.encode()
    model = adapt(small_model(), found)
    model.forward([0, 1], model.new_state())


def tokenizer(data: bytes) -> None:
    found = load_tokenizer(data)
    found.decode(found.encode(TEXT))


def wordpiece(data: bytes) -> None:
    load_wordpiece(data).encode(TEXT)


def _json(data: bytes) -> Any:
    try:
        return Budget().json(data)
    except ValueError as error:
        raise FileFormatError("It is not JSON.", code="votes-file") from error


def votes(data: bytes) -> None:
    judge([_json(data)], resamples=3)


def settings(data: bytes) -> None:
    DecodingConfig.from_dict(_json(data)).to_dict()


def chat(data: bytes) -> None:
    value = _json(data)
    if isinstance(value, Mapping):
        found = ChatFormat.from_dict(value)
        found.prompt([value, {"role": "user", "content": "Hi"}])


def examples(data: bytes) -> None:
    found = read_examples(data, FORMATS["world"])
    chars = load_tokenizer(seed("tokenizer", "world.txt"))
    for example in found[:50]:
        for unit in units_of(example, chars, 64):
            assert all(2 <= len(row) <= 65 and row.count for row in unit.rows)


def conversations(data: bytes) -> None:
    trees = read_trees(data)
    for to in WRITERS:
        with contextlib.suppress(GoosequillError):  # there may be nothing for it, or too much
            write(trees, to)


def _file(read_file: Callable[[Path], object], ending: str) -> Callable[[bytes], None]:
    def reader(data: bytes) -> None:
        with tempfile.NamedTemporaryFile(suffix=ending) as file:
            file.write(data)
            file.flush()
            read_file(Path(file.name))

    return reader


def _document(name: str) -> Callable[[bytes], None]:
    def reader(data: bytes) -> None:
        for document in read(name, data):
            document.text.encode()

    return reader


def _one_of(name: str, use: Callable[[dict[str, bytes]], None]) -> Callable[[bytes], None]:
    """A reader of several files; the first byte says which of the sound ones is replaced by the rest."""

    def reader(data: bytes) -> None:
        files = {path.name: path.read_bytes() for path in sorted((SEEDS / name).iterdir())}
        replaced = sorted(files)[data[0] % len(files)] if data else ""
        use({key: data[1:] if key == replaced else value for key, value in files.items()})

    return reader


def _index(files: dict[str, bytes]) -> None:
    sources = {name: BytesSource(value, name) for name, value in files.items()}
    _use_index(Index.open(SourceStorage(sources), KERNEL.search))


def _use_index(index: Index) -> None:
    for number in index.documents():
        index.entries[number]
        index.blocks(number)
        index.text(number).encode()
    for number in range(min(len(index), 50)):
        index.embedded_text(number)
        index.address(number)
    index.words()


def _lancedb(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            path = Path(folder, *name.split("+"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        store = LanceStore(folder)
        store.known()
        store.ask("stomach", full=HashEmbedder(dimensions=8))


def _embedder(files: dict[str, bytes]) -> None:
    sources = {name: BytesSource(value, name) for name, value in files.items()}
    open_embedder("", sources, KERNEL, verify=False).embed([TEXT])


READERS: dict[str, Callable[[bytes], None]] = {
    "weights": weights,
    "folder": _one_of("folder", _folder),
    "state": state,
    "adapter": adapter,
    "tokenizer": tokenizer,
    "wordpiece": wordpiece,
    "votes": votes,
    "settings": settings,
    "chat": chat,
    "conversations": conversations,
    "examples": examples,
    "prompts": _file(read_prompts, ".json"),
    "decoders": _file(lambda path: read_decoders(path, samples=2), ".json"),
    "embeddings": lambda data: void(embeddings_json.read(data)),
    "text": _document("a.txt"),
    "markdown": _document("a.md"),
    "html": _document("a.html"),
    "table": _document("a.csv"),
    "word": _document("a.docx"),
    "pdf": _document("a.pdf"),
    "zip": _document("a.zip"),
    "index": _one_of("index", _index),
    "index-zip": lambda data: _use_index(Index.open(ZipStorage(BytesSource(data, "a.zip")), KERNEL.search)),
    "lancedb": _one_of("lancedb", _lancedb),
    "minilm": _one_of("minilm", _embedder),
    "static": _one_of("static", _embedder),
    "recording": lambda data: void(recordings.check(data, None, 1.0)),
}
"""Name -> a reader, which may raise errors of ours."""
SEVERAL = ("folder", "index", "lancedb", "minilm", "static")
"""Readers of several files."""


def void(_: object) -> None:
    return None


def check(name: str, data: bytes) -> None:
    """Give bytes to a reader; anything but an error of ours, which must be fit to print, is passed on."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            READERS[name](data)
        except GoosequillError as error:
            assert error.remedy
            assert len(error.message) <= MOST_MESSAGE
            assert printable(str(error)) == str(error)


def inputs(name: str) -> list[bytes]:
    """What a fuzzer starts from."""
    found = seeds(name)
    return [bytes([at]) + data for at, data in enumerate(found)] if name in SEVERAL else found
