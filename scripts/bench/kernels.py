"""Compare two builds of a SIMD kernel, in turns, on the same model in the same memory.

    python scripts/bench/kernels.py OTHER.wasm                 ratios of the built site's times to OTHER's
    python scripts/bench/kernels.py OTHER.wasm --only int4     some models, by parts of their names

Where a model comes to lie in memory changes its speed by some percent, and two pages (builds.py) have it in
two places. The builds run the same programs: of one token, with all logits in 8 bits, and of 64 tokens.
OTHER needs the same abi.py, and no more memory for a step.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[2] / "py")]

from scripts.bench.bench import SITE, ask, chromium, open_page, prepare, read_memory, start  # noqa: E402
from scripts.bench.steps import CHOICES, COUNTS  # noqa: E402

ROUNDS = {1: 120, 64: 8}
LOADS = 3


def main() -> None:
    """Print the ratios, with their quartiles, for each model and number of tokens."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("other", type=Path)
    parser.add_argument("--only", nargs="*", default=["relaxed"])
    options = parser.parse_args()
    chosen = [each for each in CHOICES if any(part in each.described for part in options.only)]
    prepare(chosen)
    shutil.copy(options.other, SITE / "other.wasm")
    with chromium() as (browser, base):
        meter = open_page(browser, base, "meter")
        for each in chosen:
            ratios: dict[int, list[float]] = {count: [] for count in COUNTS}
            memory = []
            for _ in range(LOADS):
                page = start(browser, base, each)
                memory.append(read_memory(meter, 1))
                for count, found in ratios.items():
                    pairs = ask(page, "turns", {"count": count, "rounds": ROUNDS[count]})
                    found += [own / other for own, other in pairs]
                page.context.close()
            print(f"{each.described} ({statistics.median(memory):.1f} GB/s)")
            for count, found in ratios.items():
                low, middle, high = statistics.quantiles(found, n=4)
                print(f"  {count:2} tokens: {middle:.3f} ({low:.3f} to {high:.3f}) of the time")


if __name__ == "__main__":
    main()
