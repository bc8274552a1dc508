"""Where the time of one token and of a prompt goes, operation by operation, in Chromium.

    python scripts/bench/steps.py                  RWKV-4 169M and RWKV-7 0.19B, in 8 and 4 bits
    python scripts/bench/steps.py --only int4      some of them, by parts of their names

Steps are measured with their weights in a cache (step_times.py), the whole pass as it is: what it takes more
than its steps is the wait for memory. Build the site first.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[2] / "py")]

from scripts.bench.bench import ask, chromium, open_page, ours, prepare, read_memory, read_peaks, start  # noqa: E402
from scripts.bench.peak import highest  # noqa: E402
from scripts.bench.weights import RWKV4, RWKV7  # noqa: E402

from goosequill.kernels import abi  # noqa: E402

COUNTS = (1, abi.LIMITS["chunk"])
CHOICES = [
    # All logits in 8 bits, too: whether the head's sketch is of use depends on the token.
    *(ours(shape, bits, "relaxed", exact=bits == 8) for shape in (RWKV4, RWKV7) for bits in (8, 4)),
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


def print_bounds(found: dict[str, Any], size: float, bandwidths: dict[int, float]) -> None:
    """Print how fast a token can be if nothing but the weights of a product is read while it computes.

    It takes what is not a product, on one thread; a recurrence at least as long as its state takes from the
    memory and back; and then either what the memory takes for the weights, `size` bytes, or what the threads
    together take for the products. What three and four threads read is not known: the first number has the
    bandwidth of two, the second one that grows as from one thread to two. `make bench` measures at most the
    last share, since it also looks for the highest logit.
    """
    times = dict.fromkeys(("product", "recurrence", "other"), 0.0)
    for part in found["parts"]:
        kind = "product" if part["products"] else "recurrence" if "wkv" in part["name"] else "other"
        times[kind] += part["milliseconds"]
    state = 2 * found["state"] / bandwidths[1] / 1e6
    alone = times["other"] + max(times["recurrence"], state)
    gain = bandwidths[2] - bandwidths[1]
    print(f"  plain loads read them where they are: {found['read']:.2f} ms")
    more = print_texts(found["texts"])
    print(f"  the state, read and written: {state:.2f} ms; what is no product: {alone:.2f} ms at least")
    for count in range(1, 5):
        read = [bandwidths[min(count, 2)], bandwidths[1] + gain * (count - 1)]
        least = [alone + max(size / each / 1e6, times["product"] / count) for each in read]
        print(f"  {count} threads, at most: {1e3 / least[0]:.0f} or {1e3 / least[1]:.0f} tokens/s", end="")
        if count == 1:
            shares = [size / bandwidths[1] / 1e6 / (least[0] + extra) for extra in (0, more)]
            print(", {:.1%} of the memory's bound; with the highest logit {:.1%}".format(*shares), end="")
        print()


def print_texts(found: dict[str, list[float]]) -> float:
    """Print what a token takes more than a pass in the same turn; return that for the highest logit."""
    (_, passes), *texts = found.items()
    more = [
        statistics.median(each - alone for each, alone in zip(times, passes, strict=True))
        for _, times in texts
    ]
    listed = ", ".join(f"{name} {taken:.2f} ms" for (name, _), taken in zip(texts, more, strict=True))
    print(f"  more than its pass: {listed}")
    return more[0]


def main() -> None:
    """Print the bandwidth, then the steps of each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[""])
    options = parser.parse_args()
    chosen = [each for each in CHOICES if any(part in each.described for part in options.only)]
    prepare(chosen)
    bandwidths, of_four, peaks, results = {1: 0.0, 2: 0.0}, 0.0, dict[str, float](), []
    with chromium() as (browser, base):
        meter = open_page(browser, base, "meter")
        for each in chosen:
            page = start(browser, base, each)
            results.append({count: json.loads(ask(page, "steps", {"count": count})) for count in COUNTS})
            results[-1][1]["read"] = min(ask(page, "weights", {"times": 40}))
            results[-1][1]["texts"] = ask(page, "texts", {"count": 100})
            page.context.close()
            for threads, best in bandwidths.items():
                bandwidths[threads] = max(best, *(read_memory(meter, threads) for _ in range(5)))
            of_four = max(of_four, *(read_memory(meter, 1, [4]) for _ in range(5)))
            for name, most in read_peaks(meter, {each.instruction}).items():
                peaks[name] = max(peaks.get(name, 0.0), most)
    print(
        f"one thread reads {bandwidths[1]:.1f} GB/s from memory ({of_four:.1f} from four places at once), "
        f"two {bandwidths[2]:.1f}"
    )
    for each, found in zip(chosen, results, strict=True):
        size = each.bytes_per_token
        print(
            f"\n{each.described}: {size / 1e6:.0f} MB a token, {size / bandwidths[1] / 1e6:.2f} ms at least"
        )
        print_bounds(found[1], size, bandwidths)
        for count in COUNTS:
            title = "one token" if count == 1 else f"{count} tokens"
            print_steps(title, found[count], highest(peaks, each.instruction))


if __name__ == "__main__":
    main()
