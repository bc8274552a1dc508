"""Packed matrices: as the SIMD kernel lays them out, back into rows, in files, and in damaged files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from goosequill.errors import FileFormatError, SettingsError
from goosequill.kernels import SimdKernel, arena, load_kernel
from goosequill.kernels.library import Library
from goosequill.kernels.native import compiled
from goosequill.loading.convert import convert
from goosequill.loading.load import load_path
from goosequill.models import load_model
from goosequill.weights import BytesSource, QuantizedMatrix, ShardedSource, open_tensors, quantize
from goosequill.weights.formats.safetensors import PACKED, encode, header
from goosequill.weights.packing import GROUPS, LAYOUTS, PANELS, SKETCHED, VERSION, PackedMatrix, layout_for
from tests.py.checkpoints import MAKERS, source_of
from tests.py.refusals import refused

TOKENS = [34, 105, 110, 3]
NATIVE = load_kernel("native")
assert isinstance(NATIVE, SimdKernel)
BYTES = SimdKernel(Library(compiled("-DQUADS=1"), "native"))
"""As in a page: where processors multiply whole bytes, int8 has another order in memory than in files."""
both_kernels = pytest.mark.parametrize("kernel", [NATIVE, BYTES], ids=["native", "bytes"])


def random_matrix(rows: int, columns: int, bits: Literal[8, 4], seed: int = 0) -> QuantizedMatrix:
    weights = np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)
    return quantize(weights, bits)


def pack(matrix: QuantizedMatrix) -> PackedMatrix:
    layout = layout_for("blocks.0.ffn.key.weight", matrix.bits)
    assert layout is not None
    return LAYOUTS[layout].pack(matrix)


def same(found: QuantizedMatrix, expected: QuantizedMatrix) -> None:
    assert (type(found), found.bits, found.shape) == (type(expected), expected.bits, expected.shape)
    for part in ("values", "scales"):
        one, other = getattr(found, part), getattr(expected, part)
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        np.testing.assert_array_equal(one, other)


SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 70), st.sampled_from([8, 4])).map(
    lambda drawn: (drawn[0], drawn[1] if drawn[2] == 8 else 64 * (1 + drawn[1] % 3), drawn[2])
)


@given(SHAPES, st.integers(0, 1000))
def test_panels_are_the_kernels_and_can_be_unpacked(shape: tuple[int, int, Literal[8, 4]], seed: int) -> None:
    matrix = random_matrix(*shape, seed)
    packed = pack(matrix)
    for kernel in (NATIVE, BYTES):
        made = kernel.stored(kernel.matrix(matrix))
        assert made is not None
        for part in ("values", "scales"):
            assert getattr(packed, part).tobytes() == getattr(made, part).tobytes()
    assert LAYOUTS[packed.layout].lengths(matrix.shape) == (packed.values.size, packed.scales.size)
    same(packed.by_rows(), matrix)
    np.testing.assert_array_equal(packed.dequantize(), matrix.dequantize())


@both_kernels
@pytest.mark.parametrize(("columns", "bits"), [(128, 8), (1032, 8), (128, 4)])
def test_the_kernel_computes_on_large_packed_matrices_where_they_are(
    kernel: SimdKernel, columns: int, bits: Literal[8, 4], monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = pack(random_matrix(40, columns, bits))
    for largest, writeable in ((1 << 20, True), (0, False), (0, True)):
        monkeypatch.setattr(arena.Arena, "LARGEST", largest)
        taken = replace(packed, values=packed.values.copy())
        taken.values.flags.writeable = writeable
        matrix = kernel.matrix(taken)
        stored = kernel.stored(matrix)
        assert isinstance(stored, PackedMatrix)
        same(stored, packed)
        assert writeable or (taken.values == packed.values).all()
    assert np.shares_memory(matrix.parts[0], taken.values) and stored.scales is taken.scales


def test_a_kernel_returns_the_matrix_that_it_stores() -> None:
    matrix = random_matrix(10, 64, 8)
    stored = NATIVE.stored(NATIVE.table(pack(matrix)))
    assert stored is not None
    same(stored, matrix)
    assert NATIVE.stored(NATIVE.matrix(matrix.dequantize())) is None
    numpy = load_kernel("numpy")
    assert numpy.stored(numpy.matrix(matrix)) is None


@both_kernels
def test_a_large_head_is_stored_by_rows(kernel: SimdKernel) -> None:
    for rows in (SKETCHED, SKETCHED + 5):
        matrix = random_matrix(rows, 64, 8)
        stored = kernel.stored(kernel.head(matrix))
        assert stored is not None
        same(stored, matrix)


def logits(path: Path, kernel: str) -> NDArray[np.float32]:
    model = load_path(path, kernel=load_kernel(kernel)).model
    return model.forward(TOKENS, model.new_state(), logits="all")


@pytest.mark.parametrize("kernel", ["native", "numpy"])
@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("version", MAKERS)
def test_a_packed_folder_gives_the_same_logits_to_the_last_bit(
    version: str, bits: Literal[8, 4], kernel: str, tmp_path: Path
) -> None:
    original = tmp_path / "model.safetensors"
    original.write_bytes(b"".join(encode(MAKERS[version](vocab=259).items())))
    convert(original, tmp_path / "rows", bits=bits, tokenizer="byte")
    description = convert(original, tmp_path / "packed", bits=bits, tokenizer="byte", pack=True)
    assert description["quantization"] == {"bits": bits, "packed": True}
    expected = logits(tmp_path / "rows", kernel)
    np.testing.assert_array_equal(logits(tmp_path / "packed", kernel), expected)
    convert(tmp_path / "packed", tmp_path / "again")  # back into rows
    rows, again = (tmp_path / name / "model.safetensors" for name in ("rows", "again"))
    assert again.read_bytes() == rows.read_bytes()
    convert(rows, tmp_path / "other", tokenizer="byte", pack=True)  # quantized already
    packed, other = (tmp_path / name / "model.safetensors" for name in ("packed", "other"))
    assert other.read_bytes() == packed.read_bytes()


def test_matrices_are_split_between_panels(tmp_path: Path) -> None:
    original = tmp_path / "model.safetensors"
    original.write_bytes(b"".join(encode(MAKERS["4"](vocab=259).items())))
    convert(original, tmp_path / "rows", bits=8, tokenizer="byte")
    description = convert(
        original, tmp_path / "packed", bits=8, tokenizer="byte", pack=True, shard_size=10_000
    )
    assert all(file["bytes"] <= 10_000 for file in description["files"])
    np.testing.assert_array_equal(logits(tmp_path / "packed", "native"), logits(tmp_path / "rows", "native"))
    convert(tmp_path / "packed", tmp_path / "one", pack=True)
    convert(tmp_path / "rows", tmp_path / "direct", pack=True)
    one, direct = (tmp_path / name / "model.safetensors" for name in ("one", "direct"))
    assert one.read_bytes() == direct.read_bytes()


def test_rows_that_are_split_within_a_panel_or_packed_in_part_are_refused() -> None:
    first, second = random_matrix(12, 64, 8), random_matrix(8, 64, 8)
    for parts in ((pack(first), pack(second)), (pack(second), first)):
        named = [(f"m.weight.rows.{index}", part) for index, part in enumerate(parts)]
        sources = [open_tensors(BytesSource(b"".join(encode([one])))) for one in named]
        with pytest.raises(FileFormatError, match="packed in different ways"):
            ShardedSource(sources).read("m.weight")


def test_nothing_to_pack_is_an_error(tmp_path: Path) -> None:
    original = tmp_path / "model.safetensors"
    original.write_bytes(b"".join(encode(MAKERS["4"](vocab=256).items())))
    with pytest.raises(SettingsError, match="nothing to pack"):
        convert(original, tmp_path / "out", pack=True)
    assert not (tmp_path / "out").exists()


MATRIX = pack(random_matrix(10, 64, 8))
LENGTH = MATRIX.values.size


def file_of(
    described: Any = None, *, length: int = LENGTH, scales: int = 16, kind: str = "F32", **info: Any
) -> bytes:
    """A file with one packed matrix, and something wrong about it."""
    sound = {"layout": PANELS, "bits": 8, "shape": [10, 64]} | info
    described = {"version": VERSION, "matrices": {"m.weight": sound}} if described is None else described
    text = described if isinstance(described, str) else json.dumps(described)
    size = 4 * scales if kind == "F32" else 2 * scales
    entries = [("m.weight", "I8", (length,), length), ("m.weight.scale", kind, (scales,), size)]
    return header(entries, {PACKED: text}) + bytes(length + size)


def test_the_file_that_the_damaged_ones_are_made_from_is_valid() -> None:
    tensors = open_tensors(BytesSource(file_of()))
    assert (tensors.shape("m.weight"), tensors.dtype("m.weight")) == ((10, 64), "int8")
    assert isinstance(tensors.read("m.weight"), PackedMatrix)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (file_of()[:-1], "file-truncated"),
        (file_of(layout="panels9"), "packed-layout"),
        (file_of(layout="x" * 9000), "packed-layout"),
        (file_of({"version": VERSION + 1, "matrices": {}}), "packed-layout"),
        (file_of({"version": 0, "matrices": {}}), "packed-layout"),
        (file_of({"version": True, "matrices": {}}), "packed-layout"),
        (file_of(layout=[PANELS]), "safetensors-header"),
        (file_of("{"), "safetensors-header"),
        (file_of("[" * 100_000), "safetensors-header"),
        (file_of([]), "safetensors-header"),
        (file_of({"version": VERSION}), "safetensors-header"),
        (file_of({"version": VERSION, "matrices": ["m.weight"]}), "safetensors-header"),
        (file_of({"version": VERSION, "matrices": {"m.weight": 3}}), "safetensors-header"),
        (file_of({"version": VERSION, "matrices": {}}), "safetensors-header"),
        (file_of(shape=[10]), "safetensors-header"),
        (file_of(shape=[10, 66]), "safetensors-header"),
        (file_of(shape=[17, 64]), "safetensors-header"),
        (file_of(shape=[0, 64]), "safetensors-header"),
        (file_of(shape=[-10, 64]), "safetensors-header"),
        (file_of(shape=[10.0, 64]), "safetensors-header"),
        (file_of(shape=[2**62, 2**62]), "safetensors-header"),
        (file_of(bits=4), "packed-layout"),
        (file_of(bits=32), "packed-layout"),
        (file_of(bits=[8]), "packed-layout"),
        (file_of(bits=8.0), "safetensors-header"),
        (file_of(layout=GROUPS), "packed-layout"),
        (file_of(layout=GROUPS, bits=4), "safetensors-header"),
        (file_of(layout=GROUPS, bits=4, shape=[20, 65]), "safetensors-header"),
        (file_of(layout=GROUPS, bits=4, shape=[8, 128], length=8 * 68), "safetensors-header"),
        (file_of(length=LENGTH - 1), "safetensors-header"),
        (file_of(scales=15), "safetensors-header"),
        (file_of(kind="F16"), "safetensors-header"),
        (
            file_of({"version": VERSION, "matrices": {"n": {"layout": PANELS, "bits": 8, "shape": [8, 8]}}}),
            "safetensors-header",
        ),
    ],
)
def test_damaged_and_hostile_files_are_refused(data: bytes, code: str) -> None:
    with refused(FileFormatError, code) as caught:
        open_tensors(BytesSource(data))
    assert caught.value.remedy and len(str(caught.value)) < 500


def test_a_packed_matrix_of_the_wrong_shape_is_refused_by_the_model() -> None:
    tensors: dict[str, Any] = dict(MAKERS["4"](vocab=256))
    tensors["head.weight"] = pack(random_matrix(256, 62, 8))
    with pytest.raises(FileFormatError, match=r"head.weight.*\[256, 62\]"):
        load_model(source_of(tensors))
