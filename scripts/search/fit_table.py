"""Fit the static table to MiniLM, and write site/models/minilm-static/.

    python scripts/search/fit_table.py

Embedding the texts takes most of the time; their vectors are kept in build/search/, so that it can be
interrupted. `table` has the arithmetic. It needs scipy (the extra `test`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

from scripts.search.folders import describe_folder  # noqa: E402
from scripts.search.original import VOCABULARY, open_original  # noqa: E402
from scripts.search.table import Floats, fit, means, piece_weights, principal_axes  # noqa: E402
from scripts.search.texts import definitions, questions, read_wordnet  # noqa: E402

from goosequill.kernels import load_kernel  # noqa: E402
from goosequill.search.embedders import ROTATION, TABLE  # noqa: E402
from goosequill.search.minilm import MiniLM  # noqa: E402
from goosequill.tokenizers.wordpiece import WordPiece, load_wordpiece  # noqa: E402
from goosequill.weights.formats import safetensors  # noqa: E402
from goosequill.weights.quantize import quantize  # noqa: E402

OUTPUT = ROOT / "site" / "models" / "minilm-static"
CACHE = ROOT / "build" / "search"
DIMENSIONS = 256
RIDGE = 0.02
CHUNK = 3_000
"""Texts whose vectors are kept in one file."""
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def embed_texts(model: MiniLM, texts: list[str]) -> Floats:
    """Return MiniLM's vectors of texts, from the cache as far as they are there."""
    parts = []
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start : start + CHUNK]
        entry = CACHE / f"{hashlib.sha256(json.dumps(chunk).encode()).hexdigest()[:24]}.npy"
        if not entry.is_file():
            CACHE.mkdir(parents=True, exist_ok=True)
            np.save(entry.with_suffix(".new.npy"), model.embed(chunk))
            entry.with_suffix(".new.npy").replace(entry)
            print(f"fit_table: {start + len(chunk):,} of {len(texts):,} texts", flush=True)
        parts.append(np.load(entry))
    return np.concatenate(parts)


def embed_pieces(model: MiniLM, tokenizer: WordPiece) -> Floats:
    """Return MiniLM's vector of each piece alone, between [CLS] and [SEP]; zeros for special tokens."""
    entry = CACHE / "pieces.npy"
    if not entry.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        first, last = tokenizer.encode("")
        np.save(entry, model.embed_pieces([[first, piece, last] for piece in range(tokenizer.vocab_size)]))
    vectors: Floats = np.load(entry)
    return vectors


def fit_table(
    model: MiniLM, tokenizer: WordPiece, texts: list[str], axes_texts: int
) -> tuple[Floats, Floats]:
    """Return the table [V, D] and the rotation [C, C]; the first texts, definitions, decide the axes."""
    vectors = embed_texts(model, texts)
    mean, axes = principal_axes(vectors[:axes_texts])
    wanted = (vectors - mean) @ axes[:DIMENSIONS].T
    start = (embed_pieces(model, tokenizer) - mean) @ axes[:DIMENSIONS].T
    start *= piece_weights(tokenizer.vocab_size)[:, None]
    special = [tokenizer.vocabulary.index(name) for name in SPECIAL]
    start[special] = 0
    table = fit(
        means([tokenizer.pieces(text) for text in texts], tokenizer.vocab_size), wanted, start, ridge=RIDGE
    )
    table[special] = 0
    return table.astype(np.float32), axes.astype(np.float32)


def write_folder(table: Floats, rotation: Floats, output: Path) -> None:
    """Write the static table's folder, with the rotation that MiniLM's folder is made with."""
    output.mkdir(parents=True, exist_ok=True)
    safetensors.write(output / "rotation.safetensors", [(ROTATION, rotation.astype(np.float16))])
    safetensors.write(output / "table.safetensors", [(TABLE, quantize(table, 8))])
    (output / "vocab.txt").write_bytes(VOCABULARY.read_bytes())
    describe_folder(
        output,
        ("table.safetensors", "vocab.txt"),
        {
            "name": "static-minilm",
            "kind": "static",
            "title": "Static table",
            "description": "A vector for each word piece, fitted to all-MiniLM-L6-v2: quick, and less exact.",
            "dimensions": DIMENSIONS,
            "licence": "Apache-2.0, WordNet",
            "source": "scripts/search/fit_table.py",
            "quantization": {"bits": 8},
            "parameters": int(table.size),
        },
        space=output,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit the static table to MiniLM.")
    parser.add_argument("--definitions", type=int, default=51_000, help="at most this many")
    parser.add_argument("--questions", type=int, default=30_000, help="at most this many")
    options = parser.parse_args()
    tokenizer, model = load_wordpiece(VOCABULARY.read_bytes()), open_original(load_kernel())
    senses = read_wordnet()
    defined = definitions(senses)[: options.definitions]
    texts = defined + questions(senses)[: options.questions]
    table, rotation = fit_table(model, tokenizer, texts, len(defined))
    write_folder(table, rotation, OUTPUT)
    print(f"fit_table: {len(texts):,} texts; wrote {OUTPUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
