"""Record what the home page replays before a visitor loads the engine: site/home/recordings/*.json.

Each file is one style of the default model: a prompt and, for each temperature, the tokens that the model
generated, each with the candidates that it was chosen from. The results are committed; run it again when the
default model changes. Each style has the seed, of twenty, whose text at temperature 0.6 reads best; the page
says so.

    PYTHONPATH=py python scripts/recordings.py
    PYTHONPATH=py python scripts/recordings.py --choose    print the texts of all twenty

The format of a file; a probability is in thousandths:

    {"style": name, "tag": text before the prompt, "prompt": text, "seed": number,
     "runs": [{"temperature": number, "steps": [[text, chosen, [[text, model's, decoder's], ...]], ...]}]}

`chosen` is the index of the token among its candidates, which are ordered by the decoder's probability.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from goosequill.decoding import Chunk, DecodingConfig, generate
from goosequill.decoding.items import token_text
from goosequill.decoding.sampling import Logits
from goosequill.kernels import load_kernel
from goosequill.loading.load import load_path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "site" / "home" / "recordings"
MODEL = ROOT / "site" / "models" / "default"
TEMPERATURES = (0.0, 0.3, 0.6, 0.9, 1.2)
SHORTEST, LONGEST = 20, 52
"""Tokens of a text: it ends with a sentence, if one ends between them."""
SEEDS = 20
"""From which the ones below were chosen."""
SENTENCE = re.compile(r"(?<!Mr)(?<!Mrs)(?<![A-Z]{2})[.?!]\"?$")
"""The end of one, and not of a name."""
Shares = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
SHOWN = 5
"""Candidates of each token."""


class Style(NamedTuple):
    """A style of the default model: the model's name for it, the page's, the prompt and the seed."""

    name: str
    title: str
    prompt: str
    seed: int


STYLES = (
    Style("novel", "Novel", "It was a dark evening in November, and", seed=0),
    Style("verse", "Drama", "KING.\nWhat news, good cousin, from", seed=3),
    Style("speech", "Speech", "Fellow citizens, the state of our Union", seed=4),
    Style("scripture", "Scripture", "And it came to pass in those days, that", seed=18),
    Style("definition", "Definition", "feather (noun):", seed=0),
)


class Listening:
    """A model that keeps the logits from which each token was chosen."""

    def __init__(self, model: Any) -> None:
        self.config, self.kernel, self.new_state = model.config, model.kernel, model.new_state
        self.logits: list[Logits] = []
        self._model = model

    def forward(self, *args: Any, **options: Any) -> Any:
        logits = self._model.forward(*args, **options)
        if logits is not None:
            self.logits.append(np.array(logits))
        return logits


def after_temperature(logits: Logits, temperature: float) -> Shares:
    """Return the probabilities from which the decoder drew; at 0 all of it goes to the most likely token."""
    if temperature == 0:
        return np.equal(np.arange(logits.size), logits.argmax()).astype(np.float64)
    return softmax(logits / temperature)


def softmax(logits: Logits) -> Shares:
    shares: Shares = np.exp(logits.astype(np.float64) - logits.max())
    shares /= shares.sum()
    return shares


def candidates_of(
    logits: Logits, chosen: int, temperature: float, tokenizer: Any
) -> tuple[int, list[list[Any]]]:
    """Return the index of the chosen token, and the candidates, as in a file."""
    shown = [int(token) for token in np.argsort(-logits, kind="stable")[:SHOWN]]
    if chosen not in shown:
        shown[-1] = chosen
    shares = (softmax(logits), after_temperature(logits, temperature))
    rows = [
        [token_text(tokenizer, token), *(round(1000 * float(share[token])) for share in shares)]
        for token in shown
    ]
    return shown.index(chosen), rows


def write(
    model: Any, tokenizer: Any, prompt: str, temperature: float, seed: int, length: int = LONGEST
) -> list[Chunk]:
    """Generate a text; without the words after its last whole sentence, if enough is left."""
    config = DecodingConfig(temperature=temperature, seed=seed, max_new_tokens=length)
    chunks = [item for item in generate(model, tokenizer, prompt, config) if isinstance(item, Chunk)]
    text, end = "", len(chunks)
    for count, chunk in enumerate(chunks, 1):
        text += chunk.text
        if count >= SHORTEST and SENTENCE.search(text):
            end = count
    return chunks[:end]


def record_run(
    loaded: Any, prompt: str, temperature: float, seed: int, length: int = LONGEST
) -> list[list[Any]]:
    """Generate a text and return its steps as in a file."""
    model = Listening(loaded.model)
    chunks = write(model, loaded.tokenizer, prompt, temperature, seed, length)
    return [
        [chunk.text, *candidates_of(logits, chunk.token, temperature, loaded.tokenizer)]
        for chunk, logits in zip(chunks, model.logits, strict=False)
    ]


def record_style(loaded: Any, style: Style, temperatures: Sequence[float] = TEMPERATURES) -> dict[str, Any]:
    """Return the contents of one file."""
    registers = {one["name"]: one["tag"] for one in loaded.description["registers"]}
    tag = registers[style.name]
    runs = [
        {"temperature": temperature, "steps": record_run(loaded, tag + style.prompt, temperature, style.seed)}
        for temperature in temperatures
    ]
    return {"style": style.name, "tag": tag, "prompt": style.prompt, "seed": style.seed, "runs": runs}


def print_all(loaded: Any) -> None:
    """Print what can be chosen from."""
    for style in STYLES:
        for seed in range(SEEDS):
            prompt = f"<{style.name}>\n{style.prompt}"
            chunks = write(loaded.model, loaded.tokenizer, prompt, 0.6, seed)
            print(f"{style.name} {seed}: {style.prompt}{''.join(chunk.text for chunk in chunks)}\n")


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    loaded = load_path(MODEL, kernel=load_kernel())
    if sys.argv[1:] == ["--choose"]:
        print_all(loaded)
        return 0
    for style in STYLES:
        text = json.dumps(record_style(loaded, style), ensure_ascii=False, separators=(",", ":"))
        (FOLDER / f"{style.name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{style.name}: {len(text):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
