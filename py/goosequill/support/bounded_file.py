"""Reads a small file whole, and no more of it than it may have: a device such as /dev/zero never ends."""

from __future__ import annotations

from pathlib import Path

MOST = 256_000_000
"""Bytes of a text, of a file of prompts or of votes."""


def read_bytes(path: str | Path, most: int = MOST) -> bytes:
    """Return a file's bytes.

    Raises
    ------
    OSError
        It cannot be read, or has more than `most` bytes.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except ValueError as error:  # a NUL in the path
        raise OSError(str(error)) from error
    if len(data) > most:
        raise OSError(f"it has more than {most:,} bytes")
    return data
