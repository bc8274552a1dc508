"""Groups tokens into words, which a reader can judge, and which may be several tokens long.

Words are those of `goosequill.tokenizers.word_breaks`, each with the spaces before it. A run of punctuation
is a word of its own. A token is never divided: one that spans two words makes them one.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goosequill.tokenizers import Tokenizer
from goosequill.tokenizers.word_breaks import segments

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
    units = list(_characters(tokenizer, tokens, first))
    starts, at = _starts("".join(unit.text for unit in units)), 0
    words: list[Word] = []
    for unit in units:
        last = words[-1] if words else None
        if (
            last
            and unit.end - last.start <= MOST_TOKENS
            and (at not in starts or not unit.text or not last.text)
        ):
            words[-1] = Word(last.start, unit.end, last.text + unit.text)
        else:
            words.append(unit)
        at += len(unit.text)
        if unit.text.strip() and unit.text[-1].isspace():
            starts.add(at)  # the token has the spaces before the next word already
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


def _starts(text: str) -> set[int]:
    """Return where words begin in a text."""
    starts, before, line = set(), "", False
    for match in segments(text):
        kind = "space" if match[0].isspace() else "word" if match["word"] else "other"
        follows = kind == before != "word" or (before == "space" and not line)
        if not follows:
            starts.add(match.start())
            line = False
        line = line or "\n" in match[0]
        before = kind
    return starts
