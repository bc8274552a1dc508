"""Models whose output is a simple rule, and helpers to run them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.decoding import Chunk, End, generate
from goosequill.kernels import NumpyKernel, load_kernel
from goosequill.tokenizers import load_tokenizer

BYTE = load_tokenizer("byte")
OPERATIONS = NumpyKernel().logits


@dataclass
class Sizes:
    vocab_size: int


class FakeState:
    def __init__(self, tokens: list[int] | None = None) -> None:
        self.tokens = tokens or []
        self.arrays: dict[str, NDArray[np.float32]] = {}

    def copy(self) -> FakeState:
        return FakeState(list(self.tokens))


class FakeModel:
    """Its logits are a function of all tokens read so far."""

    def __init__(self, rule: Callable[[list[int]], NDArray[Any]], vocab_size: int = 256) -> None:
        self.config = Sizes(vocab_size)
        self.kernel = load_kernel()
        self.rule = rule
        self.read: list[int] = []

    def new_state(self) -> FakeState:
        return FakeState()

    def forward(self, tokens: Sequence[int], state: FakeState, *, logits: Any = "last") -> Any:
        rows = []
        for token in tokens:
            state.tokens.append(token)
            self.read.append(token)
            rows.append(np.asarray(self.rule(state.tokens), np.float32))
        return None if logits == "none" else np.stack(rows) if logits == "all" else rows[-1]


def saying(text: str | bytes, vocab_size: int = 256) -> FakeModel:
    """Return a model that writes a text after a prompt of one token, and then zero bytes."""
    data = text.encode() if isinstance(text, str) else text

    def rule(tokens: list[int]) -> NDArray[Any]:
        logits = np.zeros(vocab_size, np.float32)
        index = len(tokens) - 1
        logits[data[index] if index < len(data) else 0] = 50.0
        return logits

    return FakeModel(rule, vocab_size)


def random_model(seed: int = 0, vocab_size: int = 256, spread: float = 2.0) -> FakeModel:
    """Return a model whose logits are noise that depends on the last three tokens."""

    def rule(tokens: list[int]) -> NDArray[Any]:
        key = [seed, *tokens[-3:]]
        return np.random.Generator(np.random.PCG64(key)).normal(0, spread, vocab_size)

    return FakeModel(rule, vocab_size)


def run(model: Any, prompt: Any, config: Any = None, **rest: Any) -> tuple[list[Chunk], End]:
    items = list(generate(model, rest.pop("tokenizer", BYTE), prompt, config, **rest))
    end = items.pop()
    assert isinstance(end, End)
    return [item for item in items if isinstance(item, Chunk)], end


def text_of(result: tuple[list[Chunk], End]) -> str:
    return "".join(chunk.text for chunk in result[0]) + result[1].text
