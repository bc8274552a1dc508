"""The byte tokenizer: each byte of the UTF-8 text is a token."""

from __future__ import annotations

from goosequill.tokenizers.base import TableTokenizer, well_formed


class ByteTokenizer(TableTokenizer):
    """256 ids, one per byte. There is no end-of-text token, unless the model folder names one."""

    def __init__(self, *, end_token: int | None = None) -> None:
        super().__init__("byte", [bytes([value]) for value in range(256)], 256, end_token)

    def encode(self, text: str) -> list[int]:
        """Return the bytes of a text."""
        return list(well_formed(text).encode("utf-8"))
