"""Opens the folder of an embedding model: MiniLM or a static table, told apart by its config.json.

The folders are like those of language models: config.json lists the files with their SHA-256.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from goosequill.errors import FileFormatError
from goosequill.kernels import Kernel, load_kernel
from goosequill.search.embedder import Floats, TokenEmbedder, as_resource, fingerprint
from goosequill.search.minilm import MiniLM
from goosequill.search.static_table import StaticTable
from goosequill.support.resources import Resource
from goosequill.tokenizers.wordpiece import MAX_VOCABULARY, WordPiece, load_wordpiece
from goosequill.weights.file_names import DESCRIPTION
from goosequill.weights.folder import check_file, folder_reader, read_listing
from goosequill.weights.formats.safetensors import SafetensorsSource
from goosequill.weights.quantize import QuantizedMatrix
from goosequill.weights.source import ByteSource

FORMAT = "goosequill-embedder"
VOCABULARY = "vocab.txt"
ROTATION, TABLE = "rotation", "table"
"""Names of tensors: MiniLM's axes, and the static table."""
MAX_WEIGHTS = 500_000_000
"""Bytes of a file of weights."""


def open_folder(path: str | Path, kernel: Kernel | None = None) -> TokenEmbedder:
    """Open the folder at a path; see `open_embedder`."""
    folder = Path(path)
    read = folder_reader(folder)
    config = read(DESCRIPTION)
    listed = read_listing(config, FORMAT, "an embedding model")["files"]
    files = {entry["name"]: read(entry["name"]) for entry in listed}
    return open_embedder("", {DESCRIPTION: config, **files}, kernel)


def open_embedder(
    name: str, files: Mapping[str, ByteSource], kernel: Kernel | None = None, *, verify: bool = True
) -> TokenEmbedder:
    """Open an embedding model.

    Parameters
    ----------
    name
        The model that it must be, such as ``"minilm-l6"``; "" for any.
    files
        config.json and the files that it lists.
    kernel
        By default the fastest that runs here.
    verify
        Compare the files with their SHA-256. False if that has been done, as the page does during a download.

    Raises
    ------
    FileFormatError
        ``model-folder``: it is not an embedding model, or another one. ``file-missing``, ``file-truncated``,
        ``file-altered``, ``safetensors-header``, ``tensor-missing``, ``tensor-shape``: a file is corrupt.
    TokenizerError
        ``tokenizer-file``.
    """
    description = read_listing(_file(files, DESCRIPTION), FORMAT, "an embedding model")
    if name and description.get("name") != name:
        raise _bad(f"it describes {str(description.get('name'))[:80]!r}, not {name!r}")
    for entry in description["files"]:
        check_file(_file(files, entry["name"]), entry, digest=verify)
    tokenizer = load_wordpiece(_bounded(files, description, VOCABULARY))
    weights = [entry["name"] for entry in description["files"] if entry["name"].endswith(".safetensors")]
    if len(weights) != 1:
        raise _bad("it does not list exactly one file of weights")
    source = _file(files, weights[0])
    if source.size > MAX_WEIGHTS:
        raise _bad(f"{weights[0]} has {source.size:,} bytes, more than {MAX_WEIGHTS:,}")
    return _build(description, SafetensorsSource(source), tokenizer, kernel or load_kernel())


def _build(
    description: dict[str, Any], tensors: SafetensorsSource, tokenizer: WordPiece, kernel: Kernel
) -> TokenEmbedder:
    hashes = [f"{entry['name']} {entry['sha256']}" for entry in description["files"]]
    named = {
        "name": str(description.get("name")),
        "fingerprint": fingerprint(str(description.get("kind")), *sorted(hashes)),
        "space": str(description.get("space", "")),
    }
    match description.get("kind"), description.get("heads"):
        case "static", _:
            if TABLE not in tensors.names():
                raise FileFormatError(f"{VOCABULARY} has no table beside it.", code="tensor-missing")
            return StaticTable(tensors.read(TABLE), tokenizer, **named)
        case "bert", int(heads):
            rotation = _rotation(tensors)
            return MiniLM(tensors, tokenizer, kernel, heads=heads, rotation=rotation, **named)
    raise _bad("it is not of a kind that this Goosequill knows")


def _rotation(tensors: SafetensorsSource) -> Floats | None:
    if ROTATION not in tensors.names():
        return None
    found = tensors.read(ROTATION)
    matrix: Floats = found.dequantize() if isinstance(found, QuantizedMatrix) else found
    return np.ascontiguousarray(matrix, np.float32)


def _bounded(files: Mapping[str, ByteSource], description: dict[str, Any], name: str) -> bytes:
    if name not in {entry["name"] for entry in description["files"]}:
        raise _bad(f"it does not list {name}")
    source = _file(files, name)
    return source.read(0, min(source.size, MAX_VOCABULARY + 1))


def _file(files: Mapping[str, ByteSource], name: str) -> ByteSource:
    if name not in files:
        raise FileFormatError(
            f"The embedding model's file {name} is missing.",
            code="file-missing",
            remedy="Choose all the files of the model's folder together.",
        )
    return files[name]


def _bad(what: str) -> FileFormatError:
    return FileFormatError(f"{DESCRIPTION} of the embedding model is invalid: {what}.", code="model-folder")


def open_resource(files: Mapping[str, ByteSource], *, name: str = "") -> Resource:
    """Open an embedding model to keep: the job ``open_embedder``, whose files the page has verified."""
    return as_resource(open_embedder(name, files, verify=False))
