"""The arrays of tokens that training reads, and what a decay reads instead."""

from pathlib import Path

import numpy as np
import pytest
from scripts.train import tokenizer
from scripts.train.corpus import SEPARATOR
from tokenizers import Tokenizer

MANUALS = [f"<manual>\nOpen file {i}." for i in range(5)]
NOVELS = [f"<novel>\nChapter {i}." for i in range(3)]
ABOUT = "<dialogue>\nUser: Please explain file modes.\n\nAssistant: A mode is a number."
TALK = ["<dialogue>\nUser: Hello\n\nAssistant: Hello!"]
TRAIN = [MANUALS[0], NOVELS[0], MANUALS[1], MANUALS[2], NOVELS[1], MANUALS[3], ABOUT, MANUALS[4], NOVELS[2]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, texts in (("train", TRAIN), ("talk", TALK), ("valid", NOVELS[:1]), ("test", MANUALS[:1])):
        (tmp_path / f"{name}.txt").write_text(SEPARATOR.join(texts), encoding="utf-8")
    return tmp_path


def test_a_decay_reads_fewer_manuals_and_more_small_talk(folder: Path) -> None:
    assert tokenizer.texts_of(folder, "train") == TRAIN + TALK
    halved = [text for text in TRAIN if text not in (MANUALS[1], MANUALS[3], ABOUT)]
    assert tokenizer.texts_of(folder, "decay") == halved + 2 * TALK
    assert tokenizer.texts_of(folder, "valid") == NOVELS[:1]


def test_each_array_has_its_documents_between_end_tokens(folder: Path) -> None:
    tokenizer.build(folder)
    made = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for name in tokenizer.SETS:
        tokens = np.load(folder / f"{name}.npy")
        assert tokens[0] == tokens[-1] == 0
        pieces = np.split(tokens[:-1], np.flatnonzero(tokens[:-1] == 0)[1:])
        texts = [made.decode(piece[1:].tolist()) for piece in pieces]
        assert texts == tokenizer.texts_of(folder, name)
