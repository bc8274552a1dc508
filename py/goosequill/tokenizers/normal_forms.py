"""Unicode's normal forms, the same in every Python, so that a text has the same tokens there.

Unicode never changes the normal forms of characters that it has, only adds characters. Those that it added
after version 14, which Python 3.11 has, stay as they are, and what is beside them does not join with them, as
in version 14.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from goosequill.tokenizers.unicode_classes import character_ranges

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

# Characters of Unicode 15 to 18 that are not normal, or move or join beside others, as in unicode_classes.
NEWER = """
558 33+1 3c+1 2ce 1238+21 5ad+2 8752 5dd8 1b 1d7+4 5aa+4 15e+4 21+b 2+2 484 2 9 3 27 3 7 3 2+2 5+2 b71+1
41dc+b 6 c38+3 43b9+3 1bb0+23 42e+1 128+2 9+1 3 21+1 425 8ef 38+32 31+3d 22 45d+3 ff+1 f4 3 8+1 6
"""
_NEWER = re.compile(f"([{character_ranges(NEWER)}]+)")


def normalized(form: Form, text: str) -> str:
    """Return a text in one of the normal forms."""
    if text.isascii():
        return text
    parts = _NEWER.split(text)  # what is newer is at the odd places
    parts[::2] = [unicodedata.normalize(form, part) for part in parts[::2]]
    return "".join(parts)
