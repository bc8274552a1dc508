"""The RWKV World tokenizer: greedy longest match over 65,529 byte strings.

Ids 1 to 256 are the single bytes, so every text can be encoded; 0 is the end-of-text token and has no
bytes. The vocabulary is BlinkDL's ``rwkv_vocab_v20230424`` (Apache-2.0), in ``data/world.zlib``.
"""

from __future__ import annotations

import ast
import re
import zlib
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from goosequill.errors import TokenizerError
from goosequill.tokenizers.base import TableTokenizer, read_packed, well_formed

WORLD_SIZE = 65536
MAX_TOKENS = 1 << 20
MAX_TOKEN = 256
"""Bytes of a token: so many looks, at most, are taken at one place of a text. The longest has 128."""
MAX_LINE = 2_000
"""Characters of a line in a vocabulary file."""

_LITERAL = re.compile("b?[\"']")


class WorldTokenizer(TableTokenizer):
    """Greedy longest match over byte strings.

    Parameters
    ----------
    tokens
        The byte strings of ids 1, 2, 3, ...
    vocab_size
        Padded size of the vocabulary, as models have it.
    """

    def __init__(self, tokens: Sequence[bytes], *, vocab_size: int = WORLD_SIZE) -> None:
        super().__init__("world", [b"", *tokens], max(vocab_size, len(tokens) + 1), 0)
        self._ids = dict(zip(tokens, range(1, len(tokens) + 1), strict=True))
        self._ids.pop(b"", None)
        self._lengths = _lengths_by_start(self._ids)
        missing = [value for value in range(256) if bytes([value]) not in self._ids]
        if missing:
            raise TokenizerError(
                f"The vocabulary has no token for the byte {missing[0]}, so it cannot encode every text.",
                code="tokenizer-incomplete",
                remedy="Use the file rwkv_vocab_v20230424.txt that comes with RWKV World models.",
            )

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""
        data = well_formed(text).encode("utf-8")
        ids, lengths, single = self._ids, self._lengths, (1,)
        found, position, end = [], 0, len(data)
        while position < end:
            for length in lengths.get(data[position : position + 2], single):
                token = ids.get(data[position : position + length])
                if token is not None:
                    found.append(token)
                    position += length
                    break
        return found


def _lengths_by_start(ids: dict[bytes, int]) -> dict[bytes, tuple[int, ...]]:
    """Return the lengths of the tokens that start with the same two bytes, longest first."""
    lengths: dict[bytes, tuple[int, ...]] = {}
    for length, group in groupby(sorted(ids, key=len), len):
        for start in {token[:2] for token in group if length > 1}:
            lengths[start] = (length, *lengths.get(start, (1,)))
    return lengths


def load_world() -> WorldTokenizer:
    """Return the World tokenizer with the vocabulary in the package."""
    packed = read_packed("world.zlib")
    return WorldTokenizer(unpack_tokens(packed))


def parse_vocabulary(text: str) -> list[bytes]:
    """Parse a vocabulary file of BlinkDL's: lines of ``id python-literal length``.

    Raises
    ------
    TokenizerError
        ``tokenizer-file``: a line has another form, the ids are not 1, 2, 3, ..., or a length is wrong.
    """
    tokens: list[bytes] = []
    for line in text.splitlines():
        token = _parse_line(line, len(tokens) + 1) if len(tokens) < MAX_TOKENS else None
        if token is None:
            raise TokenizerError(
                f"Line {len(tokens) + 1} of the vocabulary file is invalid.",
                code="tokenizer-file",
                remedy="Download rwkv_vocab_v20230424.txt again; it has 65,529 lines.",
            )
        tokens.append(token)
    return tokens


def _parse_line(line: str, expected: int) -> bytes | None:
    """Return the token of a line; None if the line is invalid."""
    try:
        number, rest = line[: MAX_LINE + 1].split(" ", 1)
        literal, length = rest.rsplit(" ", 1)
        if len(line) > MAX_LINE or not _LITERAL.match(literal):
            return None
        value = ast.literal_eval(literal)
        token = value.encode("utf-8") if isinstance(value, str) else value
        valid = isinstance(token, bytes) and len(token) == int(length) and int(number) == expected
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return token if valid and len(token) <= MAX_TOKEN else None


def pack_tokens(tokens: Sequence[bytes]) -> bytes:
    """Return byte strings in the order of their lengths as a compressed file.

    Those of one length are stored as columns: all first bytes, then all second ones, and so on.
    """
    columns, counts = [], []
    for length, group in groupby(tokens, len):
        rows = np.frombuffer(b"".join(group), np.uint8).reshape(-1, length)
        columns.append(rows.T.tobytes())
        counts.append((length, len(rows)))
    head = np.array([(len(counts), 0), *counts], "<u2").tobytes()
    return zlib.compress(head + b"".join(columns), 9)


def unpack_tokens(packed: bytes) -> list[bytes]:
    """Return the byte strings that :func:`pack_tokens` packed."""
    data = zlib.decompress(packed)
    start = 4 + 4 * int.from_bytes(data[:2], "little")
    tokens: list[bytes] = []
    for length, count in np.frombuffer(data[4:start], "<u2").reshape(-1, 2).tolist():
        columns = np.frombuffer(data, np.uint8, length * count, start).reshape(length, count)
        rows = np.ascontiguousarray(columns.T)
        tokens += rows.view(f"V{length}").reshape(-1).tolist()  # void, for bytes would lose zeros at the end
        start += length * count
    return tokens
