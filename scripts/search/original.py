"""MiniLM as its authors published it, in float32, opened from the vendored parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels import Kernel
from goosequill.search.minilm import MiniLM
from goosequill.tokenizers.wordpiece import load_wordpiece
from goosequill.weights.source import ByteRange, Extent

ROOT = Path(__file__).resolve().parents[2]
PARTS = ROOT / "build" / "vendor" / "embedders"
WEIGHTS, VOCABULARY = PARTS / "minilm.safetensors", PARTS / "minilm-vocab.txt"
HEADS = 12
"""num_attention_heads in its config.json."""


class OriginalTensors:
    """The float32 tensors of a safetensors file; the engine's own reader refuses this file's 64-bit integers.

    A TensorSource. The file is one of the vendored parts, whose hash has been verified.
    """

    format = "safetensors"

    def __init__(self, path: Path = WEIGHTS) -> None:
        data = path.read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        self.metadata: dict[str, Any] = header.pop("__metadata__", {})
        self._arrays: dict[str, NDArray[np.float32]] = {}
        for name, entry in header.items():
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            if entry["dtype"] == "F32":
                self._arrays[name] = np.frombuffer(data[start:end], "<f4").reshape(entry["shape"])

    def names(self) -> list[str]:
        return list(self._arrays)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._arrays[name].shape

    def dtype(self, name: str) -> str:
        return "F32"

    def read(self, name: str) -> NDArray[np.float32]:
        return self._arrays[name]

    def extents(self, name: str) -> list[Extent]:
        return []

    def ranges(self, name: str) -> list[ByteRange]:
        return []


def open_original(kernel: Kernel) -> MiniLM:
    """Return the published model, without a rotation."""
    return MiniLM(OriginalTensors(), load_wordpiece(VOCABULARY.read_bytes()), kernel, heads=HEADS)
