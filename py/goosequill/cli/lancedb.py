"""What `goosequill index --to lancedb URI` and `goosequill ask --index lancedb:URI` do."""

from __future__ import annotations

import argparse
import sys

from goosequill.cli.embedders import choose_model, open_models, open_named
from goosequill.cli.models import chosen_kernel
from goosequill.cli.progress import ProgressLine
from goosequill.cli.updating import POOLED, interruptible, report, spread
from goosequill.errors import SearchError, SettingsError
from goosequill.search.documents import ReadOptions, Skipped
from goosequill.search.documents.places import sources
from goosequill.search.indexing import Changes
from goosequill.search.lancedb_store import LanceStore, take_in
from goosequill.search.searcher import Results


def index(options: argparse.Namespace) -> int:
    """Bring a database up to date and return the exit status: 130 if it was interrupted.

    Raises
    ------
    SettingsError
        ``setting-range``: a database of another kind is asked for.
    """
    kind, uri = options.to
    if kind != "lancedb":
        raise SettingsError(
            f"Vectors cannot be written to {kind!r}.", code="setting-range", remedy="Use --to lancedb URI."
        )
    store, skipped, changes = LanceStore(uri), list[Skipped](), Changes()
    model = choose_model(options.model, options.models, store.model)
    embedder = open_named(model, options.models, chosen_kernel(options))
    progress = ProgressLine(options, "indexing: {done} documents")
    found = sources(options.source, skipped, options=ReadOptions(column=options.column))
    with spread(embedder, options, POOLED + 1) as (spreading, _), interruptible() as stopped:
        for changes in take_in(store, found, spreading, skipped):
            progress(changes.added, 0)
            if stopped.is_set():
                break
    progress(1, 1)
    report(options, uri, {"passages": len(store)}, changes, skipped)
    if stopped.is_set():
        print("Interrupted. Run the same command again to continue.", file=sys.stderr)
        return 130
    return 0


def ask(options: argparse.Namespace, uri: str) -> Results:
    """Ask a database."""
    store = LanceStore(uri)
    static, full = open_models(store.model, options, chosen_kernel(options))
    embedder = full or static
    if embedder is None:
        raise SearchError(f"{uri} has no passages.", code="index-missing")
    return store.ask(options.question, embedder, count=options.count)
