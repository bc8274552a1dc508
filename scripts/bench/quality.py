"""The loss of quality from quantizing the default model, in bits per byte of unseen text.

The text is the test split of the training corpus, written by `python -m scripts.train.corpus`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from scripts.train.corpus import read_split, training_folder

from goosequill.evaluation.perplexity import surprisal
from goosequill.loading.load import load_path
from goosequill.models import load_model
from goosequill.weights import (
    BytesSource,
    QuantizedMatrix,
    folder_reader,
    open_folder,
    open_tensors,
    quantize,
)
from goosequill.weights.formats.safetensors import encode
from goosequill.weights.quantize import bits_for

MODEL = Path(__file__).resolve().parents[2] / "site" / "models" / "default"
EVERY = 20
"""Only every n-th document is read."""


def measure() -> dict[str, Any] | None:
    """Bits per byte of the model in float32, 8 and 4 bits; None without the text."""
    if not (training_folder() / "test.txt").exists():
        return None
    tensors, tokenizer = open_folder(folder_reader(MODEL)).tensors, load_path(MODEL).tokenizer
    read = {name: tensors.read(name) for name in tensors.names()}
    full = {name: x.dequantize() if isinstance(x, QuantizedMatrix) else x for name, x in read.items()}
    texts = read_split(training_folder(), "test")[::EVERY]
    size = sum(len(text.encode()) for text in texts)
    ids = [tokenizer.encode(text) for text in texts]

    def bits_per_byte(bits: Literal[8, 4] | None) -> float:
        forms = {name: bits_for(name, x.shape, bits) if bits else None for name, x in full.items()}
        stored = {name: quantize(full[name], form) if form else full[name] for name, form in forms.items()}
        model = load_model(open_tensors(BytesSource(b"".join(encode(stored.items())))))
        found = (surprisal(model, tokens, end_token=tokenizer.end_token).sum() for tokens in ids)
        return float(sum(found)) / size

    rows = {"f32": bits_per_byte(None), "int8": bits_per_byte(8), "int4": bits_per_byte(4)}
    return {"documents": len(texts), "bytes": size, "bits_per_byte": rows}


def describe(found: dict[str, Any] | None) -> str:
    """The result as a sentence."""
    if found is None:
        return "Bits per byte were not measured: the training corpus is not here."
    rows = found["bits_per_byte"]
    cost = {name: rows[name] / rows["f32"] - 1 for name in ("int8", "int4")}
    return (
        f"The default model takes {rows['f32']:.4f} bits per byte for {found['documents']} documents "
        f"({found['bytes'] / 1e3:,.0f} kB) of its test text; quantizing costs {cost['int8']:+.3%} in int8 "
        f"and {cost['int4']:+.3%} in int4."
    )
