"""Trains the small LSTM that writes on the laboratory's page, and stores it with 8 bits a weight.

    python -m scripts.lab_data.lstm_text

It learns to predict the next character of Jane Austen's novels (public domain; the package r-cran-janeaustenr
that scripts/train reads too), by numpy alone, with the cell and the derivatives of the page. About ten
minutes. Texts of one chapter in forty are held out to judge it.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
from scripts.train import corpus

from goosequill.lab import experiments
from goosequill.lab.lstm_text import HIDDEN, NAME, CharacterModel
from goosequill.lab.optimizers import Adam
from goosequill.lab.recurrent import Floats, RecurrentNetwork

STEPS, BATCH, LENGTH, UNSEEN = 5000, 24, 80, 16
"""Of each window of LENGTH characters, the first UNSEEN only fill the state: no loss is taken there."""
RATE = 0.005
HELD_OUT = 40
RAREST = 30
"""A character that occurs less often is left out of the text."""


def read_novels() -> tuple[str, str]:
    """Return the text to learn from and the text held out."""
    package = next(each for each in corpus.PACKAGES if each.name == "r-cran-janeaustenr")
    members = corpus.read_members(corpus.fetch(package, experiments.DATA.parents[3] / "build" / "text"))
    texts = [document.text for document in corpus.read_austen(members)]
    held = texts[HELD_OUT // 2 :: HELD_OUT]
    return "\n\n".join(text for text in texts if text not in held), "\n\n".join(held)


def windows(text: Floats, rng: np.random.Generator, *, count: int) -> tuple[Floats, Floats]:
    """Return characters, [LENGTH, count], from random places, and what follows all but the first UNSEEN."""
    starts = rng.integers(0, len(text) - LENGTH - 1, count)
    read = text[starts + np.arange(LENGTH + 1)[:, None]]
    return read[:-1], read[1 + UNSEEN :]


def train(
    reader: RecurrentNetwork, text: Floats, held: Floats, *, steps: int = STEPS, seed: int = 0
) -> Floats:
    """Return trained weights; print how they do on the way."""
    rng = np.random.default_rng(seed)
    weights = reader.start(rng, biases={"f": 1.0}).astype(np.float32)
    adam, letters = Adam(weights.shape, dtype=np.float32), np.eye(reader.outputs, dtype=np.float32)
    for step in range(steps):
        x, targets = windows(text, rng, count=BATCH)
        _, slope = reader.gradient(weights, letters[x], targets)
        slope *= min(1.0, 1.0 / float(np.linalg.norm(slope)))
        rate = RATE * min(1.0, (step + 1) / 50) * 0.5 * (1 + np.cos(np.pi * step / steps))
        weights += (rate * adam.step(slope)).astype(np.float32)
        if step % 100 == 99:
            print(step + 1, f"{bits(reader, weights, held):.3f} bits a character", flush=True)
    return weights


def bits(reader: RecurrentNetwork, weights: Floats, held: Floats) -> float:
    """Return the mean number of bits a character of the held-out text costs, of 64 windows."""
    x, targets = windows(held, np.random.default_rng(1), count=64)
    letters = np.eye(reader.outputs, dtype=np.float32)
    return reader.gradient(weights, letters[x], targets)[0] / float(np.log(2))


def main(steps: int = STEPS) -> None:
    learn, held = read_novels()
    counts = Counter(learn)
    characters = "".join(
        sorted(each for each, count in counts.items() if count >= RAREST and ord(each) < 127)
    )
    places = {character: index for index, character in enumerate(characters)}
    texts = [np.array([places[each] for each in text if each in places]) for text in (learn, held)]
    print(f"{len(texts[0]):,} characters to learn from, {len(texts[1]):,} held out, {len(places)} different")
    writer = CharacterModel(characters, HIDDEN)
    weights = train(writer.reader, texts[0], texts[1], steps=steps)
    path = experiments.DATA / NAME
    path.write_bytes(writer.pack(weights))
    packed = CharacterModel.unpack(path.read_bytes()).weights
    print(
        f"{path}: {path.stat().st_size:,} bytes; {bits(writer.reader, packed, texts[1]):.3f} bits a character"
    )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
