"""What `goosequill index` does alike for a folder and for a database: spread, be interrupted, report."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator

from goosequill.cli.embedders import NAMES, find_folder
from goosequill.cli.output import say, say_json
from goosequill.cli.pool import PoolEmbedder
from goosequill.evaluation.cluster import connect
from goosequill.search.cluster import ClusterEmbedder
from goosequill.search.collection import CHUNK
from goosequill.search.documents import Skipped
from goosequill.search.embedder import Embedder
from goosequill.search.indexing import Changes

POOLED = 500
"""Passages from which several processes are worth their start."""
CLUSTER_CHUNK = 8192
"""Passages that a cluster gets at once."""


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
