"""Recordings from outside: what is read, and hostile or mistaken files that are refused in bounded work."""

import io
import tracemalloc

import numpy as np
import pytest

from goosequill.errors import SettingsError
from goosequill.lab import recordings, sta


def npy(array: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def header(text: str, body: bytes = b"") -> bytes:
    """A .npy file of version 1 with any header."""
    encoded = text.encode("latin-1")
    return b"\x93NUMPY\x01\x00" + len(encoded).to_bytes(2, "little") + encoded + body


PAIR = np.array([[0.5, 0], [1.5, 1], [-2.5, 0]])


@pytest.mark.parametrize(
    "data",
    [
        b"0.5,0\n1.5,1\n-2.5,0\n",
        b"stimulus,spike\r\n0.5,0\r\n1.5,1\r\n-2.5,0",
        b"\xef\xbb\xbfstimulus;spike\n0.5;0\n1.5;1\n-2.5;0\n",
        b"# 500 Hz\n0,5;0\n1,5;1\n\n-2,5;0\n",
        b"0.5\t0\n1.5\t1\n-2.5\t0\n",
        b" 0.5  0\n 1.5  1\n-2.5  0\n",
        b"0,0.5\n1,1.5\n0,-2.5\n",
        npy(PAIR),
        npy(PAIR.T),
        npy(np.asfortranarray(PAIR)),
        npy(PAIR.astype(">f4")),
        npy(PAIR.astype(np.float16)),
    ],
)
def test_a_file_with_two_columns_is_a_recording(data: bytes) -> None:
    found = recordings.check(data, None, 2.0)
    assert found.stimulus.tolist() == [0.5, 1.5, -2.5] and found.spikes.tolist() == [0, 1, 0]
    assert found.stimulus.dtype == np.float64 and found.spikes.dtype == np.uint8 and found.dt == 2.0


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", ">f8", "i1", "i2", "<i4", "i8", "u1", ">u2", "u4", "u8", "?"]
)
def test_every_kind_of_number_is_read_as_numpy_reads_it(dtype: str, version: tuple[int, int]) -> None:
    array = np.array([0, 1, 1, 0, 1]).astype(dtype)
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    found = recordings.read(recordings.file_of(file.getvalue(), "a.npy"))
    assert found.shape == (5, 1) and found[:, 0].tolist() == array.astype(float).tolist()


def test_two_files_and_arrays_are_a_recording() -> None:
    spikes = npy(np.array([False, True, False]))
    for stimulus in (b"0.5\n1.5\n-2.5\n", np.array([0.5, 1.5, -2.5]), [0.5, 1.5, -2.5]):
        for train in (spikes, memoryview(spikes), b"spikes\n0\n1\n0\n", [0, 1, 0], np.array([[0, 1, 0]])):
            found = recordings.check(stimulus, train, 1.0)
            assert found.stimulus.tolist() == [0.5, 1.5, -2.5] and found.spikes.tolist() == [0, 1, 0]


def test_two_files_may_come_in_any_order() -> None:
    for files in ((b"0.5\n1.5\n", b"0\n1\n"), (b"0\n1\n", b"0.5\n1.5\n")):
        found = recordings.check(*files, 1.0)
        assert found.stimulus.tolist() == [0.5, 1.5] and found.spikes.tolist() == [0, 1]
    with pytest.raises(SettingsError, match="spike train is 2"):  # neither is a spike train
        recordings.check(b"0\n2\n0\n", b"0\n2\n0\n", 1.0)


def test_the_second_column_is_the_spikes_in_case_of_doubt() -> None:
    found = recordings.check(b"1,0\n0,1\n1,1\n", None, 1.0)
    assert found.spikes.tolist() == [0, 1, 1]


OBJECTS = npy(np.array([{}], dtype=object), allow_pickle=True)
FULL = npy(np.arange(30.0))
SHAPED = "{{'descr': '<f8', 'fortran_order': False, 'shape': ({}), }}"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"  \n\n ", "is empty"),
        (b"a,b\nc,d\n", "sample 1 is 'c,d', not a number"),
        (b"# only a comment\n", "has no numbers"),
        (b"stimulus,spike\n", "has no numbers"),
        (b"1,0\n2,1\n3\n", "sample 3 has 1 values, the first 2"),
        (b"1,0\n2,1,5\n", "sample 2 has 3 values"),
        (b"1,0\n2,one\n", "sample 2 is '2,one'"),
        (b"1,0\n,1\n", "sample 2 is ',1'"),
        (b"\xff\xfe\x00\x01", "neither a text nor"),
        (b"\x80\x04\x95pickle", "neither a text nor"),
        (b"PK\x03\x04\xff\xfe", "neither a text nor"),
        (OBJECTS, "Python objects instead of numbers"),
        (npy(np.array(["a", "b"])), "texts instead"),
        (npy(np.array([1j, 2])), "complex numbers instead"),
        (npy(np.zeros(3, [("a", "f8"), ("b", "i4")])), "array of plain numbers"),
        (npy(np.array(["2020-01-01"], dtype="M8[D]")), "array of plain numbers"),
        (npy(np.zeros((2, 3, 4))), "3 dimensions"),
        (npy(np.float64(3)), "0 dimensions"),
        (FULL[:-1], "header promises"),
        (FULL + b"\0", "header promises"),
        (FULL[:40], "header is invalid"),
        (b"\x93NUMPY", "header is invalid"),
        (b"\x93NUMPY\x01\x00", "header is invalid"),
        (b"\x93NUMPY\x09\x00" + FULL[8:], "header is invalid"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 100, "header is invalid"),
        (header("{'descr': '<f8'}"), "array of plain numbers"),
        (header("(" * 4000), "array of plain numbers"),
        (
            header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"cos\nsystem\n"),
            "Python objects",
        ),
        (
            header("{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }", b"0" * 16),
            "instead of numbers",
        ),
        (header(SHAPED.format("1000000000000,")), "more than 2,000,000"),
        (header(SHAPED.format("9" * 3000 + ",")), "more than 2,000,000"),
        (header(SHAPED.format("4294967296, 4294967296")), "more than 2,000,000"),
        (header(SHAPED.format("1000000, 2")), "header promises 16,000,000"),
        (header(SHAPED.format("-5,")), "array of plain numbers"),
        (header(SHAPED.format("1," * 1500)), "1500 dimensions"),
        (header(SHAPED.format("2, \x0c"), b"0" * 16), "array of plain numbers"),
    ],
)
def test_a_damaged_or_hostile_file_is_refused(data: bytes, words: str) -> None:
    tracemalloc.start()
    with pytest.raises(SettingsError) as caught:
        recordings.check(data, None, 1.0, ("mine.dat", ""))
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()
    assert words in str(caught.value) and "mine.dat" in str(caught.value)
    assert caught.value.code == "recording" and caught.value.remedy


NAN = float("nan")


@pytest.mark.parametrize(
    ("stimulus", "spikes", "words", "remedy"),
    [
        (range(5), [0, 1, 0, 1], "has 5 samples and the spike train 4", "spike times"),
        ([0, NAN, 1], [0, 1, 0], "The stimulus is nan at sample 1", "Remove"),
        ([0, 1, float("inf")], [0, 1, 0], "is inf at sample 2", "Remove"),
        ([0, 1, 1e300], [0, 1, 0], "reaches 1e+300", "larger unit"),
        ([4, 4, 4], [0, 1, 0], "never changes", "changes"),
        ([], [], "never changes", "changes"),
        (range(3), [0, 2, 1], "is 2 at sample 1: it looks like a count", "short"),
        (range(4), [12.5, 40, 41.5, 99], "look like spike times", "Write a 1"),
        (range(4), [3, 10, 17, 40], "look like spike times", "Write a 1"),
        (range(3), [1, 0.5, 0], "is 0.5 at sample 1", "0 or 1"),
        (range(3), [0, -1, 1], "is -1 at sample 1", "0 or 1"),
        (range(3), [0, NAN, 1], "is nan at sample 1", "0 or 1"),
        (["a", "b"], [0, 1], "instead of numbers", "CSV"),
        ([{}, {}], [0, 1], "instead of numbers", "CSV"),
        ([[1], [1, 2]], [0, 1], "different lengths", "CSV"),
        ([1j, 2], [0, 1], "complex128 instead", "CSV"),
        (np.zeros((3, 3)), [0, 1, 0], "3 columns instead of one", "CSV"),
        (np.zeros((2, 2, 2)), [0, 1], "3 dimensions", "columns"),
        (b"1\n2\n", None, "has one column", "second file"),
        (b"1,2,3\n4,5,6\n", None, "has 3 columns", "Give two"),
        (b"1,2\n4,5\n", b"1\n0\n", "2 columns instead of one", "CSV"),
    ],
)
def test_an_invalid_recording_is_refused(stimulus, spikes, words: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as caught:
        recordings.check(stimulus, spikes, 1.0)
    assert words in str(caught.value) and remedy in caught.value.remedy
    assert caught.value.code == "recording"


def test_what_is_too_large_is_refused_at_once() -> None:
    with pytest.raises(SettingsError, match="more than 2,000,000"):
        recordings.check(np.zeros(3_000_000, np.int8), np.zeros(3_000_000, np.int8), 1.0)
    with pytest.raises(SettingsError, match="1,000,001 samples"):
        recordings.check(np.zeros(1_000_001, np.int8), np.zeros(1_000_001, np.int8), 1.0)
    with pytest.raises(SettingsError, match="more than 1,000,000 rows"):
        recordings.read(recordings.file_of(b"1\n" * 1_000_002, "a.csv"))
    with pytest.raises(SettingsError, match="has 64 MB"):
        recordings.read(recordings.file_of(bytes(recordings.LARGEST_FILE + 1), "a.csv"))


@pytest.mark.parametrize("data", [b"1," * 1_000_000, b"9" * 2_000_000, b"[" * 2_000_000, b";,\t" * 500_000])
def test_a_text_without_line_breaks_is_refused_before_it_is_parsed(data: bytes) -> None:
    with pytest.raises(SettingsError, match=r"a row of [1-2],[05]00,000 characters"):
        recordings.check(data, None, 1.0)


def test_600000_rows_of_text_are_read_at_once() -> None:
    rows = b"".join(b"%d.25,%d\n" % (index % 97, index % 20 == 0) for index in range(600_000))
    found = recordings.check(rows, None, 2.0)
    assert len(found.stimulus) == 600_000 and found.spikes.sum() == 30_000
    assert found.stimulus[96] == 96.25


def test_the_experiment_takes_files() -> None:
    rng = np.random.default_rng(0)
    stimulus, spikes = rng.standard_normal(3000), rng.random(3000) < 0.1
    running = sta.compute(sta.Settings(window=20, shifts=0), stimulus=npy(stimulus), spikes=npy(spikes))
    part = next(step for step in running if isinstance(step, dict))
    np.testing.assert_allclose(part["average"], sta.average_by_loop(stimulus, spikes, 20), atol=1e-12)
