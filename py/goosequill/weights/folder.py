"""Model folders: config.json, safetensors shards and a tokenizer.

A folder may be on a disk, at a URL or among picked files: it is given as a function from a file's name
to its bytes. config.json lists every file with its length and SHA-256, so that corrupt and exchanged
files are detected.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goosequill.errors import FileFormatError
from goosequill.support.budget import Budget
from goosequill.support.links import REMEDY, leads_out
from goosequill.weights.file_names import DESCRIPTION, is_legal, weight_files
from goosequill.weights.formats.safetensors import SafetensorsSource
from goosequill.weights.naming import canonical_names
from goosequill.weights.sharded import ShardedSource
from goosequill.weights.source import ByteSource, FileSource, TensorSource, is_count, truncated

FORMAT = "goosequill-model"
FORMAT_VERSION = 1
MAX_DESCRIPTION = 1_000_000
"""Size limit of config.json, in bytes."""
MAX_FILES = 10_000

ReadFile = Callable[[str], ByteSource]
"""Returns the bytes of a file in the folder, by its name."""

_CHUNK = 1 << 22


@dataclass(frozen=True)
class Folder:
    """An opened model folder: config.json, and the tensors of all its shards."""

    description: dict[str, Any]
    tensors: TensorSource


def folder_reader(path: str | Path) -> ReadFile:
    """Return a reader of the folder at a path, which refuses links that lead out of it (``model-folder``)."""
    folder = Path(path)

    def read(name: str) -> ByteSource:
        file = folder / name
        if not is_legal(name):
            raise _outside(folder, name)
        check_link(folder, file)
        return FileSource(file)

    return read


def check_link(folder: Path, file: Path) -> None:
    """Refuse a file of a model folder that is a link out of it (``model-folder``).

    In Hugging Face's cache a snapshot is a folder of links to the blobs that are kept beside it.
    """
    cache = folder.resolve().parent
    blobs = cache.parent / "blobs" if cache.name == "snapshots" else folder
    if file.is_symlink() and leads_out(folder, file) and leads_out(blobs, file):
        raise _outside(folder, file.name)


def _outside(folder: Path, name: str) -> FileFormatError:
    return FileFormatError(
        f"{name!r} is outside the model folder {folder}.", code="model-folder", remedy=REMEDY
    )


def open_folder(read: ReadFile, *, verify: bool = True, weights: ByteSource | None = None) -> Folder:
    """Open a model folder.

    Parameters
    ----------
    verify
        Compare every file with its SHA-256 first (half a second for 100 MB). False if that has been
        done, as the page does during the download.
    weights
        A file to read the tensors from instead of the folder's own: a quantized copy of them.

    Raises
    ------
    FileFormatError
        ``model-folder``: config.json is invalid. ``file-missing``, ``file-truncated``.
        ``file-altered``: a file does not match its SHA-256.
    """
    description = read_description(read(DESCRIPTION))
    shards = [] if weights is None else [weights]
    shard_names = weight_files(entry["name"] for entry in description["files"])
    for entry in description["files"]:
        shard = entry["name"] in shard_names
        if (shard and weights is None) or (verify and not shard):
            source = read(entry["name"])
            check_file(source, entry, digest=verify)
            if shard:
                shards.append(source)
    if not shards:
        raise _bad("it lists no weights")
    return Folder(
        description, canonical_names(ShardedSource([SafetensorsSource(source) for source in shards]))
    )


def is_description(source: ByteSource) -> bool:
    """Whether a config.json is Goosequill's; other programs use the name too."""
    try:
        found = Budget().json(source.read(0, min(source.size, MAX_DESCRIPTION)))
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("format") == FORMAT


def is_model_folder(path: Path) -> bool:
    """Whether a path is that of a folder with Goosequill's config.json."""
    config = path / DESCRIPTION
    return config.is_file() and is_description(FileSource(config))


def read_description(source: ByteSource) -> dict[str, Any]:
    """Read and validate config.json.

    Raises
    ------
    FileFormatError
        ``model-folder``: it does not describe a Goosequill model, or is of a later version.
    """
    found = read_listing(source, FORMAT, "a Goosequill model")
    tokenizer = found.get("tokenizer")
    if not isinstance(tokenizer, dict) or not isinstance(tokenizer.get("kind"), str):
        raise _bad("it does not name a tokenizer")
    file = tokenizer.get("file")
    if file is not None and file not in {entry["name"] for entry in found["files"]}:
        raise _bad("its tokenizer is not in its list of files")
    return found


def read_listing(source: ByteSource, kind: str, what: str) -> dict[str, Any]:
    """Read a config.json of any kind of folder that lists its files, and validate the list.

    Parameters
    ----------
    kind
        What its ``format`` must be.
    what
        The same in words, for errors.

    Raises
    ------
    FileFormatError
        ``model-folder``: it does not describe that, or is of a later version.
    """
    if source.size > MAX_DESCRIPTION:
        raise _bad(f"it has {source.size:,} bytes")
    try:
        found = Budget().json(source.read(0, source.size))
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("format") != kind:
        raise _bad(f"it does not describe {what}")
    if found.get("format_version") != FORMAT_VERSION:
        version = str(found.get("format_version"))[:20]
        raise FileFormatError(
            f"This model folder has format version {version}, but this version of Goosequill reads "
            f"{FORMAT_VERSION}.",
            code="model-folder",
            remedy="Use the version of Goosequill that made the folder, or a newer one.",
        )
    _check_entries(found.get("files"))
    return found


def _check_entries(files: Any) -> None:
    if not isinstance(files, list) or not 1 <= len(files) <= MAX_FILES:
        raise _bad("it has no list of files")
    for entry in files:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise _bad("an entry in its list of files is invalid")
        if not is_legal(entry["name"]):
            raise _bad(f"{entry['name'][:80]!r} is not a legal file name")
        length, digest = entry.get("bytes"), entry.get("sha256")
        if not is_count(length) or not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise _bad(f"the length or SHA-256 of {entry['name']} is missing")
    if len({entry["name"] for entry in files}) != len(files):
        raise _bad("it lists a file twice")


def check_file(source: ByteSource, entry: dict[str, Any], *, digest: bool = True) -> None:
    """Compare a file with its entry in config.json; see `open_folder` for the errors."""
    if source.size < entry["bytes"]:
        raise truncated(source.name, source.size, entry["bytes"])
    if source.size != entry["bytes"] or (digest and sha256(source) != entry["sha256"]):
        raise FileFormatError(
            f"{entry['name']} is not the file that config.json lists: its length or SHA-256 differs.",
            code="file-altered",
        )


def sha256(source: ByteSource) -> str:
    """Return the SHA-256 of a file, read in chunks."""
    state = hashlib.sha256()
    for offset in range(0, source.size, _CHUNK):
        state.update(source.read(offset, min(_CHUNK, source.size - offset)))
    return state.hexdigest()


def _bad(what: str) -> FileFormatError:
    return FileFormatError(f"{DESCRIPTION} is invalid: {what}.", code="model-folder")
