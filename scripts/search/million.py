"""Index a million passages from a generator, and report the rate, the memory and the time of a question.

    PYTHONPATH=.:py python scripts/search/million.py                     with the static table
    PYTHONPATH=.:py python scripts/search/million.py --model minilm      a sample, and an estimate
    PYTHONPATH=.:py python scripts/search/million.py --to lancedb        into LanceDB instead of a folder

The passages are four sentences of twelve English words each, in random order with the frequencies of Zipf's
law, eight to a document; they measure work, not quality. MiniLM embeds `--sample` of them, and the rest is
estimated by the same rate. The index is written to build/million, and deleted at the end.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from scripts.search.minilm_folder import build_minilm

from goosequill.kernels import load_kernel
from goosequill.search.collection import embed_pending
from goosequill.search.documents.document import Composer, Document
from goosequill.search.embedder import Embedder
from goosequill.search.embedders import open_folder
from goosequill.search.index import Index
from goosequill.search.index_files import IndexModel
from goosequill.search.lancedb_store import BATCH, LanceStore, Row
from goosequill.search.passages import passages
from goosequill.search.searcher import Searcher
from goosequill.search.storage import FolderStorage

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "build" / "million"
PER_DOCUMENT = 8
"""Passages."""
QUESTIONS = 20
CHUNK = 4096
"""Passages that are embedded between two reports."""


def documents(vocabulary: Sequence[str], seed: int = 1) -> Iterator[Document]:
    """Yield documents of `PER_DOCUMENT` passages without end; frequent words follow Zipf's law."""
    source = random.Random(seed)
    weights = [1 / (rank + 10) for rank in range(len(vocabulary))]
    total = 0.0
    steps = [total := total + weight for weight in weights]
    number = 0
    while True:
        composer = Composer()
        for _ in range(PER_DOCUMENT):
            words = source.choices(vocabulary, cum_weights=steps, k=48)
            sentences = (" ".join(words[at : at + 12]).capitalize() + "." for at in range(0, 48, 12))
            composer.paragraph(" ".join(sentences))
        yield composer.document(f"document-{number}", title=f"Document {number}")
        number += 1


def words_of(embedder_folder: Path) -> list[str]:
    """Return the whole words of the vocabulary, the frequent ones first, as it has them."""
    pieces = (embedder_folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    return [piece for piece in pieces if piece.isascii() and piece.isalpha() and len(piece) > 1]


def memory() -> float:
    """Return the most memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(what: str, count: int, seconds: float) -> None:
    rate = count / seconds if seconds else 0
    print(
        f"{what}: {count:,} in {seconds:,.1f} s, {rate:,.0f} a second; memory {memory():,.0f} MB", flush=True
    )


def fill_folder(found: Iterator[Document], count: int, embedder: Embedder, sample: int) -> Searcher:
    """Make an index in a folder; only `sample` of its passages get vectors."""
    search = load_kernel().search
    index = Index.create(FolderStorage(OUTPUT), search, name="million")
    start = time.monotonic()
    while len(index) < count:
        for document in islice(found, min(4096, -(-(count - len(index)) // PER_DOCUMENT))):
            index.add(document)
        index.commit()
    report("read and split", len(index), time.monotonic() - start)
    start = time.monotonic()
    for _ in embed_pending(index, embedder, chunk=min(CHUNK, sample)):
        if index.embedded >= sample:
            break
    index.commit()
    seconds = time.monotonic() - start
    report(f"embed with {embedder.name}", index.embedded, seconds)
    if index.pending:
        hours = seconds / index.embedded * len(index) / 3600
        print(f"all {len(index):,} would take {hours:.2f} hours at this rate; this is an estimate")
    start = time.monotonic()
    words = index.words()
    report("index words", len(words), time.monotonic() - start)
    index.save_words(words)
    start = time.monotonic()
    opened = Index.open(FolderStorage(OUTPUT), search)
    searcher = Searcher(opened, search, full=embedder)
    print(f"open again with its words: {time.monotonic() - start:.2f} s")
    return searcher


def fill_lancedb(found: Iterator[Document], count: int, embedder: Embedder) -> LanceStore:
    """Write passages and vectors to LanceDB."""
    store, model, done, start = LanceStore(str(OUTPUT)), IndexModel.of(embedder), 0, time.monotonic()
    while done < count:
        chosen = islice(found, BATCH // PER_DOCUMENT)
        rows = [Row(made, "", passage, last=True) for made in chosen for passage in passages(made)]
        store.add(rows, embedder.embed([row.indexed for row in rows]), model)
        done += len(rows)
    report(f"embed with {embedder.name} and write to LanceDB", done, time.monotonic() - start)
    start = time.monotonic()
    store.finish()
    report("index words", done, time.monotonic() - start)
    return store


def ask(asked: Any, vocabulary: Sequence[str]) -> None:
    """Report how long a question takes; `asked` is a function of it."""
    source, times = random.Random(2), []
    for _ in range(QUESTIONS):
        question = " ".join(source.choices(vocabulary[:5000], k=6))
        start = time.monotonic()
        asked(question)
        times.append(time.monotonic() - start)
    print(f"a question: {sorted(times)[QUESTIONS // 2] * 1000:,.0f} ms (median of {QUESTIONS})")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--model", choices=("static", "minilm"), default="static")
    parser.add_argument("--sample", type=int, default=2048, help="passages that MiniLM embeds")
    parser.add_argument("--to", choices=("folder", "lancedb"), default="folder")
    options = parser.parse_args(arguments)
    static = ROOT / "site" / "models" / "minilm-static"
    if options.model == "minilm":
        build_minilm(ROOT / "build" / "quality" / "minilm")
    embedder = open_folder(static if options.model == "static" else ROOT / "build" / "quality" / "minilm")
    vocabulary = words_of(static)
    shutil.rmtree(OUTPUT, ignore_errors=True)
    try:
        if options.to == "lancedb":
            store = fill_lancedb(documents(vocabulary), options.passages, embedder)
            ask(lambda question: store.ask(question, full=embedder), vocabulary)
        else:
            sample = options.sample if options.model == "minilm" else options.passages
            searcher = fill_folder(documents(vocabulary), options.passages, embedder, sample)
            ask(searcher.ask, vocabulary)
        size = sum(path.stat().st_size for path in OUTPUT.rglob("*") if path.is_file())
        print(f"on disk: {size / 1e6:,.0f} MB; memory at most {memory():,.0f} MB")
    finally:
        shutil.rmtree(OUTPUT, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
