"""Measure search by meaning in Chromium: embedding texts, and searching a million vectors.

    npm install --prefix build/bench/search --ignore-scripts @huggingface/transformers@4.3.0 \
        onnxruntime-web@1.30.0
    python -m venv build/bench/search/venv
    build/bench/search/venv/bin/pip install onnx==1.23.2 onnxruntime==1.32.0
    python scripts/bench/search.py
    python scripts/bench/search.py --only stored --rounds 1

Everything runs in one page, on one thread, in turn; the median of the rounds is printed. The model is
dist/models/minilm, so build the site first. The peers get the same weights, quantized by onnxruntime. Each
encoder uses the batch with which it is fastest. The part "stored" (vectors that stay in a file, in a
worker) needs no peers.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402
from scripts.serve import make_server  # noqa: E402

SITE = ROOT / "build" / "bench" / "search"
MODEL = ROOT / "dist" / "models" / "minilm"
SERVED = ("search.html", "search.js", "search_python.js", "search_steps.py", "search_worker.js")
ENCODERS = ("goosequill", "transformers", "onnxruntime")
BATCHES = (1, 8, 32)
TEXTS = {16: 64, 64: 32, 256: 8}
"""Texts a round, by their number of tokens."""
SIZES = (100_000, 1_000_000)


def prepare(*, peers: bool) -> None:
    """Put what the page fetches into one folder."""
    for needed in ("node_modules/@huggingface/transformers", "venv") if peers else ():
        if not (SITE / needed).is_dir():
            sys.exit(f"bench: {SITE / needed} is missing; see the head of this script")
    SITE.mkdir(parents=True, exist_ok=True)
    for name in SERVED:
        shutil.copyfile(HERE / name, SITE / name)
    shutil.copyfile(ROOT / "site" / "engine" / "storage" / "opfs.js", SITE / "opfs.js")
    shutil.copytree(ROOT / "build" / "vendor" / "pyodide", SITE / "pyodide", dirs_exist_ok=True)
    shutil.make_archive(str(SITE / "package"), "zip", ROOT / "py")


def prepare_models() -> None:
    """Copy our model, and write the peers'."""
    if not MODEL.is_dir():
        sys.exit("bench: dist/models/minilm is missing: build the site first")
    shutil.copytree(MODEL, SITE / "ours", dirs_exist_ok=True)
    folder = SITE / "models" / "minilm"
    if not (folder / "tokenizer.json").is_file():
        export = [SITE / "venv" / "bin" / "python", HERE / "search_export.py", folder]
        subprocess.run(list(map(str, export)), check=True)
        from tokenizers import BertWordPieceTokenizer

        BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True).save(str(folder / "tokenizer.json"))


class Texts:
    """Texts of a given number of tokens: words that the vocabulary has whole, in any order."""

    def __init__(self) -> None:
        words = (SITE / "models" / "minilm" / "vocab.txt").read_text(encoding="utf-8").split("\n")
        self.ids = {word: i for i, word in enumerate(words)}
        self.words = [word for word in words if word.isascii() and word.isalpha() and len(word) > 2]
        self.random = random.Random(1)

    def draw(self, count: int, tokens: int) -> tuple[list[str], list[list[int]]]:
        """Return texts and their ids; two tokens mark the beginning and the end."""
        drawn = [self.random.choices(self.words, k=tokens - 2) for _ in range(count)]
        ids = [[self.ids[word] for word in ("[CLS]", *words, "[SEP]")] for words in drawn]
        return [" ".join(words) for words in drawn], ids


def encode(page: Page, texts: Texts, name: str, tokens: int, batch: int) -> tuple[float, list[float]]:
    """Texts per second, and the first text's vector."""
    drawn, ids = texts.draw(TEXTS[tokens], tokens)
    given = ids if name == "onnxruntime" else drawn
    found = page.evaluate("([...args]) => encode(...args)", [name, given, batch])
    return 1e3 * len(drawn) / found["taken"], found["first"]


def measure_encoders(page: Page, rounds: int) -> None:
    """Print sentences per second by number of tokens."""
    prepare_models()
    page.evaluate("openEncoders('ours')")
    texts = Texts()
    print(f"{'sentences per second':24}", *(f"{name:>14}" for name in ENCODERS), "  ours / best peer")
    for tokens, count in TEXTS.items():
        tried = {name: {batch: encode(page, texts, name, tokens, batch)[0] for batch in (*BATCHES, count)}
                 for name in ENCODERS}  # fmt: skip
        batches = {name: max(rates, key=lambda batch: rates[batch]) for name, rates in tried.items()}
        batches["goosequill"] = count  # it forms batches itself
        rates: dict[str, list[float]] = {name: [] for name in ENCODERS}
        for _ in range(rounds):
            for name in ENCODERS:
                rates[name].append(encode(page, texts, name, tokens, batches[name])[0])
        medians = {name: statistics.median(found) for name, found in rates.items()}
        ratio = medians["goosequill"] / max(medians[name] for name in ENCODERS[1:])
        label = f"{tokens} tokens, batches {'/'.join(str(batches[name]) for name in ENCODERS[1:])}"
        print(f"{label:24}", *(f"{median:14.1f}" for median in medians.values()), f"{ratio:10.2f}")


def measure_stored(page: Page, rounds: int) -> None:
    """Print milliseconds per search where vectors stay in a file of OPFS, and their signs in memory."""
    kinds = {"exact": "exact", "bits": "bits + 2,000", "stored": "from OPFS"}
    heads = (*kinds.values(), "opening it")
    print(f"{'ms, median (minimum)':24}", *(f"{name:>16}" for name in heads))

    def measure(*step: Any) -> dict[str, Any]:
        found: dict[str, Any] = page.evaluate("(step) => inWorker('measure', ...step)", list(step))
        return found

    for count in SIZES:
        page.evaluate("(count) => inWorker('prepare', count)", count)
        times: dict[str, list[float]] = {kind: [] for kind in (*kinds, "opening")}
        for _ in range(rounds):
            for kind in kinds:
                found = measure("scan_each", kind, 10)
                times[kind] += found["found"]
                times["opening"].append(found["opening"])
        cells = [f"{statistics.median(each):.1f} ({min(each):.1f})" for each in times.values()]
        print(f"{count:24,}", *(f"{cell:>16}" for cell in cells))


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", choices=["encoder", "stored"])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    prepare(peers=options.only != "stored")
    server = make_server(SITE)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        # Without a profile OPFS would be in memory, behind another process.
        browser = playwright.chromium.launch_persistent_context(
            profile, executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, measure in {"encoder": measure_encoders, "stored": measure_stored}.items():
            if options.only not in (None, name):
                continue
            page = browser.new_page()
            page.set_default_timeout(0)
            page.goto(f"http://127.0.0.1:{server.server_port}/search.html")
            page.wait_for_function("document.title === 'ready'", timeout=60_000)
            measure(page, options.rounds)
            page.close()
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
