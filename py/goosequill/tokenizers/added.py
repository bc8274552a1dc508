"""Added tokens, such as `<|endoftext|>`, which are found in a text before it is split into words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from unicodedata import category

MAX_CONTENT = 256
"""Characters of an added token: so many looks, at most, are taken at one place of a text."""

_SPACES = re.compile(r"\s*")


@dataclass(frozen=True)
class AddedToken:
    """One added token, with Hugging Face's options.

    ``normalized``: matches the normalized text. ``single_word``: does not match inside a word.
    ``lstrip``, ``rstrip``: also matches the whitespace on that side.
    """

    id: int
    content: str
    normalized: bool = False
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False

    @classmethod
    def from_dict(cls, item: Any, limit: int) -> AddedToken:
        """Read an item of ``added_tokens`` in a tokenizer.json, whose id must be below `limit`.

        Raises
        ------
        ValueError
            It is not such an item.
        """
        if not isinstance(item, dict):
            raise ValueError("it is not an object")
        token, content = item.get("id"), item.get("content")
        if not isinstance(token, int) or isinstance(token, bool) or not 0 <= token < limit:
            raise ValueError("its id is not one of the vocabulary's")
        if not isinstance(content, str) or len(content) > MAX_CONTENT:
            raise ValueError(f"its content is not a text of at most {MAX_CONTENT} characters")
        flags = {name: bool(item.get(name, False)) for name in ("single_word", "lstrip", "rstrip")}
        special = bool(item.get("special", False))
        return cls(token, content, normalized=bool(item.get("normalized", not special)), **flags)


class AddedTokens:
    """Finds added tokens: the leftmost first, and at one position the longest."""

    def __init__(self, tokens: Iterable[AddedToken]) -> None:
        listed = [token for token in tokens if token.content]
        self._raw = _Finder([token for token in listed if not token.normalized])
        self._normalized = _Finder([token for token in listed if token.normalized])

    def split(self, text: str, normalize: Callable[[str], str]) -> Iterator[int | str]:
        """Yield the ids of added tokens and the normalized text between them, in order."""
        for piece in self._raw.split(text):
            if isinstance(piece, int):
                yield piece
            else:
                yield from self._normalized.split(normalize(piece))


class _Finder:
    """Looks the tokens up in a sorted list, since an expression with thousands of them tries each in turn.

    Whatever a text begins with sorts directly before it, apart from longer tokens that begin with the same.
    So the one before it is the longest match, or the longest one that it begins with is, and so on.
    """

    def __init__(self, tokens: list[AddedToken]) -> None:
        self._tokens = {token.content: token for token in tokens}
        self._sorted = sorted(self._tokens)
        self._begins: list[int] = []
        """Of each, the index of the longest other one that it begins with; -1 if there is none."""
        for content in self._sorted:
            index = len(self._begins) - 1
            while index >= 0 and not content.startswith(self._sorted[index]):
                index = self._begins[index]
            self._begins.append(index)
        self._longest = max(map(len, self._sorted), default=0)
        first = "".join(sorted({content[0] for content in self._sorted}))
        self._first = re.compile(f"[{re.escape(first)}]") if first else None

    def split(self, text: str) -> Iterator[int | str]:
        end = at = 0
        while found := self._next(text, at):
            start, at = found
            token = self._tokens[text[start:at]]
            if start < end or (token.single_word and _touches_word(text, start, at)):
                continue
            while token.lstrip and start > end and text[start - 1].isspace():
                start -= 1
            if start > end:
                yield text[end:start]
            yield token.id
            spaces = _SPACES.match(text, at) if token.rstrip else None
            end = spaces.end() if spaces else at
        if end < len(text):
            yield text[end:]

    def _next(self, text: str, at: int) -> tuple[int, int] | None:
        """Return where the first token from a place on starts and ends."""
        while self._first and (candidate := self._first.search(text, at)):
            at = candidate.start()
            index = bisect_right(self._sorted, text[at : at + self._longest]) - 1
            while index >= 0 and not text.startswith(self._sorted[index], at):
                index = self._begins[index]
            if index >= 0:
                return at, at + len(self._sorted[index])
            at += 1
        return None


def _touches_word(text: str, start: int, stop: int) -> bool:
    return (start > 0 and _is_of_word(text[start - 1])) or (stop < len(text) and _is_of_word(text[stop]))


def _is_of_word(character: str) -> bool:
    r"""Whether Rust's ``\w``, by which Hugging Face decides, matches a character; Python's has no marks.

    Both have letters and digits; Rust's marks, connectors, joiners and circled letters, too, and no
    fractions (Unicode Technical Standard 18, Annex C).
    """
    kind = category(character)
    return (
        kind[0] in "LM"
        or kind in ("Nd", "Nl", "Pc")
        or character in "\u200c\u200d"
        or ("\u24b6" <= character <= "\u24e9")
    )
