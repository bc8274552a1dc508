"""The interface of a tokenizer, and what all tokenizers share.

A tokenizer turns text into token ids, and ids into bytes. Bytes, not text, because one token may be half
a character: :class:`goosequill.tokenizers.stream.StreamDecoder` turns a stream of ids into text.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from goosequill.errors import TokenizerError


class Tokenizer(Protocol):
    """Text to token ids and back.

    Attributes
    ----------
    name
        ``"world"``, ``"neox-20b"``, ``"byte"`` or ``"bpe"``.
    vocab_size
        Number of ids, from 0 to ``vocab_size - 1``; some may have no bytes.
    end_token
        The end-of-text token, or None.
    """

    name: str
    vocab_size: int
    end_token: int | None

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without special tokens around it."""
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; invalid UTF-8 becomes U+FFFD."""
        ...

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of an id; empty for an id without any."""
        ...


class TableTokenizer:
    """Decoding, which all tokenizers share: a table from ids to bytes."""

    def __init__(self, name: str, table: list[bytes], vocab_size: int, end_token: int | None) -> None:
        self.name = name
        self.vocab_size = vocab_size
        self.end_token = end_token
        self._table = table

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of an id; empty for an id without any.

        Ids beyond the table are valid, because models pad their vocabulary to a round number.

        Raises
        ------
        TokenizerError
            ``token-id``: the id is negative.
        """
        if 0 <= token < len(self._table):
            return self._table[token]
        if token < 0:
            raise TokenizerError(f"{token} is not a token id.", code="token-id")
        return b""

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; invalid UTF-8 becomes U+FFFD."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", "replace")


def well_formed(text: str) -> str:
    """Return a text that can be encoded as UTF-8.

    JavaScript strings and some JSON files have surrogates: a pair becomes one character, and a lone one
    U+FFFD.
    """
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def read_packed(name: str) -> bytes:
    """Return the compressed file of a vocabulary in the package."""
    return (Path(__file__).with_name("data") / name).read_bytes()
