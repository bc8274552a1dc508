"""`goosequill index`: make or update an index of documents, for `goosequill ask` and for web pages."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path

from goosequill.cli import lancedb
from goosequill.cli.embedders import FOLDERS, add_models_option, choose_model, find_folder, open_named
from goosequill.cli.models import add_kernel_options, chosen_kernel
from goosequill.cli.output import say
from goosequill.cli.progress import ProgressBar, ProgressLine
from goosequill.cli.updating import interruptible, report, spread
from goosequill.errors import SearchError
from goosequill.search import web
from goosequill.search.collection import embed_pending
from goosequill.search.documents import ReadOptions, Skipped
from goosequill.search.documents.places import sources
from goosequill.search.embedder import Embedder
from goosequill.search.index import Index
from goosequill.search.index_files import IndexModel
from goosequill.search.indexing import Changes, open_folder, take_in, tidied
from goosequill.search.static_table import StaticTable
from goosequill.search.storage import FolderStorage
from goosequill.support.progress import Progress

COMMIT_SECONDS = 3.0
"""Work that a kill may lose."""


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
    totals = {"documents": len(index.documents()), "passages": index.live}
    report(options, options.out, totals, changes, skipped)
    if stopped.is_set():
        print("Interrupted. Run the same command again to continue.", file=sys.stderr)
        return 130
    if not index.documents():
        raise SearchError(f"There is no document to index in {options.source}.", code="index-empty")
    return 0


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


def finish(index: Index, embedder: Embedder, options: argparse.Namespace) -> Index:
    """Keep the index's words, compact it if that is due, and write web/ if the static table is there."""
    target, table = options.out / "web", None
    if index.documents() and not options.no_web and find_folder("static", options.models):
        found = open_named("static", options.models)
        table = found if isinstance(found, StaticTable) and found.space == embedder.space else None
    index = tidied(index, options.out, published=bool(table) or target.is_dir())
    if table:
        web.write(index, table, FolderStorage(target))
    return index
