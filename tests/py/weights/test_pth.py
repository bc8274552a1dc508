"""Reading `.pth` without torch: what torch writes, and what must be refused."""

import io
import os
import pickle
import zipfile
from typing import Any

import numpy as np
import pytest
import torch

from goosequill.errors import FileFormatError
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.pth import encode
from tests.py.work import counted_lines, measured_memory


def saved(tensors: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    return buffer.getvalue()


def zipped(description: bytes, *, compression: int = zipfile.ZIP_STORED, storage: bytes = b"\0" * 8) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("archive/data.pkl", description)
        archive.writestr("archive/data/0", storage)
    return buffer.getvalue()


def test_reads_what_torch_writes() -> None:
    base = torch.randn(6, 5)
    tensors = {
        "full": base,
        "transposed": base.t(),
        "part": base[2:4, 1:3],
        "half": base.half(),
        "brain": base.bfloat16(),
        "scalar": torch.tensor(3.5),
        "parameter": torch.nn.Parameter(base + 1),
        "empty": torch.zeros(0, 4),
    }
    source = open_tensors(BytesSource(saved(tensors)))
    assert source.names() == list(tensors)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(source.read(name), tensor.detach().float().numpy())
        assert source.shape(name) == tuple(tensor.shape)


def test_reads_a_module_state_dict_with_its_version_attribute() -> None:
    module = torch.nn.Linear(3, 2)
    source = open_tensors(BytesSource(saved(module.state_dict())))
    np.testing.assert_array_equal(source.read("weight"), module.weight.detach().numpy())


class _Attack:
    def __reduce__(self) -> Any:
        return os.system, ("echo owned",)


HOSTILE = [
    pickle.dumps({"a": _Attack()}, 2),
    pickle.dumps({"a": _Attack()}, 4),
    pickle.dumps([1, 2], 2),
    pickle.dumps({1: 2}, 2),
    b"\x80\x02}r\xff\xff\xff\x7f",
    b"\x80\x02cos\nsystem\n.",
    b"\x80\x02ccollections\nOrderedDict\nq\x00U\x01a\x85R.",
    b"\x80\x02((((((",
    b"\x80\x02.",
    b"\x80\x02\x86.",
    b"",
    b"\x95\xff\xff\xff\xff\xff\xff\xff\xff",
]


@pytest.mark.parametrize("description", HOSTILE)
def test_a_hostile_description_is_refused(description: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FileFormatError):
        open_tensors(BytesSource(zipped(description)))
    assert "owned" not in capfd.readouterr().out


@pytest.mark.parametrize("index", [2**31 - 1, 2**32 - 1])
def test_a_huge_memo_index_takes_no_memory(index: int) -> None:
    """Nine bytes; the memo of the standard library's Unpickler is an array, which takes 2 GB then."""
    description = b"\x80\x02}r" + index.to_bytes(4, "little") + b"."
    data = zipped(description)
    with measured_memory() as work:
        assert open_tensors(BytesSource(data)).names() == []
    assert work.peak < 300_000  # the zip's buffer has 65 kB
    with counted_lines() as work:
        open_tensors(BytesSource(data))
    assert work.lines < 1_000


def describe(numel: int, offset: int, shape: list[int], stride: list[int], key: str = "0") -> bytes:
    """A state dict's pickle with one float32 tensor of the given layout."""

    def numbers(values: list[int]) -> bytes:
        return b"(" + b"".join(b"J" + value.to_bytes(4, "little", signed=True) for value in values) + b"t"

    def text(value: str) -> bytes:
        return b"X" + len(value).to_bytes(4, "little") + value.encode()

    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu")
    storage += b"J" + numel.to_bytes(4, "little", signed=True) + b"tQ"
    arguments = b"(" + storage + b"J" + offset.to_bytes(4, "little", signed=True)
    arguments += numbers(shape) + numbers(stride) + b"\x89}t"
    return b"\x80\x02}" + text("a") + b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"Rs."


def test_the_handmade_description_is_valid() -> None:
    source = open_tensors(BytesSource(zipped(describe(2, 0, [2], [1]))))
    np.testing.assert_array_equal(source.read("a"), np.zeros(2, np.float32))


@pytest.mark.parametrize(
    "description",
    [
        describe(2, 0, [3], [1]),
        describe(1000, 0, [1000], [1]),
        describe(2, 2, [1], [1]),
        describe(2, -1, [1], [1]),
        describe(2, 0, [-1], [1]),
        describe(2, 0, [2], [-1]),
        describe(2, 0, [2], [5]),
        describe(2, 0, [1000000, 1000000], [0, 0]),
        describe(2, 0, [2], [1, 1]),
        describe(2, 0, [2], [1], key="../1"),
    ],
)
def test_a_tensor_that_leaves_its_storage_is_refused(description: bytes) -> None:
    with pytest.raises(FileFormatError):
        open_tensors(BytesSource(zipped(description)))


def test_a_compressed_archive_is_refused() -> None:
    bomb = zipped(describe(2, 0, [2], [1]), compression=zipfile.ZIP_DEFLATED, storage=b"\0" * 10_000_000)
    with pytest.raises(FileFormatError, match="compressed"):
        open_tensors(BytesSource(bomb))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(share: float) -> None:
    data = saved({"a": torch.zeros(1000)})
    with pytest.raises(FileFormatError):
        open_tensors(BytesSource(data[: int(len(data) * share)]))


def test_torch_reads_what_is_written_and_so_does_the_reader() -> None:
    tensors = {
        "half": np.arange(6, dtype=np.float16).reshape(2, 3),
        "transposed": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    }
    file = encode(tensors)
    read, again = torch.load(io.BytesIO(file), weights_only=True), open_tensors(BytesSource(file))
    assert [str(tensor.dtype) for tensor in read.values()] == ["torch.float16", "torch.float32"]
    for name, expected in tensors.items():
        np.testing.assert_array_equal(read[name].numpy(), expected)
        np.testing.assert_array_equal(again.read(name), expected)
