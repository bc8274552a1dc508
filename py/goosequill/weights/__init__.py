"""Readers of weight files; whatever the format, names come out as in BlinkDL's releases."""

from __future__ import annotations

from pathlib import Path

from goosequill.errors import FileFormatError
from goosequill.weights.pth import PthSource, is_zip
from goosequill.weights.quantize import QuantizedMatrix, quantize
from goosequill.weights.safetensors import SafetensorsSource, is_safetensors
from goosequill.weights.source import ByteSource, BytesSource, FileSource, TensorSource

__all__ = [
    "ByteSource",
    "BytesSource",
    "FileSource",
    "QuantizedMatrix",
    "TensorSource",
    "open_tensors",
    "quantize",
]


def open_tensors(source: ByteSource | str | Path) -> TensorSource:
    """Open a weight file of any known format, told by its first bytes.

    Raises
    ------
    FileFormatError
        If the file is empty, truncated, unsound, or of no known format.
    """
    if isinstance(source, (str, Path)):
        source = FileSource(source)
    if source.size == 0:
        raise FileFormatError(f"{source.name} is empty.", code="file-truncated", remedy="Download it again.")
    if is_zip(source):
        return PthSource(source)
    if is_safetensors(source):
        return SafetensorsSource(source)
    raise FileFormatError(
        f"{source.name} is no model file that Goosequill reads.",
        code="unknown-format",
        remedy="Choose RWKV weights as .safetensors or .pth.",
    )
