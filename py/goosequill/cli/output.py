"""What the commands print: text from files, models and votes passes through `printable`, JSON stays valid."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from typing import Any, TextIO

from goosequill.support.printable import printable


def say(text: str = "", *, file: TextIO | None = None) -> None:
    """Print lines for a person; control characters among them are shown, not obeyed."""
    print(printable(text, lines=True), file=file)


def say_json(value: Any, *, indent: int | None = None) -> None:
    """Print a value as JSON; what JSON lacks, NaN and infinity, becomes null."""
    say(json.dumps(_finite(value), indent=indent, ensure_ascii=False, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_text(text: str, *, file: TextIO | None = None) -> None:
    """Write a model's text to a file, by default standard output, as UTF-8 whatever its encoding, at once.

    On a terminal control characters are shown; a file or a program gets the text as it is.
    """
    file = file or sys.stdout
    file.flush()
    shown = printable(text, lines=True) if file.isatty() else text
    file.buffer.write(shown.encode("utf-8", "replace"))
    file.buffer.flush()


def forgive_encodings() -> None:
    """Let characters that the terminal's encoding lacks be printed as escapes, not be errors."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def abandon() -> None:
    """Give up standard output, which cannot be written: what waits in it would fail again at the end."""
    with contextlib.suppress(OSError, ValueError):  # it is not a file, as in tests
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
