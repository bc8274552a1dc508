"""Where the time of one token and of a prompt goes, operation by operation, in Chromium.

    python scripts/bench/steps.py                  RWKV-4 169M and RWKV-7 0.19B, in 8 and 4 bits
    python scripts/bench/steps.py --only int4      some of them, by parts of their names

Steps are measured with their weights in a cache (step_times.py), the whole pass as it is: what it takes more
than its steps is the wait for memory. Build the site first.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[2] / "py")]

from scripts.bench.bench import ask, chromium, open_page, ours, prepare, read_memory, read_peaks, start  # noqa: E402
from scripts.bench.weights import RWKV4, RWKV7  # noqa: E402

COUNTS = (1, 40)
CHOICES = [
    *(ours(shape, bits, "relaxed") for shape in (RWKV4, RWKV7) for bits in (8, 4)),
    ours(RWKV4, 4, "plain"),
]


def print_steps(title: str, found: dict[str, Any], peak: float) -> None:
    """Print what a pass spends on each operation, the longest first."""
    whole: float = found["milliseconds"]
    steps: dict[str, tuple[int, float, int]] = {}
    for part in found["parts"]:
        count, taken, products = steps.get(part["name"], (0, 0.0, 0))
        steps[part["name"]] = (count + 1, taken + part["milliseconds"], products + part["products"])
    total, multiplied = (sum(each[i] for each in steps.values()) for i in (1, 2))
    multiplying = sum(taken for _, taken, products in steps.values() if products)
    print(
        f"\n{title}: {whole:.2f} ms, of which steps in a cache {total:.2f} ms, products {multiplying:.2f} ms"
    )
    print(f"  products: {multiplied / multiplying / 1e6:.1f} GMAC/s; the instruction's peak: {peak:.1f}")
    for name, (count, taken, products) in sorted(steps.items(), key=lambda item: -item[1][1]):
        rate = f"{products / taken / 1e6:8.1f} GMAC/s" if products else ""
        print(f"  {name:28}{count:4}{taken:9.3f} ms{taken / whole:7.1%}{rate}")


def main() -> None:
    """Print the bandwidth, then the steps of each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[""])
    options = parser.parse_args()
    chosen = [each for each in CHOICES if any(part in each.described for part in options.only)]
    prepare(chosen)
    with chromium() as (browser, base):
        meter = open_page(browser, base, "meter")
        bandwidth = max(read_memory(meter, 1) for _ in range(9))
        peaks = read_peaks(meter, {each.instruction for each in chosen})
        print(f"one thread reads {bandwidth:.1f} GB/s from memory")
        for each in chosen:
            page = start(browser, base, each)
            least = each.bytes_per_token / bandwidth / 1e6
            print(f"\n{each.described}: {each.bytes_per_token / 1e6:.0f} MB a token, {least:.2f} ms at least")
            for count in COUNTS:
                title = "one token" if count == 1 else f"{count} tokens"
                print_steps(title, json.loads(ask(page, "steps", {"count": count})), peaks[each.instruction])
            page.context.close()


if __name__ == "__main__":
    main()
