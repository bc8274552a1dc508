"""Sentences and words of a text, as spans of code points.

Sentences are those of Unicode's rule (UAX #29, sentence boundaries, Unicode 17), which a browser applies in
`Intl.Segmenter("en", {granularity: "sentence"})`: the same text has the same sentences everywhere. A line's
end ends a sentence. Abbreviations are not known: "Dr. No" has two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from goosequill.search import sentence_classes as classes


def _ranges(packed: str) -> str:
    """Return the inside of a character class."""
    parts, end = [], 0
    for item in packed.split():
        distance, _, length = item.partition("+")
        start = end + int(distance, 16)
        end = start + int(length or "0", 16)
        parts.append(f"\\U{start:08x}" + (f"-\\U{end:08x}" if length else ""))
    return "".join(parts)


_IGNORED = _ranges(classes.EXTEND) + _ranges(classes.FORMAT)
_SPACE = _ranges(classes.SP)
_LOWER, _UPPER, _OTHER = _ranges(classes.LOWER), _ranges(classes.UPPER), _ranges(classes.OLETTER)
_DIGIT = _ranges(classes.NUMERIC)
_STOP, _END = _ranges(classes.ATERM), _ranges(classes.STERM)  # a full stop; an unmistakable end, such as "!"
_CONTINUE, _CLOSE = _ranges(classes.SCONTINUE), _ranges(classes.CLOSE)
_LINES = "\\r\\n\\x85\\u2028\\u2029"

_TAIL = rf"[{_CLOSE}{_IGNORED}]*+(?:[{_SPACE}][{_SPACE}{_IGNORED}]*+)?+"
"""The rule's Close* Sp*, with the marks that belong to what they follow. No quantifier gives back what it
took, and each looks no further than the next end of a sentence: the work is linear in the text."""
_BOUNDARY = re.compile(
    rf"(?:\r\n|[{_LINES}])"  # SB4
    rf"|(?:(?P<stop>[{_STOP}])(?![{_IGNORED}]*+[{_DIGIT}])"  # SB6
    rf"(?P<capital>(?=[{_IGNORED}]*+[{_UPPER}]))?+{_TAIL}"
    rf"(?![^{_OTHER}{_UPPER}{_LOWER}{_LINES}{_STOP}{_END}]*+[{_LOWER}])"  # SB8
    rf"|[{_END}]{_TAIL})"
    rf"(?![{_CONTINUE}{_STOP}{_END}])"  # SB8a
    rf"(?:\r\n|[{_LINES}])?+"  # SB9 to SB11
)
ENDS = f"{_STOP}{_END}{_LINES}"
"""The inside of a character class: what a sentence ends with."""
_MARK, _LETTER = re.compile(f"[{_IGNORED}]"), re.compile(f"[{_UPPER}{_LOWER}]")
RUN = rf"[^\W_]++(?:(?![\x00-\x7f])[{_ranges(classes.EXTEND)}]++[^\W_]*+)*+"
"""An expression for a run of letters and digits with their marks; no ASCII is compared with all of those."""
_WORD = re.compile(rf"{RUN}(?:['’]{RUN})*+")


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text's sentences: they follow one another and cover all of it.

    The white space after a sentence, and at most one end of a line, belong to it.
    """
    found, start = [], 0
    for match in _BOUNDARY.finditer(text):
        if match["capital"] is not None and _letter_before(text, match.start()):
            continue  # SB7: "U.S", "e.G"
        found.append((start, match.end()))
        start = match.end()
    if start < len(text):
        found.append((start, len(text)))
    return found


def _letter_before(text: str, end: int) -> bool:
    """Return whether a letter with case comes before, marks aside."""
    while end and _MARK.match(text, end - 1):
        end -= 1
    return bool(end and _LETTER.match(text, end - 1))


def words(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of words: letters and digits with their marks; an apostrophe may stand inside."""
    return (match.span() for match in _WORD.finditer(text))


def count_words(text: str) -> int:
    """Return the number of words, faster than by their spans."""
    return len(_WORD.findall(text))
