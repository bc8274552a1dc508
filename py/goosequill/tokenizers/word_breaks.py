"""Words of a text, by Unicode's rule (UAX #29, word boundaries, Unicode 17).

A word keeps its marks, so that Hindi, vocalized Arabic and decomposed accents stay whole; "don't" and "3.5"
are a word each, "well-known" is two. The rule has no dictionary: in scripts without spaces (Chinese, Japanese
but for Katakana, Thai, Lao, Burmese, Khmer) each character with its marks is a word, where a browser's
`Intl.Segmenter` guesses. Other texts have the same words there, if Korean is not mixed with other letters.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from goosequill.tokenizers import word_classes as classes
from goosequill.tokenizers.unicode_classes import unpack


def _one(*packed: str, more: str = "", many: str = "") -> str:
    """Return an expression for a character of some classes, or with `many` ("++") for a run of them.

    Beyond U+FFFF, `re` compares a character with one range after another, so it is asked only if it must be.
    """
    inside = ["", ""]
    for start, end in (span for table in packed for span in unpack(table)):
        inside[start > 0xFFFF] += chr(start) if start == end else f"{chr(start)}-{chr(end)}"
    near, far = (f"[{ranges}]{many}" for ranges in inside)
    near = near.replace("[", f"[{more}", 1)
    return f"(?:{near}|(?=[\U00010000-\U0010ffff]){far})" if inside[1] else near


@functools.cache
def _pattern() -> re.Pattern[str]:
    """Return the expression of a segment, whose group "word" matches if it is a word.

    The numbers are those of the rules. No quantifier gives back more than one run, and each looks no further
    than the marks after a letter: the work is linear in the text.
    """
    hebrew, kana, low = _one(classes.HEBREW_LETTER), _one(classes.KATAKANA), _one(classes.EXTENDNUMLET)
    letter, digit = (_one(table, many="++") for table in (classes.ALETTER, classes.NUMERIC))
    either = _one(classes.ALETTER, classes.HEBREW_LETTER)
    in_word, in_number = (
        _one(classes.MIDNUMLET, table, more="'") for table in (classes.MIDLETTER, classes.MIDNUM)
    )
    mark = _one(classes.EXTEND, classes.FORMAT, more="\u200d", many="++")
    marks = f"(?:{mark})*+"  # 4
    joined = f"{in_word}{marks}(?={either})"  # 6, 7
    quoted = f"'{marks}(?!{either})"  # 7a; the word ends there
    core = (
        f"(?:{letter}{marks}(?:{joined})?+"  # 5, 9
        f'|{hebrew}{marks}(?!{quoted})(?:{joined}|"{marks}(?={hebrew}))?+'  # 7b, 7c
        f"|{digit}{marks}(?:{in_number}{marks}(?={digit}))?+)"  # 8, 10 to 12
    )
    katakana, under = f"(?:{kana}{marks})++", f"(?:{low}{marks})"  # 13
    start = _one(classes.ALETTER, classes.HEBREW_LETTER, classes.NUMERIC, classes.KATAKANA)
    word = (
        f"{under}*+(?={start})(?:(?:{core}++|{katakana}){under}++)*+"  # 13a, 13b
        f"(?:(?:{core}++|(?={hebrew}))(?:{hebrew}{marks}{quoted})?+|{katakana})?+"
    )
    flag, newline = "[\U0001f1e6-\U0001f1ff]", "\\n\\r\\x0b\\x0c\\x85\\u2028\\u2029"
    return re.compile(
        f"\\r\\n|[{newline}]"  # 3 to 3b
        f"|(?:(?P<word>{word}|{_one(classes.ALONE)}{marks})|{under}++"
        f"|{_one(classes.WSEGSPACE)}++{marks}"  # 3d
        f"|{flag}{marks}(?:{flag}{marks})?+|(?s:.){marks})"  # 15, 16, 999
        f"(?:(?<=\u200d){_one(classes.PICTOGRAPH)}{marks})*+"  # 3c
    )


def segments(text: str) -> Iterator[re.Match[str]]:
    """Yield all segments of a text, words and what is between them; the group "word" of others is None."""
    return _pattern().finditer(text)


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text's words: the segments with a letter or a number."""
    return [match.span() for match in segments(text) if match["word"] is not None]
