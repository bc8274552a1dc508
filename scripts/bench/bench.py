"""Measure this project and its peers in one headless Chromium, on one machine, in turn.

All contestants are loaded first, each in its own page and process; then in every round each generates some
tokens, so that a busy moment affects all alike. Each turn takes a few tenths of a second: the first tokens
after a pause are slow, especially with two threads, and should have the same weight for all. Medians over all
rounds are reported, and their ratios are what counts. The models are random weights in the shapes of released
ones. Those of billions of parameters take their turns afterwards, each in a browser of its own, and are read
from a file on the disk. This project is measured as built in dist/, so build the site first.

    python scripts/bench/bench.py                   everything; writes build/bench.json
    python scripts/bench/bench.py --only int8 Q8    some contestants, by parts of their names
    python scripts/bench/bench.py --only 1.5B 2.9B  the large models
    python scripts/bench/bench.py --docs            write docs/reference/benchmarks.md and the charts
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402
from scripts import figures, kernel  # noqa: E402
from scripts.bench import growth, llamacpp, native_peers, peak, threads  # noqa: E402
from scripts.bench.weights import (  # noqa: E402
    LARGE,
    RWKV4,
    RWKV7,
    Shape,
    write_packed,
    write_safetensors,
)
from scripts.bundles import BUNDLE, run_esbuild  # noqa: E402
from scripts.machine import machine  # noqa: E402
from scripts.sections import with_section  # noqa: E402
from scripts.serve import make_server  # noqa: E402
from scripts.versions import versioned  # noqa: E402

SITE = ROOT / "build" / "bench"
DOCS = ROOT / "docs" / "reference" / "benchmarks.md"
CHART = ROOT / "docs" / "assets" / "figures" / "speed.json"
MARKS = ("<!-- benchmark: begin -->", "<!-- benchmark: end -->")
SERVED = (
    "page.html", "page.js", "meter.js", "peers.js", "ours.py", "package.json",
    "llamacpp-worker.js", "step_times.py",
)  # fmt: skip
FIRST = 32  # tokens of the prompt before the first token
LOADS = 3  # browsers, one after the other, in which contestants are loaded


@dataclass(frozen=True)
class Bounds:
    """What one thread can do at most: GB/s from memory, and GMAC/s with each of peak.INSTRUCTIONS."""

    bandwidth: float = 0.0
    peaks: dict[str, float] = field(default_factory=dict)


@dataclass
class Contestant:
    """Something to measure, and its results."""

    name: str
    kind: str
    shape: Shape
    weights: str
    model: str
    write: Callable[[Path], None]
    bytes_per_token: float
    instruction: str = ""  # of peak.INSTRUCTIONS, with which prompts are multiplied; empty if with none
    head_of_each: bool = False  # whether a prompt computes the logits after every token
    options: dict[str, Any] = field(default_factory=dict)
    tokens: int = 40  # a round
    prompt: int = 64  # tokens a round, as many as a page reads at once
    picked: bool = False  # whether the file is picked from the disk, not downloaded
    bounds: Bounds = field(default_factory=Bounds)  # while it was measured
    decode_ms: list[float] = field(default_factory=list)
    prompt_ms: list[float] = field(default_factory=list)  # of a token
    first_token_s: float = 0.0
    load_s: float = 0.0
    memory_mb: float = 0.0

    @property
    def described(self) -> str:
        """What `--only` looks at."""
        return f"{self.name}, {self.weights}, {self.shape.name}"


def ours(shape: Shape, bits: int, kernel: str, threads: int = 1, *, exact: bool = False) -> Contestant:
    """Goosequill, greedy; `exact` computes all logits exactly, as plain sampling needs them.

    With random weights, a sketch of the head leaves so many rows that it saves nothing, so both read about as
    much.
    """
    weights = "f32" if bits == 32 else f"int{bits}"
    small = 4 if bits == 32 else 1  # bytes
    scales = 0.25 if bits == 4 else 0  # bits
    per_token = (shape.products - shape.low_rank) * (bits + scales) / 8 + small * shape.low_rank
    details = [
        kernel,
        *([f"{threads} threads"] if threads > 1 else []),
        *(["all logits"] if exact else []),
    ]
    relaxed = {4: "bytes", 8: "shorts or split"}
    instruction = f"floats {kernel}" if bits == 32 else relaxed[bits] if kernel == "relaxed" else "shorts"
    return Contestant(
        name=f"Goosequill, {', '.join(details)}",
        kind="ours",
        shape=shape,
        weights=weights,
        model=f"{shape.name.lower().replace(' ', '-')}-{weights}.safetensors",
        write=lambda path: write_safetensors(shape, bits, path),
        bytes_per_token=per_token,
        instruction="" if kernel == "numpy" else instruction,
        options={"kernel": kernel, "threads": threads, "exact": exact},
        tokens=6 if kernel == "numpy" else 40,
        prompt=3 if kernel == "numpy" else 64,
    )


def large(shape: Shape, threads: int) -> Contestant:
    """A model of billions of parameters, in packed 4 bits."""
    same = ours(shape, 4, "relaxed", threads)
    return replace(same, write=partial(write_packed, shape), tokens=12, picked=True)


def onnx(threads: int, *, quantize: bool) -> Contestant:
    def write(path: Path) -> None:
        from scripts.bench.peers import write_onnx

        write_onnx(RWKV4, path, quantize=quantize)

    weights = "uint8" if quantize else "f32"
    options = {"threads": threads, "layers": RWKV4.layers, "width": RWKV4.width}
    per_token = RWKV4.products * (1 if quantize else 4)
    name = f"onnxruntime-web, {threads} thread{'s' if threads > 1 else ''}"
    model = f"rwkv4-{weights}.onnx"
    found = Contestant(name, "onnx", RWKV4, weights, model, write, per_token, options=options)
    instruction = "shorts" if quantize else "floats plain"
    return replace(found, instruction=instruction, head_of_each=True, tokens=12, prompt=3)


def wllama(threads: int, weights: str) -> Contestant:
    def write(path: Path) -> None:
        from scripts.bench.peers import write_gguf

        write_gguf(RWKV7, path, weights)

    bits = 8.5 if weights == "Q8_0" else 4.5
    per_token = (RWKV7.products - RWKV7.low_rank) * bits / 8 + 4 * RWKV7.low_rank
    name = f"wllama, {threads} thread{'s' if threads > 1 else ''}"
    options = {"threads": threads}
    model = f"rwkv7-{weights}.gguf"
    return Contestant(name, "wllama", RWKV7, weights, model, write, per_token, options=options, tokens=6)


def llama(threads: int, weights: str) -> Contestant:
    """llama.cpp with SIMD, on the file that wllama reads."""
    same = wllama(threads, weights)
    name = f"llama.cpp with SIMD, {threads} thread{'s' if threads > 1 else ''}"
    return replace(same, name=name, kind="llamacpp", instruction="shorts", tokens=20)


def contestants(threads: list[int]) -> list[Contestant]:
    kernels = {32: ("relaxed", "plain", "numpy"), 8: ("relaxed", "plain"), 4: ("relaxed", "plain")}
    found = [ours(RWKV4, bits, kernel) for bits, names in kernels.items() for kernel in names]
    found.insert(4, ours(RWKV4, 8, "relaxed", exact=True))
    found += [ours(RWKV7, 8, "relaxed"), ours(RWKV7, 8, "relaxed", exact=True), ours(RWKV7, 4, "relaxed")]
    shared = [count for count in threads if count > 1]
    found += [
        ours(shape, bits, "relaxed", count) for count in shared for shape in (RWKV4, RWKV7) for bits in (8, 4)
    ]
    for count in threads:
        found += [onnx(count, quantize=quantize) for quantize in (False, True)]
        found += [make(count, weights) for make in (wllama, llama) for weights in ("Q8_0", "Q4_0")]
    return found


def groups(threads: list[int]) -> list[list[Contestant]]:
    """What shares a browser: all small models; and each large one, to bound the memory that a run takes."""
    return [contestants(threads), *([large(shape, count) for count in threads] for shape in LARGE.values())]


def install_peers() -> None:
    """Install the packages that package.json lists, unless all are there."""
    shutil.copy(HERE / "package.json", SITE / "package.json")
    names = json.loads((SITE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    if not all((SITE / "node_modules" / name).is_dir() for name in names):
        subprocess.run(["npm", "install", "--silent", "--ignore-scripts"], cwd=SITE, check=True)


def prepare(chosen: list[Contestant]) -> None:
    """Prepare the folder that is served: page, built site, peers, models."""
    zig = [sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-freestanding", "-nostdlib"]
    zig += ["-O3", "-msimd128", "-Wl,--no-entry", "-Wl,--import-memory"]
    if not (ROOT / "dist" / "engine").is_dir():
        sys.exit("bench: there is no built site; run make build first")
    (SITE / "models").mkdir(parents=True, exist_ok=True)
    subprocess.run([*zig, HERE / "bandwidth.c", "-o", SITE / "bandwidth.wasm"], check=True)
    reader = SITE / "reader.wasm"
    kernel.build(["-msimd128", "-fPIC"], kernel.SIDE, ["weights"], reader, source=HERE / "bandwidth.c")
    for name in SERVED:
        shutil.copy(HERE / name, SITE / name)
    peak.prepare(SITE)
    run_esbuild(str(HERE / "ours.js"), *BUNDLE, f"--outfile={SITE / 'ours.js'}")
    if any(contestant.kind == "llamacpp" for contestant in chosen):
        llamacpp.build(SITE / "llamacpp", SITE)
    if any(contestant.kind != "ours" for contestant in chosen):
        install_peers()
    for link, target in (("site", versioned(ROOT / "dist")), ("peers", SITE / "node_modules")):
        (SITE / link).unlink(missing_ok=True)
        (SITE / link).symlink_to(target)
    sources = [HERE / "weights.py", HERE / "peers.py", ROOT / "py" / "goosequill" / "weights" / "quantize.py"]
    changed = max(source.stat().st_mtime for source in sources)
    for contestant in chosen:
        path = SITE / "models" / contestant.model
        if not path.exists() or path.stat().st_mtime < changed:
            print(f"bench: writing {path.name}", flush=True)
            contestant.write(path)


def renderers() -> dict[int, float]:
    """Peak memory in MB of each Chromium renderer process."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"--type=renderer" in (process / "cmdline").read_bytes():
                status = (process / "status").read_text()
                found[int(process.name)] = int(status.split("VmHWM:")[1].split()[0]) / 1024
        except (OSError, IndexError):
            continue  # the process has just ended
    return found


def open_page(browser: Browser, base: str, kind: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(f"{base}page.html?contestant={kind}")
    page.wait_for_function("() => window.ask")
    return page


def ask(page: Page, request: str, options: dict[str, Any]) -> Any:
    return page.evaluate("([request, options]) => window.ask(request, options)", [request, options])


def read_memory(meter: Page, threads: int, places: Sequence[int] = (2, 4)) -> float:
    """Gigabytes per second that this many threads read together, from as many places each as is fastest."""
    requests = ({"threads": threads, "times": 3, "places": count} for count in places)
    return max(float(ask(meter, "read", request)) for request in requests)


def read_peaks(meter: Page, names: set[str]) -> dict[str, float]:
    """Billions of multiply-adds a second of one thread with each of peak.INSTRUCTIONS that is meant."""
    found = {}
    for name in peak.alternatives(names):
        build, function, products, *_ = peak.INSTRUCTIONS[name]
        calls = float(ask(meter, "peak", {"module": f"peak-{build}.wasm", "name": function}))
        found[name] = calls * products / 1e9
    return found


def start(browser: Browser, base: str, contestant: Contestant) -> Page:
    """Open a contestant's page, load its model and generate a first token."""
    before = renderers()
    start_time = time.perf_counter()
    page = open_page(browser, base, contestant.kind)
    if contestant.picked:
        page.set_input_files("input", SITE / "models" / contestant.model)
    model = None if contestant.picked else f"models/{contestant.model}"
    ask(page, "load", {**contestant.options, "model": model})
    contestant.load_s = time.perf_counter() - start_time
    ask(page, "prompt", {"count": FIRST})
    contestant.first_token_s = time.perf_counter() - start_time
    grown = {pid: peak for pid, peak in renderers().items() if pid not in before}
    contestant.memory_mb = max(grown.values(), default=0.0)
    ask(page, "decode", {"count": contestant.tokens})  # compiled by now
    print(f"bench: {contestant.name}, {contestant.weights}: {contestant.first_token_s:.1f} s", flush=True)
    return page


@contextmanager
def chromium() -> Iterator[tuple[Browser, str]]:
    """A browser, and the address of the folder that `prepare` made."""
    server = make_server(SITE, isolate=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        yield browser, f"http://127.0.0.1:{server.server_port}/"
        browser.close()
    server.shutdown()


def measure(chosen: list[Contestant], rounds: int) -> None:
    """Fill in the times of contestants that share a browser, and what memory and instructions allow.

    The rounds are divided among several browsers, because how fast a model, or the meter, reads its memory
    depends on which pages of it the system gave when that was loaded. Whoever is loaded first gets the worst
    ones, so that is another contestant in each browser.
    """
    bandwidth, peaks = [], []
    for load in range(min(LOADS, rounds)):
        first = load * len(chosen) // LOADS
        turns = chosen[first:] + chosen[:first]
        with chromium() as (browser, base):
            meter = open_page(browser, base, "meter")
            pages = [start(browser, base, contestant) for contestant in turns]
            for _ in range(load, rounds, LOADS):
                bandwidth += [read_memory(meter, 1) for _ in range(3)]
                peaks.append(read_peaks(meter, {each.instruction for each in chosen}))
                for contestant, page in zip(turns, pages, strict=True):
                    contestant.decode_ms += ask(page, "decode", {"count": contestant.tokens})
                    took = ask(page, "prompt", {"count": contestant.prompt})
                    contestant.prompt_ms.append(took / contestant.prompt)
    best = {name: statistics.median(each[name] for each in peaks) for name in peaks[0]}
    for contestant in chosen:
        contestant.bounds = Bounds(float(statistics.median(bandwidth)), best)


def decoder(browser: Browser, base: str, contestant: Contestant, request: str = "decode") -> growth.Decode:
    """Start a contestant; return a function that decodes further tokens of one text."""
    page = start(browser, base, contestant)
    return lambda count: list(ask(page, request, {"count": count}))


def measure_growth(rounds: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The cost of a token by its position and by the model's size."""
    chosen = [ours(shape, 8, "auto", exact=True) for shape in growth.SHAPES]
    prepare(chosen)
    with chromium() as (browser, base):
        sizes = growth.over_sizes([decoder(browser, base, contestant) for contestant in chosen], rounds)
    with chromium() as (browser, base):
        places = growth.over_places(decoder(browser, base, ours(RWKV4, 8, "auto"), "beside"))
    return places, sizes


def measure_threads(rounds: int) -> list[dict[str, Any]]:
    """The gain from a second thread, for each shape and quantization."""
    small = [(shape, bits) for shape in (RWKV4, RWKV7) for bits in (8, 4)]
    pairs = [[ours(shape, bits, "relaxed", count) for count in (1, 2)] for shape, bits in small]
    pairs += [[large(shape, count) for count in (1, 2)] for shape in LARGE.values()]
    return [gain(pair, 3 * rounds) for pair in pairs]


def gain(pair: list[Contestant], rounds: int) -> dict[str, Any]:
    """The gain from a second thread, for contestants that differ in nothing else."""
    prepare(pair)
    with chromium() as (browser, base):
        meter = open_page(browser, base, "meter")
        one, two = (decoder(browser, base, each) for each in pair)
        found = threads.compare(one, two, partial(read_memory, meter), rounds, pair[0].tokens)
    return {"shape": pair[0].shape.name, "weights": pair[0].weights, **found}


def per_second(milliseconds: list[float]) -> float:
    return 1000 / float(statistics.median(milliseconds))


def table(chosen: list[Contestant]) -> str:
    """One table per shape, those of large models with a note."""
    return "\n\n".join(block for shape in shapes(chosen) for block in blocks(chosen, shape))


def shapes(chosen: list[Contestant]) -> list[str]:
    return list(dict.fromkeys(each.shape.name for each in chosen))


def blocks(chosen: list[Contestant], shape: str) -> list[str]:
    """A shape's table, and what is different about a large model."""
    rows = [each for each in chosen if each.shape.name == shape]
    if not rows[0].picked:
        return [shape_table(shape, rows)]
    note = (
        f"{shape} in a browser of its own, picked from the disk, on {today()}; one thread read "
        f"{rows[0].bounds.bandwidth:.1f} GB/s from memory."
    )
    return [note, shape_table(shape, rows)]


def today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")


def multiply_adds(each: Contestant) -> float:
    """Billions a second while a prompt is read."""
    work = peak.of_prompt(each.shape, each.prompt, head_of_each=each.head_of_each)
    return work / each.prompt * per_second(each.prompt_ms) / 1e9


def share_of_peak(each: Contestant) -> float | None:
    """The part of what the instruction allows on as many threads; None where no instruction is known."""
    if not each.instruction:
        return None
    threads: int = each.options.get("threads", 1)
    return multiply_adds(each) / (peak.highest(each.bounds.peaks, each.instruction) * threads)


def shape_table(shape: str, chosen: list[Contestant]) -> str:
    lines = [
        f"| {shape} | weights | tokens/s | of bound | prompt tokens/s | GMAC/s | of peak | first token "
        "| load | MB |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for each in chosen:
        speed, reached = per_second(each.decode_ms), share_of_peak(each)
        share = speed * each.bytes_per_token / 1e9 / each.bounds.bandwidth
        lines.append(
            f"| {each.name} | {each.weights} | {speed:.1f} | {share:.0%} | {per_second(each.prompt_ms):.0f} "
            f"| {multiply_adds(each):.1f} | {'' if reached is None else f'{reached:.0%}'} "
            f"| {each.first_token_s:.1f} | {each.load_s:.1f} | {each.memory_mb:,.0f} |"
        )
    return "\n".join(lines)


def describe(chosen: list[Contestant]) -> str:
    """What memory and instructions allowed."""
    bounds = chosen[0].bounds
    return f"one thread reads {bounds.bandwidth:.1f} GB/s from memory. {peak.describe(bounds.peaks)}"


def report(chosen: list[Contestant], chromium: str) -> dict[str, Any]:
    rows = []
    for each in chosen:
        row = {key: value for key, value in asdict(each).items() if key not in ("write", "shape")}
        row |= {"shape": each.shape.name, "decode_tokens_per_s": per_second(each.decode_ms)}
        row |= {"prompt_tokens_per_s": per_second(each.prompt_ms)}
        row |= {"prompt_gmac_per_s": multiply_adds(each), "of_peak": share_of_peak(each)}
        rows.append(row)
    return {
        "date": today(),
        "machine": machine(),
        "browser": chromium,
        "rows": rows,
    }


def chart(chosen: list[Contestant], found: dict[str, Any]) -> dict[str, Any]:
    """What scripts/figures.py draws: speeds, and what is possible with the memory and the instruction."""
    rows = []
    for each in chosen:
        row: dict[str, Any] = {"shape": each.shape.name, "name": each.name, "weights": each.weights}
        text, prompt, reached = per_second(each.decode_ms), per_second(each.prompt_ms), share_of_peak(each)
        row["tokens_per_s"] = round(text, 1)
        row["tokens_per_s_possible"] = round(each.bounds.bandwidth * 1e9 / each.bytes_per_token, 1)
        row["prompt_tokens_per_s"] = round(prompt, 1)
        row["prompt_tokens_per_s_possible"] = reached and round(prompt / reached, 1)
        row |= {"load_s": round(each.load_s, 1), "memory_mb": round(each.memory_mb), "date": today()}
        rows.append(row)
    return {**{name: found[name] for name in ("date", "machine", "browser")}, "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure this project and its peers in one browser.")
    parser.add_argument(
        "--only", nargs="*", default=[], help="measure only contestants whose name, weights or model has this"
    )
    parser.add_argument("--threads", nargs="*", type=int, default=[1, 2], help="thread counts of the peers")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--docs", action="store_true", help=f"write {DOCS.name}, its chart and README's table"
    )
    options = parser.parse_args()
    if options.docs and any(part not in LARGE for part in options.only):
        parser.error("only the large models, 1.5B and 2.9B, are added to tables of another run")
    chosen, can_build = [], llamacpp.available(llamacpp.BROWSER_TOOLS)
    for group in groups(options.threads):
        wanted = [
            each
            for each in group
            if (not options.only or any(part in each.described for part in options.only))
            and (each.kind != "llamacpp" or can_build)
        ]
        if wanted:
            prepare(wanted)
            measure(wanted, options.rounds)
        chosen += wanted
    pairs = [] if options.only else measure_threads(options.rounds)
    places, sizes = ({}, {}) if options.only else measure_growth(options.rounds)
    natively = None if options.only else native_peers.table(options.threads, options.rounds)
    version = subprocess.run(["chromium", "--version"], capture_output=True, text=True).stdout.strip()
    found = report(chosen, version)
    found |= {"threads": pairs, "places": places, "sizes": sizes}
    (ROOT / "build" / "bench.json").write_text(json.dumps(found, indent=2) + "\n")
    head = (
        f"{found['date']}, {found['machine']}, {version}; "
        f"medians of {options.rounds} rounds in {LOADS} browsers; {describe(chosen)}"
    )
    text = f"{head}\n\n{table(chosen)}"
    if not options.only:
        parts = (
            natively,
            threads.describe(pairs),
            growth.describe(places, sizes),
        )
        text = "\n\n".join([text, *filter(None, parts)])
    print(text)
    if options.docs:
        data = chart(chosen, found)
        if options.only:
            text, data = updated(chosen, data)
        DOCS.write_text(with_section(DOCS, "benchmark", text))
        CHART.write_text(json.dumps(data, indent=1) + "\n")
        figures.measured_speeds.cache_clear()
        for path, content in figures.files().items():
            path.write_text(content)


def updated(chosen: list[Contestant], data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The article's tables and the chart's data with these models measured again, the others as before."""
    measured = shapes(chosen)
    starts = tuple(start for shape in measured for start in (f"| {shape} |", f"{shape} in a browser"))
    text = DOCS.read_text().partition(MARKS[0])[2].partition(MARKS[1])[0].strip()
    kept = [block for block in text.split("\n\n") if not block.startswith(starts)]
    last = max(
        at for at, block in enumerate(kept) if block.startswith("| RWKV-") and "| first token |" in block
    )
    kept.insert(last + 1, table(chosen))
    before = json.loads(CHART.read_text())
    rows = [row for row in before["rows"] if row["shape"] not in measured]
    return "\n\n".join(kept), {**before, "rows": rows + data["rows"]}


if __name__ == "__main__":
    main()
