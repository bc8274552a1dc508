"""The jobs for the article's embeddings.json: write it from a collection, or make a collection of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from goosequill.errors import SearchError
from goosequill.kernels import load_kernel
from goosequill.kernels.kernel import Floats
from goosequill.search.collection import Collection, Part, Steps, taken
from goosequill.search.embedder import Embedder
from goosequill.search.embeddings_json import (
    MAX_BYTES,
    Embeddings,
    document_vectors,
    documents,
    read,
    stand_in,
    suggest,
    write,
)
from goosequill.search.endpoint import Endpoint
from goosequill.search.index import Index
from goosequill.search.index_files import IndexModel
from goosequill.search.storage import MemoryStorage, Overlay
from goosequill.support.progress import Progress
from goosequill.support.resources import Resource
from goosequill.weights.source import ByteSource

CHUNK = 256
"""Documents between two parts of an index."""


def write_embeddings(
    collection: Collection,
    embedder: Embedder | None = None,
    files: Mapping[str, ByteSource] | None = None,
) -> Iterator[dict[str, str]]:
    """Yield the text of embeddings.json in parts ``{"text"}``: a vector for each document.

    Parameters
    ----------
    embedder
        What made the collection's vectors; needed where it keeps them in axes of its own, as MiniLM does.
    files
        As in `goosequill.search.collection.search`.

    Raises
    ------
    SearchError
        ``vectors``: the collection has none yet. ``index-model``: `embedder` is missing, or another one.
    """
    collection.read_from(files)
    index = collection.index
    names, vectors = document_vectors(index)
    if index.model is None or not names:
        raise SearchError("The collection has no vectors yet.", code="vectors", remedy=FILL)
    if embedder is not None:
        index.check_model(IndexModel.of(embedder))
        vectors = embedder.exported(vectors)
    elif index.model.space:
        raise SearchError(f"The model {index.model.name} is needed for this.", code="index-model")
    for text in write(names, vectors):
        yield {"text": text}


FILL = "Add documents, and wait until their passages are read."


def read_embeddings(files: Mapping[str, ByteSource]) -> Resource:
    """Open one file; info: ``files``, ``entries``, ``dimensions``, and ``models`` that may have made it."""
    source = next(iter(files.values()))
    found = read(bytes(source.read(0, min(source.size, MAX_BYTES + 1))))
    info = {
        "files": len(documents(found.names)),
        "entries": len(found.names),
        "dimensions": found.dimensions,
        "models": suggest(found.dimensions),
    }
    return Resource("embeddings", found, info)


def import_embeddings(
    embeddings: Embeddings,
    name: str,
    *,
    embedder: Embedder | None = None,
    address: str = "",
    model_name: str = "",
) -> Steps:
    """Yield the parts of an index with the vectors of a file, for an empty folder.

    The texts are not in the file, so each document has its own name for a text.

    Parameters
    ----------
    name
        The collection's.
    embedder
        The model that made the vectors.
    address, model_name
        Or the server that did, and the name that it has for its model.

    Raises
    ------
    SearchError
        ``vectors``: the model's vectors have another length. ``endpoint-address``.
    """
    vectors, model = _origin(embeddings, embedder, address, model_name)
    target = Overlay(MemoryStorage())
    index = Index.create(target, load_kernel().search, name=name)
    rows = documents(embeddings.names)
    for done, (each, parts) in enumerate(rows.items(), 1):
        first = len(index)
        index.add(stand_in(each, len(parts)))
        part_of = [index.passage(number).start // (len(each) + 2) for number in range(first, len(index))]
        index.add_vectors(vectors[[parts[part] for part in part_of]], model)
        if done % CHUNK == 0:
            yield _committed(index, target)
            yield Progress("import", done, len(rows))
    yield _committed(index, target)
    return {"name": name, "documents": len(rows), "passages": len(index)}


def _origin(
    found: Embeddings, embedder: Embedder | None, address: str, model_name: str
) -> tuple[Floats, IndexModel]:
    """Return the vectors as the model of an index has them, and that model."""
    if embedder is None:
        described = Endpoint(address, model_name).described(found.dimensions)
        return found.vectors, IndexModel(**described)
    if embedder.dimensions != found.dimensions:
        raise SearchError(
            f"The vectors of {embedder.name} have {embedder.dimensions:,} numbers; those in the file "
            f"have {found.dimensions:,}.",
            code="vectors",
            remedy="Choose the model that made them.",
        )
    return embedder.imported(found.vectors), IndexModel.of(embedder)


def _committed(index: Index, target: Overlay) -> Part:
    index.commit()
    return taken(target)
