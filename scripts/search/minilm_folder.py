"""Quantize MiniLM for the site: models/minilm/, from the vendored weights and the static table's axes.

Matrices get 8 bits, one scale a row, fitted to the texts in calibration.txt; the rest stays in float32. The
result is kept (scripts/kept.py) until an input changes.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scripts.kept import digest, kept
from scripts.search.folders import ROTATION_FILE, describe_folder
from scripts.search.gptq import input_moments, quantize_for
from scripts.search.original import HEADS, ROOT, VOCABULARY, WEIGHTS, OriginalTensors

from goosequill.search.embedders import ROTATION
from goosequill.search.minilm import MAX_PIECES
from goosequill.tokenizers.wordpiece import load_wordpiece
from goosequill.weights.formats import safetensors
from goosequill.weights.formats.safetensors import SafetensorsSource
from goosequill.weights.quantize import QuantizedMatrix, quantize
from goosequill.weights.source import FileSource

STATIC = ROOT / "site" / "models" / "minilm-static"
CALIBRATION = Path(__file__).with_name("calibration.txt")
ROWS = ("word_embeddings.weight", "position_embeddings.weight")
UNUSED = ("pooler.", "embeddings.position_ids")
USED = ("kernels/numpy_kernel.py", "search/minilm.py", "tokenizers/wordpiece.py", "weights/quantize.py")
"""The parts of the package that the numbers come from."""
NOTICE = """\
all-MiniLM-L6-v2, by the authors of sentence-transformers, is licensed under the Apache License, Version 2.0,
which follows. Changes: the matrices are quantized to 8 bits, and a rotation of its vectors is added.

"""


def quantized() -> Iterator[tuple[str, NDArray[Any] | QuantizedMatrix]]:
    """Yield the tensors of the folder: matrices in 8 bits, and the axes of the vectors."""
    original, tokenizer = OriginalTensors(), load_wordpiece(VOCABULARY.read_bytes())
    texts = CALIBRATION.read_text(encoding="utf-8").splitlines()
    moments = input_moments(original, tokenizer, texts, heads=HEADS)
    for name in original.names():
        if name.startswith(UNUSED):
            continue
        tensor = original.read(name)
        if name == "embeddings.position_embeddings.weight":
            tensor = tensor[:MAX_PIECES]
        if name in moments:
            yield name, quantize_for(tensor, moments[name])
        else:  # rows of the embedding are read, not multiplied
            yield name, quantize(tensor, 8) if name.endswith(ROWS) else tensor
    rotation = SafetensorsSource(FileSource(STATIC / ROTATION_FILE)).read(ROTATION)
    yield ROTATION, np.asarray(rotation, np.float16)


def write_folder(output: Path) -> None:
    """Write the model's folder; `output` may exist and be empty."""
    output.mkdir(parents=True, exist_ok=True)
    tensors = list(quantized())
    safetensors.write(output / "model.safetensors", tensors)
    shutil.copyfile(VOCABULARY, output / "vocab.txt")
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    (output / "LICENSE").write_text(NOTICE + licence, encoding="utf-8")
    describe_folder(
        output,
        ("model.safetensors", "vocab.txt"),
        {
            "name": "minilm-l6",
            "kind": "bert",
            "title": "all-MiniLM-L6-v2",
            "description": "A sentence encoder with 22.7 million parameters, for English.",
            "dimensions": 384,
            "heads": HEADS,
            "licence": "Apache-2.0",
            "source": "sentence-transformers/all-MiniLM-L6-v2",
            "quantization": {"bits": 8},
            "parameters": sum(int(np.prod(tensor.shape)) for name, tensor in tensors if name != ROTATION),
        },
        space=STATIC,
    )


def build_minilm(output: Path) -> None:
    """Copy the quantized model to `output`, quantizing it only if an input has changed."""
    shutil.copytree(quantized_minilm(), output, dirs_exist_ok=True)


def quantized_minilm() -> Path:
    """Return the folder of the quantized model, made again if an input has changed."""
    sources = [Path(__file__).with_name(name) for name in ("minilm_folder.py", "folders.py", "gptq.py")]
    used = [ROOT / "py" / "goosequill" / name for name in USED]
    inputs = [WEIGHTS, VOCABULARY, STATIC / ROTATION_FILE, CALIBRATION, ROOT / "LICENSE", *sources, *used]
    return kept("minilm", digest(*inputs), write_folder)


if __name__ == "__main__":
    build_minilm(Path(sys.argv[1]))
