"""Groups tokens into words, which a reader can judge, and which may be several tokens long.

A word has the spaces before it and the combining marks after it. Punctuation is a word of its own, and so is
each character in scripts without spaces. A token is never divided: one that spans two words makes them one.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goosequill.tokenizers import Tokenizer
from goosequill.unspaced import UNSPACED

MOST_TOKENS = 32
"""Tokens of a word; a longer run without spaces, such as encoded data, is cut."""


@dataclass(frozen=True)
class Word:
    """Tokens `start` to `end` (exclusive) of a text, and the text that they spell."""

    start: int
    end: int
    text: str


def group_words(tokenizer: Tokenizer, tokens: Sequence[int], *, first: int = 0) -> list[Word]:
    """Return the words of a text, in order; together they have all its tokens.

    Parameters
    ----------
    first
        The position of the first token in a longer text.
    """
    words: list[Word] = []
    for unit in _characters(tokenizer, tokens, first):
        last = words[-1] if words else None
        if last and unit.end - last.start <= MOST_TOKENS and _joins(last.text, unit.text):
            words[-1] = Word(last.start, unit.end, last.text + unit.text)
        else:
            words.append(unit)
    return words


def _characters(tokenizer: Tokenizer, tokens: Sequence[int], first: int) -> Iterator[Word]:
    """Yield the shortest runs of tokens that spell whole characters; an incomplete one becomes U+FFFD."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    start, text = first, ""
    for position, token in enumerate(tokens, first):
        text += decoder.decode(tokenizer.token_bytes(token))
        if not decoder.getstate()[0]:
            yield Word(start, position + 1, text)
            start, text = position + 1, ""
    if start < first + len(tokens):
        yield Word(start, first + len(tokens), text + decoder.decode(b"", final=True))


def _joins(before: str, text: str) -> bool:
    """Return whether a text continues the word before it."""
    if not before or not text:
        return True
    if not before.strip():
        return "\n" not in before or text[0].isspace()
    if before[-1].isspace() or text[0].isspace():
        return False
    if before[-1] == "\u200d" or unicodedata.category(text[0])[0] in "MC":  # marks, joiners
        return True
    if UNSPACED.match(before[-1]) or UNSPACED.match(text[0]):
        return False
    return _in_word(before[-1]) == _in_word(text[0])


def _in_word(character: str) -> bool:
    return character.isalnum() or character in "'’_" or unicodedata.category(character)[0] in "MC"
