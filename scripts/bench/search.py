"""Measure search by meaning in Chromium: embedding texts, scanning vectors, opening a large index.

    npm install --prefix build/bench/search --ignore-scripts @huggingface/transformers@4.3.0 \
        onnxruntime-web@1.30.0 @orama/orama@3.1.18 voy-search@0.6.3
    python -m venv build/bench/search/venv
    build/bench/search/venv/bin/pip install onnx==1.23.2 onnxruntime==1.32.0
    python scripts/bench/search.py
    python scripts/bench/search.py --only scan --rounds 1

Everything runs in one page, on one thread, in turn; the median of the rounds is printed. The model is
dist/models/minilm, so build the site first. The peers get the same weights, quantized by onnxruntime. Each
encoder uses the batch with which it is fastest. The parts "stored" (vectors that stay in a file, in a
worker), "open" and "typing" (the search page, from a keystroke to its results) need no peers.
"""

from __future__ import annotations

import argparse
import os
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
from scripts.bench.search_typing import measure_typing  # noqa: E402
from scripts.serve import make_server  # noqa: E402

SITE = ROOT / "build" / "bench" / "search"
MODEL = ROOT / "dist" / "models" / "minilm"
SERVED = ("search.html", "search.js", "search_python.js", "search_steps.py", "search_worker.js")
ENCODERS = ("goosequill", "transformers", "onnxruntime")
BATCHES = (1, 8, 32)
TEXTS = {16: 64, 64: 32, 256: 8}
"""Texts a round, by their number of tokens."""
SIZES = (10_000, 100_000, 1_000_000)
PEERS = ("orama", "voy")
PEERS_UP_TO = 10_000
"""Vectors beyond which the peers' memory or time to build is out of proportion; --peers-up-to raises it."""


def prepare(*, peers: bool) -> None:
    """Put what the page fetches into one folder."""
    for needed in (
        () if not peers else ("node_modules/@huggingface/transformers", "node_modules/voy-search", "venv")
    ):
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


def measure_scans(page: Page, rounds: int, peers_up_to: int) -> None:
    """Print milliseconds per search for the ten nearest."""
    print(
        f"{'ms per search':24}", *(f"{name:>14}" for name in ("exact", "bits + 2,000", *PEERS)), "   recall"
    )
    for count in SIZES:
        page.evaluate("(count) => prepareVectors(count)", count)
        names = ["goosequill", "bits"]
        if count <= peers_up_to:
            page.evaluate("(count) => openPeers(count)", count)
            names += PEERS
        times = max(3, 1_000_000 // count)
        found: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(rounds):
            for name in names:
                repeated = times if name in ("goosequill", "bits") else 3
                taken = page.evaluate("([name, times]) => scan(name, times)", [name, repeated])
                found[name].append(taken / repeated)
        recall = page.evaluate("(questions) => recall(questions)", 20 if count == SIZES[-1] else 100)
        cells = [f"{statistics.median(found[name]):14.2f}" if name in found else f"{'':14}" for name in
                 ("goosequill", "bits", *PEERS)]  # fmt: skip
        print(f"{count:24,}", *cells, f"{recall:9.4f}")


def measure_stored(page: Page, rounds: int) -> None:
    """Print milliseconds per search where vectors stay in a file of OPFS, and their signs in memory."""
    kinds = {"exact": "exact", "bits": "bits + 2,000", "stored": "from OPFS"}
    heads = (*kinds.values(), "opening it")
    print(f"{'ms, median (minimum)':24}", *(f"{name:>16}" for name in heads))

    def measure(*step: Any) -> dict[str, Any]:
        found: dict[str, Any] = page.evaluate("(step) => inWorker('measure', ...step)", list(step))
        return found

    for count in SIZES[1:]:
        page.evaluate("(count) => inWorker('prepare', count)", count)
        times: dict[str, list[float]] = {kind: [] for kind in (*kinds, "opening")}
        for _ in range(rounds):
            for kind in kinds:
                found = measure("scan_each", kind, 10)
                times[kind] += found["found"]
                times["opening"].append(found["opening"])
        cells = [f"{statistics.median(each):.1f} ({min(each):.1f})" for each in times.values()]
        print(f"{count:24,}", *(f"{cell:>16}" for cell in cells))


def drop_caches() -> bool:
    """Make the system forget what it has read of files; only root may."""
    try:
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("1", encoding="ascii")
    except OSError:
        return False
    return True


def measure_opening(page: Page, rounds: int) -> None:
    """Print the seconds in which an index of a million passages opens from OPFS."""
    folder = SITE / "index"
    if not (folder / "index.json").is_file():
        subprocess.run([sys.executable, str(HERE / "search_index.py"), str(folder)], check=True)
    names = sorted(path.name for path in folder.iterdir())
    page.evaluate("(names) => storeIndex(names)", names)
    seconds, passages, cold = [], 0, False
    for _ in range(rounds):
        cold = drop_caches()
        found = page.evaluate("(names) => openIndex(names)", names)
        seconds.append(found["taken"] / 1e3)
        passages = found["passages"]
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    state = "cold" if cold else "in the system's cache"
    print(f"opening {passages:,} passages, {size:.0f} MB, {state}: {statistics.median(seconds):.2f} s")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", choices=["encoder", "scan", "stored", "open", "typing"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers-up-to", type=int, default=PEERS_UP_TO, metavar="VECTORS")
    options = parser.parse_args()
    prepare(peers=options.only in (None, "encoder", "scan"))
    server = make_server(SITE)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        # Without a profile OPFS would be in memory, behind another process.
        browser = playwright.chromium.launch_persistent_context(
            profile, executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        parts: dict[str, Any] = {
            "encoder": lambda page: measure_encoders(page, options.rounds),
            "scan": lambda page: measure_scans(page, options.rounds, options.peers_up_to),
            "stored": lambda page: measure_stored(page, options.rounds),
            "open": lambda page: measure_opening(page, options.rounds),
        }
        for name, part in parts.items():
            if options.only not in (None, name):
                continue
            page = browser.new_page()
            page.set_default_timeout(0)
            page.goto(f"http://127.0.0.1:{server.server_port}/search.html")
            page.wait_for_function("document.title === 'ready'", timeout=60_000)
            part(page)
            page.close()
        if options.only in (None, "typing"):
            typing_part(browser.new_page(), options.rounds)
        browser.close()
    server.shutdown()


def typing_part(page: Page, rounds: int) -> None:
    """Measure the built site's own page."""
    server = make_server(ROOT / "dist")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page.set_default_timeout(0)
    measure_typing(page, f"http://127.0.0.1:{server.server_port}/search/", MODEL / "vocab.txt", rounds)
    server.shutdown()


if __name__ == "__main__":
    main()
