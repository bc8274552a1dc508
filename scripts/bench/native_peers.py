"""Goosequill and llama.cpp, both compiled for this machine, on one model of random weights.

Every contestant is a process of its own, and they take turns: in each round each reads a prompt and decodes
some tokens greedily. Medians of the rounds are reported, and the medians of the ratios within a round.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from scripts.bench import llamacpp
from scripts.bench.weights import RWKV7, Shape, write_safetensors

from goosequill.decoding.config import DecodingConfig
from goosequill.kernels import Shortlist, load_kernel
from goosequill.models import load_model
from goosequill.weights import FileSource, open_tensors

FOLDER = Path(__file__).resolve().parents[2] / "build" / "bench"
PAIRS = (("int8", "Q8_0"), ("int4", "Q4_0"))
"""Weights of about the same size: ours, theirs."""
TOKENS, PROMPT = 40, 64
"""Tokens of a turn: of text, and of a prompt."""
PAUSE = 0.05
"""Seconds before a turn, in which the threads of the one before fall asleep."""

Ask = Callable[[str, int], list[float]]
"""Milliseconds of each of some tokens that are decoded ("decode"), or of a whole prompt ("prompt")."""


@dataclass
class Contestant:
    """An engine with one model, and its tokens per second, one entry a round."""

    engine: str
    weights: str
    threads: int
    decode: list[float] = field(default_factory=list)
    prompt: list[float] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """Its model."""
        names = {"goosequill": f"rwkv-7-0.19b-{self.weights}.safetensors"}
        return FOLDER / "models" / names.get(self.engine, f"rwkv7-{self.weights}.gguf")


def contestants(threads: list[int]) -> list[Contestant]:
    """Ours and theirs in turn, for each number of threads and size of weights."""
    return [
        Contestant(engine, weights, count)
        for count in threads
        for pair in PAIRS
        for engine, weights in zip(("goosequill", "llama.cpp"), pair, strict=True)
    ]


def write_model(each: Contestant, shape: Shape = RWKV7) -> None:
    """Write a contestant's model, unless it is there."""
    if each.file.exists():
        return
    each.file.parent.mkdir(parents=True, exist_ok=True)
    if each.engine == "goosequill":
        write_safetensors(shape, int(each.weights.removeprefix("int")), each.file)
    else:
        from scripts.bench.peers import write_gguf  # needs the package gguf

        write_gguf(shape, each.file, each.weights)


def open_ours(path: Path, threads: int) -> Ask:
    """Goosequill with its native kernel."""
    model = load_model(open_tensors(FileSource(path)), kernel=load_kernel("native", threads=threads))
    wanted: Shortlist | Literal["last"] = DecodingConfig(temperature=0).shortlist or "last"
    highest = model.kernel.logits.argmax
    state, token = model.new_state(), 1

    def decode() -> float:
        nonlocal token
        start = time.perf_counter()
        logits = model.forward([token], state, logits=wanted)
        assert logits is not None
        token = int(highest(logits))
        return 1e3 * (time.perf_counter() - start)

    def prompt(count: int) -> float:
        nonlocal state
        state = model.new_state()
        ids, start = [7 * i % 1000 for i in range(count)], time.perf_counter()
        model.forward(ids, state, logits=wanted)
        return 1e3 * (time.perf_counter() - start)

    return lambda what, count: [prompt(count)] if what == "prompt" else [decode() for _ in range(count)]


def open_llama(path: Path, threads: int) -> Ask:
    """llama.cpp with the driver that its browser build has, too."""
    library = ctypes.CDLL(str(llamacpp.build_native(FOLDER / "llamacpp")))
    library.prompt.restype, library.decode.restype = ctypes.c_double, ctypes.POINTER(ctypes.c_double)
    if not library.load(str(path).encode(), threads):
        raise RuntimeError(f"llama.cpp cannot load {path}")

    def ask(what: str, count: int) -> list[float]:
        times = [library.prompt(count)] if what == "prompt" else library.decode(count)[:count]
        if min(times) < 0:
            raise RuntimeError("llama.cpp could not decode")
        return [float(taken) for taken in times]

    return ask


OPEN = {"goosequill": open_ours, "llama.cpp": open_llama}


def serve(requests: Connection, each: Contestant) -> None:
    """Answer requests in a process of its own, until None comes."""
    ask = OPEN[each.engine](each.file, each.threads)
    ask("prompt", PROMPT)
    requests.send(ask("decode", 4))
    while request := requests.recv():
        requests.send(ask(*request))


@contextmanager
def started(each: Contestant) -> Any:
    """Start a contestant's process; yield its `Ask`."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, each), daemon=True)
    process.start()
    theirs.close()  # so that the end of the process ends our waiting

    def ask(what: str, count: int) -> Any:
        ours.send((what, count))
        return ours.recv()

    ours.recv()
    yield ask
    ours.send(None)
    process.join()


def measure(chosen: list[Contestant], rounds: int) -> None:
    """Let the contestants take turns; fill in their tokens per second."""
    for each in chosen:
        write_model(each)
    with ExitStack() as stack:
        asks = [stack.enter_context(started(each)) for each in chosen]
        for _ in range(rounds):
            for each, ask in zip(chosen, asks, strict=True):
                time.sleep(PAUSE)
                each.prompt.append(1e3 * PROMPT / ask("prompt", PROMPT)[0])
                each.decode.append(1e3 / statistics.median(ask("decode", TOKENS)))


def describe(chosen: list[Contestant]) -> str:
    """The results as Markdown, one row for each of our contestants and its opponent."""
    lines = [
        f"Natively, RWKV-7 0.19B: medians of {len(chosen[0].decode)} rounds, each of {TOKENS} tokens and "
        f"a prompt of {PROMPT}, in tokens/s.",
        "",
        "| threads | weights | decode | llama.cpp | ratio | prompt | llama.cpp | ratio |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for own, other in zip(chosen[::2], chosen[1::2], strict=True):
        cells = [str(own.threads), f"{own.weights}, {other.weights}"]
        for one, two in ((own.decode, other.decode), (own.prompt, other.prompt)):
            ratio = statistics.median(a / b for a, b in zip(one, two, strict=True))
            cells += [f"{statistics.median(one):.0f}", f"{statistics.median(two):.0f}", f"{ratio:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def table(threads: list[int], rounds: int) -> str | None:
    """Build llama.cpp and measure; None, with a message, where it cannot be built."""
    if not llamacpp.available(llamacpp.NATIVE_TOOLS):
        return None
    print("bench: llama.cpp for this machine, unless it has been built", file=sys.stderr)
    llamacpp.build_native(FOLDER / "llamacpp")
    chosen = contestants(threads)
    measure(chosen, rounds)
    return describe(chosen)
