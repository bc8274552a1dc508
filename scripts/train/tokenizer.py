"""Train the byte-level BPE vocabulary of the default model; token 0 ends a text."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scripts.train.corpus import read_split, training_folder
from scripts.train.manuals import ASKING
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|endoftext|>"


SETS = ("train", "decay", "valid", "test")
"""The arrays of tokens: `decay` is what the decays of the training read, a mixture of the training text."""
ABOUT_HEADINGS = tuple(f"<dialogue>\nUser: {ask.split('{')[0]}" for ask in ASKING)
"""How a conversation about the headings of a manual begins."""


def texts_of(folder: Path, name: str) -> list[str]:
    """The documents of an array.

    The manuals are more than a quarter of the training text, and easier to predict than the rest. So in a
    decay, which decides what the model is best at, every second one is left out, and small talk comes twice.
    The conversations about the manuals' headings are left out too: with these, a question about everyday
    things is answered by a definition.
    """
    if name not in ("train", "decay"):
        return read_split(folder, name)
    texts, talk = read_split(folder, "train"), read_split(folder, "talk")
    if name == "train":
        return texts + talk
    manuals = [index for index, text in enumerate(texts) if text.startswith("<manual>")]
    left_out = set(manuals[1::2])
    kept = (text for index, text in enumerate(texts) if index not in left_out)
    return [text for text in kept if not text.startswith(ABOUT_HEADINGS)] + 2 * talk


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


def encode(folder: Path, name: str, texts: list[str], tokenizer: Tokenizer) -> np.ndarray:
    """Documents as one array of tokens, each preceded by token 0; saved as `name`.npy."""
    tokens: list[int] = []
    for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
        tokens.append(0)
        tokens += encoding.ids
    tokens.append(0)
    array = np.array(tokens, dtype=np.uint16)
    np.save(folder / f"{name}.npy", array)
    return array


def build(folder: Path) -> None:
    """Write tokenizer.json and the arrays of tokens."""
    tokenizer = train_tokenizer(read_split(folder, "train"))
    tokenizer.save(str(folder / "tokenizer.json"))
    for name in SETS:
        texts = texts_of(folder, name)
        tokens = encode(folder, name, texts, tokenizer)
        size = sum(len(text.encode()) for text in texts)
        print(f"{name}: {len(tokens):,} tokens, {size / len(tokens):.3f} bytes a token", file=sys.stderr)


if __name__ == "__main__":
    build(training_folder())
