"""Train the byte-level BPE vocabulary of the default model; token 0 ends a text."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scripts.train.corpus import read_split, training_folder
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|endoftext|>"


FILES = {"train": ("train", "talk"), "valid": ("valid",), "test": ("test",)}
"""The text files of each split."""


def train_tokenizer(texts: list[str], *, vocab_size: int = 4096) -> Tokenizer:
    """A byte-level BPE with GPT-2's word pattern, as Hugging Face's `ByteLevel` applies it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode_split(folder: Path, split: str, tokenizer: Tokenizer) -> np.ndarray:
    """All documents of a split as one array of tokens, each document preceded by token 0."""
    tokens: list[int] = []
    texts = [text for name in FILES[split] for text in read_split(folder, name)]
    for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
        tokens.append(0)
        tokens += encoding.ids
    tokens.append(0)
    array = np.array(tokens, dtype=np.uint16)
    np.save(folder / f"{split}.npy", array)
    return array


def build(folder: Path) -> None:
    """Write tokenizer.json and the token arrays of the three splits."""
    tokenizer = train_tokenizer(read_split(folder, "train"))
    tokenizer.save(str(folder / "tokenizer.json"))
    for split in FILES:
        tokens = encode_split(folder, split, tokenizer)
        size = sum((folder / f"{name}.txt").stat().st_size for name in FILES[split])
        print(f"{split}: {len(tokens):,} tokens, {size / len(tokens):.3f} bytes a token", file=sys.stderr)


if __name__ == "__main__":
    build(training_folder())
