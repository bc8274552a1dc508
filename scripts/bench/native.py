"""Measure decoding natively: tokens per second by numpy and by the kernel, with one thread and with several.

    python scripts/bench/native.py                          the default model, 1 and 2 threads
    python scripts/bench/native.py --model MODEL --threads 1 2 4
    python scripts/bench/native.py --peers                  RWKV-7 0.19B, beside llama.cpp for this machine

Each round measures every variant once, in turn, so that other load on the machine hits all alike; the result
is the median of the rounds, with the range. The machine's load before the start is printed, because the
numbers mean little where something else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "py")]

from scripts.bench import native_peers  # noqa: E402

from goosequill.api.model import locate  # noqa: E402
from goosequill.kernels import KERNELS, load_kernel  # noqa: E402
from goosequill.loading.load import LoadedModel, load_path  # noqa: E402

DEFAULT = HERE.parents[1] / "site" / "models" / "default"
PROMPT = "Once upon a time there was a king who had a daughter. " * 8


def decode(loaded: LoadedModel, *, tokens: int) -> tuple[float, float]:
    """Return (tokens of a prompt, tokens of greedy text) per second."""
    ids, state = loaded.tokenizer.encode(PROMPT), loaded.model.new_state()
    start = time.perf_counter()
    logits = loaded.model.forward(ids, state)
    read = time.perf_counter()
    for _ in range(tokens):
        logits = loaded.model.forward([int(logits.argmax())], state)
    return len(ids) / (read - start), tokens / (time.perf_counter() - read)


def measure(
    path: Path, threads: list[int], *, tokens: int, rounds: int, quantize: Any
) -> list[dict[str, Any]]:
    """Measure every kernel with every number of threads."""
    variants = [(name, count) for name in reversed(KERNELS) for count in threads]
    speeds: dict[tuple[str, int], list[tuple[float, float]]] = {variant: [] for variant in variants}
    for _ in range(rounds):
        for name, count in variants:
            loaded = load_path(path, kernel=load_kernel(name, threads=count), quantize=quantize)
            decode(loaded, tokens=min(16, tokens))  # records programs, wakes threads
            speeds[name, count].append(decode(loaded, tokens=tokens))
    return [
        {
            "kernel": name,
            "threads": count,
            "prompt": round(statistics.median(read for read, _ in found), 1),
            "decode": round(statistics.median(written for _, written in found), 1),
            "slowest": round(min(written for _, written in found), 1),
            "fastest": round(max(written for _, written in found), 1),
        }
        for (name, count), found in speeds.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure native decoding with numpy and with the kernel.")
    parser.add_argument("--model", default=str(DEFAULT), help="a path or an id")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--quantize", type=int, choices=(8, 4))
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--peers", action="store_true", help="measure beside llama.cpp, with random weights")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    if options.peers:
        if not (found := native_peers.table(options.threads, options.rounds)):
            return 1
        print(f"load before: {load:.2f}\n\n{found}")
        return 0
    path = locate(options.model)
    settings = {"tokens": options.tokens, "rounds": options.rounds, "quantize": options.quantize}
    rows = measure(path, options.threads, **settings)
    if options.json:
        print(json.dumps({"load": load, "model": options.model, "rows": rows}, indent=2))
        return 0
    print(f"load before: {load:.2f}, {options.rounds} rounds of {options.tokens} tokens")
    print("kernel   threads   prompt/s   decode/s   (slowest to fastest)")
    for row in rows:
        spread = f"({row['slowest']:,} to {row['fastest']:,})"
        print(f"{row['kernel']:8} {row['threads']:7} {row['prompt']:10,} {row['decode']:10,}   {spread}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
