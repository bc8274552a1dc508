"""The jobs for the article's embeddings.json: write it from a collection, read it, and ask it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from goosequill.errors import SearchError
from goosequill.kernels.kernel import Floats
from goosequill.lasting import Lasting
from goosequill.search.collection import Collection
from goosequill.search.embedder import Embedder
from goosequill.search.embeddings_json import Embeddings, document_vectors, rank, read, suggest, write
from goosequill.weights.source import ByteSource


def write_embeddings(
    collection: Collection, files: Mapping[str, ByteSource] | None = None
) -> Iterator[dict[str, str]]:
    """Yield the text of embeddings.json in parts ``{"text"}``: a vector for each document.

    `files` as in `goosequill.search.collection.search`.
    """
    collection.read_from(files)
    names, vectors = document_vectors(collection.index)
    for text in write(names, vectors):
        yield {"text": text}


def read_embeddings(files: Mapping[str, ByteSource]) -> Lasting:
    """Open one file; info: ``names``, ``dimensions``, and ``models``, those that may have made it."""
    source = next(iter(files.values()))
    found = read(bytes(source.read(0, source.size)))
    info = {
        "names": list(dict.fromkeys(found.names)),
        "entries": len(found.names),
        "dimensions": found.dimensions,
        "models": suggest(found.dimensions),
    }
    return Lasting("embeddings", found, info)


def ask_embeddings(
    embeddings: Embeddings,
    question: str = "",
    count: int = 10,
    embedder: Embedder | None = None,
    question_vector: Floats | None = None,
) -> dict[str, Any]:
    """Return the nearest files, ``results``: a list of ``{"filename", "score"}``, best first.

    Raises
    ------
    SearchError
        ``vectors``: neither a vector nor an embedder is given, or its vectors have another length.
    """
    if question_vector is None:
        if embedder is None:
            raise SearchError("The question has no vector, and no model can make it.", code="vectors")
        question_vector = embedder.question(question)
    return {"results": rank(question_vector, embeddings, count)}
