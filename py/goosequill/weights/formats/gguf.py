"""llama.cpp's GGUF files of RWKV-6 and RWKV-7.

A file has a header (key-value metadata, then a table of tensors) and the tensors' bytes. Dimensions
are stored in reverse. llama.cpp's converter transposes the low-rank matrices, joins the token-shift
vectors in one tensor and, for RWKV-6, divides the weights of later layers by powers of two. All of
that is undone here, so that names and values are those of the original.
"""

from __future__ import annotations

import re
import struct
from math import prod
from typing import Any

import numpy as np

from goosequill.errors import FileFormatError, UnsupportedModelError
from goosequill.weights.elements import stored_bytes
from goosequill.weights.mapped import MappedSource, Part
from goosequill.weights.naming import last_length, multiply, row, transpose, vector_shape
from goosequill.weights.source import MAX_TENSORS, ByteSource, TensorSource, is_shape, truncated
from goosequill.weights.stored import Entry, StoredTensors

MAX_HEADER = 16_000_000
"""Size limit of the header in bytes; the World vocabulary takes 2 MB."""
MAX_STRING = 1_000_000
MAX_ITEMS = 300_000
"""Limit for the total number of strings, keys and tensors in a header."""

_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9
_TYPES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    6: "Q5_0",
    7: "Q5_1",
    8: "Q8_0",
    10: "Q2_K",
    11: "Q3_K",
    12: "Q4_K",
    13: "Q5_K",
    14: "Q6_K",
    28: "F64",
    30: "BF16",
}


def matches(source: ByteSource) -> bool:
    """Whether the file starts like a GGUF file."""
    return source.size >= 4 and source.read(0, 4) == b"GGUF"


def open_source(source: ByteSource) -> TensorSource:
    """Open a GGUF file; names and values are BlinkDL's.

    Raises
    ------
    FileFormatError
        If the file is truncated or invalid; only the header is read.
    UnsupportedModelError
        If it contains a model of another architecture, or is a part of a split model.
    """
    raw = _RawGguf(source)
    architecture = raw.text("general.architecture")
    if architecture not in _NAMES:
        raise UnsupportedModelError(
            f"{source.name} has the architecture {architecture[:40]!r}, not RWKV-6 or RWKV-7.",
            code="unsupported-architecture",
        )
    if raw.number("split.count", 1) > 1:
        raise UnsupportedModelError(
            f"{source.name} is one of {raw.number('split.count', 1)} parts of a model.", code="split-gguf"
        )
    return MappedSource(raw, _parts(raw, architecture))


def _bad(name: str, what: str) -> FileFormatError:
    return FileFormatError(f"{name} is not a valid GGUF file: {what}.", code="gguf-header")


class _Header:
    """Reads a header from start to end, and no more of the file than needed."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._buffer = b""
        self._start = 0
        self.position = 0
        self._items = 0

    def take(self, length: int) -> bytes:
        """Read the next `length` bytes."""
        end = self.position + length
        if end > self._source.size:
            raise truncated(self._source.name, self._source.size, end)
        if end > MAX_HEADER:
            raise _bad(self._source.name, f"its header has more than {MAX_HEADER:,} bytes")
        if end > self._start + len(self._buffer):
            wanted = max(length, min(1 << 20, self._source.size - self.position))
            self._buffer = self._source.read(self.position, wanted)
            self._start = self.position
        data = self._buffer[self.position - self._start : end - self._start]
        self.position = end
        return data

    def scalar(self, kind: str) -> Any:
        """Read a number; `kind` as in `struct`."""
        return struct.unpack(kind, self.take(struct.calcsize(kind)))[0]

    def count(self) -> int:
        """Read the number of the items that follow."""
        count: int = self.scalar("<Q")
        self._items += count
        if self._items > MAX_ITEMS:
            raise _bad(self._source.name, f"it claims {self._items:,} items")
        return count

    def string(self) -> str:
        """Read a string: its length, then UTF-8."""
        length = self.scalar("<Q")
        if length > MAX_STRING:
            raise _bad(self._source.name, f"it claims a string of {length:,} bytes")
        return self.take(length).decode("utf-8", "replace")

    def value(self) -> Any:
        """Read a metadata value."""
        kind = self.scalar("<I")
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            return self._array()
        if kind not in _SCALARS:
            raise _bad(self._source.name, f"it contains a value of the unknown type {kind}")
        return self.scalar(_SCALARS[kind])

    def _array(self) -> Any:
        kind = self.scalar("<I")
        if kind == _STRING:
            return [self.string() for _ in range(self.count())]
        if kind not in _SCALARS:
            raise _bad(self._source.name, f"it contains an array of the unsupported type {kind}")
        count = self.scalar("<Q")
        width = struct.calcsize(_SCALARS[kind])
        return np.frombuffer(self.take(count * width), _SCALARS[kind].replace("?", "B"))


class _RawGguf(StoredTensors):
    """The tensors of a GGUF file under its own names."""

    format = "gguf"

    def __init__(self, source: ByteSource) -> None:
        super().__init__(source)
        header = _Header(source)
        header.take(4)
        version = header.scalar("<I")
        if version not in (2, 3):
            kind = (
                "is big-endian" if version >> 16 else f"has version {version}, but only 2 and 3 are supported"
            )
            raise _bad(source.name, f"it {kind}")
        tensors, pairs = header.count(), header.count()
        if tensors > MAX_TENSORS:
            raise _bad(source.name, f"it has more than {MAX_TENSORS:,} tensors")
        self.metadata: dict[str, Any] = {header.string(): header.value() for _ in range(pairs)}
        self._entries = dict(self._entry(header) for _ in range(tensors))
        if len(self._entries) != tensors:
            raise _bad(source.name, "a tensor name occurs twice")
        alignment = self.number("general.alignment", 32)
        if alignment not in (2**power for power in range(3, 20)):
            raise _bad(source.name, f"its alignment is {alignment}")
        self._start = -(-header.position // alignment) * alignment
        self._check_layout(alignment)
        if self.text("tokenizer.ggml.model") == "rwkv":
            self.metadata["tokenizer"] = "world"
        for key in [key for key, value in self.metadata.items() if isinstance(value, (list, np.ndarray))]:
            del self.metadata[key]  # vocabularies: large, and Goosequill has its own

    def text(self, key: str) -> str:
        """Return a string of the metadata; empty if it is missing."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str, default: int) -> int:
        """Return an integer of the metadata."""
        value = self.metadata.get(key)
        return value if type(value) is int else default

    def _entry(self, header: _Header) -> tuple[str, Entry]:
        name, dimensions = header.string(), header.scalar("<I")
        if dimensions > 4:
            raise _bad(self._source.name, f"tensor {name[:80]!r} has {dimensions} dimensions")
        shape = tuple(header.scalar("<Q") for _ in range(dimensions))[::-1]
        kind, offset = header.scalar("<I"), header.scalar("<Q")
        if not is_shape(shape):
            raise _bad(self._source.name, f"tensor {name[:80]!r} has an invalid shape")
        if kind not in _TYPES:
            raise UnsupportedModelError(
                f"The tensor {name[:80]!r} of {self._source.name} is quantized in an unknown way "
                f"(ggml type {kind}).",
                code="unsupported-quantization",
                remedy="Choose a file in F32, F16, BF16, Q4_0 to Q8_0, or Q2_K to Q6_K.",
            )
        entry = Entry(_TYPES[kind], shape, offset)
        try:
            stored_bytes(shape[-1] if shape else 1, entry.dtype)
        except ValueError as error:
            raise _bad(self._source.name, f"tensor {name[:80]!r}: {error}") from error
        return name, entry

    def _check_layout(self, alignment: int) -> None:
        position = 0
        for name, entry in sorted(self._entries.items(), key=lambda item: (item[1].offset, item[1].bytes)):
            if entry.offset != position:
                kind = "overlaps another" if entry.offset < position else "leaves a gap before it"
                raise _bad(self._source.name, f"tensor {name[:80]!r} {kind}")
            end = entry.offset + entry.bytes
            if self._start + end > self._source.size:
                raise truncated(self._source.name, self._source.size, self._start + end)
            position = -(-end // alignment) * alignment
        if self._start + position < self._source.size:
            raise _bad(self._source.name, "there are bytes after the last tensor")


_COMMON = {
    "attn_norm.weight": "ln1.weight",
    "attn_norm.bias": "ln1.bias",
    "attn_norm_2.weight": "ln2.weight",
    "attn_norm_2.bias": "ln2.bias",
    "time_mix_receptance.weight": "att.receptance.weight",
    "time_mix_key.weight": "att.key.weight",
    "time_mix_value.weight": "att.value.weight",
    "time_mix_gate.weight": "att.gate.weight",
    "time_mix_output.weight": "att.output.weight",
    "time_mix_ln.weight": "att.ln_x.weight",
    "time_mix_ln.bias": "att.ln_x.bias",
    "channel_mix_key.weight": "ffn.key.weight",
    "channel_mix_value.weight": "ffn.value.weight",
    "channel_mix_receptance.weight": "ffn.receptance.weight",
}
_NAMES: dict[str, dict[str, str]] = {
    "rwkv6": _COMMON
    | {f"time_mix_lerp_{letter}.weight": f"att.time_maa_{letter}" for letter in "xwkvrg"}
    | {f"channel_mix_lerp_{letter}.weight": f"ffn.time_maa_{letter}" for letter in "kr"}
    | {
        "time_mix_w1.weight": "att.time_maa_w1",
        "time_mix_w2.weight": "att.time_maa_w2",
        "time_mix_first.weight": "att.time_faaaa",
        "time_mix_decay.weight": "att.time_decay",
        "time_mix_decay_w1.weight": "att.time_decay_w1",
        "time_mix_decay_w2.weight": "att.time_decay_w2",
    },
    "rwkv7": _COMMON
    | {f"time_mix_{pair}{index}.weight": f"att.{pair}{index}" for pair in "wavg" for index in "012"}
    | {f"time_mix_{name}.weight": f"att.{name}" for name in ("k_k", "k_a", "r_k")}
    | {"channel_mix_lerp_k.weight": "ffn.x_k"},
}
_OUTSIDE = {
    "token_embd.weight": "emb.weight",
    "token_embd_norm.weight": "blocks.0.ln0.weight",
    "token_embd_norm.bias": "blocks.0.ln0.bias",
    "output_norm.weight": "ln_out.weight",
    "output_norm.bias": "ln_out.bias",
    "output.weight": "head.weight",
}
_FUSED = {"rwkv6": ("att.time_maa_", "wkvrg"), "rwkv7": ("att.x_", "rwkvag")}
_TRANSPOSED = re.compile(r".*\.att\.([wavg][12]|time_maa_w[12]|time_decay_w[12])$")
_RESCALED = (".att.output.weight", ".ffn.value.weight")


def _parts(raw: _RawGguf, architecture: str) -> dict[str, Part]:
    every = raw.number("rwkv6.rescale_every_n_layers", 0) if architecture == "rwkv6" else 0
    parts: dict[str, Part] = {}
    for origin in raw.names():
        match = re.fullmatch(r"blk\.(\d{1,4})\.(.+)", origin)
        if not match:
            parts[_OUTSIDE.get(origin, origin)] = Part(origin, raw.shape(origin))
            continue
        layer, rest = int(match[1]), match[2]
        prefix, letters = _FUSED[architecture]
        length = last_length(raw, origin)
        if rest == "time_mix_lerp_fused.weight" and prod(raw.shape(origin)) == len(letters) * length:
            shape = (1, 1, length)
            for index, letter in enumerate(letters):
                parts[f"blocks.{layer}.{prefix}{letter}"] = Part(origin, shape, row(index))
        elif layer or not re.match(
            r"time_mix_v[012]\.", rest
        ):  # in layer 0 these are copies of other tensors
            name = f"blocks.{layer}.{_NAMES[architecture].get(rest, rest)}"
            parts[name] = _restored(name, origin, raw, layer // every if every > 0 else 0)
    return parts


def _restored(name: str, origin: str, raw: _RawGguf, halvings: int) -> Part:
    shape = raw.shape(origin)
    if _TRANSPOSED.match(name) and len(shape) >= 2:
        return Part(origin, (*shape[:-2], shape[-1], shape[-2]), transpose)
    if name.endswith(_RESCALED) and halvings:
        return Part(origin, shape, multiply(np.float32(2.0 ** min(halvings, 100))))
    if name.endswith((".r_k", ".time_faaaa")):
        size = raw.number(f"{raw.text('general.architecture')}.wkv.head_size", 64)
        if size > 0 and prod(shape) % size == 0:
            return Part(origin, (prod(shape) // size, size))
    if name.endswith(".att.time_decay"):
        return Part(origin, (1, 1, prod(shape)))
    return Part(origin, vector_shape(name, shape))
