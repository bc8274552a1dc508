"""`goosequill index`: make or update an index of documents, for `goosequill ask` and for web pages."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from goosequill.cli.embedders import FOLDERS, NAMES, add_models_option, find_folder, open_named
from goosequill.cli.models import add_kernel_options, chosen_kernel
from goosequill.cli.output import say, say_json
from goosequill.cli.pool import PoolEmbedder
from goosequill.cli.progress import ProgressBar, ProgressLine
from goosequill.errors import SearchError
from goosequill.evaluation.cluster import connect
from goosequill.search import web
from goosequill.search.cluster import ClusterEmbedder
from goosequill.search.collection import CHUNK, embed_pending
from goosequill.search.documents import ReadOptions, Skipped
from goosequill.search.documents.places import sources
from goosequill.search.embedder import Embedder
from goosequill.search.index import Index
from goosequill.search.index_files import IndexModel
from goosequill.search.indexing import Changes, compact, open_folder, take_in
from goosequill.search.static_table import StaticTable
from goosequill.search.storage import FolderStorage
from goosequill.support.progress import Progress

COMMIT_SECONDS = 3.0
"""Work that a kill may lose."""
POOLED = 500
"""Passages from which several processes are worth their start."""
CLUSTER_CHUNK = 8192
"""Passages that a cluster gets at once."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Make an index of a folder, a file, a built site or a site's address, or bring one up to date: only "
        "what has changed is read again. Stop it with Ctrl-C; the same command continues."
    )
    parser.add_argument("source", metavar="DIR_OR_SITE", help="what to index")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--out", type=Path, help="the index's folder")
    target.add_argument(
        "--to",
        nargs=2,
        metavar=("lancedb", "URI"),
        help="write passages and vectors to LanceDB instead, in a folder or at an address such as s3://...",
    )
    parser.add_argument("--name", default="", help="the index's name (default: that of the folder)")
    parser.add_argument(
        "--column", default="", help="the column of CSV files that has the text: name or number"
    )
    parser.add_argument(
        "--model",
        choices=("auto", *FOLDERS),
        default="auto",
        help="what embeds the passages: static is quick, minilm finds more (default: the index's model; for "
        "a new one minilm, or static where that is not installed)",
    )
    add_models_option(parser)
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="processes that embed with minilm (default: one for each core)"
    )
    parser.add_argument("--scheduler", metavar="ADDRESS", help="embed on the workers of this Dask cluster")
    parser.add_argument(
        "--no-web", action="store_true", help="leave out web/, which pages search without Python"
    )
    add_kernel_options(parser)
    parser.add_argument("--json", action="store_true", help="print what has changed as JSON")


def run(options: argparse.Namespace) -> int:
    """Update the index and return the exit status: 130 if it was interrupted."""
    if options.to:
        from goosequill.cli import lancedb  # it uses this module

        return lancedb.index(options)
    index = open_folder(options.out, chosen_kernel(options).search, name=options.name)
    model = choose_model(options.model, options.models, index.model)
    embedder = open_named(model, options.models, chosen_kernel(options))
    index.check_model(IndexModel.of(embedder))
    skipped: list[Skipped] = []
    with interruptible() as stopped:
        changes = read(index, options, skipped, stopped)
        if not stopped.is_set():
            embed(index, embedder, options, stopped)
        index.commit()
        if not stopped.is_set():
            index = finish(index, embedder, options)
    if not options.column:
        for name, column in changes.columns.items():
            say(f"{name}: read column {column!r}, which has the most text (--column NAME)", file=sys.stderr)
    totals = {"documents": len(index.documents()), "passages": len(index)}
    report(options, options.out, totals, changes, skipped)
    if stopped.is_set():
        print("Interrupted. Run the same command again to continue.", file=sys.stderr)
        return 130
    if not index.documents():
        raise SearchError(f"There is no document to index in {options.source}.", code="index-empty")
    return 0


def choose_model(name: str, models: Path | None, made_with: IndexModel | None) -> str:
    """Return the name of the model to use: the index's own, unless another is asked for."""
    if name != "auto":
        return name
    if made_with is not None:
        if made_with.name not in NAMES:
            raise SearchError(
                f"The index was made with {made_with.name}, which this command does not run.",
                code="index-model",
            )
        return NAMES[made_with.name]
    if find_folder("minilm", models) is None and find_folder("static", models) is not None:
        print("minilm is not installed; using static, which finds less.", file=sys.stderr)
        return "static"
    return "minilm"


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Let Ctrl-C set an event, so that what is being done is finished; a second one stops at once."""
    stopped = threading.Event()

    def stop(*_: object) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)


def read(
    index: Index, options: argparse.Namespace, skipped: list[Skipped], stopped: threading.Event
) -> Changes:
    """Take in what is at the source, committing now and then."""
    changes, committed = Changes(), time.monotonic()
    progress = ProgressLine(options, "reading: {done} files")
    found = sources(options.source, skipped, options=ReadOptions(column=options.column))
    for changes in take_in(index, found, skipped):
        progress(changes.sources, 0)
        if time.monotonic() - committed > COMMIT_SECONDS:
            index.commit()
            committed = time.monotonic()
        if stopped.is_set():
            break
    progress(1, 1)
    return changes


def embed(index: Index, embedder: Embedder, options: argparse.Namespace, stopped: threading.Event) -> None:
    """Give vectors to the passages that have none, committing now and then."""
    with spread(embedder, options, index.pending) as (spreading, chunk):
        bar, committed = ProgressBar(options, "embedding"), time.monotonic()
        for step in embed_pending(index, spreading, chunk=chunk):
            if isinstance(step, Progress):
                bar(step.loaded, step.total)
            elif stopped.is_set():
                break
            elif time.monotonic() - committed > COMMIT_SECONDS:
                index.commit()
                committed = time.monotonic()


@contextlib.contextmanager
def spread(embedder: Embedder, options: argparse.Namespace, passages: int) -> Iterator[tuple[Embedder, int]]:
    """Yield an embedder that uses the cluster or several processes, where that is asked for or worthwhile.

    With it comes how many passages it should get at once.

    Raises
    ------
    SettingsError
        ``no-dask``, ``no-cluster``.
    """
    folder = find_folder(NAMES[embedder.name], options.models)
    jobs = options.jobs if options.jobs is not None else (os.cpu_count() or 1)
    with contextlib.ExitStack() as stack:
        if options.scheduler and folder is not None:
            client = stack.enter_context(connect(options.scheduler))
            yield ClusterEmbedder(folder, client), CLUSTER_CHUNK
        elif jobs > 1 and passages > POOLED and embedder.name == "minilm-l6" and folder is not None:
            yield stack.enter_context(PoolEmbedder(embedder, folder, jobs=jobs)), CHUNK
        else:
            yield embedder, CHUNK


def finish(index: Index, embedder: Embedder, options: argparse.Namespace) -> Index:
    """Compact the index, keep its words, and write web/ if the static table is there."""
    if index.deleted:
        index = compact(index, options.out)
    index.save_words(index.words())
    folder = find_folder("static", options.models)
    if options.no_web or folder is None or not index.documents():
        return index
    table = open_named("static", options.models)
    if isinstance(table, StaticTable) and table.space == embedder.space:
        web.write(index, table, FolderStorage(options.out / "web"))
    return index


def report(
    options: argparse.Namespace,
    where: object,
    totals: dict[str, int],
    changes: Changes,
    skipped: list[Skipped],
) -> None:
    """Say what is in an index or a database now, and on standard error what could not be read."""
    for each in skipped:
        say(f"skipped {each.name}: {each.message} {each.remedy}".rstrip(), file=sys.stderr)
    changed = {
        "added": changes.added,
        "unchanged": changes.unchanged,
        "removed": changes.removed,
        "skipped": len(skipped),
    }
    if options.json:
        say_json({**totals, **changed})
    elif not options.quiet:
        held, differs = (
            ", ".join(f"{count:,} {name}" for name, count in counts.items()) for counts in (totals, changed)
        )
        say(f"{where}: {held} ({differs})")
