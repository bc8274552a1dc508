"""A small LSTM that writes, character by character, with the playground's decoders.

`CharacterModel` is the model as `goosequill.decoding` asks for it: tokens and a state in, logits out. Its
weights were trained by scripts/lab_data/lstm_text.py, and have 8 bits each. Nothing here trains or draws.
"""

from __future__ import annotations

import io
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from goosequill.decoding import Chunk, DecodingConfig, End, generate
from goosequill.decoding.steps.penalties import Penalties
from goosequill.decoding.steps.temperature import Temperature
from goosequill.decoding.steps.truncators import MinP, TopK, TopP
from goosequill.kernels import NumpyKernel
from goosequill.lab.recurrent import Floats, Lstm, RecurrentNetwork
from goosequill.parameters import ParameterSet, setting
from goosequill.support.progress import Progress
from goosequill.tokenizers.base import TableTokenizer

NAME = "lstm-text.npz"
CHAINS = "lstm-markov.json"
HIDDEN = 144
LONGEST_PROMPT = 300
"""Of a longer prompt only the end is read."""
SHOWN = 16
"""Units whose memory is shown."""
STILL = 0.2
"""Standard deviation of tanh(c) below which a unit is not shown: many are saturated and never change."""
DECODER = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "frequency_penalty")


class Settings(ParameterSet):
    """The settings of the experiment; those of the decoder are the playground's."""

    prompt: str = setting(
        "Start of the text",
        "The network reads this, and continues. Characters that it does not know are left out.",
        default="It is a truth",
    )
    length: int = setting("Characters", "How many to write.", default=300, range=(20, 1000, 20))
    temperature: float = setting(
        Temperature.Settings.PARAMETERS["temperature"].sentence, default=0.7, range=(0.0, 2.0, 0.05)
    )
    top_k: int = setting("Top-k", TopK.Settings.PARAMETERS["top_k"].sentence, default=0, range=(0, 60))
    top_p: float = setting(
        "Top-p", TopP.Settings.PARAMETERS["top_p"].sentence, default=1.0, range=(0.05, 1.0, 0.05)
    )
    min_p: float = setting(
        "Min-p", MinP.Settings.PARAMETERS["min_p"].sentence, default=0.0, range=(0.0, 0.5, 0.01)
    )
    repetition_penalty: float = setting(
        Penalties.Settings.PARAMETERS["repetition_penalty"].sentence, default=1.0, range=(1.0, 2.0, 0.05)
    )
    frequency_penalty: float = setting(
        Penalties.Settings.PARAMETERS["frequency_penalty"].sentence, default=0.0, range=(0.0, 2.0, 0.05)
    )
    seed: int = setting("The same seed writes the same text again.", default=1, range=(0, 9999))


DESCRIPTION = Settings.describe(
    "lstm-text",
    "An LSTM writes",
    "Continues a text, character by character, with a small trained LSTM.",
    "p(next character) = softmax(V h + c)",
    "Graves 2013 (text); Hochreiter & Schmidhuber 1997, Gers et al. 2000 (LSTM)",
)


@dataclass(frozen=True)
class Sizes:
    """What the decoder asks of a model's configuration."""

    vocab_size: int


@dataclass
class State:
    """The network's state, one text: h and c, [1, hidden] each, and the logits after it."""

    h: Floats
    c: Floats

    def copy(self) -> State:
        """Return an independent state."""
        return State(self.h.copy(), self.c.copy())


class Characters(TableTokenizer):
    """A token is a character; text that it does not know is left out."""

    def __init__(self, characters: str) -> None:
        table = [character.encode() for character in characters]
        super().__init__("characters", table, len(table), None)
        self._ids = {character: index for index, character in enumerate(characters)}

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""
        return [self._ids[character] for character in text if character in self._ids]


class CharacterModel:
    """The network as a language model."""

    def __init__(self, characters: str, hidden: int, weights: Floats | None = None) -> None:
        self.tokenizer = Characters(characters)
        self.config, self.kernel = Sizes(len(characters)), NumpyKernel()
        self.characters = characters
        self.reader = RecurrentNetwork(Lstm(len(characters), hidden), len(characters))
        self.weights = np.zeros(self.reader.size, np.float32) if weights is None else weights
        cell, self._out, self._offset = self.reader.split(self.weights)
        self._in, self._recurrent, self._bias = self.reader.cell.split(cell)

    def new_state(self) -> State:
        """Return the state before the first character."""
        shape = (1, self.reader.cell.hidden)
        return State(np.zeros(shape, np.float32), np.zeros(shape, np.float32))

    def step(self, token: int, state: State) -> None:
        """Read one character into the state."""
        z = self._in[token] + self._bias + np.einsum("bi,ij->bj", state.h, self._recurrent)
        state.h, state.c, _ = self.reader.cell.step(z, state.c)

    def forward(self, tokens: Sequence[int], state: State, *, logits: Any = "last") -> Floats | None:
        """Read tokens into the state, and return logits as `goosequill.models.Model.forward` does."""
        rows = []
        for token in tokens:
            self.step(token, state)
            if logits == "all":
                rows.append(self._logits(state))
        if logits == "none":
            return None
        return np.stack(rows) if logits == "all" else self._logits(state)

    def _logits(self, state: State) -> Floats:
        return np.asarray(np.einsum("bi,ij->j", state.h, self._out) + self._offset)

    def _matrices(self, weights: Floats) -> list[Floats]:
        """The parts of a vector of weights: each column of a matrix has a scale of its own."""
        cell, out, offset = self.reader.split(weights)
        return [*self.reader.cell.split(cell), out, offset]

    def pack(self, weights: Floats) -> bytes:
        """Return weights in the form in which `unpack` reads them: matrices with 8 bits, vectors with 32."""
        stored: dict[str, Any] = {"characters": np.frombuffer(self.characters.encode("ascii"), np.uint8)}
        for index, part in enumerate(self._matrices(weights)):
            if part.ndim == 2:
                scale = np.abs(part).max(axis=0) / 127 + 1e-12
                stored[f"scale{index}"] = scale.astype(np.float32)
                part = np.round(part / scale).astype(np.int8)
            stored[f"part{index}"] = part
        file = io.BytesIO()
        np.savez_compressed(file, **stored)
        return file.getvalue()

    @classmethod
    def unpack(cls, data: bytes) -> CharacterModel:
        """Return the network of a file of this package."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            characters = stored["characters"].tobytes().decode("ascii")
            parts = [
                stored[f"part{index}"] * stored[f"scale{index}"]
                if f"scale{index}" in stored
                else stored[f"part{index}"]
                for index in range(5)
            ]
        weights = np.concatenate([part.ravel() for part in parts]).astype(np.float32)
        return cls(characters, parts[1].shape[0], weights)


def files(settings: Settings) -> tuple[str, ...]:
    """Return the names of the data files that a run needs."""
    return NAME, CHAINS


def compute(
    settings: Settings, *, files: Mapping[str, bytes]
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Write a text.

    Yields
    ------
    The text so far.

    Returns
    -------
    dict
        ``prompt`` as it was read; ``text``; ``surprise``, the bits of each character written under the
        network's own probabilities, [characters]; ``memory``, tanh(c) of units from slow to fast, [units,
        characters]; ``units``, their indices; ``characters``, ``hidden`` and ``weights``, the sizes;
        ``chains``, the committed comparison with Markov chains.
    """
    writer = CharacterModel.unpack(files[NAME])
    chosen = {name: getattr(settings, name) for name in DECODER}
    config = DecodingConfig(max_new_tokens=settings.length, seed=settings.seed, **chosen)
    known = set(writer.characters)
    prompt = "".join(each for each in settings.prompt if each in known)[-LONGEST_PROMPT:] or "\n"
    state, text, memory = writer.new_state(), "", []
    logprobs: list[float] = []
    for item in generate(writer, writer.tokenizer, prompt, config, state=state):
        if isinstance(item, Chunk | End):
            text += item.text
        if isinstance(item, Chunk):
            memory.append(state.c[0].copy())
            logprobs.append(item.logprob)
            yield Progress("characters", len(logprobs), settings.length)
            if len(logprobs) % 20 == 0:
                yield {"prompt": prompt, "text": text}
    inside = _inside(writer, np.array(memory), logprobs)
    return {"prompt": prompt, "text": text, **inside, "chains": json.loads(files[CHAINS])}


def _inside(writer: CharacterModel, memory: Floats, logprobs: list[float]) -> dict[str, Any]:
    memory = np.tanh(memory)  # as the outputs see it
    units = paced(memory)
    return {
        "surprise": np.round(-np.array(logprobs) / np.log(2), 3),
        "memory": np.round(memory[:, units].T, 2),
        "units": units,
        "characters": len(writer.characters),
        "hidden": writer.reader.cell.hidden,
        "weights": writer.reader.size,
    }


def paced(memory: Floats) -> Floats:
    """Return `SHOWN` units, evenly from the slowest to the fastest of those that change, from [characters,
    units]: by the size of a unit's steps in relation to its deviation."""
    deviation = memory.std(axis=0)
    moving = np.flatnonzero(deviation > min(STILL, np.sort(deviation)[-SHOWN] - 1e-9))
    steps = np.diff(memory, axis=0).std(axis=0)[moving] / deviation[moving]
    ordered = moving[np.argsort(steps)]
    return np.asarray(ordered[np.linspace(0, len(ordered) - 1, SHOWN).round().astype(int)])
