"""Reading and writing weights. In every format, tensors have the names of BlinkDL's releases."""

from __future__ import annotations

from goosequill.weights.folder import Folder, folder_reader, open_folder, read_description
from goosequill.weights.opening import open_tensors
from goosequill.weights.quantize import QuantizedMatrix, quantize
from goosequill.weights.sharded import ShardedSource
from goosequill.weights.source import ByteSource, BytesSource, FileSource, TensorSource

__all__ = [
    "ByteSource",
    "BytesSource",
    "FileSource",
    "Folder",
    "QuantizedMatrix",
    "ShardedSource",
    "TensorSource",
    "folder_reader",
    "open_folder",
    "open_tensors",
    "quantize",
    "read_description",
]
