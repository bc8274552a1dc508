"""Recordings: the ones that come with the package, and those that a visitor brings as text or as .npy.

Files from outside are untrusted. Their sizes are checked before anything is allocated, and nothing in them is
ever evaluated or unpickled: the header of a .npy file is matched, not executed.
"""

from __future__ import annotations

import io
import re
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.lab.neurons import Floats, Recording, Spikes
from goosequill.support.budget import Budget, File, Kind

LARGEST = 1_000_000
"""Samples of a recording, at most."""

LARGEST_FILE = 64_000_000
"""Bytes of a file, at most; four times as many are in memory while it is read."""

LONGEST_ROW = 200
"""Characters of a row of text, at most."""

LARGEST_VALUE = 1e100
"""Of a stimulus, at most: its square must be a number."""

GRASSHOPPER = "grasshopper.npz"

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 4096
_TYPE = re.compile(r"'descr':\s*'([<>|=]?)([a-zA-Z])(\d{0,3})'")
_ORDER = re.compile(r"'fortran_order':\s*(True|False)")
_SHAPE = re.compile(r"'shape':\s*\(([\d, ]*)\)")
_NUMBERS = {"b": "1", "i": "1248", "u": "1248", "f": "248"}
_KINDS = {"c": "complex numbers", "O": "Python objects", "U": "texts", "S": "texts", "V": "records"}


def grasshopper(data: bytes, recording: int) -> Recording:
    """Return one of the two recordings of a grasshopper's auditory receptor (Rokem et al. 2006).

    Parameters
    ----------
    data
        The file `GRASSHOPPER`; scripts/lab_data/grasshopper.py makes it.
    recording
        1 (the stimulus changes at up to 200 Hz) or 2 (at up to 800 Hz).
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        levels, spikes = arrays["stimulus"][recording - 1], arrays["spikes"][recording - 1]
        scale, dt = float(arrays["scale"]), float(arrays["dt"])
    return Recording("grasshopper", levels * scale, spikes, dt)


def check(stimulus: Any, spikes: Any, dt: float, names: tuple[str, str] = ("", "")) -> Recording:
    """Return a visitor's recording, from arrays or from the bytes of files, or refuse it.

    Parameters
    ----------
    stimulus, spikes
        One number for each sample, or a file's bytes. A file with two columns needs no second one. Of two
        files, the one that has only 0 and 1 is the spike train.
    dt
        Milliseconds from one sample to the next.
    names
        Of the files, for error messages.

    Raises
    ------
    SettingsError
        ``recording``: a file cannot be read, the lengths differ, a number is not finite, or a spike is not 0
        or 1.
    """
    first = _array(stimulus, names[0] or "The stimulus")
    if spikes is None:
        first, second = _two_columns(first, names[0] or "The recording")
    else:
        second = _array(spikes, names[1] or "The spike train")
        if isinstance(stimulus, bytes) and _is_binary(first) and not _is_binary(second):
            first, second = second, first  # a file chooser has its own order
    values, train = _one_column(first, "stimulus"), _one_column(second, "spike train")
    if len(values) != len(train):
        raise _refused(
            f"The stimulus has {len(values):,} samples and the spike train {len(train):,}",
            "Both need one number for each sample. If yours are spike times, write a 1 at each spike's sample"
            " and 0 elsewhere.",
        )
    if len(values) > LARGEST:
        raise _refused(f"The recording has {len(values):,} samples, more than {LARGEST:,}", "Give a part.")
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise _refused(
            f"The stimulus is {values[wrong[0]]} at sample {int(wrong[0]):,}", "Remove or replace it."
        )
    if not values.size or values.min() == values.max():
        raise _refused("The stimulus never changes", "Only a stimulus that changes can be averaged.")
    if np.abs(values).max() > LARGEST_VALUE:
        raise _refused(f"The stimulus reaches {np.abs(values).max():g}", "Give it in a larger unit.")
    return Recording("own", values, binary(train), dt)


def binary(train: Floats) -> Spikes:
    """Return a spike train of 0 and 1, or refuse it and say what the numbers seem to be.

    Raises
    ------
    SettingsError
        ``recording``: something else than 0 and 1 is in it.
    """
    wrong = np.flatnonzero((train != 0) & (train != 1))
    if not len(wrong):
        return train.astype(np.uint8)
    index, value = int(wrong[0]), float(train[wrong[0]])
    where = f"The spike train is {value:g} at sample {index:,}"
    if len(train) > 2 and np.isfinite(train).all() and (np.diff(train) > 0).all():
        raise _refused(
            f"{where}, and its numbers only grow: they look like spike times",
            "Write a 1 at the sample of each spike and 0 elsewhere.",
        )
    if value > 1 and value.is_integer() and (train[np.isfinite(train)] >= 0).all():
        raise _refused(
            f"{where}: it looks like a count of spikes",
            "Use samples so short that each has one spike at most.",
        )
    raise _refused(where, "It may only be 0 or 1.")


class _Budget(Budget):
    def error(self, kind: Kind, count: float, most: float) -> SettingsError:
        if kind == "elements":
            return _refused(f"{self.name} has more than {most:,} rows", "Give a part.")
        return _refused(f"{self.name} has {count / 1e6:,.0f} MB", f"Give {most // 10**6} MB at most.")


def file_of(data: bytes, name: str) -> File:
    """Return a visitor's file with its budget."""
    return File(name, data, _Budget(name, LARGEST_FILE, elements=LARGEST))


def read(file: File) -> NDArray[Any]:
    """Return the numbers of a .npy file or of a text with one row for each sample, [samples, columns].

    Raises
    ------
    SettingsError
        ``recording``: the file is neither, is damaged or too large, or has something other than numbers.
    """
    if not file.bytes().strip():
        raise _refused(f"{file.name} is empty", _FORM)
    return read_npy(file) if file.head.startswith(_MAGIC) else read_text(file)


def read_npy(file: File) -> NDArray[Any]:
    """Return the array of a .npy file, [samples, columns]; see `read`.

    Only numbers in one or two dimensions are accepted. Format: NEP 1.
    """
    name, data = file.name, file.bytes()
    wide = data[6:7] in (b"\x02", b"\x03")
    start = 12 if wide else 10
    length = int.from_bytes(data[8:start], "little")
    if data[6:7] not in (b"\x01", b"\x02", b"\x03") or length > _LONGEST_HEADER or start + length > len(data):
        raise _refused(f"{name} is a damaged .npy file: its header is invalid", "Save it again.")
    header = data[start : start + length].decode("latin-1")
    kind, order, shape = _TYPE.search(header), _ORDER.search(header), _SHAPE.search(header)
    if not (kind and order and shape):
        raise _refused(f"{name} does not contain an array of plain numbers", "Save the numbers alone.")
    if len(kind[3]) != 1 or kind[3] not in _NUMBERS.get(kind[2], ""):
        what = _KINDS.get(kind[2], f"the type {kind[2]}{kind[3]}")
        raise _refused(f"{name} contains {what} instead of numbers", "Save integers, floats or booleans.")
    sizes = [int(part[:12]) for part in shape[1].replace(" ", "").split(",") if part]
    count = _count(sizes, name)
    dtype = np.dtype(f"{kind[1]}{kind[2]}{kind[3]}")
    body = memoryview(data)[start + length :]
    if len(body) != count * dtype.itemsize:
        raise _refused(
            f"{name} has {len(body):,} bytes of numbers, but its header promises {count * dtype.itemsize:,}",
            "It may be incomplete: save or copy it again.",
        )
    flat = np.frombuffer(body, np.uint8 if dtype.kind == "b" else dtype)
    array = flat.reshape(sizes, order="F" if order[1] == "True" else "C")
    return _columns(array)


def read_text(file: File) -> NDArray[Any]:
    """Return the numbers of a text, [samples, columns]; see `read`.

    Columns are separated by commas, semicolons, tabs or spaces. A first row without numbers is a heading;
    lines that begin with # are skipped. With semicolons or tabs, a comma may be the decimal mark.
    """
    name, lines = file.name, list[str]()
    try:
        for line in io.TextIOWrapper(io.BytesIO(file.bytes()), "utf-8-sig"):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            if len(line) > LONGEST_ROW:  # a number of a million digits would take minutes
                raise _refused(f"{name} has a row of {len(line):,} characters", _FORM)
            file.budget.allow("elements", len(lines))
            lines.append(line)
    except UnicodeDecodeError as error:
        raise _refused(f"{name} is neither a text nor a .npy file", _FORM) from error
    separator = next((mark for mark in ";\t," if any(mark in line for line in islice(lines, 3))), None)
    if separator in (";", "\t") and not any("." in line for line in lines):
        lines = [line.replace(",", ".") for line in lines]
    heading = bool(lines) and _numbers(lines[0], separator) is None
    rows = lines[1:] if heading else lines
    if not rows:
        raise _refused(f"{name} has no numbers", _FORM)
    try:
        return np.loadtxt(rows, delimiter=separator, ndmin=2, comments=None)
    except (ValueError, OverflowError):
        raise _first_wrong_row(rows, separator, name) from None


_FORM = "Give one row for each sample, as CSV or .npy: the stimulus, and 0 or 1 for the spikes."


def _array(given: Any, name: str) -> NDArray[Any]:
    if isinstance(given, (bytes, bytearray, memoryview)):
        return read(file_of(bytes(given), name))
    try:
        array = np.asarray(given)
    except ValueError:
        raise _refused(f"{name} has rows of different lengths", _FORM) from None
    if array.dtype.kind not in "biuf":
        raise _refused(f"{name} contains {array.dtype.name} instead of numbers", _FORM)
    _count(list(array.shape), name)
    return _columns(array)


def _count(sizes: list[int], name: str) -> int:
    """The elements of an array of these sizes, if it is one that can be read."""
    if not 1 <= len(sizes) <= 2:
        raise _refused(f"{name} has {len(sizes)} dimensions", "Give one or two columns of numbers.")
    count = sizes[0] * (sizes[1] if len(sizes) == 2 else 1)
    if count > 2 * LARGEST:
        raise _refused(f"{name} has {count:,} numbers, more than {2 * LARGEST:,}", "Give a part.")
    return count


def _columns(array: NDArray[Any]) -> NDArray[Any]:
    """[samples, columns] of one or two rows, one or two columns, or a single dimension."""
    if array.ndim == 1:
        return array[:, None]
    return array.T if array.shape[0] <= 2 < array.shape[1] else array


def _one_column(array: NDArray[Any], what: str) -> Floats:
    if array.shape[1] != 1:
        raise _refused(f"The {what} has {array.shape[1]} columns instead of one", _FORM)
    return np.asarray(array[:, 0], np.float64)


def _two_columns(array: NDArray[Any], name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Split a recording in one file; the spikes are the column of 0 and 1, the second in case of doubt."""
    columns = array.shape[1]
    if columns == 1:
        raise _refused(
            f"{name} has one column", "Add a second column, or a second file, with 0 or 1 for the spikes."
        )
    if columns != 2:
        raise _refused(f"{name} has {columns} columns", "Give two: the stimulus, and 0 or 1 for the spikes.")
    spikes = 0 if _is_binary(array[:, 0]) and not _is_binary(array[:, 1]) else 1
    return array[:, 1 - spikes, None], array[:, spikes, None]


def _is_binary(array: NDArray[Any]) -> bool:
    return bool(((array == 0) | (array == 1)).all())


def _numbers(line: str, separator: str | None) -> list[float] | None:
    """The numbers of a row; None if something else is in it."""
    try:
        return [float(part) for part in line.split(separator)]
    except ValueError:
        return None


def _first_wrong_row(rows: list[str], separator: str | None, name: str) -> SettingsError:
    """Say which row cannot be read, and why."""
    width = len(rows[0].split(separator))
    for index, row in enumerate(rows, 1):
        found = _numbers(row, separator)
        if found is None:
            return _refused(f"{name}: sample {index:,} is {row.strip()[:40]!r}, not a number", _FORM)
        if len(found) != width:
            return _refused(f"{name}: sample {index:,} has {len(found)} values, the first {width}", _FORM)
    return _refused(f"{name} could not be read as numbers", _FORM)


def _refused(problem: str, remedy: str) -> SettingsError:
    return SettingsError(f"{problem}.", code="recording", remedy=remedy)
