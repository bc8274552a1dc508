"""The RWKV World tokenizer: 65,529 byte strings, and always the longest one that fits.

Ids 1 to 256 are the single bytes, so every text can be written; 0 ends a text and has no bytes.
The vocabulary is BlinkDL's ``rwkv_vocab_v20230424`` (Apache-2.0), kept in ``data/world.npz``.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Sequence

import numpy as np

from goosequill.errors import TokenizerError
from goosequill.tokenizers.base import TableTokenizer, read_packed, well_formed

WORLD_SIZE = 65536


class WorldTokenizer(TableTokenizer):
    """Greedy longest match over byte strings.

    Parameters
    ----------
    tokens
        The byte strings of ids 1, 2, 3, ...
    vocab_size
        Number of rows of the models made for it, padded.
    """

    def __init__(self, tokens: Sequence[bytes], *, vocab_size: int = WORLD_SIZE) -> None:
        super().__init__("world", [b"", *tokens], max(vocab_size, len(tokens) + 1), 0)
        self._ids = {token: number for number, token in enumerate(tokens, start=1) if token}
        self._lengths = _lengths_by_start(self._ids)
        missing = [value for value in range(256) if bytes([value]) not in self._ids]
        if missing:
            raise TokenizerError(
                f"The vocabulary has no token for the byte {missing[0]}, so it cannot write every text.",
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
    """Return, for the first two bytes of tokens, the lengths worth trying, longest first."""
    lengths: dict[bytes, set[int]] = {}
    for token in ids:
        if len(token) > 1:
            lengths.setdefault(token[:2], {1}).add(len(token))
    return {start: tuple(sorted(found, reverse=True)) for start, found in lengths.items()}


def load_world() -> WorldTokenizer:
    """Return the World tokenizer with the vocabulary that the package carries."""
    packed = read_packed("world.npz")
    return WorldTokenizer(unpack_tokens(packed))


def parse_vocabulary(text: str) -> list[bytes]:
    """Read lines of ``id python-literal length`` as BlinkDL's vocabulary files have them.

    Raises
    ------
    TokenizerError
        ``tokenizer-file``: a line is not of that form, ids do not count 1, 2, 3, ..., or a length is wrong.
    """
    tokens: list[bytes] = []
    for line in text.splitlines():
        try:
            number, rest = line.split(" ", 1)
            literal, length = rest.rsplit(" ", 1)
            value = ast.literal_eval(literal)
            token = value.encode("utf-8") if isinstance(value, str) else value
            sound = isinstance(token, bytes) and len(token) == int(length) and int(number) == len(tokens) + 1
        except (ValueError, SyntaxError, MemoryError, RecursionError, UnicodeEncodeError):
            sound = False
        if not sound:
            raise TokenizerError(
                f"Line {len(tokens) + 1} of the vocabulary file is damaged.",
                code="tokenizer-file",
                remedy="Fetch rwkv_vocab_v20230424.txt again; it has 65,529 lines.",
            )
        tokens.append(token)
    return tokens


def pack_tokens(tokens: Sequence[bytes]) -> bytes:
    """Return byte strings as a compressed file: each as what it shares with the one before, and the rest."""
    shared, rest, previous = [], [], b""
    for token in tokens:
        limit = min(len(token), len(previous))
        count = next((i for i in range(limit) if token[i] != previous[i]), limit)
        shared.append(count)
        rest.append(token[count:])
        previous = token
    file = io.BytesIO()
    np.savez_compressed(
        file,
        shared=np.array(shared, np.uint8),
        length=np.array([len(part) for part in rest], np.uint8),
        rest=np.frombuffer(b"".join(rest), np.uint8),
    )
    return file.getvalue()


def unpack_tokens(packed: bytes) -> list[bytes]:
    """Return the byte strings that :func:`pack_tokens` packed."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        shared, length, rest = arrays["shared"].tolist(), arrays["length"].tolist(), arrays["rest"].tobytes()
    tokens, start, token = [], 0, b""
    for kept, added in zip(shared, length, strict=True):
        token = token[:kept] + rest[start : start + added]
        start += added
        tokens.append(token)
    return tokens
