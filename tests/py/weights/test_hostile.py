"""Damaged and hostile files: refused by our own errors, at once, in little memory."""

import io
import json
import warnings
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from goosequill.chat.saved_state import load_saved_state
from goosequill.errors import GoosequillError
from goosequill.kernels import NumpyKernel
from goosequill.loading.inspect import as_text, inspect
from goosequill.models import load_model
from goosequill.weights import BytesSource, QuantizedMatrix, open_tensors, quantize
from goosequill.weights.formats.pth import MAX_DIRECTORY
from goosequill.weights.formats.safetensors import encode
from goosequill.weights.packing import LAYOUTS, layout_for
from goosequill.weights.quantize import bits_for
from tests.py.checkpoints import MAKERS, Tensors
from tests.py.weights import converters, make_hostile
from tests.py.weights.prefab_writer import prefab
from tests.py.work import CountingSource, counted_lines, measured_memory

CORPUS = Path(__file__).parents[2] / "data" / "hostile"
EXPECTED: dict[str, str] = json.loads((CORPUS / "expected.json").read_text())
OVERHEAD = 2_000_000
"""Bytes of memory that any refusal may take, besides twice the file."""
LINES_PER_BYTE = 40
"""Lines of Python that a refusal may execute for each byte of the file; a pickle of marks alone takes 23."""
LINES = 20_000
"""Lines of Python that any refusal may execute besides."""


def load(data: bytes) -> None:
    """Do with a file all that the page would."""
    tensors = open_tensors(BytesSource(data, "file"))
    as_text(inspect(tensors))
    model = load_model(tensors, kernel=NumpyKernel())
    model.forward([0, 1], model.new_state())


def test_the_corpus_is_complete() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in CORPUS.iterdir() if path.suffix != ".json")
    assert sum(path.stat().st_size for path in CORPUS.iterdir()) < 800_000


@pytest.mark.parametrize("name", EXPECTED)
def test_each_file_of_the_corpus_is_refused_in_little_work_and_memory(name: str) -> None:
    data = (CORPUS / name).read_bytes()
    with pytest.raises(GoosequillError) as caught, measured_memory() as work:
        load(data)
    assert caught.value.code == EXPECTED[name]
    assert len(caught.value.message) < 500
    assert work.peak < 2 * len(data) + OVERHEAD
    with pytest.raises(GoosequillError), counted_lines() as work:
        load(data)
    assert work.lines < LINES_PER_BYTE * len(data) + LINES


@pytest.mark.parametrize("name", EXPECTED)
def test_each_file_of_the_corpus_is_refused_as_a_state_too(name: str) -> None:
    data = (CORPUS / name).read_bytes()
    model = load_model(open_tensors(BytesSource(sound("safetensors-7"))), kernel=NumpyKernel())
    with pytest.raises(GoosequillError), measured_memory() as work:
        load_saved_state(BytesSource(data, "file"), model)
    assert work.peak < 2 * len(data) + OVERHEAD


def test_a_state_of_another_size_is_refused_unread() -> None:
    model = load_model(open_tensors(BytesSource(sound("safetensors-7"))), kernel=NumpyKernel())
    notes = {"goosequill.state": json.dumps({"format_version": 1})}
    file = b"".join(encode([("wkv", np.zeros(3_000_000, np.float32))], notes))
    with pytest.raises(GoosequillError, match="another version or size"), measured_memory() as work:
        load_saved_state(BytesSource(file, "file"), model)
    assert work.peak < OVERHEAD


def test_a_header_as_long_as_the_reference_accepts_is_refused_unread() -> None:
    source = CountingSource((100_000_000).to_bytes(8, "little") + b"{" * 1000, "large.safetensors")
    source.size = 200_000_000
    with pytest.raises(GoosequillError, match="100,000,000"):
        open_tensors(source)
    assert source.size_read < 100


def test_a_zip_of_very_many_members_is_refused_before_its_directory_is_read() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"archive/data/{number:060}", b"")
    source = CountingSource(buffer.getvalue())
    with pytest.raises(GoosequillError, match="directory"), counted_lines() as work:
        open_tensors(source)
    assert source.size_read <= MAX_DIRECTORY
    assert work.lines < 1_000  # of 30,000 members none is looked at


@pytest.mark.parametrize("kind", ["safetensors", "pth"])
def test_more_tensors_than_any_model_has_are_refused_before_they_are_looked_at(kind: str) -> None:
    nothing = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    header = make_hostile.safetensors({f"{number}": nothing for number in range(5_001)}, b"")
    data = header if kind == "safetensors" else make_hostile.zipped(make_hostile.sharing(5_001, 0))
    with pytest.raises(GoosequillError, match=r"more than 5,000 tensors|share one storage"):
        open_tensors(BytesSource(data))


def test_tensors_of_one_storage_have_at_most_four_times_its_elements() -> None:
    """An embedding may also be the head; 1,600 names for 8 MB were 13 GB."""
    base = torch.zeros(3, 4)
    buffer = io.BytesIO()
    torch.save({"emb.weight": base, "head.weight": base}, buffer)
    assert open_tensors(BytesSource(buffer.getvalue())).shape("head.weight") == (3, 4)
    buffer = io.BytesIO()
    torch.save({str(number): base for number in range(5)}, buffer)
    with pytest.raises(GoosequillError, match="share one storage"):
        open_tensors(BytesSource(buffer.getvalue()))


def small(version: str) -> Tensors:
    """A model of a few kilobytes."""
    sizes = {"width": 64, "ffn": 64} if version == "7" else {"width": 8, "ffn": 8}
    heads = {"heads": 2} if version in ("5.2", "6") else {}
    return MAKERS[version](layers=1, vocab=8, **sizes, **heads)


def _packed(name: str, array: NDArray[np.float32]) -> NDArray[np.float32] | QuantizedMatrix:
    bits = bits_for(name, array.shape, 4)
    layout = layout_for(name, bits)
    if bits is None:
        return array
    return LAYOUTS[layout].pack(quantize(array, bits)) if layout else quantize(array, bits)


@cache
def sound(kind: str) -> bytes:
    """One sound file of each kind."""
    format_name, version = kind.split("-")
    tensors = small(version)
    if format_name == "safetensors":
        return b"".join(encode(tensors.items()))
    if format_name == "packed":
        pairs = ((name, _packed(name, array)) for name, array in tensors.items())
        return b"".join(encode(pairs))
    if format_name == "bin":
        return converters.rwkv_cpp(tensors)
    if format_name == "prefab":
        return prefab(tensors, version, "NF4" if version == "7" else "Fp16")
    buffer = io.BytesIO()
    torch.save({name: torch.from_numpy(array) for name, array in tensors.items()}, buffer)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def valid_gguf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("gguf") / "model.gguf"
    return converters.write_gguf(path, small("6"), "6").read_bytes()


def refuse_or_load(data: bytes) -> None:
    """A damaged file may still be a model; nothing but our own errors may come of it."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            load(data)
        except GoosequillError as error:
            assert error.remedy
            assert len(str(error)) < 1000


def damage(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Replace bytes of a file; positions wrap around."""
    found = bytearray(data)
    for position, removed, added in edits:
        start = position % (len(found) + 1)
        found[start : start + removed] = added
    return bytes(found)


EDITS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 400), st.integers(0, 2**31), st.integers(-3000, -1)),
        st.integers(0, 12),
        st.one_of(
            st.binary(max_size=12),
            st.sampled_from(
                [b"\xff" * 8, b"\0" * 8, b"\xff\xff\xff\x7f", b"9" * 12, b"(", b"\x85", b"[", b"}"]
            ),
        ),
    ),
    min_size=1,
    max_size=4,
)
KINDS = [
    "safetensors-4",
    "safetensors-6",
    "safetensors-7",
    "packed-4",
    "packed-7",
    "pth-4",
    "pth-5.2",
    "bin-4",
    "bin-5.1",
    "bin-6",
    "bin-7",
    "prefab-4",
    "prefab-6",
    "prefab-7",
]


@pytest.mark.parametrize("kind", KINDS)
def test_the_valid_files_load(kind: str, valid_gguf: bytes) -> None:
    load(sound(kind))
    load(valid_gguf)


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(KINDS), edits=EDITS)
def test_damaged_files_raise_nothing_but_our_errors(kind: str, edits: list[tuple[int, int, bytes]]) -> None:
    refuse_or_load(damage(sound(kind), edits))


@settings(max_examples=40, deadline=None)
@given(edits=EDITS)
def test_damaged_gguf_raises_nothing_but_our_errors(
    valid_gguf: bytes, edits: list[tuple[int, int, bytes]]
) -> None:
    refuse_or_load(damage(valid_gguf, edits))


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(KINDS), share=st.floats(0, 1))
def test_truncated_files_are_refused(kind: str, share: float) -> None:
    data = sound(kind)
    cut = data[: int(len(data) * share)]
    if len(cut) < len(data):
        with pytest.raises(GoosequillError):
            load(cut)


MAGICS = st.sampled_from(
    [
        b"",
        b"GGUF\3\0\0\0",
        b"PK\3\4",
        b"fmgg\x65\0\0\0",
        b"\xa5gcontext",
        b"\x10\0\0\0\0\0\0\0{",
        b"\xff" * 7 + b"\0{",
    ]
)


@settings(max_examples=150, deadline=None)
@given(magic=MAGICS, rest=st.binary(max_size=400))
@example(magic=b"", rest=b"")
def test_any_bytes_are_refused(magic: bytes, rest: bytes) -> None:
    with pytest.raises(GoosequillError):
        load(magic + rest)


TEXTS = st.one_of(st.text(max_size=8), st.sampled_from(["emb.weight", "blocks.0.att.r_k", "__metadata__"]))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
ENTRIES = st.fixed_dictionaries(
    {
        "dtype": st.one_of(st.sampled_from(["F32", "F16", "BF16", "I8", "U8", "F64"]), JSON),
        "shape": st.one_of(st.lists(st.integers(0, 3), max_size=3), JSON),
        "data_offsets": st.one_of(st.lists(st.integers(0, 40), min_size=2, max_size=2), JSON),
    }
)


@settings(max_examples=200, deadline=None)
@given(
    header=st.one_of(JSON, st.dictionaries(TEXTS, st.one_of(ENTRIES, JSON), max_size=4)),
    body=st.binary(max_size=40),
)
def test_any_safetensors_header_is_read_or_refused(header: object, body: bytes) -> None:
    text = json.dumps(header).encode()
    refuse_or_load(len(text).to_bytes(8, "little") + text + body)
