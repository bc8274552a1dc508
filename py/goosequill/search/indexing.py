"""Brings an index up to date with a folder or a site: adds what is new, passes over what has not changed.

Natively only; in a page the documents come one by one from what the visitor adds.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from goosequill.errors import SearchError
from goosequill.kernels.search import SearchOperations
from goosequill.search.documents import Skipped, Source
from goosequill.search.documents.document import source_of
from goosequill.search.index import Index
from goosequill.search.index_files import DESCRIPTION
from goosequill.search.storage import FolderStorage

OLD, NEW = ".goosequill-old", ".goosequill-new"
"""Endings of the folders between which a compacted index is exchanged."""
SHARE = 4


@dataclass(slots=True)
class Changes:
    """What was done so far, in documents; `sources` counts files and pages.

    `columns` has the column from which the texts of a table are, by the table's name.
    """

    sources: int = 0
    added: int = 0
    unchanged: int = 0
    removed: int = 0
    columns: dict[str, str] = field(default_factory=dict)


def open_folder(path: Path, search: SearchOperations, *, name: str = "") -> Index:
    """Open the index in a folder, or make a new one; `name` is given to either, unless it is empty.

    Raises
    ------
    SearchError
        ``output``: the folder has other files, but no index. ``index-version``, ``index-corrupt``.
    """
    _recover(path)
    storage = FolderStorage(path)
    if storage.size(DESCRIPTION):
        index = Index.open(storage, search)
        index.name = name or index.name
        return index
    if any(entry not in Index.FILES for entry in storage.names()):
        raise SearchError(f"{path} already contains other files.", code="output")
    return Index.create(storage, search, name=name or path.resolve().name)


def take_in(index: Index, sources: Iterable[Source], skipped: list[Skipped]) -> Iterator[Changes]:
    """Add the documents of sources to an index and remove those whose sources are gone.

    Yields after each source, and nothing is half done then: whoever stops there loses nothing, but documents
    whose sources are gone are not removed yet. Those whose sources cannot be read any more are kept, except
    those behind links that lead out of the folder.

    Parameters
    ----------
    skipped
        Gets what cannot be read; `sources` may add to it as well.
    """
    changes, known = Changes(), _by_source(index)
    seen: set[str] = set()
    for source in sources:
        old = known.get(source.name, [])
        changes.sources += 1
        if old and index.is_current(source.name, source.hash, old):
            seen.update(old)
            changes.unchanged += len(old)
        else:
            _replace(index, source, old, skipped, changes, seen)
        yield changes
    for name in index.names():
        if name not in seen and not any(each.has(name) for each in skipped):
            changes.removed += index.remove(name)
    yield changes


def _replace(
    index: Index,
    source: Source,
    old: Iterable[str],
    skipped: list[Skipped],
    changes: Changes,
    seen: set[str],
) -> None:
    """Replace a source's old documents, except for unchanged rows; if it cannot be read, nothing changes."""
    try:
        documents = list(source.documents())
    except SearchError as error:
        skipped.append(Skipped.because(source.name, error))
        return
    for document in documents:
        digest, found = source.digest(document), index.find(document.name)
        seen.add(document.name)
        if source.has_rows and found is not None and index.entries.hash(found) == digest:
            changes.unchanged += 1
        else:
            index.add(document, digest=digest)
            changes.added += 1
        if document.column:
            changes.columns[source.name] = document.column
    changes.removed += sum(index.remove(name) for name in old if name not in seen)
    index.finish_source(source.name, source.hash if source.has_rows else "")


def _by_source(index: Index) -> dict[str, list[str]]:
    """Return the names of the documents that a source of each name may have."""
    found: dict[str, list[str]] = {}
    for name in index.names():
        for source in {name, source_of(name)}:
            found.setdefault(source, []).append(name)
    return found


def tidied(index: Index, path: Path, *, published: bool) -> Index:
    """Compact the index in a folder and keep its words, where that is due; return the index that is there.

    A folder that is published has nothing in it of what was deleted, whatever that costs. Of another one a
    copy is made when more than one in `SHARE` passages is deleted, and the words are written when more than
    one in as many is new, so that a change costs in proportion to it.
    """
    if bool(index.deleted) if published else SHARE * (len(index) - index.live) > len(index):
        return compact(index, path)
    words = index.words()
    if published or SHARE * (len(index) - index.words_kept) > len(index):
        index.save_words(words)
    return index


def compact(index: Index, path: Path) -> Index:
    """Replace the index in a folder by a copy without what was deleted, and return that.

    The folders are exchanged by renaming; a run that is killed between is put right when the index is opened.
    """
    target, old = path.with_name(path.name + NEW), path.with_name(path.name + OLD)
    shutil.rmtree(target, ignore_errors=True)
    for step in index.compacted(FolderStorage(target)):
        fresh = step
    path.rename(old)
    target.rename(path)
    _recover(path)
    fresh.move(FolderStorage(path))
    return fresh


def _recover(path: Path) -> None:
    """Finish an exchange of folders, which may have been interrupted."""
    old = path.with_name(path.name + OLD)
    if not old.is_dir():
        return
    if not path.exists():
        old.rename(path)
        return
    for entry in old.iterdir():
        if entry.name not in Index.FILES and entry.name != "web":
            shutil.move(entry, path)  # not ours
    shutil.rmtree(old)
