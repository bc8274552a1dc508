"""Tokenizers: text to token ids and back, for every RWKV model.

``load_tokenizer("world")`` for World models, ``"neox-20b"`` for RWKV-4 Pile and Raven, ``"byte"``, or a
``tokenizer.json``. The package includes both large vocabularies, compressed to 115 and 170 kB.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from goosequill.errors import TokenizerError
from goosequill.support.budget import Budget, File
from goosequill.tokenizers.base import Tokenizer
from goosequill.tokenizers.bpe import NEOX_SIZE, load_neox, load_tokenizer_json
from goosequill.tokenizers.byte import ByteTokenizer
from goosequill.tokenizers.stream import StreamDecoder
from goosequill.tokenizers.world import WORLD_SIZE, WorldTokenizer, load_world, parse_vocabulary

__all__ = [
    "MAX_FILE",
    "StreamDecoder",
    "Tokenizer",
    "check_vocabulary",
    "is_built_in",
    "load_tokenizer",
    "tokenizer_for_vocabulary",
]

_BUILT_IN: dict[str, Callable[[], Tokenizer]] = {
    "world": load_world,
    "neox-20b": load_neox,
    "byte": ByteTokenizer,
}
# Models may have more rows than tokens, because sizes are rounded up: to a multiple of 512 at most.
_PADDING = 512
_KEEP = -1
MAX_FILE = 64_000_000
"""Bytes of a tokenizer's file; the largest of byte-level BPE have 30 MB."""


def is_built_in(name: str) -> bool:
    """Whether a tokenizer of this name ships with the package."""
    return name.lower() in _BUILT_IN


def load_tokenizer(spec: str | Path | bytes, *, end_token: int | None = _KEEP) -> Tokenizer:
    """Return a tokenizer.

    Parameters
    ----------
    spec
        ``"world"``, ``"neox-20b"``, ``"byte"``; or the path or the bytes of a Hugging Face
        ``tokenizer.json`` (byte-level BPE) or of a vocabulary in BlinkDL's text form.
    end_token
        The end-of-text token, if the model has its own; by default the tokenizer's.

    Raises
    ------
    TokenizerError
        ``tokenizer-missing``, ``tokenizer-file``, ``tokenizer-unsupported`` or ``tokenizer-incomplete``.

    Examples
    --------
    >>> world = load_tokenizer("world")
    >>> world.encode("A goose.")
    [66, 38609, 47]
    """
    if isinstance(spec, str) and is_built_in(spec):
        tokenizer: Tokenizer = _BUILT_IN[spec.lower()]()
    else:
        data = spec if isinstance(spec, bytes) else _read(Path(spec))
        tokenizer = _load_file(File("tokenizer", data, Budget(packed=MAX_FILE)))
    if end_token != _KEEP:
        tokenizer.end_token = end_token
    return tokenizer


def _read(path: Path) -> bytes:
    try:
        file = path / "tokenizer.json" if path.is_dir() else path
        if file.exists() and not file.is_file():  # a device or a pipe, which may never end
            raise OSError("it is not a regular file")
        with open(file, "rb") as stream:
            return stream.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        raise TokenizerError(
            f"The tokenizer {str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}.",
            code="tokenizer-missing",
        ) from error


def _load_file(file: File) -> Tokenizer:
    try:
        text = file.bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TokenizerError(
            "The tokenizer file is not UTF-8 text.",
            code="tokenizer-file",
            remedy="Choose a Hugging Face tokenizer.json, or rwkv_vocab_v20230424.txt.",
        ) from error
    except ValueError as error:
        raise TokenizerError(
            f"The tokenizer file has more than {MAX_FILE:,} bytes.", code="tokenizer-file"
        ) from error
    if text.lstrip()[:1] == "{":
        return load_tokenizer_json(text)
    return WorldTokenizer(parse_vocabulary(text))


def tokenizer_for_vocabulary(vocab_size: int) -> str | None:
    """Return the name of the built-in tokenizer for models with this vocabulary size, or None."""
    if vocab_size == WORLD_SIZE:
        return "world"
    if vocab_size == 256:
        return "byte"
    return "neox-20b" if NEOX_SIZE <= vocab_size <= 50304 else None


def check_vocabulary(tokenizer: Tokenizer, vocab_size: int) -> None:
    """Refuse a tokenizer that does not belong to a model.

    Parameters
    ----------
    vocab_size
        The model's number of rows.

    Raises
    ------
    TokenizerError
        ``tokenizer-mismatch``: the tokenizer has more ids than the model has rows, or far fewer.
    """
    if tokenizer.vocab_size <= vocab_size < tokenizer.vocab_size + _PADDING:
        return
    right = tokenizer_for_vocabulary(vocab_size)
    hint = f'The tokenizer for this model is probably "{right}".' if right else ""
    raise TokenizerError(
        f"The tokenizer has {tokenizer.vocab_size:,} tokens, but the model has {vocab_size:,}: "
        "they do not belong together, and the output would be nonsense.",
        code="tokenizer-mismatch",
        remedy=hint or None,
    )
