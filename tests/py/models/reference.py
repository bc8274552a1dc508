"""Logits from the PyPI package `rwkv` on torch, for each line of input: MODEL.pth, tokens, version, as JSON.

A program of its own, because the package chooses between RWKV-7 and the older versions by an
environment variable when it is imported. Writes MODEL.npy, float32 [T, V], and then a line.
"""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np


def compute(model_path: Path, tokens: Sequence[int], version: str) -> None:
    os.environ["RWKV_V7_ON"] = "1" if version in ("7", "7a") else "0"
    os.environ["RWKV_DE_VERSION"] = "1" if version == "7a" else "0"  # DeepEmbed
    os.environ["RWKV_JIT_ON"] = os.environ["RWKV_CUDA_ON"] = "0"
    sys.modules.pop("rwkv.model", None)  # torch, which takes long to import, stays
    from rwkv.model import RWKV

    # RWKV-7's class appends ".pth" by itself, the older one only where it is missing.
    model = RWKV(str(model_path.with_suffix("")), strategy="cpu fp32")
    state, rows = None, []
    for token in tokens:
        logits, state = model.forward([token], state)
        rows.append(logits.float().numpy())
    np.save(model_path.with_suffix(".npy"), np.stack(rows))


if __name__ == "__main__":
    for line in sys.stdin:
        path, tokens, version = json.loads(line)
        with redirect_stdout(sys.stderr):
            compute(Path(path), tokens, version)
        print("written", flush=True)
