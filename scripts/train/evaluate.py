"""The comparison table: bits per byte on held-out text, ours against compressors and an n-gram model.

The numpy engine reads every document of the test split from an empty state, with the same weights in float32,
8 and 4 bits. Writes results.json into the training folder, where the model card finds the table. `--model`
evaluates a model folder instead of a run's checkpoint: `--model site/models/default --only int8`, say.
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from scripts.train import kneser_ney
from scripts.train.corpus import OLDER, REGISTERS, read_split, training_folder
from scripts.train.export import Tensors, compress, read_checkpoint, read_released
from scripts.train.phases import PHASES
from tokenizers import Tokenizer

from goosequill.evaluation.perplexity import surprisal
from goosequill.models import Model, load_model
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode

Row = dict[str, float]
OLDER_STYLES = "older styles"


def register_of(text: str) -> str:
    return text[1 : text.index(">")]


def groups(texts: list[str]) -> dict[str, list[int]]:
    """Which texts each column is about: all, those of the styles that the first model had, and each style."""
    found = [register_of(text) for text in texts]
    tags = [tag for tag in REGISTERS if tag in found]
    older = [i for i, tag in enumerate(found) if tag in OLDER]
    row = {"total": list(range(len(texts))), **({OLDER_STYLES: older} if len(older) < len(texts) else {})}
    return row | {tag: [i for i, other in enumerate(found) if other == tag] for tag in tags}


def per_register(texts: list[str], bits: list[float]) -> Row:
    """Bits per byte of every column."""
    sizes = [len(text.encode()) for text in texts]
    return {
        column: sum(bits[i] for i in chosen) / sum(sizes[i] for i in chosen)
        for column, chosen in groups(texts).items()
    }


def compressor_row(texts: list[str], compress_text: Callable[[bytes], bytes]) -> Row:
    """Compress the text of each column as one: compressors adapt as they go."""
    return {
        column: _ratio("".join(texts[i] for i in chosen), compress_text)
        for column, chosen in groups(texts).items()
    }


def _ratio(text: str, compress_text: Callable[[bytes], bytes]) -> float:
    data = text.encode()
    return 8 * len(compress_text(data)) / max(1, len(data))


def kneser_ney_row(folder: Path, texts: list[str], ids: list[list[int]]) -> Row:
    orders = kneser_ney.train(np.load(folder / "train.npy"))
    bits = []
    for tokens in ids:
        found = kneser_ney.probabilities(orders, np.array([0, *tokens], np.uint16), vocab_size=4096)
        bits.append(float(-np.log2(found).sum()))
    return per_register(texts, bits)


def load_rounded(tensors: Tensors, bits: Literal[8, 4] | None, *, throughout: bool = False) -> Model:
    data = b"".join(encode(compress(tensors, bits, throughout=throughout).items()))
    return load_model(open_tensors(BytesSource(data, "quantized")))


def model_row(model: Model, texts: list[str], ids: list[list[int]]) -> Row:
    bits: list[float] = []
    for index, tokens in enumerate(ids):
        bits.append(float(surprisal(model, tokens, end_token=0).sum()))
        if index % 50 == 49:
            print(f"{index + 1}/{len(ids)}", file=sys.stderr, flush=True)
    return per_register(texts, bits)


def sample(texts: list[str], every: int) -> list[str]:
    return texts[::every]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", default=PHASES[-1].end)
    parser.add_argument("--model", type=Path, help="a model folder to measure instead of a run")
    parser.add_argument("--weights", default="average", choices=("average", "model"))
    parser.add_argument(
        "--only", default="", help="comma-separated rows: gzip,xz,kneser-ney,float32,int8,int4,int4-all"
    )
    parser.add_argument("--every", type=int, default=1, help="only every n-th document")
    options = parser.parse_args()
    folder = training_folder()
    texts = sample(read_split(folder, "test"), options.every)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    if options.model:
        tensors, _ = read_released(options.model)
    else:
        tensors, _ = read_checkpoint(options.run, weights=options.weights)
    ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]

    def ours(bits: Literal[8, 4] | None, *, throughout: bool = False) -> Callable[[], Row]:
        return lambda: model_row(load_rounded(tensors, bits, throughout=throughout), texts, ids)

    rows: dict[str, Callable[[], Row]] = {
        "gzip": lambda: compressor_row(texts, lambda data: gzip.compress(data, 9)),
        "xz": lambda: compressor_row(texts, lambda data: lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)),
        "kneser-ney": lambda: kneser_ney_row(folder, texts, ids),
        "float32": ours(None),
        "int8": ours(8),
        "int4": ours(4),
        "int4-all": ours(4, throughout=True),
    }
    wanted = options.only.split(",") if options.only else list(rows)
    path = folder / "results.json"
    for name in wanted:
        row = {key: round(value, 4) for key, value in rows[name]().items()}
        results = json.loads(path.read_text()) if path.exists() else {}
        results[name] = row
        print(name, row, flush=True)
        path.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
