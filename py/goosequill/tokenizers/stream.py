"""From ids to text as they arrive, without ever breaking a character in two."""

from __future__ import annotations

import codecs

from goosequill.tokenizers.base import Tokenizer


class StreamDecoder:
    """Collects the bytes of ids and lets go of whole characters only.

    The pieces that :meth:`push` and :meth:`flush` return join to ``tokenizer.decode(ids)``. What is
    held back is at most three bytes of one unfinished character: a model that really writes U+FFFD,
    or writes bytes that are no UTF-8, does not stall the stream.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """Take one id and return the text that it completes, which may be empty."""
        return self._decoder.decode(self._tokenizer.token_bytes(token))

    def flush(self) -> str:
        """End the stream and return what was held back, with U+FFFD for half a character."""
        text = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return text

    @property
    def pending(self) -> bytes:
        """The bytes that are held back for the rest of their character."""
        return self._decoder.getstate()[0]
