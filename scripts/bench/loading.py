"""Measure how long a model takes to load in a page: quantized there or before, packed or not, new or stored.

Each round loads RWKV-4 169M (random weights) in several ways, each in its own page whose engine has already
started. The 16-bit file is quantized to 8 bits while it loads, from a URL and as a picked file; the stored
copy is then loaded again in a new page. The 8-bit files are picked. Seconds are from the page's request to
the loaded model; memory is the peak of Python's heap.

    python scripts/bench/loading.py                 dist/; writes build/loading.json
    python scripts/bench/loading.py --rounds 5
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

from playwright.sync_api import BrowserContext, Page, sync_playwright  # noqa: E402
from scripts.bench.start import browsing, serving  # noqa: E402
from scripts.bench.weights import RWKV4, write_safetensors  # noqa: E402

FOLDER = "loading-benchmark"
PAGE = "about-loading.html"
LOAD = """async ({ url, quantize, picked }) => {
  const { Engine, loadModel } = await import("./engine/client.js");
  const engine = new Engine();
  await engine.call("describe_decoding", {}); // Python has started
  const model = picked ? document.querySelector("input").files[0] : url;
  const { info } = await loadModel({ model, quantize, engine, threads: 1 });
  window.engine = engine;
  return { seconds: info.load_seconds, memory: info.heap_bytes / 1e6 };
}"""
KEPT = """async () => {
  const root = await navigator.storage.getDirectory();
  const names = [];
  const own = await root.getDirectoryHandle("goosequill", { create: true });
  const models = await own.getDirectoryHandle("models", { create: true });
  for await (const name of models.keys()) names.push(name);
  return names.length > 0 && !names.some((name) => name.endsWith(".part"));
}"""


@dataclass
class Way:
    """One way of loading, and its measurements."""

    name: str
    file: str
    quantize: int | None = None
    picked: bool = False
    again: bool = False
    """Whether the copy stored the last time is available."""
    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def ways() -> list[Way]:
    """Return all ways; those that quantize come in pairs, the second after the first."""
    files = {"int8, row by row": "int8.safetensors", "int8, packed": "packed.safetensors"}
    found = [Way(name, file, picked=True) for name, file in files.items()]
    for picked in (False, True):
        how = "picked" if picked else "by address"
        for again in (False, True):
            name = f"f16 to int8, {how}, {'stored' if again else 'first'}"
            found.append(Way(name, "f16.safetensors", 8, picked, again))
    return found


def write_models(folder: Path) -> None:
    """Write the three files, unless they exist."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, bits, pack in (("f16", 16, False), ("int8", 8, False), ("packed", 8, True)):
        if not (folder / f"{name}.safetensors").exists():
            write_safetensors(RWKV4, bits, folder / f"{name}.safetensors", pack=pack)


def load(context: BrowserContext, base: str, models: Path, way: Way) -> None:
    page = context.new_page()
    page.goto(base + PAGE)
    if way.picked:
        page.set_input_files("input", models / way.file)
    options = {"url": f"{base}{FOLDER}/{way.file}", "quantize": way.quantize, "picked": way.picked}
    found: Any = page.evaluate(LOAD, options)
    way.seconds.append(found["seconds"])
    way.memory.append(found["memory"])
    if way.quantize:
        wait_until_kept(page)
    page.close()


def wait_until_kept(page: Page) -> None:
    while not page.evaluate(KEPT):
        page.wait_for_timeout(100)


def measure(site: Path, models: Path, found: list[Way], rounds: int) -> list[Way]:
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        copy = Path(place) / "site"
        shutil.copytree(site, copy, symlinks=True)
        (copy / FOLDER).symlink_to(models)
        (copy / PAGE).write_text("<!doctype html><title>Loading</title><input type=file>", encoding="utf-8")
        with serving(copy) as base:
            for number in range(rounds):
                for first in (way for way in found if not way.again):
                    pair = [way for way in found if (way.file, way.picked) == (first.file, first.picked)]
                    profile = Path(place) / f"profile-{number}-{first.name}"
                    with browsing(playwright, str(profile), press=False) as context:
                        for way in pair:
                            load(context, base, models, way)
                            print(f"loading: {way.name}: {way.seconds[-1]:.2f} s", flush=True)
                    shutil.rmtree(profile, ignore_errors=True)
    return found


def report(found: list[Way]) -> str:
    lines = [f"| {RWKV4.name} | load | memory |", "|---|---:|---:|"]
    lines += [
        f"| {way.name} | {statistics.median(way.seconds):.2f} s | {max(way.memory):,.0f} MB |"
        for way in found
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how long a model takes to load in a page.")
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "dist", help="default: dist/")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    models = ROOT / "build" / "loading"
    write_models(models)
    found = measure(options.site, models, ways(), options.rounds)
    target = ROOT / "build" / "loading.json"
    target.write_text(json.dumps([asdict(way) for way in found], indent=2) + "\n")
    print(report(found))


if __name__ == "__main__":
    main()
