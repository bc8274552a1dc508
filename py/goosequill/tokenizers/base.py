"""What a tokenizer is, to the rest of Goosequill, and what every tokenizer does alike.

A tokenizer turns text into token ids and ids into bytes. Bytes, not text: one token may hold half
a character, so only :class:`goosequill.tokenizers.stream.StreamDecoder` makes text of a stream.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from typing import Protocol

from goosequill.errors import TokenizerError


class Tokenizer(Protocol):
    """Text to ids and back.

    Attributes
    ----------
    name
        ``"world"``, ``"neox-20b"``, ``"byte"`` or ``"bpe"``.
    vocab_size
        Number of ids, 0 to ``vocab_size - 1``; not every id need have a text.
    end_token
        Id that ends a text, or None where the vocabulary has none.
    """

    name: str
    vocab_size: int
    end_token: int | None

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text; no token is added before or after it."""
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; bytes that are no UTF-8 become U+FFFD."""
        ...

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of one id; empty for an id without a text."""
        ...


class TableTokenizer:
    """The half that all tokenizers share: a table from id to bytes."""

    def __init__(self, name: str, table: list[bytes], vocab_size: int, end_token: int | None) -> None:
        self.name = name
        self.vocab_size = vocab_size
        self.end_token = end_token
        self._table = table

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of one id; empty for an id without a text.

        Model files pad their vocabulary to a round number, so an id past the table is no error.

        Raises
        ------
        TokenizerError
            ``token-id``: the id is negative.
        """
        if 0 <= token < len(self._table):
            return self._table[token]
        if token < 0:
            raise TokenizerError(
                f"{token} is not a token id.", code="token-id", remedy="Token ids count from 0."
            )
        return b""

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; bytes that are no UTF-8 become U+FFFD."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", "replace")


def well_formed(text: str) -> str:
    """Return a text that UTF-8 can carry.

    Half surrogate pairs, which JavaScript strings and some JSON files hold, become one character
    where two halves meet and U+FFFD where one stands alone.
    """
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def read_packed(name: str) -> bytes:
    """Return a vocabulary that the package carries, packed."""
    return (files(__package__) / "data" / name).read_bytes()
