"""The benchmark's code inside Pyodide: loads one model and times it."""

from __future__ import annotations

import ctypes
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from js import Object
from pyodide.ffi import to_js
from scripts.bench.step_times import parts, seconds

from goosequill.browser.bridge import source_over
from goosequill.decoding import PRESETS, DecodingConfig, generate
from goosequill.kernels import Shortlist, SimdKernel, abi, load_kernel
from goosequill.kernels.library import address_of
from goosequill.models import Model, State, load_model
from goosequill.tokenizers import load_tokenizer, tokenizer_for_vocabulary
from goosequill.weights import open_tensors


class Text:
    """A text that is being generated."""

    def __init__(self, model: Model, logits: Shortlist | Literal["last"]) -> None:
        self.model, self.logits = model, logits
        self.operations = model.kernel.logits
        self.state: State = model.new_state()
        self.token = 1

    def step(self) -> float:
        """Read the most likely token; return the milliseconds."""
        start = time.perf_counter()
        logits = self.model.forward([self.token], self.state, logits=self.logits)
        assert logits is not None
        self.token = self.operations.argmax(logits)
        return (time.perf_counter() - start) * 1e3


class Contestant:
    """A model and its text; computes the logits that greedy decoding needs, or all of them."""

    def __init__(self, file: Any, kernel: str, exact: bool) -> None:
        self.model: Model = load_model(open_tensors(source_over(file)), kernel=load_kernel(kernel))
        greedy = DecodingConfig(temperature=0).shortlist
        self.text = Text(self.model, "last" if exact or greedy is None else greedy)

    @property
    def kernel(self) -> SimdKernel:
        """The model's program, if it can be split among threads."""
        assert isinstance(self.model.kernel, SimdKernel)
        return self.model.kernel

    def division(self) -> Any:
        """What helper threads need, for the page."""
        return to_js(self.kernel.division(), dict_converter=Object.fromEntries)

    def divide(self, share: int) -> None:
        """Split products among threads."""
        self.kernel.divide(share)

    def prompt(self, count: int) -> float:
        """Milliseconds to read a prompt of `count` tokens, with the logits after the last."""
        tokens = [(7 * i) % 1000 for i in range(count)]
        start = time.perf_counter()
        self.model.forward(tokens, self.text.state, logits=self.text.logits)
        return (time.perf_counter() - start) * 1e3

    def decode(self, count: int) -> list[float]:
        """Milliseconds of each of `count` tokens, decoded greedily."""
        return [self.text.step() for _ in range(count)]

    def steps(self, count: int, passes: int = 4) -> str:
        """What a pass over `count` tokens takes, as JSON: the whole, step_times' parts; the state's bytes.

        The fastest of some passes through all of them counts, which a busy second does not spoil. `count` is
        1 or the size of a chunk, whose programs are kept.
        """
        whole = [self.prompt(count)]
        times = []
        for _ in range(passes):
            whole += [self.prompt(count) for _ in range(5)]
            steps = self._program(count).steps
            times.append([part for step in steps for part in parts(self.kernel.library, step, 5)])
        found = [
            {"name": same[0].name, "milliseconds": min(part.milliseconds for part in same)}
            | {"products": same[0].products}
            for same in zip(*times, strict=True)
        ]
        state = sum(array.nbytes for array in self.text.state.arrays.values())
        return json.dumps({"milliseconds": min(whole), "parts": found, "state": state})

    def _program(self, count: int) -> Any:
        """The program of a pass over so many tokens, of which there has been one: to run until the next."""
        programs: dict[Any, Any] = self.text.state.programs
        program = next(found for (_, length), found in programs.items() if length == count)
        program.write_to(address_of(program.result))  # the result of the last run may be gone
        return program

    def weights(self, reader: Any, times: int) -> list[float]:
        """Milliseconds that plain loads take for a token's weights, where they are, and in its order.

        `reader` is bandwidth.c, compiled as a side module.
        """
        self.prompt(1)
        places = []
        for step in self._program(1).steps.tolist():
            if step[0] == abi.NUMBERS["product"]:
                at = {name: step[index] for name, index in abi.FIELDS["product"].items()}
                row = {4: at["columns"] // 64 * 34, 32: 4 * at["columns"]}.get(at["form"], at["columns"])
                second = at["weights"] + self.kernel.library.first_part(at["rows"]) * row + at["gap"]
                places.append([at["weights"], second, at["rows"] * row // 2])
        path = Path("/tmp/reader.wasm")
        path.write_bytes(reader.to_bytes())
        read = ctypes.CDLL(str(path)).weights
        array = np.array(places, np.intp)
        found = []
        for _ in range(times):
            start = time.perf_counter()
            read(address_of(array), len(array))
            found.append((time.perf_counter() - start) * 1e3)
        return found

    def texts(self, count: int) -> dict[str, list[float]]:
        """Milliseconds of `count` tokens each, in turns: of passes alone, and of texts that do more and more.

        In each turn the second of two tokens counts: the first one finds little of its code in a cache. With
        random weights all words are about equally likely, which takes the default decoder longest.
        """
        self.prompt(1)
        program = self._program(1)
        run = partial(self.kernel.library.run, address_of(program.steps), len(program.steps), None)
        ways: dict[str, Callable[[], Any]] = {
            # Of the same state as the next: where that lies in memory counts, too.
            "passes": lambda: (program.write_to(address_of(program.result)), run()),
            "the highest logit": self.text.step,
        }
        tokenizer = load_tokenizer(tokenizer_for_vocabulary(self.model.config.vocab_size) or "world")
        for name in ("greedy", "goosequill"):
            config = DecodingConfig.from_dict({**PRESETS[name], "max_new_tokens": 2 * count + 1})
            items = generate(self.model, tokenizer, [1], config)
            ways[f"a text, {name}"] = partial(next, items, None)
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(count):
            for name, way in ways.items():
                way()
                found[name].append(1e3 * seconds(way))
        return found

    def beside(self, count: int) -> list[float]:
        """The same for further tokens of the text, alternating with those of a new text."""
        other = Text(self.model, self.text.logits)
        return [text.step() for _ in range(count) for text in (self.text, other)]
