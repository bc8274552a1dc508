"""Byte-level byte pair encoding, as in GPT-2, GPT-NeoX and later models.

Reads Hugging Face's ``tokenizer.json`` and returns the same ids as their library ``tokenizers``. Ignores
templates that put special tokens around a text, because RWKV models read plain text.
"""

from __future__ import annotations

import heapq
import itertools
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from goosequill.errors import TokenizerError
from goosequill.support.budget import Budget
from goosequill.tokenizers.added import AddedToken, AddedTokens
from goosequill.tokenizers.base import TableTokenizer, read_packed, well_formed
from goosequill.tokenizers.pretokenize import Normalizer, Splitter, make_normalizer, make_splitter

NEOX_SIZE = 50277
END_NAMES = ("<|endoftext|>", "</s>", "<|im_end|>", "<eos>", "<|end_of_text|>", "<|end|>")
_CACHED_WORDS = 65536
_CACHED_LENGTH = 64
_HEAP_LENGTH = 24
# Bytes that never occur in UTF-8.
_NEVER_IN_TEXT = frozenset([0xC0, 0xC1, *range(0xF5, 0x100)])


def byte_letters() -> list[str]:
    """Return the printable character for each byte in a byte-level vocabulary (GPT-2's table)."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [value for value in range(256) if value not in plain]
    letters = {value: chr(value) for value in plain}
    letters.update({value: chr(256 + number) for number, value in enumerate(others)})
    return [letters[value] for value in range(256)]


class _Letters(dict[int, int]):
    def __missing__(self, letter: int) -> int:
        return 256  # no byte


_LETTER_TO_BYTE = _Letters((ord(letter), value) for value, letter in enumerate(byte_letters()))


def letters_to_bytes(token: str) -> bytes:
    """Return the bytes of a token of a byte-level vocabulary."""
    try:
        return token.translate(_LETTER_TO_BYTE).encode("latin-1")
    except UnicodeEncodeError:  # an added token, which is plain text
        return token.encode("utf-8", "replace")


class BPETokenizer(TableTokenizer):
    """Byte pair encoding over bytes.

    Parameters
    ----------
    table
        The bytes of every id.
    merges
        ``{(left id, right id): (rank, merged id)}``; the lowest rank is merged first.
    byte_ids
        The id of each byte, or None for bytes that never occur in UTF-8.
    split, normalize
        Applied to the text before merging.
    added
        Tokens that are found in the text before anything else.
    words_first
        Encode a word as one token if the vocabulary has it, regardless of the merges.
    """

    def __init__(
        self,
        name: str,
        table: list[bytes],
        merges: dict[tuple[int, int], tuple[int, int]],
        *,
        byte_ids: Sequence[int | None],
        split: Splitter,
        normalize: Normalizer,
        added: AddedTokens,
        end_token: int | None = None,
        words_first: bool = False,
    ) -> None:
        super().__init__(name, table, len(table), end_token)
        self._merges = merges
        self._byte_ids = byte_ids
        self._split = split
        self._normalize = normalize
        self._added = added
        self._words = {token: number for number, token in enumerate(table)} if words_first else {}
        self._cache: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, in which added tokens are recognized."""
        found: list[int] = []
        for piece in self._added.split(well_formed(text), self._normalize):
            if isinstance(piece, int):
                found.append(piece)
            else:
                for word in self._split(piece):
                    found += self._cache.get(word) or self._encode_word(word)
        return found

    def _encode_word(self, word: str) -> list[int]:
        data = word.encode("utf-8")
        whole = self._words.get(data)
        ids = [whole] if whole is not None else self._merge([self._byte_ids[byte] for byte in data])
        if len(word) <= _CACHED_LENGTH:
            if len(self._cache) >= _CACHED_WORDS:
                self._cache.clear()
            self._cache[word] = ids
        return ids

    def _merge(self, ids: list[Any]) -> list[int]:
        if len(ids) > _HEAP_LENGTH:
            return merge_long(ids, self._merges)
        merges = self._merges
        while len(ids) > 1:
            ranked = [
                (merges[pair][0], at) for at, pair in enumerate(itertools.pairwise(ids)) if pair in merges
            ]
            if not ranked:
                break
            at = min(ranked)[1]
            ids[at : at + 2] = [merges[ids[at], ids[at + 1]][1]]
        return ids


def merge_long(ids: list[int], merges: dict[tuple[int, int], tuple[int, int]]) -> list[int]:
    """Merge a long word in n log n steps, with a linked list of ids and a heap of (rank, index)."""
    after, before = list(range(1, len(ids) + 1)), list(range(-1, len(ids) - 1))
    heap = [(merges[pair][0], at, *pair) for at, pair in enumerate(itertools.pairwise(ids)) if pair in merges]
    heapq.heapify(heap)
    merged = -1
    while heap:
        _, at, left, right = heapq.heappop(heap)
        other = after[at]
        if ids[at] != left or other >= len(ids) or ids[other] != right:
            continue  # an earlier merge took one of the two
        ids[at] = merges[left, right][1]
        ids[other] = merged
        after[at] = after[other]
        if after[at] < len(ids):
            before[after[at]] = at
        for start in (before[at], at):
            if start >= 0 and after[start] < len(ids):
                pair = (ids[start], ids[after[start]])
                if pair in merges:
                    heapq.heappush(heap, (merges[pair][0], start, *pair))
    return [token for token in ids if token != merged]


def load_tokenizer_json(text: str, *, name: str = "bpe") -> BPETokenizer:
    """Read a Hugging Face ``tokenizer.json`` of a byte-level BPE tokenizer.

    Raises
    ------
    TokenizerError
        ``tokenizer-file``: the file is invalid. ``tokenizer-unsupported``: another kind of tokenizer.
        ``tokenizer-incomplete``: it cannot encode every text.
    """
    try:
        description = Budget().json(text)
    except ValueError as error:
        raise _invalid(f"it is not JSON ({error})") from error
    model = description.get("model") if isinstance(description, dict) else None
    if not isinstance(model, dict) or not isinstance(model.get("vocab"), dict | list):
        raise _invalid("it has no model with a vocabulary")
    _check_kind(description, model)
    vocab = _read_vocab(model["vocab"])
    added = _read_added(description.get("added_tokens"), _most_ids(vocab))
    names = [""] * (max([*vocab.values(), *(token.id for token in added)], default=0) + 1)
    for token, number in vocab.items():
        names[number] = token
    table = [letters_to_bytes(token) for token in names]
    for item in added:
        table[item.id] = item.content.encode("utf-8", "replace")
    return BPETokenizer(
        name,
        table,
        _read_merges(model.get("merges"), vocab),
        byte_ids=_byte_ids(vocab),
        split=make_splitter(description.get("pre_tokenizer")),
        normalize=make_normalizer(description.get("normalizer")),
        added=AddedTokens(added),
        end_token=next((item.id for name in END_NAMES for item in added if item.content == name), None),
        words_first=bool(model.get("ignore_merges")),
    )


def _check_kind(description: dict[str, Any], model: dict[str, Any]) -> None:
    kind = model.get("type", "BPE")
    unknown = [key for key in ("continuing_subword_prefix", "end_of_word_suffix") if model.get(key)]
    parts = [description.get("pre_tokenizer"), description.get("decoder")]
    if kind != "BPE" or unknown or "ByteLevel" not in json.dumps(parts):
        raise TokenizerError(
            f"This tokenizer.json has a {str(kind)[:40]} tokenizer that does not work on bytes.",
            code="tokenizer-unsupported",
        )


def _read_vocab(vocab: Any) -> dict[str, int]:
    if isinstance(vocab, list):
        raise TokenizerError(
            "This tokenizer.json has a Unigram tokenizer, which does not work on bytes.",
            code="tokenizer-unsupported",
        )
    limit = _most_ids(vocab)
    for token, number in vocab.items():
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < limit:
            raise _invalid(f"the id of {token[:40]!r} is {str(number)[:40]!r}")
    return dict(vocab)


def _most_ids(vocab: Mapping[str, Any]) -> int:
    """The limit of ids: beyond what a padded vocabulary has, the table would be mostly empty."""
    return 4 * len(vocab) + 65536


def _read_added(items: Any, limit: int) -> list[AddedToken]:
    if not isinstance(items, list | None):
        raise _invalid("its added tokens are not a list")
    found = []
    for number, item in enumerate(items or [], 1):
        try:
            found.append(AddedToken.from_dict(item, limit))
        except ValueError as error:
            raise _invalid(f"of its added token {number}, {error}") from error
    return found


def _read_merges(merges: Any, vocab: dict[str, int]) -> dict[tuple[int, int], tuple[int, int]]:
    if not isinstance(merges, list):
        raise _invalid("it has no list of merges")
    table: dict[tuple[int, int], tuple[int, int]] = {}
    for rank, merge in enumerate(merges):
        try:
            left, right = merge.split(" ") if isinstance(merge, str) else merge
            pair = (vocab[left], vocab[right])
            table[pair] = (rank, vocab[left + right])
        except (ValueError, TypeError, KeyError) as error:
            raise _invalid(
                f"merge {rank + 1} is {str(merge)[:80]!r}, which is not in the vocabulary"
            ) from error
    return table


def _byte_ids(vocab: dict[str, int]) -> list[int | None]:
    ids = [vocab.get(letter) for letter in byte_letters()]
    missing = [value for value, number in enumerate(ids) if number is None and value not in _NEVER_IN_TEXT]
    if missing:
        raise TokenizerError(
            f"The tokenizer has no token for the byte {missing[0]}, so it cannot encode every text.",
            code="tokenizer-incomplete",
            remedy="Train it with the complete byte alphabet (initial_alphabet=ByteLevel.alphabet()).",
        )
    return ids


def _invalid(why: str) -> TokenizerError:
    return TokenizerError(f"The tokenizer.json is invalid: {why}.", code="tokenizer-file")


def pack_merges(tokenizer_json: bytes) -> bytes:
    """Return the merges of GPT-NeoX-20B's tokenizer.json as a small file of id pairs.

    All lower bytes of the left ids come first, then their upper ones, then the right ids' bytes.
    """
    description = json.loads(tokenizer_json)
    vocab = description["model"]["vocab"]
    pairs = [[vocab[part] for part in merge.split(" ")] for merge in description["model"]["merges"]]
    return zlib.compress(np.array(pairs, "<u2").view(np.uint8).T.tobytes(), 9)


def load_neox() -> BPETokenizer:
    """Return GPT-NeoX-20B's tokenizer (EleutherAI, Apache-2.0), which RWKV-4 Pile and Raven models use.

    Ids: two special tokens, the bytes that occur in UTF-8, the merges in order, runs of 24 to 2 spaces.
    """
    planes = np.frombuffer(zlib.decompress(read_packed("neox-20b.zlib")), np.uint8).reshape(4, -1)
    pairs = list(zip(*np.ascontiguousarray(planes.T).view("<u2").T.tolist(), strict=True))
    order = sorted(set(range(256)) - _NEVER_IN_TEXT, key=byte_letters().__getitem__)
    specials = ["<|endoftext|>", "<|padding|>"]
    table = [text.encode() for text in specials] + [bytes([value]) for value in order]
    for left, right in pairs:
        table.append(table[left] + table[right])
    first = 2 + len(order)
    added = [AddedToken(number, text) for number, text in enumerate(specials)]
    for count in range(24, 1, -1):
        added.append(AddedToken(len(table), " " * count, normalized=True))
        table.append(b" " * count)
    ids = {value: number for number, value in enumerate(order, start=2)}
    return BPETokenizer(
        "neox-20b",
        table,
        dict(zip(pairs, enumerate(range(first, first + len(pairs))), strict=True)),
        byte_ids=[ids.get(value) for value in range(256)],
        split=make_splitter({"type": "ByteLevel", "add_prefix_space": False}),
        normalize=make_normalizer({"type": "NFC"}),
        added=AddedTokens(added),
        end_token=0,
    )
