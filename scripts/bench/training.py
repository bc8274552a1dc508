"""Measure steps of SGD per second in Chromium: this project, plain NumPy in Pyodide, and TensorFlow.js.

    npm install --prefix build/bench/training @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm
    python scripts/bench/training.py

All train a network of 784 inputs, one hidden layer and 10 outputs on batches of 128, on one thread, and take
turns in one page. The median of the rounds is printed for 64, 128 and 1,024 hidden units.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402
from scripts.serve import make_server  # noqa: E402

SITE = ROOT / "build" / "bench" / "training"
NAMES = ("goosequill", "tensorflow", "numpy")
STEPS = {64: 100, 128: 60, 1024: 8}
SLOW = 8  # plain NumPy takes so many times fewer steps


def prepare() -> None:
    """Put what the page fetches into one folder."""
    peers = SITE / "node_modules" / "@tensorflow"
    if not peers.is_dir():
        sys.exit(f"bench: TensorFlow.js is not in {peers}; see the head of this script")
    for name, source in {"tensorflow": peers, "pyodide": ROOT / "build" / "vendor" / "pyodide"}.items():
        shutil.copytree(source, SITE / name, dirs_exist_ok=True)
    for name in ("training.html", "training.js", "training_steps.py"):
        shutil.copyfile(HERE / name, SITE / name)
    shutil.make_archive(str(SITE / "package"), "zip", ROOT / "py")


def main() -> None:
    """Print one line per width."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    prepare()
    server = make_server(SITE)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/training.html")
        page.wait_for_function("document.title === 'ready'", timeout=120_000)
        print(f"{'steps per second':16}", *(f"{name:>12}" for name in NAMES))
        for hidden, steps in STEPS.items():
            found: dict[str, list[float]] = {name: [] for name in NAMES}
            for _ in range(options.rounds):
                for name in NAMES:
                    count = max(1, steps // SLOW) if name == "numpy" else steps
                    call = f"measure({name!r}, {hidden}, {count})"
                    found[name].append(1e3 * count / page.evaluate(call))
            print(f"{hidden:16}", *(f"{statistics.median(rates):12.1f}" for rates in found.values()))
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
