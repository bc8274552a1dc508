"""Tokens added to a tokenizer by name, which are cut out of a text before it is split into words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class AddedToken:
    """One added token, with Hugging Face's options.

    ``normalized``: looked for in the normalised text. ``single_word``: not inside a word.
    ``lstrip``, ``rstrip``: takes the white space on that side with it.
    """

    id: int
    content: str
    normalized: bool = False
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False

    @classmethod
    def from_dict(cls, item: dict[str, Any]) -> AddedToken:
        """Read one of a tokenizer.json's ``added_tokens``."""
        number, content = item["id"], item["content"]
        if not isinstance(number, int) or not 0 <= number < 2**24 or not isinstance(content, str):
            raise ValueError(item)
        flags = {name: bool(item.get(name, False)) for name in ("single_word", "lstrip", "rstrip")}
        special = bool(item.get("special", False))
        return cls(number, content, normalized=bool(item.get("normalized", not special)), **flags)


class AddedTokens:
    """Finds added tokens: the leftmost, and there the longest."""

    def __init__(self, tokens: Iterable[AddedToken]) -> None:
        wanted = [token for token in tokens if token.content]
        self._raw = _Finder([token for token in wanted if not token.normalized])
        self._normalized = _Finder([token for token in wanted if token.normalized])

    def cut(self, text: str, normalize: Callable[[str], str]) -> Iterator[int | str]:
        """Yield the ids of added tokens, and between them the normalised text, in order."""
        for piece in self._raw.cut(text):
            if isinstance(piece, int):
                yield piece
            else:
                yield from self._normalized.cut(normalize(piece))


class _Finder:
    def __init__(self, tokens: list[AddedToken]) -> None:
        self._tokens = {token.content: token for token in tokens}
        longest_first = sorted(self._tokens, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if tokens else None

    def cut(self, text: str) -> Iterator[int | str]:
        end = 0
        for match in self._pattern.finditer(text) if self._pattern else ():
            token = self._tokens[match.group()]
            start, stop = match.span()
            if start < end or (token.single_word and _touches_word(text, start, stop)):
                continue
            if token.lstrip:
                start = max(end, len(text[:start].rstrip()))
            if token.rstrip:
                stop = len(text) - len(text[stop:].lstrip())
            if start > end:
                yield text[end:start]
            yield token.id
            end = stop
        if end < len(text):
            yield text[end:]


def _touches_word(text: str, start: int, stop: int) -> bool:
    before, after = text[start - 1 : start] if start else "", text[stop : stop + 1]
    return bool(re.match(r"\w", before) or re.match(r"\w", after))
