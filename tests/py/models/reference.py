"""Logits from the PyPI package `rwkv` on torch: ``python reference.py MODEL.pth TOKENS.json``.

A program of its own, because the package chooses between RWKV-7 and the older versions by an
environment variable when it is imported. Writes MODEL.npy, float32 [T, V].
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main(model_path: Path, tokens_path: Path, *, version: str) -> None:
    os.environ["RWKV_V7_ON"] = "1" if version in ("7", "7a") else "0"
    os.environ["RWKV_DE_VERSION"] = "1" if version == "7a" else "0"  # DeepEmbed
    os.environ["RWKV_JIT_ON"] = os.environ["RWKV_CUDA_ON"] = "0"
    import numpy as np
    from rwkv.model import RWKV

    # RWKV-7's class appends ".pth" by itself, the older one only where it is missing.
    model = RWKV(str(model_path.with_suffix("")), strategy="cpu fp32")
    state, rows = None, []
    for token in json.loads(tokens_path.read_text()):
        logits, state = model.forward([token], state)
        rows.append(logits.float().numpy())
    np.save(model_path.with_suffix(".npy"), np.stack(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), version=sys.argv[3])
