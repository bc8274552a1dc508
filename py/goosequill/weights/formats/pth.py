"""BlinkDL's releases: PyTorch's `.pth`, read without torch and without running its pickle.

Such a file is a zip of uncompressed members: `NAME/data.pkl` describes the tensors and
`NAME/data/KEY` holds the bytes of each storage. A pickle is a program; here a machine of our own
carries out the handful of instructions that a state dict needs and refuses every other, so
nothing is ever imported and memory stays bounded by the file's own size.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import FileFormatError
from goosequill.weights.elements import STORED, read_elements
from goosequill.weights.source import ByteSource, truncated

MAX_PICKLE = 2_000_000
"""Longest description that is read, in bytes; the largest releases have some 150 kB."""
MAX_STEPS = 200_000
"""Most instructions of a description that are carried out; a tensor takes some 30."""
MAX_DIRECTORY = 2_000_000
"""Most bytes of the zip's directory; the largest releases have some 100 kB."""
MAX_DIMENSIONS = 8

_STORAGES = {"BFloat16Storage": "BF16", "HalfStorage": "F16", "FloatStorage": "F32", "DoubleStorage": "F64"}
_MARK = object()


@dataclass(frozen=True)
class _Global:
    """A name that the pickle wants to import; only compared, never imported."""

    module: str
    name: str


@dataclass(frozen=True)
class _Storage:
    dtype: str
    key: str
    numel: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def is_zip(source: ByteSource) -> bool:
    """Whether the file begins as a zip does."""
    return source.size >= 4 and source.read(0, 4) == b"PK\x03\x04"


def _bad(what: str) -> FileFormatError:
    return FileFormatError(
        f"This is no sound .pth file: {what}.",
        code="pth",
        remedy="Use a release as its author published it; never trust a .pth from a stranger.",
    )


class _Machine:
    """Carries out a state dict's pickle; see the module's docstring."""

    def __init__(self, data: bytes) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._data = data

    def run(self) -> Any:
        """The object that the pickle describes."""
        try:
            for step, (opcode, argument, _) in enumerate(pickletools.genops(self._data)):
                if opcode.name == "STOP":
                    return self._stack[-1]
                if step > MAX_STEPS:
                    raise _bad("its description is far longer than a model's")
                self._step(opcode.name, argument)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
            raise _bad(f"its description is damaged ({error})") from error
        raise _bad("its description has no end")

    def _step(self, name: str, argument: Any) -> None:
        if name in ("PROTO", "FRAME"):
            return
        if name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name]())
        elif name in _LITERALS:
            self._stack.append(argument)
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self._stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self._stack.append(self._memo[argument])
        elif name == "GLOBAL":
            self._stack.append(_Global(*argument.split(" ", 1)))
        elif name in _BUILDERS:
            _BUILDERS[name](self)
        else:
            raise _bad(f"its description contains the instruction {name}, which no model needs")

    def pop(self) -> Any:
        return self._stack.pop()

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def pop_mark(self) -> list[Any]:
        items = []
        while (item := self._stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def pop_tuple(self, count: int) -> None:
        if count > len(self._stack):
            raise IndexError("a tuple is too short")
        self._stack[-count:] = [tuple(self._stack[-count:])]

    def set_items(self, items: list[Any]) -> None:
        target, keys = self._stack[-1], items[0::2]
        # Other keys are not even hashed: tuples within tuples can take for ever.
        if not isinstance(target, dict) or not all(isinstance(key, str) for key in keys):
            raise TypeError("it holds something else than named tensors")
        target.update(zip(keys, items[1::2], strict=True))

    def append_items(self, items: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise TypeError("it appends to something that is no list")
        self._stack[-1].extend(items)

    def persistent(self) -> None:
        match self.pop():
            case ("storage", _Global("torch", name), str(key), _, int(numel)) if name in _STORAGES:
                self.push(_Storage(_STORAGES[name], key, numel))
            case ("storage", _Global(_, name), *_):
                raise _bad(f"it holds a storage of the kind {name[:80]!r}, which no model needs")
            case _:
                raise _bad("it holds a storage of an unknown kind")

    def reduce(self) -> None:
        arguments, function = self.pop(), self.pop()
        match function, arguments:
            case _Global("collections", "OrderedDict"), ():
                self.push({})
            case _Global("torch._utils", "_rebuild_tensor_v2"), (
                _Storage() as storage,
                int(offset),
                tuple(shape),
                tuple(stride),
                *_,
            ):
                self.push(_Tensor(storage, offset, shape, stride))
            case _Global("torch._utils", "_rebuild_parameter"), (_Tensor() as tensor, *_):
                self.push(tensor)
            case _:
                raise _bad(f"it wants to call {self._spell(function)}, which no model needs")

    def _spell(self, function: Any) -> str:
        # Never the value itself: to spell tuples within tuples can take for ever.
        return f"{function.module}.{function.name}"[:80] if isinstance(function, _Global) else "something"


_CONSTANTS: dict[str, Any] = {
    "MARK": lambda: _MARK,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}
_LITERALS = {"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "SHORT_BINUNICODE", "BINFLOAT"}
_BUILDERS: dict[str, Any] = {
    "TUPLE": lambda m: m.push(tuple(m.pop_mark())),
    "TUPLE1": lambda m: m.pop_tuple(1),
    "TUPLE2": lambda m: m.pop_tuple(2),
    "TUPLE3": lambda m: m.pop_tuple(3),
    "SETITEMS": lambda m: m.set_items(m.pop_mark()),
    "SETITEM": lambda m: m.set_items([m.pop(), m.pop()][::-1]),
    "APPENDS": lambda m: m.append_items(m.pop_mark()),
    "APPEND": lambda m: m.append_items([m.pop()]),
    "BINPERSID": lambda m: m.persistent(),
    "REDUCE": lambda m: m.reduce(),
    # The attributes that torch hangs onto a state dict (its version numbers) are dropped.
    "BUILD": lambda m: m.pop(),
}


class _Reader(io.RawIOBase):
    """A ByteSource as the file object that `zipfile` wants."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._position = 0
        self._left = MAX_DIRECTORY

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset + (0, self._position, self._source.size)[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        count = max(0, min(len(buffer), self._source.size - self._position))
        self._left -= count
        if self._left < 0:
            raise _bad(f"its directory has more than {MAX_DIRECTORY:,} bytes")
        buffer[:count] = self._source.read(self._position, count)
        self._position += count
        return count


class PthSource:
    """A TensorSource over a `.pth` file.

    Raises
    ------
    FileFormatError
        If the file is truncated, is no state dict, or wants to run anything.
    """

    format = "pth"

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self.metadata: dict[str, Any] = {}
        try:
            with zipfile.ZipFile(io.BufferedReader(_Reader(source), 65536)) as archive:
                members = {info.filename: info for info in archive.infolist()}
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
            raise truncated(source.name, source.size, source.size + 1) from error
        pickles = [name for name in members if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise _bad("it is a zip without the description data.pkl")
        self._members = members
        self._folder = pickles[0].removesuffix("data.pkl")
        self._tensors = self._describe(self._member(pickles[0], limit=MAX_PICKLE))

    def _describe(self, pickle: bytes) -> dict[str, _Tensor]:
        found = _Machine(pickle).run()
        if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
            raise _bad("it holds no table of named tensors")
        tensors = {name: value for name, value in found.items() if isinstance(value, _Tensor)}
        for name, tensor in tensors.items():
            self._check(name, tensor)
        return tensors

    def _check(self, name: str, tensor: _Tensor) -> None:
        """A tensor must lie inside its storage, and the storage inside its member."""
        numbers = (tensor.offset, *tensor.shape, *tensor.stride)
        if not all(isinstance(number, int) and 0 <= number < 2**63 for number in numbers):
            raise _bad(f"the tensor {name!r} has an impossible shape")
        if len(tensor.shape) != len(tensor.stride) or len(tensor.shape) > MAX_DIMENSIONS:
            raise _bad(f"the tensor {name!r} has an impossible shape")
        reach = tensor.offset + 1 + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride, strict=True))
        member = self._members.get(f"{self._folder}data/{tensor.storage.key}")
        if member is None or member.header_offset + 30 + member.file_size > self._source.size:
            raise _bad(f"the bytes of the tensor {name!r} are missing")
        available = min(tensor.storage.numel, member.file_size // STORED[tensor.storage.dtype].itemsize)
        if prod(tensor.shape) and (reach > available or prod(tensor.shape) > available):
            raise _bad(f"the tensor {name!r} reaches beyond its storage")

    def _member(self, name: str, *, limit: int) -> bytes:
        if self._members[name].file_size > limit:
            raise _bad(f"its description has {self._members[name].file_size:,} bytes")
        offset = self._data_offset(name)
        return self._source.read(offset, self._members[name].file_size)

    def _data_offset(self, name: str) -> int:
        info = self._members[name]
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise _bad("a part of it is compressed")
        header = self._source.read(info.header_offset, 30)
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        return info.header_offset + 30 + lengths

    def names(self) -> list[str]:
        return list(self._tensors)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._tensors[name].shape

    def dtype(self, name: str) -> str:
        return self._tensors[name].storage.dtype

    def read(self, name: str) -> NDArray[np.float32]:
        tensor = self._tensors[name]
        item = STORED[tensor.storage.dtype].itemsize
        steps = zip(tensor.shape, tensor.stride, strict=True)
        reach = 1 + sum((n - 1) * s for n, s in steps) if prod(tensor.shape) else 0
        start = self._data_offset(f"{self._folder}data/{tensor.storage.key}") + tensor.offset * item
        flat = read_elements(self._source, start, reach, tensor.storage.dtype)
        strides = tuple(4 * s for s in tensor.stride)
        return np.ascontiguousarray(np.lib.stride_tricks.as_strided(flat, tensor.shape, strides))
