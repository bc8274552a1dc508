"""A small static index of random texts with random vectors, and the same search in Python."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from goosequill.search.bm25 import STOP_WORDS, WordIndex
from goosequill.search.web import DIMENSIONS, Postings, WebPassage, web_files
from goosequill.tokenizers.wordpiece import WordPiece

WORDS = [
    *("quill", "river", "stone", "lamp", "window", "garden", "cloud", "salt", "paper"),
    *("engine", "random", "temperature", "text", "letter", "mountain"),
]
ENDINGS = ["", "s", "ing", "ed", "ly", "ness", "er"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def vocabulary() -> list[str]:
    """A small WordPiece vocabulary in which some words need several pieces and some have none."""
    letters = [chr(code) for code in range(97, 123)]
    marks = list("!?.,;:-#$'()[]")
    starts = {word[:size] for word in WORDS for size in (2, 3, 4, len(word))}
    inner = {f"##{ending}" for ending in ENDINGS if ending} | {f"##{letter}" for letter in letters}
    rest = {f"##{word[2:]}" for word in WORDS} | {"über", "uber", "東", "café", "cafe", "σ", "ω"}
    return SPECIAL + sorted({*letters, *marks, *starts, *inner, *rest} - {"##z", "q"})


class StaticIndex:
    """An index of random texts with random vectors, and what is needed to search it in Python."""

    def __init__(self, folder: Path, documents: int = 60, per_document: int = 5) -> None:
        draw = random.Random(3)
        values = np.random.default_rng(3)
        self.folder = folder
        self.pieces = vocabulary()
        decay = np.exp(-np.arange(DIMENSIONS) / 40).astype(np.float32)
        self.rows = (values.standard_normal((len(self.pieces), DIMENSIONS)) * decay).astype(np.float32)
        self.texts = [
            " ".join(draw.choice(WORDS) + draw.choice(ENDINGS) for _ in range(draw.randrange(20, 40)))
            + " <b>&"
            for _ in range(documents * per_document)
        ]
        vectors = values.standard_normal((len(self.texts), DIMENSIONS)).astype(np.float32) * decay + 0.05
        self.vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        self.index = WordIndex()
        self.index.add(self.texts)
        self.per_document = [per_document] * documents
        stage = {"weight": 0.3, "threshold": 0.1, "middle": 0.4, "slope": 10}
        files = web_files(
            [
                WebPassage(f"Page {i // per_document}", "A › B", f"p{i}/#a", text)
                for i, text in enumerate(self.texts)
            ],
            self.per_document,
            self.vectors,
            postings=(Postings(*each) for each in self.index.terms()),
            pieces=self.pieces,
            rows=self.rows,
            facts={"words": {"stop": sorted(STOP_WORDS)}, "stages": {"meaning": stage}},
        )
        (folder / "web").mkdir()
        for name, data in files:
            (folder / "web" / name).write_bytes(data)

    def question(self, text: str) -> np.ndarray:
        ids = WordPiece(self.pieces).pieces(text)
        mean = self.rows[ids].sum(axis=0)
        return mean / np.linalg.norm(mean)

    def scores(self, text: str) -> np.ndarray:
        """The full static stage's scores: z(cosine) + .3 z(BM25)."""
        cosines, words = self.vectors @ self.question(text), self.index.scores(text)
        z = [(x - x.mean()) / (x.std() or 1) for x in (cosines, words)]
        return z[0] + 0.3 * z[1]
