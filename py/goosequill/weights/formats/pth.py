"""PyTorch's `.pth` files (BlinkDL's releases), read and written without torch and without unpickling.

A file is a zip of uncompressed members: `NAME/data.pkl` describes the tensors and `NAME/data/KEY`
has the bytes of each storage. A pickle is a program; the interpreter here runs only the few
instructions that a state dict needs and refuses all others, so that nothing is ever imported and
memory is bounded by the file's size.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import FileFormatError
from goosequill.support.zip_faults import ZIP_FAULTS
from goosequill.weights.elements import FLOATS, STORED, read_elements
from goosequill.weights.source import (
    MAX_ELEMENTS,
    MAX_TENSORS,
    ByteRange,
    ByteSource,
    Extent,
    is_count,
    is_shape,
    truncated,
)

MAX_PICKLE = 2_000_000
"""Size limit of data.pkl in bytes; the largest releases have about 150 kB."""
MAX_STEPS = 200_000
"""Limit for the instructions in data.pkl; a tensor takes about 30."""
MAX_DIRECTORY = 2_000_000
"""Size limit of the zip's directory in bytes; the largest releases have about 100 kB."""
MAX_DIMENSIONS = 8
SHARING = 4
"""How many times a storage's elements its tensors may have together: a head may be the embedding."""

_STORAGES = {"BFloat16Storage": "BF16", "HalfStorage": "F16", "FloatStorage": "F32", "DoubleStorage": "F64"}
_MARK = object()


@dataclass(frozen=True)
class _Global:
    """A name that the pickle asks to import; it is compared, never imported."""

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


def matches(source: ByteSource) -> bool:
    """Whether the file starts like a zip."""
    return source.size >= 4 and source.read(0, 4) == b"PK\x03\x04"


def _bad(what: str) -> FileFormatError:
    return FileFormatError(f"This is not a valid .pth file: {what}.", code="pth")


class _Interpreter:
    """Runs the pickle of a state dict; see the module's docstring."""

    def __init__(self, data: bytes) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._data = data

    def run(self) -> Any:
        """Return the object that the pickle describes."""
        try:
            for step, (opcode, argument, _) in enumerate(pickletools.genops(self._data)):
                if opcode.name == "STOP":
                    return self._stack[-1]
                if step > MAX_STEPS:
                    raise _bad("its data.pkl has more instructions than any model's")
                self._step(opcode.name, argument)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
            raise _bad(f"its data.pkl is corrupt ({error})") from error
        raise _bad("its data.pkl is incomplete")

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
            raise _bad(f"its data.pkl contains the instruction {name}, which no model needs")

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
        # Other keys are not hashed: hashing nested tuples can take exponential time.
        if not isinstance(target, dict) or not all(isinstance(key, str) for key in keys):
            raise TypeError("it contains something other than named tensors")
        target.update(zip(keys, items[1::2], strict=True))

    def append_items(self, items: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise TypeError("it appends to something that is not a list")
        self._stack[-1].extend(items)

    def persistent(self) -> None:
        match self.pop():
            case ("storage", _Global("torch", name), str(key), _, int(numel)) if name in _STORAGES:
                self.push(_Storage(_STORAGES[name], key, numel))
            case ("storage", _Global(_, name), *_):
                raise _bad(f"it contains a storage of the type {name[:80]!r}, which no model needs")
            case _:
                raise _bad("it contains a storage of an unknown type")

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
                raise _bad(f"it tries to call {self._name(function)}, which no model needs")

    def _name(self, function: Any) -> str:
        # Never the value itself: formatting nested tuples can take exponential time.
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
    # Attributes that torch adds to a state dict (version numbers) are dropped.
    "BUILD": lambda m: m.pop(),
}


class _SourceFile(io.RawIOBase):
    """A ByteSource as a file object for `zipfile`."""

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
        If the file is truncated, is not a state dict, or asks to run anything else.
    """

    format = "pth"

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self.metadata: dict[str, Any] = {}
        try:
            with zipfile.ZipFile(io.BufferedReader(_SourceFile(source), 65536)) as archive:
                members = {info.filename: info for info in archive.infolist()}
        except ZIP_FAULTS as error:
            raise truncated(source.name, source.size, source.size + 1) from error
        pickles = [name for name in members if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise _bad("it is a zip without data.pkl")
        self._members = members
        self._headers = sorted(info.header_offset for info in members.values())
        self._folder = pickles[0].removesuffix("data.pkl")
        self._tensors = self._describe(self._member(pickles[0], limit=MAX_PICKLE))

    def _describe(self, pickle: bytes) -> dict[str, _Tensor]:
        found = _Interpreter(pickle).run()
        if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
            raise _bad("it does not contain named tensors")
        tensors = {name: value for name, value in found.items() if isinstance(value, _Tensor)}
        if len(tensors) > MAX_TENSORS:
            raise _bad(f"it has more than {MAX_TENSORS:,} tensors")
        left: dict[str, int] = {}
        for name, tensor in tensors.items():
            available = self._check(name, tensor)
            left.setdefault(tensor.storage.key, SHARING * available)
            left[tensor.storage.key] -= prod(tensor.shape)
            if left[tensor.storage.key] < 0:
                raise _bad(f"its tensors share one storage, and have more elements than the file ({name!r})")
        return tensors

    def _check(self, name: str, tensor: _Tensor) -> int:
        """Check that a tensor is inside its storage, and that inside its member; return its elements."""
        numbers = (tensor.offset, tensor.storage.numel, *tensor.stride)
        valid = all(is_count(number) and number <= MAX_ELEMENTS for number in numbers)
        if not valid or not is_shape(tensor.shape):
            raise _bad(f"the tensor {name!r} has an invalid shape")
        if len(tensor.shape) != len(tensor.stride) or len(tensor.shape) > MAX_DIMENSIONS:
            raise _bad(f"the tensor {name!r} has an invalid shape")
        reach = tensor.offset + 1 + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride, strict=True))
        member = self._members.get(f"{self._folder}data/{tensor.storage.key}")
        if member is None or member.header_offset + 30 + member.file_size > self._source.size:
            raise _bad(f"the bytes of the tensor {name!r} are missing")
        available = min(tensor.storage.numel, member.file_size // STORED[tensor.storage.dtype].itemsize)
        if prod(tensor.shape) and (reach > available or prod(tensor.shape) > available):
            raise _bad(f"the tensor {name!r} exceeds its storage")
        return available

    def _member(self, name: str, *, limit: int) -> bytes:
        if self._members[name].file_size > limit:
            raise _bad(f"its data.pkl has {self._members[name].file_size:,} bytes")
        offset = self._data_offset(name)
        return self._source.read(offset, self._members[name].file_size)

    def _data_offset(self, name: str) -> int:
        info = self._members[name]
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise _bad("some of its members are compressed")
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
        steps = zip(tensor.shape, tensor.stride, strict=True)
        reach = 1 + sum((n - 1) * s for n, s in steps) if prod(tensor.shape) else 0
        flat = read_elements(self._source, self._start(tensor), reach, tensor.storage.dtype, name)
        strides = tuple(4 * s for s in tensor.stride)
        return np.ascontiguousarray(np.lib.stride_tricks.as_strided(flat, tensor.shape, strides))

    def _start(self, tensor: _Tensor) -> int:
        """The offset of a tensor's first element in the file."""
        member = self._data_offset(f"{self._folder}data/{tensor.storage.key}")
        return member + tensor.offset * STORED[tensor.storage.dtype].itemsize

    def extents(self, name: str) -> list[Extent]:
        tensor = self._tensors[name]
        adjacent = len(tensor.shape) == 2 and tensor.stride == (tensor.shape[1], 1)
        if not adjacent or tensor.storage.dtype not in FLOATS:
            return []
        return [Extent(self._source, self._start(tensor), tensor.storage.dtype, tensor.shape[0])]

    def ranges(self, name: str) -> list[ByteRange]:
        member = self._members[f"{self._folder}data/{self._tensors[name].storage.key}"]
        # How long a member's own header is, only the header says; the next member or the directory ends it.
        longest = member.header_offset + 30 + 2 * 0xFFFF + member.file_size
        following = bisect_right(self._headers, member.header_offset)
        end = self._headers[following] if following < len(self._headers) else self._source.size
        return [ByteRange(self._source, member.header_offset, min(longest, end))]


def open_source(source: ByteSource) -> PthSource:
    """Open a `.pth` file; see `PthSource` for the errors."""
    return PthSource(source)


def encode(tensors: Mapping[str, NDArray[np.float16] | NDArray[np.float32]]) -> bytes:
    """Return a `.pth` file with these tensors, as `torch.save` writes a state dict.

    Examples
    --------
    >>> file = encode({"x": np.zeros((2, 3), np.float16)})
    >>> open_source(BytesSource(file)).shape("x")
    (2, 3)
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        # With a date, so that the same tensors give the same bytes.
        archive.writestr(_member("data.pkl"), _pickle(tensors))
        for key, array in enumerate(tensors.values()):
            stored = array.astype(array.dtype.newbyteorder("<"), copy=False)
            archive.writestr(_member(f"data/{key}"), np.ascontiguousarray(stored).tobytes())
        archive.writestr(_member("version"), "3\n")
    return out.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(f"archive/{name}", (1980, 1, 1, 0, 0, 0))


def _pickle(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """The instructions that make the state dict, in protocol 2 (the names: `pickletools.opcodes`)."""
    made = [b"\x80\x02", _EMPTY_DICT, b"("]  # PROTO 2, MARK
    for key, (name, array) in enumerate(tensors.items()):
        kind = "HalfStorage" if array.dtype == np.float16 else "FloatStorage"
        storage = b"(" + _text("storage") + f"ctorch\n{kind}\n".encode() + _text(str(key)) + _text("cpu")
        storage += _whole(array.size) + b"tQ"  # TUPLE, BINPERSID
        strides = [step // array.itemsize for step in np.ascontiguousarray(array).strides]
        made += [_text(name), b"ctorch._utils\n_rebuild_tensor_v2\n(", storage, _whole(0)]
        made += [_tuple(array.shape), _tuple(strides), b"\x89", _EMPTY_DICT, b"tR"]  # NEWFALSE, TUPLE, REDUCE
    return b"".join([*made, b"u."])  # SETITEMS, STOP


_EMPTY_DICT = b"ccollections\nOrderedDict\n)R"
"""GLOBAL, EMPTY_TUPLE, REDUCE"""


def _text(text: str) -> bytes:
    return b"X" + len(text.encode()).to_bytes(4, "little") + text.encode()  # BINUNICODE


def _whole(number: int) -> bytes:
    return b"J" + number.to_bytes(4, "little", signed=True)  # BININT


def _tuple(numbers: Iterable[int]) -> bytes:
    return b"(" + b"".join(map(_whole, numbers)) + b"t"  # MARK, TUPLE
