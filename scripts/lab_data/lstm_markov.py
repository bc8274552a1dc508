"""Compare the laboratory's small LSTM with Markov chains: python -m scripts.lab_data.lstm_markov

Chains of characters with Kneser-Ney smoothing (Chen and Goodman 1998) learn from the same chapters, and both
are judged on the same characters of chapters that were held out (lstm_text.py). It takes a minute or two, and
writes py/goosequill/lab/data/lstm-markov.json.
"""

from __future__ import annotations

import json

import numpy as np
from scripts.lab_data.lstm_text import LENGTH, UNSEEN, bits, read_novels
from scripts.train import kneser_ney

from goosequill.lab import experiments, paired
from goosequill.lab.lstm_text import NAME, CharacterModel

OUTPUT = experiments.DATA / "lstm-markov.json"
COMMAND = "python -m scripts.lab_data.lstm_markov"
ORDERS = range(1, 6)
"""Characters of the longest pieces that a chain counts: five fit a key, so it sees at most four."""
WINDOWS = 64
"""Pieces of the held-out chapters that are judged, as many as for the LSTM."""


def main() -> None:
    """Judge all, and write the file."""
    learn, held = read_novels()
    writer = CharacterModel.unpack((experiments.DATA / NAME).read_bytes())
    places = {character: index for index, character in enumerate(writer.characters)}
    texts = [np.array([places[each] for each in text if each in places]) for text in (learn, held)]
    starts = np.random.default_rng(1).integers(0, len(texts[1]) - LENGTH - 1, WINDOWS)
    judged = starts[:, None] + np.arange(1 + UNSEEN, LENGTH + 1)  # [WINDOWS, LENGTH - UNSEEN]
    chains = []
    for order in ORDERS:
        counted = kneser_ney.train(texts[0].astype(np.uint16), order)
        found = kneser_ney.probabilities(
            counted, texts[1].astype(np.uint16), vocab_size=len(writer.characters)
        )
        costs = -np.log2(found[judged - 1]).mean(axis=1)  # of the token after the first
        half = paired.student_quantile(0.975, WINDOWS - 1) * costs.std(ddof=1) / np.sqrt(WINDOWS)
        numbers = sum(len(each.grams) for each in counted)
        chains.append(
            {"seen": order - 1, "bits": float(costs.mean()), "half_width": float(half), "numbers": numbers}
        )
        print(chains[-1], flush=True)
    study = {
        "command": COMMAND,
        "windows": WINDOWS,
        "characters": LENGTH - UNSEEN,
        "lstm": bits(writer.reader, writer.weights, texts[1]),
        "chains": chains,
        "weights": int(writer.weights.size),
    }
    rounded = json.loads(json.dumps(study), parse_float=lambda number: float(f"{float(number):.4g}"))
    OUTPUT.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
