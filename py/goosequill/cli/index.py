"""`goosequill index`: make or update an index of documents, for `goosequill ask` and for web pages."""

from __future__ import annotations

import argparse
import contextlib
import functools
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from goosequill.cli.embedders import (
    FOLDERS,
    NAMES,
    add_models_option,
    choose_model,
    find_folder,
    open_named,
)
from goosequill.cli.models import add_kernel_options, chosen_kernel
from goosequill.cli.output import say, say_json
from goosequill.cli.progress import ProgressBar, ProgressLine
from goosequill.errors import SearchError, SettingsError
from goosequill.kernels import Kernel
from goosequill.search.documents import ReadOptions, Skipped
from goosequill.search.documents.places import sources
from goosequill.search.index_files import IndexModel
from goosequill.search.indexing import Changes
from goosequill.search.stores import LANCEDB, Store, make_store
from goosequill.search.workers import work_in_parallel
from goosequill.support.progress import Progress


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
    kernel, skipped = chosen_kernel(options), list[Skipped]()
    store = open_target(options, kernel)
    name = choose_model(options.model, options.models, store.model)
    embedder = open_named(name, options.models, kernel)
    store.check_model(IndexModel.of(embedder))
    folder = find_folder(NAMES[embedder.name], options.models)
    found = sources(options.source, skipped, options=ReadOptions(column=options.column))
    workers = functools.partial(
        work_in_parallel, embedder, folder, jobs=options.jobs, scheduler=options.scheduler
    )
    line, bar, changes = ProgressLine(options, "reading: {done} files"), None, Changes()
    with interruptible() as stopped:
        for step in store.update(found, workers, skipped, stopped):
            if isinstance(step, Progress):
                bar = bar or ProgressBar(options, "embedding")
                bar(step.loaded, step.total)
            else:
                changes = step
                line(changes.sources, 0)
    line(1, 1)
    report(options, store.totals(), changes, skipped)
    if stopped.is_set():
        print("Interrupted. Run the same command again to continue.", file=sys.stderr)
        return 130
    if store.totals().get("documents") == 0:
        raise SearchError(f"There is no document to index in {options.source}.", code="index-empty")
    return 0


def open_target(options: argparse.Namespace, kernel: Kernel) -> Store:
    """Open the store that is to be updated.

    Raises
    ------
    SettingsError
        ``setting-range``: a database of another kind is asked for.
    """
    if options.to:
        kind, uri = options.to
        if f"{kind}:" != LANCEDB:
            why = f"Vectors cannot be written to {kind!r}."
            raise SettingsError(why, code="setting-range", remedy="Use --to lancedb URI.")
        return make_store(LANCEDB + uri, kernel.search)
    paged = not options.no_web and find_folder("static", options.models) is not None
    table = open_named("static", options.models) if paged else None
    # an index in a folder of the site may be deeper than one that lies beside the pages
    source, out = Path(options.source).resolve(), options.out.resolve()
    site = "../" * len(out.relative_to(source).parts) if out.is_relative_to(source) else "../"
    return make_store(str(options.out), kernel.search, name=options.name, table=table, site=site)


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


def report(
    options: argparse.Namespace, totals: dict[str, int], changes: Changes, skipped: list[Skipped]
) -> None:
    """Say what is in the store now, and on standard error what could not be read."""
    if not options.column:
        for name, column in changes.columns.items():
            say(f"{name}: read column {column!r}, which has the most text (--column NAME)", file=sys.stderr)
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
        say(f"{options.out or options.to[1]}: {held} ({differs})")
