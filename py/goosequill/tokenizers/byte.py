"""The smallest tokenizer: a token is a byte of the text's UTF-8."""

from __future__ import annotations

from goosequill.tokenizers.base import TableTokenizer, well_formed


class ByteTokenizer(TableTokenizer):
    """256 ids, one a byte. No id ends a text, unless the model's folder names one."""

    def __init__(self, *, end_token: int | None = None) -> None:
        super().__init__("byte", [bytes([value]) for value in range(256)], 256, end_token)

    def encode(self, text: str) -> list[int]:
        """Return the bytes of a text."""
        return list(well_formed(text).encode("utf-8"))
