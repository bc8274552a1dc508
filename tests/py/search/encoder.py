"""A small encoder with random weights, and the folders of embedding models, for tests."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.weights.formats import safetensors
from goosequill.weights.quantize import quantize

PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *"abcdefghijklmnop",
    *(f"##{c}" for c in "abcdefgh"),
    ".",
]
WIDTH, INNER, LAYERS, HEADS, PLACES = 32, 48, 2, 4, 40


def encoder_tensors(seed: int = 0, pieces: int = len(PIECES)) -> dict[str, NDArray[np.float32]]:
    """Random tensors with transformers' names."""
    source = np.random.default_rng(seed)

    def random(*shape: int) -> NDArray[np.float32]:
        return (source.standard_normal(shape) * 0.3).astype(np.float32)

    found = {
        "embeddings.word_embeddings.weight": random(pieces, WIDTH),
        "embeddings.position_embeddings.weight": random(PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": random(2, WIDTH),
        "embeddings.LayerNorm.weight": 1 + random(WIDTH),
        "embeddings.LayerNorm.bias": random(WIDTH),
    }
    shapes = {
        "attention.self.query": (WIDTH, WIDTH),
        "attention.self.key": (WIDTH, WIDTH),
        "attention.self.value": (WIDTH, WIDTH),
        "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (INNER, WIDTH),
        "output.dense": (WIDTH, INNER),
    }
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            found[f"encoder.layer.{layer}.{name}.weight"] = random(*shape)
            found[f"encoder.layer.{layer}.{name}.bias"] = random(shape[0])
        for name in ("attention.output", "output"):
            found[f"encoder.layer.{layer}.{name}.LayerNorm.weight"] = 1 + random(WIDTH)
            found[f"encoder.layer.{layer}.{name}.LayerNorm.bias"] = random(WIDTH)
    return found


def write_folder(folder: Path, kind: str = "bert", *, seed: int = 0, name: str = "small") -> Path:
    """Write the folder of a small encoder ("bert") or a table of 16 dimensions ("static")."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors: list[Any]
    if kind == "bert":
        tensors = [
            (key, quantize(value, 8) if value.ndim == 2 and "token_type" not in key else value)
            for key, value in encoder_tensors(seed).items()
        ]
    else:
        table = np.random.default_rng(seed).standard_normal((len(PIECES), 16)).astype(np.float32)
        tensors = [("table", quantize(table, 8))]
    safetensors.write(folder / "model.safetensors", tensors)
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    describe(folder, {"name": name, "kind": kind, "heads": HEADS, "space": "s"})
    return folder


def describe(folder: Path, about: dict[str, Any]) -> None:
    """Write config.json for the files in a folder."""
    files = []
    for path in sorted(folder.iterdir()):
        if path.name != "config.json":
            data = path.read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            files.append({"name": path.name, "bytes": len(data), "sha256": digest})
    described = {"format": "goosequill-embedder", "format_version": 1, **about, "files": files}
    (folder / "config.json").write_text(json.dumps(described), encoding="utf-8")
