"""Opens weights in any format, from files or a folder, under the names of BlinkDL's releases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from goosequill.errors import FileFormatError
from goosequill.weights.file_names import DESCRIPTION, weight_files
from goosequill.weights.folder import check_link, folder_reader, is_description, open_folder
from goosequill.weights.formats import gguf, prefab, pth, rwkv_cpp, safetensors
from goosequill.weights.naming import canonical_names
from goosequill.weights.sharded import ShardedSource
from goosequill.weights.source import ByteSource, FileSource, TensorSource


class Format(Protocol):
    """A module in `formats`."""

    def matches(self, source: ByteSource, /) -> bool:
        """Whether the file's first bytes are those of the format."""

    def open_source(self, source: ByteSource, /) -> TensorSource:
        """Read the header, and return the tensors."""


FORMATS: tuple[Format, ...] = (safetensors, gguf, rwkv_cpp, pth, prefab)
"""The formats, in the order in which they are tried: the others are not imported for the most frequent."""


def open_tensors(source: ByteSource | Sequence[ByteSource] | str | Path) -> TensorSource:
    """Open weights in any known format, recognized by its first bytes.

    Parameters
    ----------
    source
        A file, by path or as bytes; several files of one model; or the path of a folder: one that
        `goosequill convert` wrote (its files are then verified), or one that contains weights.

    Raises
    ------
    FileFormatError
        If a file is empty, truncated, corrupt, or in no known format.
    UnsupportedModelError
        If it contains anything other than RWKV, or is quantized in an unknown way.

    Examples
    --------
    >>> tensors = open_tensors("site/models/default/model.safetensors")
    >>> len(tensors.names()), tensors.shape("emb.weight")
    (114, (4096, 320))
    """
    if isinstance(source, (str, Path)):
        path = Path(source)
        return _open_directory(path) if path.is_dir() else open_tensors(FileSource(path))
    sources = list(source) if isinstance(source, (list, tuple)) else [cast(ByteSource, source)]
    opened = [_open_file(one) for one in sources]
    return canonical_names(opened[0] if len(opened) == 1 else ShardedSource(opened))


def _open_file(source: ByteSource) -> TensorSource:
    if source.size == 0:
        raise FileFormatError(f"{source.name} is empty.", code="file-truncated")
    for file_format in FORMATS:
        if file_format.matches(source):
            return file_format.open_source(source)
    raise FileFormatError(
        f"{source.name} is not a model file in a format that Goosequill reads.", code="unknown-format"
    )


def _open_directory(path: Path) -> TensorSource:
    if (path / DESCRIPTION).is_file() and is_description(FileSource(path / DESCRIPTION)):
        return open_folder(folder_reader(path)).tensors
    names = weight_files(file.name for file in path.iterdir() if file.is_file())
    if not names:
        raise FileFormatError(f"{path} contains no weights, or more than one model.", code="not-a-model")
    for name in names:
        check_link(path, path / name)
    return open_tensors([FileSource(path / name) for name in names])
