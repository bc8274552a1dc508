"""Decodes a stream of ids to text without splitting characters."""

from __future__ import annotations

import codecs

from goosequill.tokenizers.base import Tokenizer


class StreamDecoder:
    """Collects the bytes of ids and returns complete characters only.

    The pieces that :meth:`push` and :meth:`flush` return join to ``tokenizer.decode(ids)``. At most three
    bytes of one incomplete character are held back, so a model that generates U+FFFD or invalid UTF-8 does
    not stall the stream.

    Examples
    --------
    >>> decoder = StreamDecoder(load_tokenizer("byte"))
    >>> [decoder.push(token) for token in "é".encode()]
    ['', 'é']
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """Add an id; return the text that it completes, which may be empty."""
        return self._decoder.decode(self._tokenizer.token_bytes(token))

    def flush(self) -> str:
        """End the stream; return U+FFFD if it ends inside a character."""
        text = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return text

    @property
    def pending(self) -> bytes:
        """The bytes of an incomplete character that are held back."""
        return self._decoder.getstate()[0]
