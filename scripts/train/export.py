"""Write a trained checkpoint as the site's default model: config.json, weights in 4 bits, tokenizer.

It exports the checkpoint's averaged weights (an exponential mean over the last few hundred steps): they are
better while the learning rate is high, and close to the last weights after a decay.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scripts.train.corpus import registers, training_folder
from scripts.train.phases import BITS, COMPENSATED

from goosequill.loading.load import peak_memory
from goosequill.loading.opening import open_path
from goosequill.weights import QuantizedMatrix, folder_reader, open_folder, quantize
from goosequill.weights.formats.safetensors import write
from goosequill.weights.quantize import bits_for

DEFAULT = Path(__file__).resolve().parents[2] / "site" / "models" / "default"
Tensors = dict[str, NDArray[np.float32]]

PROMPTS = [
    {"title": "A novel", "text": "<novel>\nIt was a dark evening in November, and"},
    {"title": "A speech", "text": "<speech>\nFellow citizens, the state of our Union"},
    {"title": "A play", "text": "<verse>\nKING.\nWhat news, good cousin, from"},
    {"title": "Scripture", "text": "<scripture>\nAnd it came to pass in those days, that"},
    {"title": "A definition", "text": "<definition>\ngoosequill (noun):"},
    {"title": "A country", "text": "<fact>\nGoosequillia\n\nBackground:"},
    {"title": "A manual", "text": "<manual>\nTo open a file, call"},
    {"title": "A conversation", "text": "<dialogue>\nUser: What is a feather?\n\nAssistant:"},
]


def read_checkpoint(run: str, *, weights: str = "average") -> tuple[Tensors, dict[str, Any]]:
    """The last checkpoint of a run: its tensors in float32 under BlinkDL's names, and its figures."""
    saved = torch.load(training_folder() / "runs" / run / "last.pt", weights_only=True)
    tensors = {name: value.float().numpy() for name, value in saved[weights].items()}
    return tensors, {key: saved[key] for key in ("size", "step", "tokens", "seconds", "origin")}


def read_released(folder: Path) -> tuple[Tensors, dict[str, Any]]:
    """A model folder's tensors in float32 (quantized ones dequantized) and its config.json."""
    opened = open_folder(folder_reader(folder))
    read = {name: opened.tensors.read(name) for name in opened.tensors.names()}
    tensors = {
        name: value.dequantize() if isinstance(value, QuantizedMatrix) else value
        for name, value in read.items()
    }
    return tensors, opened.description


def compress(
    tensors: Tensors, bits: Literal[8, 4] | None, *, throughout: bool = False
) -> dict[str, NDArray[np.float32] | QuantizedMatrix]:
    """Quantize the matrices, keep everything else in float32; `throughout`: the embedding too."""

    def form(name: str, value: NDArray[np.float32]) -> NDArray[np.float32] | QuantizedMatrix:
        chosen = bits and bits_for(name, value.shape, bits)
        return quantize(value, bits if throughout and bits else chosen) if chosen else value

    return {name: form(name, value) for name, value in tensors.items()}


def describe(folder: Path, tensors: Tensors, figures: dict[str, Any], *, bits: int | None) -> dict[str, Any]:
    count, version = sum(value.size for value in tensors.values()), figures["size"]["version"]
    files = [
        {"name": name, "bytes": (folder / name).stat().st_size, "sha256": _digest(folder / name)}
        for name in ("model.safetensors", "tokenizer.json")
    ]
    return {
        "format": "goosequill-model",
        "format_version": 1,
        "name": "default",
        "title": "Goosequill, the default model",
        "description": f"RWKV-{version} with {count / 1e6:.1f} million parameters, trained "
        "from scratch on public-domain and openly licensed English. It writes in the manner of its sources, "
        "and has no reliable knowledge.",
        "architecture": f"rwkv{version}",
        "licence": "Apache-2.0",
        "source": "scripts/train",
        "tokenizer": {"kind": "bpe", "file": "tokenizer.json"},
        "end_token": 0,
        "quantization": {"bits": bits},
        "parameters": count,
        "memory": peak_memory(open_path(folder / "model.safetensors").tensors),
        "group_norm_eps": 64e-5,
        "files": files,
        "prompts": PROMPTS,
        "chat": {"prefix": "<dialogue>\n", "user": "User: ", "assistant": "Assistant:", "stop": ["\n\nUser"]},
        "registers": [{"name": tag, "tag": f"<{tag}>\n"} for tag in registers()],
        "training": {
            "steps": figures["step"],
            "tokens": figures["tokens"],
            "cpu_seconds": round(figures["seconds"]),
            **({"origin": figures["origin"]} if figures["origin"] else {}),
        },
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def export(run: str, folder: Path, *, bits: Literal[8, 4] | None = BITS, weights: str = "average") -> None:
    """Write the model folder, except its card."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors, figures = read_checkpoint(run, weights=weights)
    stored = compress(tensors, bits)
    forms = {name: value.bits for name, value in stored.items() if isinstance(value, QuantizedMatrix)}
    metadata = {"format": "pt", **({"goosequill.quantization": json.dumps(forms)} if bits else {})}
    write(folder / "model.safetensors", stored.items(), metadata)
    shutil.copy(training_folder() / "tokenizer.json", folder / "tokenizer.json")
    description = describe(folder, tensors, figures, bits=bits)
    (folder / "config.json").write_text(json.dumps(description, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", default=COMPENSATED)
    parser.add_argument("--bits", type=int, default=BITS, choices=(8, 4, 32))
    parser.add_argument("--weights", default="average", choices=("average", "model"))
    parser.add_argument("--to", type=Path, default=DEFAULT)
    options = parser.parse_args()
    export(
        options.run, options.to, bits=None if options.bits == 32 else options.bits, weights=options.weights
    )


if __name__ == "__main__":
    main()
