"""What tuning gains and harms: bits per byte of unseen text after tuning on texts from Debian's `fortunes`.

    apt-get install fortunes
    python scripts/bench/tuning.py                     three seeds of each method and number of examples
    python scripts/bench/tuning.py --fortunes FOLDER   texts from there, not from /usr/share/games/fortunes

The far style is that of `knghtbrd`, lines from chat rooms; a near one is that of `literature`; the GNU
General Public License is neither, and shows the harm. Examples and unseen entries are drawn by the seed; the
entries are measured one by one, as `goosequill evaluate` does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import fmean, stdev
from time import process_time

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

import goosequill as gq  # noqa: E402
from goosequill.tuning.adapter import Method  # noqa: E402
from goosequill.tuning.applying import adapt_loaded  # noqa: E402

UNSEEN = 60
"""Entries that are measured."""
OTHER = Path("/usr/share/common-licenses/GPL-3")
"""Other text, of which Debian has a copy everywhere."""
RUNS: Sequence[tuple[str, Method, int]] = (
    ("knghtbrd", "vectors", 50),
    ("knghtbrd", "state", 50),
    ("literature", "vectors", 50),
    ("knghtbrd", "vectors", 10),
    ("knghtbrd", "vectors", 200),
)
"""The file, the method, and how many entries are learned from."""

HEADING = """| text | method | examples | untuned | tuned | neutral | steps | CPU seconds |
|---|---|--:|--:|--:|--:|--:|--:|"""


def entries(folder: Path, name: str) -> list[str]:
    """The entries of a file of fortunes."""
    text = (folder / name).read_text(encoding="utf-8")
    return [entry.strip() for entry in text.split("\n%\n") if entry.strip()]


def bits(model: gq.TextModel, texts: Sequence[str]) -> float:
    """Bits per byte of texts, each read by itself."""
    found = [model.evaluate(text) for text in texts]
    return sum(each.bits for each in found) / sum(each.bytes for each in found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=ROOT / "site" / "models" / "default")
    parser.add_argument("--fortunes", type=Path, default=Path("/usr/share/games/fortunes"))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    if not (options.fortunes / "knghtbrd").exists():
        sys.exit(f"There are no fortunes in {options.fortunes}: apt-get install fortunes")
    model = gq.load(options.model, threads=1)
    neutral = [OTHER.read_text(encoding="utf-8")[:8000]]
    print(f"neutral text, untuned: {bits(model, neutral):.3f} bits per byte\n")
    print(HEADING)
    for name, method, count in RUNS:
        texts = entries(options.fortunes, name)
        found: list[tuple[float, ...]] = []
        for seed in range(options.seeds):
            began = process_time()
            drawn = Random(seed).sample(texts, count + UNSEEN)
            examples, unseen = [{"text": text} for text in drawn[:count]], drawn[count:]
            adapter = gq.tune(model, examples, method=method, seed=seed)
            seconds = process_time() - began
            tuned = gq.TextModel(adapt_loaded(model.loaded, adapter))
            steps = float(adapter.about.recipe["steps"])
            found.append((bits(model, unseen), bits(tuned, unseen), bits(tuned, neutral), steps, seconds))
        columns = list(zip(*found, strict=True))
        spread = f" ± {stdev(columns[1]):.3f}" if len(found) > 1 else ""
        untuned, after, harm, steps, seconds = map(fmean, columns)
        figures = f"{after:.3f}{spread} | {harm:.3f} | {steps:.0f} | {seconds:.0f}"
        print(f"| {name} | {method} | {count} | {untuned:.3f} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
