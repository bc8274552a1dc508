"""Rows that are read from a file when they are needed, and kept up to a number of bytes."""

from pathlib import Path

import numpy as np
import pytest
import torch

from goosequill.errors import FileFormatError, UnsupportedModelError
from goosequill.kernels import load_kernel
from goosequill.loading.convert import convert
from goosequill.loading.inspect import inspect
from goosequill.models import load_model
from goosequill.models.estimate import estimate
from goosequill.weights import BytesSource, TensorSource, open_tensors, quantize
from goosequill.weights.formats.safetensors import encode
from goosequill.weights.rows import GAP, JOINED, RowCache
from goosequill.weights.source import Extent
from goosequill.weights.writing import write_shards
from tests.py.checkpoints import rwkv7a, source_of
from tests.py.refusals import refused
from tests.py.work import CountingSource, measured_memory

ROWS, COLUMNS, MATRICES = 300, 2048, 3
VALUES = np.random.default_rng(0).standard_normal((MATRICES, ROWS, COLUMNS)).astype(np.float16)
ROW = 2 * COLUMNS


class Noting(BytesSource):
    """A file that notes what is read of it."""

    def __init__(self, buffer: bytes) -> None:
        super().__init__(buffer)
        self.reads: list[tuple[int, int]] = []

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return super().read(offset, length)


def cache(source: BytesSource, *, size: int = 1 << 20, pieces: int = 1) -> RowCache:
    """All matrices in one file of F16, each in several runs of rows, in an order of their own."""
    each = ROWS // pieces
    extents = {
        f"matrix {matrix}": [
            Extent(source, 7 + (matrix * ROWS + piece * each) * ROW, "F16", each) for piece in range(pieces)
        ]
        for matrix in reversed(range(MATRICES))
    }
    return RowCache(extents, COLUMNS, size=size)


def file(values: np.ndarray[tuple[int, ...], np.dtype[np.float16]] = VALUES) -> Noting:
    return Noting(bytes(7) + values.tobytes())


@pytest.mark.parametrize("pieces", [1, 3, 100])
@pytest.mark.parametrize("size", [0, 1 << 20])
def test_the_rows_are_those_of_the_matrices(pieces: int, size: int) -> None:
    rows = cache(file(), pieces=pieces, size=size)
    rng = np.random.default_rng(1)
    for _ in range(20):
        indices = rng.integers(0, ROWS, rng.integers(1, 9)).tolist()
        out = np.full((MATRICES, 9, COLUMNS), 7, np.float32)
        rows.read(indices, out)
        np.testing.assert_array_equal(out[:, : len(indices)], VALUES[::-1][:, indices])
        assert (out[:, len(indices) :] == 7).all()


def test_a_batch_is_read_in_the_order_of_the_file_and_neighbours_at_once() -> None:
    source = file()
    far = 1 + GAP // ROW + 1
    cache(source).read([200, 10, 11, 200, 10 + far + 2], np.empty((MATRICES, 5, COLUMNS), np.float32))
    assert source.reads == sorted(source.reads)
    assert [length // ROW for _, length in source.reads] == [2, 1, 1] * MATRICES


def test_a_file_that_reads_pieces_at_once_is_asked_once() -> None:
    class AtOnce(Noting):
        def pieces(self, offsets: list[int], length: int) -> bytes:
            self.reads.append((len(offsets), length))
            assert offsets == sorted(offsets)
            return b"".join(BytesSource.read(self, offset, length) for offset in offsets)

    source, out = AtOnce(bytes(7) + VALUES.tobytes()), np.empty((MATRICES, 3, COLUMNS), np.float32)
    cache(source, pieces=3).read([250, 3, 4], out)
    assert source.reads == [(3 * MATRICES, ROW)]
    np.testing.assert_array_equal(out, VALUES[::-1][:, [250, 3, 4]])


def test_kept_rows_are_not_read_again_and_the_oldest_are_dropped() -> None:
    source, out = file(), np.empty((MATRICES, 4, COLUMNS), np.float32)
    rows = cache(source, size=3 * MATRICES * ROW)
    rows.read([0, 100, 200], out)
    assert rows.nbytes == 3 * MATRICES * ROW
    source.reads.clear()
    rows.read([0, 100], out)
    assert not source.reads
    rows.read([50], out)  # instead of 200, which was needed longest ago
    rows.read([0, 100, 50], out)
    assert len(source.reads) == MATRICES
    rows.read([200], out)
    assert len(source.reads) == 2 * MATRICES
    rows.read([1, 101, 201, 251], out)  # more than are kept
    np.testing.assert_array_equal(out, VALUES[::-1][:, [1, 101, 201, 251]])
    assert rows.nbytes == 3 * MATRICES * ROW


def test_rows_that_are_not_finite_are_refused_by_name_and_not_kept() -> None:
    values = VALUES.copy()
    values[1, 40, 3] = np.inf
    rows, out = cache(file(values)), np.empty((MATRICES, 1, COLUMNS), np.float32)
    rows.read([41], out)
    for _ in range(2):
        with refused(FileFormatError, "tensor-values", match=r"matrix 1.*not finite"):
            rows.read([40], out)


def test_a_file_that_has_become_shorter_is_an_error() -> None:
    with pytest.raises(FileFormatError, match="truncated"):
        cache(file(VALUES[:1])).read([3], np.empty((MATRICES, 1, COLUMNS), np.float32))


TENSORS = rwkv7a(vocab=256, layers=2)
TOKENS = [3, 200, 17, 3, 18, 90]


def opened(kind: str, folder: Path) -> TensorSource:
    """The model in the named form."""
    path = folder / "model.pth"
    dtype = torch.bfloat16 if kind == "bf16" else torch.float16
    torch.save({name: torch.from_numpy(array).to(dtype) for name, array in TENSORS.items()}, path)
    if kind in ("pth", "bf16"):
        return open_tensors(path)
    convert(path, folder / "out", shard_size=300_000 if kind == "shards" else 90_000_000)
    return open_tensors(folder / "out")


@pytest.mark.parametrize("kind", ["pth", "bf16", "safetensors", "shards"])
@pytest.mark.parametrize("kernel", ["numpy", "native"])
def test_logits_are_the_same_whatever_the_tables_are_read_from(
    kind: str, kernel: str, tmp_path: Path
) -> None:
    source = opened(kind, tmp_path)
    values = {name: np.asarray(source.read(name)) for name in source.names()}
    whole = source_of(values)
    found, expected = (
        model.forward(TOKENS, model.new_state(), logits="all")
        for model in (load_model(tensors, kernel=load_kernel(kernel)) for tensors in (source, whole))
    )
    np.testing.assert_array_equal(found, expected)


def test_loading_reads_no_tables_and_a_token_one_row_of_each() -> None:
    tensors = rwkv7a(vocab=2000, layers=2)
    file = CountingSource(
        b"".join(encode((name, value.astype(np.float16)) for name, value in tensors.items()))
    )
    tables = sum(2 * array.size for name, array in tensors.items() if ".s_emb.w" in name)
    model = load_model(open_tensors(file))
    assert file.size_read < file.size - tables + 10_000 < tables
    before, state = file.size_read, model.new_state()
    for expected in (2 * 2 * 1024, 0):  # the second time it is kept
        model.forward([1234], state)
        assert file.size_read - before == expected
        before = file.size_read


@pytest.mark.parametrize("shard_size", [3_000_000, 90_000_000])
def test_tables_are_written_without_being_in_memory_as_a_whole(shard_size: int, tmp_path: Path) -> None:
    tensors = rwkv7a(vocab=8000, layers=2)
    path = tmp_path / "model.pth"
    torch.save({name: torch.from_numpy(array).bfloat16() for name, array in tensors.items()}, path)
    source = open_tensors(path)
    with measured_memory() as work:
        write_shards(tmp_path, source, bits=8, shard_size=shard_size)
    assert work.peak < tensors["blocks.0.ffn.s_emb.weight"].nbytes / 2


def test_a_converted_models_token_takes_one_read_of_all_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    tensors = rwkv7a(vocab=300, layers=3, rank=64)
    torch.save({name: torch.from_numpy(array).bfloat16() for name, array in tensors.items()}, path)
    write_shards(tmp_path, open_tensors(path), shard_size=90_000_000)
    source = Noting((tmp_path / "model.safetensors").read_bytes())
    model, expected = load_model(open_tensors(source)), load_model(open_tensors(path))
    source.reads.clear()
    logits = model.forward([250], model.new_state())
    assert [length for _, length in source.reads] == [3 * 2 * 64 * 64]
    np.testing.assert_array_equal(logits, expected.forward([250], expected.new_state()))


def test_converted_tables_are_converted_again_and_stay_the_same(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({name: torch.from_numpy(array).half() for name, array in TENSORS.items()}, path)
    folders = [tmp_path / name for name in "abc"]
    for source, folder, size in zip(
        [path, *folders], folders, [90_000_000, 300_000, 90_000_000], strict=False
    ):
        folder.mkdir()
        write_shards(folder, open_tensors(source), shard_size=size)
    first, _, last = ({file.name: file.read_bytes() for file in folder.iterdir()} for folder in folders)
    assert first == last


@pytest.mark.parametrize(("shape", "code"), [((256, 2047), "tensor-shape"), ((255, 2048), "tensor-shape")])
def test_joined_tables_of_a_wrong_shape_are_refused(shape: tuple[int, int], code: str) -> None:
    tensors = {name: value for name, value in TENSORS.items() if not name.endswith(".s_emb.weight")}
    tensors[JOINED] = np.zeros(shape, np.float32)
    with refused(FileFormatError, code):
        load_model(source_of(tensors))


def test_the_tables_do_not_count_as_memory_nor_as_parameters() -> None:
    small, large = (source_of(rwkv7a(vocab=vocab, layers=2)) for vocab in (50, 2050))
    added = estimate(large, quantize=8).weights - estimate(small, quantize=8).weights
    assert added < 2000 * 128 * 3  # embedding and head
    assert estimate(large).largest == 4 * 2050 * 128
    assert load_model(large).config.parameters < 1_400_000


def test_a_table_whose_rows_cannot_be_read_alone_is_refused() -> None:
    name = "blocks.1.ffn.s_emb.weight"
    table = TENSORS[name]
    for other, types in (
        (quantize(table, 8), "F32, int8"),
        (table.astype(np.float16), "F16, F32"),
        (table.astype(np.float64), "F32, F64"),
    ):
        with refused(UnsupportedModelError, "unsupported-quantization", match=types):
            load_model(source_of({**TENSORS, name: other}))


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("blocks.1.ffn.s_emb.weight", (255, 1024)),
        ("blocks.0.ffn.s_emb.weight", (256, 1000)),
        ("blocks.0.ffn.s_emb.weight", ()),
        ("blocks.0.ffn.s1", (128, 31)),
        ("blocks.0.ffn.s1", (128, 1_000)),
        ("blocks.1.ffn.s1", (128, 31)),
        ("blocks.1.ffn.s1", (128,)),
        ("blocks.1.ffn.s2", (31, 256)),
        ("blocks.1.ffn.s_emb_x.weight", (1024, 64)),
    ],
)
def test_a_table_of_a_wrong_shape_is_refused(name: str, shape: tuple[int, ...]) -> None:
    tensors = {**TENSORS, name: np.zeros(shape, np.float32)}
    source = source_of(tensors)
    assert inspect(source)["problem"] is None  # which looks at no more than it needs
    with refused(FileFormatError, "tensor-shape"):
        load_model(source)


@pytest.mark.parametrize("name", ["s_emb.weight", "s_emb_x.weight", "s0", "s1", "s2"])
def test_a_missing_tensor_of_deep_embed_is_named(name: str) -> None:
    tensors = {key: value for key, value in TENSORS.items() if key != f"blocks.1.ffn.{name}"}
    with pytest.raises(FileFormatError, match=f"blocks.1.ffn.{name}"):
        load_model(source_of(tensors))
