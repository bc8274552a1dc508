"""Opens weights, whatever file or folder they are in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from goosequill.errors import FileFormatError
from goosequill.weights.file_names import DESCRIPTION, weight_files
from goosequill.weights.folder import folder_reader, is_description, open_folder
from goosequill.weights.formats.gguf import is_gguf, open_gguf
from goosequill.weights.formats.pth import PthSource, is_zip
from goosequill.weights.formats.rwkv_cpp import is_rwkv_cpp, open_rwkv_cpp
from goosequill.weights.formats.safetensors import SafetensorsSource, is_safetensors
from goosequill.weights.naming import canonical_names
from goosequill.weights.sharded import ShardedSource
from goosequill.weights.source import ByteSource, FileSource, TensorSource


def open_tensors(source: ByteSource | Sequence[ByteSource] | str | Path) -> TensorSource:
    """Open weights of any known format, told by their first bytes.

    Parameters
    ----------
    source
        A file, by path or as bytes; several files of one model; or the path of a folder: one that
        `goosequill convert` wrote (its files are then verified), or one with weights in it.

    Raises
    ------
    FileFormatError
        If a file is empty, truncated, unsound, or of no known format.
    UnsupportedModelError
        If it holds something else than RWKV, or quantised in an unknown way.
    """
    if isinstance(source, (str, Path)):
        path = Path(source)
        return _open_directory(path) if path.is_dir() else open_tensors(FileSource(path))
    sources = list(source) if isinstance(source, (list, tuple)) else [cast(ByteSource, source)]
    opened = [_open_file(one) for one in sources]
    return canonical_names(opened[0] if len(opened) == 1 else ShardedSource(opened))


def _open_file(source: ByteSource) -> TensorSource:
    if source.size == 0:
        raise FileFormatError(f"{source.name} is empty.", code="file-truncated", remedy="Download it again.")
    if is_gguf(source):
        return open_gguf(source)
    if is_rwkv_cpp(source):
        return open_rwkv_cpp(source)
    if is_zip(source):
        return PthSource(source)
    if is_safetensors(source):
        return SafetensorsSource(source)
    raise FileFormatError(
        f"{source.name} is no model file that Goosequill reads.",
        code="unknown-format",
        remedy="Choose RWKV weights as .safetensors, .pth, .gguf or .bin (of rwkv.cpp).",
    )


def _open_directory(path: Path) -> TensorSource:
    if (path / DESCRIPTION).is_file() and is_description(FileSource(path / DESCRIPTION)):
        return open_folder(folder_reader(path)).tensors
    names = weight_files(file.name for file in path.iterdir() if file.is_file())
    if not names:
        raise FileFormatError(f"{path} contains no weights, or more than one model.", code="not-a-model")
    return open_tensors([FileSource(path / name) for name in names])
