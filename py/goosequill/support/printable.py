"""Text from outside as it may be printed: nothing in it moves the cursor, or hides what is beside it.

Error messages and everything that the command line prints for a person pass through here.
"""

from __future__ import annotations

import json
import re

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters, line ends, what turns the writing around or has no width, tags, and lone surrogates."""
_TAIL = 80
"""Characters that are kept of the end of a text that is shortened."""


def printable(text: str, most: int | None = None, *, lines: bool = False) -> str:
    r"""Return a text with what cannot be seen written as ``\u001b``, which JSON reads as the same character.

    Parameters
    ----------
    most
        Characters of the result, above 100; a longer text loses its middle. None for any number.
    lines
        Keep tabs and ends of lines.
    """
    if most is not None and len(text) > most:  # before the escapes too, which make it six times as long
        text = _shortened(text, most)
    shown = _UNSEEN.sub(lambda found: found[0] if lines and found[0] in "\t\n" else _escape(found[0]), text)
    return shown if most is None or len(shown) <= most else _shortened(shown, most)


def _escape(character: str) -> str:
    if character > "\uffff":
        return json.dumps(character)[1:-1]  # two escapes
    return f"\\u{ord(character):04x}"


def _shortened(text: str, most: int) -> str:
    return f"{text[: most - _TAIL - 1]}…{text[-_TAIL:]}"
