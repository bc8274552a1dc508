"""Writes a large checkpoint of random weights as publishers do, a tensor at a time."""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scripts.bench.weights import Floats, Shape, tensors


class _Storage:
    """Stands for a storage in a pickle; its bytes are another member of the zip."""

    def __init__(self, key: str, count: int) -> None:
        self.persistent = ("storage", torch.HalfStorage, key, "cpu", count)


class _Tensor:
    """Pickled as torch pickles a contiguous tensor."""

    def __init__(self, key: str, shape: tuple[int, ...]) -> None:
        hooks: OrderedDict[str, Any] = OrderedDict()
        strides = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
        self._arguments = (_Storage(key, prod(shape)), 0, shape, strides, False, hooks)

    def __reduce__(self) -> tuple[Any, ...]:
        return torch._utils._rebuild_tensor_v2, self._arguments


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return obj.persistent if isinstance(obj, _Storage) else None


def _halves(shape: Shape) -> Iterator[tuple[str, Floats]]:
    for name, array in tensors(shape):
        yield name, array.astype(np.float16)


def write_pth(shape: Shape, path: Path) -> None:
    """Write a state dict in float16, of the layout that ``torch.save`` writes."""
    shapes = {name: array.shape for name, array in tensors(shape)}
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        with archive.open("archive/data.pkl", "w") as file:
            state = {name: _Tensor(str(key), size) for key, (name, size) in enumerate(shapes.items())}
            _Pickler(file, protocol=2).dump(state)
        for key, (_, array) in enumerate(_halves(shape)):
            archive.writestr(f"archive/data/{key}", array.tobytes())
        archive.writestr("archive/version", b"3\n")
    part.rename(path)
