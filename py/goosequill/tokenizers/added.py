"""Added tokens, such as `<|endoftext|>`, which are found in a text before it is split into words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


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
    def from_dict(cls, item: dict[str, Any]) -> AddedToken:
        """Read an item of ``added_tokens`` in a tokenizer.json."""
        token, content = item["id"], item["content"]
        if not isinstance(token, int) or not 0 <= token < 2**24 or not isinstance(content, str):
            raise ValueError(item)
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
    def __init__(self, tokens: list[AddedToken]) -> None:
        self._tokens = {token.content: token for token in tokens}
        longest_first = sorted(self._tokens, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if tokens else None

    def split(self, text: str) -> Iterator[int | str]:
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
