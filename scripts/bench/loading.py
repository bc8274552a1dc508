"""Measure how long a model takes to load in a page: quantized there or before, packed or not, new or stored.

Each round loads RWKV-4 169M (random weights) in several ways, each in its own page whose engine has already
started. The 16-bit file is quantized to 8 bits while it loads, from a URL and as a picked file; the stored
copy is then loaded again in a new page. The 8-bit files are picked. RWKV-7 1.5B is quantized to 4 bits from
an address, and its stored copy is loaded again. Seconds are from the page's request to the loaded model, and
to its first token after a prompt of six bytes; memory is the peak of Python's heap.

    python scripts/bench/loading.py                 dist/; writes build/loading.json
    python scripts/bench/loading.py --rounds 5
    python scripts/bench/loading.py --only 1.5B     the ways with this in their name
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
from scripts.bench.weights import RWKV4, RWKV7_1B5, write_safetensors  # noqa: E402

FOLDER = "loading-benchmark"
PAGE = "about-loading.html"
LARGE = "1b5-f16.safetensors"
LOAD = """async ({ url, quantize, picked }) => {
  const { Engine, loadModel } = await import("./engine/client.js");
  const engine = new Engine();
  await engine.call("describe_decoding", {}); // Python has started
  const model = picked ? document.querySelector("input").files[0] : url;
  const started = performance.now();
  const loaded = await loadModel({ model, quantize, engine, threads: 1 });
  for await (const _ of loaded.generate("A grey", { max_new_tokens: 1 })) break;
  const first = (performance.now() - started) / 1e3;
  window.engine = engine;
  return { seconds: loaded.info.load_seconds, first, memory: loaded.info.heap_bytes / 1e6 };
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
    first: list[float] = field(default_factory=list)
    """To the first token."""
    memory: list[float] = field(default_factory=list)


def ways() -> list[Way]:
    """Return all ways; those that quantize come in pairs, the second after the first."""
    files = {
        f"{RWKV4.name}, int8, row by row": "int8.safetensors",
        f"{RWKV4.name}, int8, packed": "packed.safetensors",
    }
    found = [Way(name, file, picked=True) for name, file in files.items()]
    for how, file, bits, picked in (
        (f"{RWKV4.name}, f16 to int8, by address", "f16.safetensors", 8, False),
        (f"{RWKV4.name}, f16 to int8, picked", "f16.safetensors", 8, True),
        (f"{RWKV7_1B5.name}, f16 to int4, by address", LARGE, 4, False),
    ):
        for again in (False, True):
            found.append(Way(f"{how}, {'stored' if again else 'first'}", file, bits, picked, again))
    return found


def write_models(folder: Path) -> None:
    """Write the four files, unless they exist."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, bits, pack in (("f16", 16, False), ("int8", 8, False), ("packed", 8, True)):
        if not (folder / f"{name}.safetensors").exists():
            write_safetensors(RWKV4, bits, folder / f"{name}.safetensors", pack=pack)
    if not (folder / LARGE).exists():
        write_safetensors(RWKV7_1B5, 16, folder / LARGE)


def load(context: BrowserContext, base: str, models: Path, way: Way) -> None:
    page = context.new_page()
    page.goto(base + PAGE)
    if way.picked:
        page.set_input_files("input", models / way.file)
    options = {"url": f"{base}{FOLDER}/{way.file}", "quantize": way.quantize, "picked": way.picked}
    found: Any = page.evaluate(LOAD, options)
    way.seconds.append(found["seconds"])
    way.first.append(found["first"])
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
                            print(
                                f"loading: {way.name}: {way.seconds[-1]:.2f} s, {way.first[-1]:.2f} s",
                                flush=True,
                            )
                    shutil.rmtree(profile, ignore_errors=True)
    return found


def report(found: list[Way]) -> str:
    lines = ["| model | load | first token | memory |", "|---|---:|---:|---:|"]
    lines += [
        f"| {way.name} | {statistics.median(way.seconds):.2f} s | {statistics.median(way.first):.2f} s "
        f"| {max(way.memory):,.0f} MB |"
        for way in found
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how long a model takes to load in a page.")
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "dist", help="default: dist/")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="the ways with this in their name")
    options = parser.parse_args()
    models = ROOT / "build" / "loading"
    write_models(models)
    found = measure(options.site, models, [way for way in ways() if options.only in way.name], options.rounds)
    target = ROOT / "build" / "loading.json"
    target.write_text(json.dumps([asdict(way) for way in found], indent=2) + "\n")
    print(report(found))


if __name__ == "__main__":
    main()
