"""web-rwkv's `.prefab` files, which the ai00 server uses as well.

A file is what serde writes of web-rwkv's `Model` as CBOR: `info` with the version and the sizes,
`rescale`, and `tensor`, a tree of the tensors (web-rwkv, src/runtime/v4.rs to v7.rs). Shapes have the
fastest axis first. A matrix is in 16 bits; in 8, each block of 128 with its least and its largest value;
or in 4, each block of 64 with its largest magnitude, by a table of 16 values that the file contains
(src/tensor/matrix.rs and src/shaders/quant_mat_*.wgsl).

Both kinds of blocks become float32 when they are read, as those of GGUF do. web-rwkv stores low-rank
matrices transposed, decays of versions 4 and 5 as they are used, matrices for the vocabulary padded, and
the weights of later layers divided by powers of two. All of that is undone here; logarithms restore the
decays to within rounding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from goosequill.errors import FileFormatError, UnsupportedModelError
from goosequill.weights.cbor import CborError, Span, index
from goosequill.weights.elements import READ, STORED, all_finite, not_finite, read_elements
from goosequill.weights.mapped import Floats, MappedSource, Part
from goosequill.weights.naming import LOW_RANK, multiply, row, transpose, undo_decay, vector_shape
from goosequill.weights.source import (
    MAX_TENSORS,
    ByteRange,
    ByteSource,
    Extent,
    TensorSource,
    is_count,
    is_shape,
)

MAX_NAME = 80
"""Characters of a tensor's path; the longest have 30."""
RESCALE = 6
"""Layers after which weights are halved in files of web-rwkv's early versions, which do not say it."""

_BLOCKS = {"INT8_128": (128, 2, 1), "NF4_64": (64, 1, 2), "FP4_64": (64, 1, 2)}
"""Our name of a type -> weights in a block, scales in 16 bits for each, weights in a byte."""
_VARIANTS = {"Int8": "INT8_128", "NF4": "NF4_64", "Float4": "FP4_64"}
_PLAIN = ("Fp16", 0)
"""How serde names the variant of `Matrix` in 16 bits: old versions of its CBOR wrote the number."""
_VERSIONS = ("V4", "V5", "V6", "V7")
_SIZES = ("num_layer", "num_emb", "num_hidden", "num_vocab", "num_head")
_NOTHING = Span(0, 0)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A tensor in the file; of blocks, also where their scales and the table of values are."""

    dtype: str
    shape: tuple[int, ...]
    data: Span
    scales: Span = _NOTHING
    table: Span = _NOTHING


def matches(source: ByteSource) -> bool:
    """Whether the file starts like a `.prefab` file: a map whose first key is "context"."""
    start = source.read(0, min(9, source.size))
    return 0xA1 <= start[0] < 0xB8 and start[1:] == b"\x67context"


def open_source(source: ByteSource) -> TensorSource:
    """Open a `.prefab` file; names and values are BlinkDL's.

    Raises
    ------
    FileFormatError
        If the file is truncated or invalid; the tensors' bytes are not read.
    UnsupportedModelError
        If it contains another version of RWKV, or is quantized in an unknown way.
    """
    try:
        root = index(source)
    except CborError as error:
        raise _bad(source.name, str(error)) from error
    raw = _RawPrefab(source, root)
    return MappedSource(raw, _parts(raw))


def _bad(file: str, what: str) -> FileFormatError:
    return FileFormatError(f"{file} is not a valid .prefab file: {what}.", code="prefab-header")


class _RawPrefab:
    """The tensors of a file as they are stored, named by their path in the tree."""

    format = "prefab"

    def __init__(self, source: ByteSource, root: dict[str | int, Any]) -> None:
        self._source = source
        info = root.get("info")
        self.info: dict[str | int, Any] = info if isinstance(info, dict) else {}
        self.version = self.info.get("version")
        if isinstance(self.version, str) and self.version not in _VERSIONS:
            raise UnsupportedModelError(
                f"{source.name} contains RWKV version {self.version[:20]!r}; supported are V4 to V7.",
                code="unsupported-variant",
            )
        self.rescale = root.get("rescale", RESCALE)
        sizes = [self.info.get(size, 0) for size in _SIZES] + [self.rescale]
        if self.version not in _VERSIONS or not all(is_count(size) and size for size in sizes):
            raise self.bad("its version or its sizes are missing")
        self.metadata: dict[str, Any] = {"version": self.version, "rescale": self.rescale}
        self._stored: dict[str, _Stored] = {}
        self._collect("", root.get("tensor"))

    def bad(self, what: str) -> FileFormatError:
        """Return the error for an invalid file."""
        return _bad(self._source.name, what)

    def names(self) -> list[str]:
        return list(self._stored)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._stored[name].shape

    def dtype(self, name: str) -> str:
        return self._stored[name].dtype

    def read(self, name: str) -> Floats:
        stored = self._stored[name]
        if stored.dtype in _BLOCKS:
            return _dequantize(self._source, stored, name).reshape(stored.shape)
        flat = read_elements(self._source, stored.data.offset, prod(stored.shape), stored.dtype, name)
        result: Floats = flat.reshape(stored.shape)
        return result

    def extents(self, name: str) -> list[Extent]:
        return []  # no version in such a file needs single rows

    def ranges(self, name: str) -> list[ByteRange]:
        return []

    def _collect(self, name: str, value: Any) -> None:
        """Note the tensors below a place in the tree."""
        if len(name) > MAX_NAME:
            raise self.bad("a name is too long")
        if isinstance(value, list):
            for number, layer in enumerate(value):
                self._collect(f"{name}.{number}", layer)
            return
        if value is None:  # an optional tensor
            return
        if not isinstance(value, dict):
            raise self.bad(f"{name!r} is not a tensor")
        if "shape" in value:
            self._add(name, self._dense(name, value, axes=1))
        elif len(value) == 1 and (variant := next(iter(value))) in (*_PLAIN, *_VARIANTS):
            self._add(name, self._matrix(name, variant, value[variant]))
        elif len(value) == 1 and re.fullmatch(r"layers\.\d+\.(att|ffn)\.\w+", name):
            raise UnsupportedModelError(
                f"The matrix {name!r} of {self._source.name} is quantized in an unknown way.",
                code="unsupported-quantization",
            )
        else:
            for key, inner in value.items():
                self._collect(f"{name}.{_newer(str(key))}".lstrip("."), inner)

    def _add(self, name: str, stored: _Stored) -> None:
        if name in self._stored or len(self._stored) >= MAX_TENSORS:
            raise self.bad(f"{name!r} occurs twice, or there are more than {MAX_TENSORS:,} tensors")
        self._stored[name] = stored

    def _blob(self, name: str, blob: Any, *, axes: int) -> tuple[tuple[int, ...], Span]:
        """Shape, the slowest axis first and no more than `axes` without need, and bytes of a tensor."""
        shape = blob.get("shape") if isinstance(blob, dict) else None
        data = blob.get("data") if isinstance(blob, dict) else None
        if not isinstance(shape, list) or len(shape) != 4 or not is_shape(shape) or not min(shape):
            raise self.bad(f"{name!r} has no valid shape")
        if not isinstance(data, Span):
            raise self.bad(f"{name!r} has no bytes")
        while len(shape) > axes and shape[-1] == 1:
            shape = shape[:-1]
        return tuple(shape[::-1]), data

    def _dense(self, name: str, blob: Any, *, axes: int) -> _Stored:
        shape, data = self._blob(name, blob, axes=axes)
        for dtype in ("F16", "F32"):
            if data.length == prod(shape) * STORED[dtype].itemsize:
                return _Stored(dtype, shape, data)
        raise self.bad(f"{name!r} has {data.length:,} bytes for the shape {list(shape)}")

    def _matrix(self, name: str, variant: str | int, value: Any) -> _Stored:
        if variant in _PLAIN:
            return self._dense(name, value, axes=2)
        if not isinstance(value, dict):
            raise self.bad(f"{name!r} is not a matrix")
        dtype = _VARIANTS[str(variant)]
        block, numbers, per_byte = _BLOCKS[dtype]
        shape, data = self._blob(name, value.get("w"), axes=2)
        _, scales = self._blob(name, value.get("m"), axes=1)
        _, table = self._blob(name, value.get("q"), axes=1) if per_byte == 2 else ((), _NOTHING)
        shape = (*shape[:-1], per_byte * shape[-1])
        blocks, rest = divmod(prod(shape), block)
        needed = (prod(shape) // per_byte, 2 * numbers * blocks, 64 * (per_byte - 1))
        if rest or (data.length, scales.length, table.length) != needed:
            raise self.bad(f"{name!r} has other bytes than blocks of the shape {list(shape)} need")
        return _Stored(dtype, shape, data, scales, table)


def _dequantize(source: ByteSource, stored: _Stored, name: str) -> Floats:
    """Weights from blocks: low + q (high - low) / 255, or table[q] times the largest magnitude."""
    block, numbers, per_byte = _BLOCKS[stored.dtype]
    out = np.empty((prod(stored.shape) // block, block), np.float32)
    scales = read_elements(source, stored.scales.offset, len(out) * numbers, "F16", name)
    scales = scales.reshape(-1, numbers)
    table = read_elements(source, stored.table.offset, 16, "F32", name) if per_byte == 2 else None
    for start in range(0, len(out), step := READ // block):
        part, each = out[start : start + step], scales[start : start + step]
        data = source.read(stored.data.offset + start * block // per_byte, part.size // per_byte)
        values = np.frombuffer(data, np.uint8).reshape(len(part), -1)
        if table is None:
            part[:] = values
            part *= (each[:, 1:] - each[:, :1]) / np.float32(255)
            part += each[:, :1]
        else:  # the low half of a byte is the former weight
            part[:, 0::2] = table[values & np.uint8(15)]
            part[:, 1::2] = table[values >> np.uint8(4)]
            with np.errstate(over="ignore"):
                part *= each
    if not all_finite(out, "F32"):
        raise not_finite(name)
    return out


_OUTSIDE = {
    "embed.w": "emb.weight",
    "embed.ln.w": "blocks.0.ln0.weight",
    "embed.ln.b": "blocks.0.ln0.bias",
    "head.ln.w": "ln_out.weight",
    "head.ln.b": "ln_out.bias",
    "head.w": "head.weight",
}
_INSIDE = {
    "att_ln.w": "ln1.weight",
    "att_ln.b": "ln1.bias",
    "ffn_ln.w": "ln2.weight",
    "ffn_ln.b": "ln2.bias",
    "att.gn.w": "att.ln_x.weight",
    "att.gn.b": "att.ln_x.bias",
    "att.w_k": "att.key.weight",
    "att.w_v": "att.value.weight",
    "att.w_r": "att.receptance.weight",
    "att.w_g": "att.gate.weight",
    "att.w_o": "att.output.weight",
    "ffn.w_k": "ffn.key.weight",
    "ffn.w_v": "ffn.value.weight",
    "ffn.w_r": "ffn.receptance.weight",
}
_RESCALED = (".att.output.weight", ".ffn.value.weight")


def _newer(key: str) -> str:
    """A key as later versions of web-rwkv have it."""
    return key.replace("layer_norm", "ln").replace("group_norm", "gn")


def _parts(raw: _RawPrefab) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    layers = 0
    for origin in raw.names():
        match = re.fullmatch(r"layers\.(\d+)\.(.+)", origin)
        if not match:
            if origin in _OUTSIDE:  # but not the embedding's copy for the GPU, "embed.u"
                parts[_OUTSIDE[origin]] = _outside(raw, origin)
            continue
        layer, rest = int(match[1]), match[2]
        layers = max(layers, layer + 1)
        if rest == "att.time_mix":
            parts |= _five(raw, origin, f"blocks.{layer}.att.time_maa_")
        elif layer or raw.version != "V7" or not re.fullmatch(r"att\.v[012]", rest):
            name = f"blocks.{layer}.{_inside(rest, str(raw.version))}"
            parts[name] = _restored(raw, name, origin, layer // raw.rescale)
    if layers != raw.info["num_layer"]:
        raise raw.bad(f"it has {layers} layers, not {raw.info['num_layer']}")
    return parts


def _inside(rest: str, version: str) -> str:
    if version != "V4":
        rest = rest.replace(".time_first", ".time_faaaa")
    if version == "V6":
        rest = rest.replace(".time_mix_", ".time_maa_")
    return _INSIDE.get(rest, rest)


def _outside(raw: _RawPrefab, origin: str) -> Part:
    shape = raw.shape(origin)
    if not origin.endswith("d.w"):
        return Part(origin, shape)
    rows, columns = raw.info["num_vocab"], raw.info["num_emb"]
    if len(shape) != 2 or shape[0] < rows or shape[1] < columns:
        raise raw.bad(f"{origin!r} has the shape {list(shape)}, not at least {[rows, columns]}")
    if shape == (rows, columns):
        return Part(origin, shape)
    return Part(origin, (rows, columns), lambda array: array[:rows, :columns])  # padded to multiples of 8


def _five(raw: _RawPrefab, origin: str, prefix: str) -> dict[str, Part]:
    """The five token-shift vectors of version 6, which are stacked."""
    shape = raw.shape(origin)
    if prod(shape) != 5 * shape[-1]:
        raise raw.bad(f"{origin!r} has the shape {list(shape)}")
    one = (1, 1, shape[-1])
    return {prefix + letter: Part(origin, one, row(place)) for place, letter in enumerate("wkvrg")}


def _restored(raw: _RawPrefab, name: str, origin: str, halvings: int) -> Part:
    shape, size = raw.shape(origin), prod(raw.shape(origin))
    if LOW_RANK.match(name) and len(shape) >= 2:
        return Part(origin, (*shape[:-2], shape[-1], shape[-2]), transpose)
    if name.endswith(_RESCALED) and halvings:
        return Part(origin, shape, multiply(np.float32(2.0 ** min(halvings, 100))))
    if name.endswith(".att.time_decay") and raw.version == "V4":
        return Part(origin, (size,), lambda array: np.log(-array))
    if name.endswith(".att.time_decay") and raw.version == "V6":
        return Part(origin, (1, 1, size))
    if name.endswith((".att.time_decay", ".att.time_faaaa", ".att.r_k")):
        if size % raw.info["num_head"]:
            raise raw.bad(f"{origin!r} does not fit {raw.info['num_head']} heads")
        restore = undo_decay if name.endswith(".att.time_decay") else None
        return Part(origin, (raw.info["num_head"], size // raw.info["num_head"]), restore)
    return Part(origin, (size,) if ".att.ln_x." in name else vector_shape(name, shape))
