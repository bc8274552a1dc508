"""How often letters are read right: the study of the page "Handwriting".

    OMP_NUM_THREADS=1 PYTHONPATH=py:. python -m scripts.lab_data.handwriting_study

It writes ``py/goosequill/lab/data/handwriting-study.json``. Each of 20 people of Omniglot has written a to z;
her own letters are never among the templates or in training. Beside that stand the page's samples, a to z of
both fonts with the preset unsteadiness, by seeds. Nothing was tuned on these letters: the band is the
page's, and the network's shape, rate and epochs were chosen beforehand. On one core it takes some minutes.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scripts.command import ROOT

from goosequill.lab import classifier, elastic, experiments, handwriting, paired
from goosequill.lab.strokes import Strokes, perturbed, sequence
from goosequill.support.progress import finish

Floats = NDArray[Any]
Letters = Sequence[tuple[str, Strokes]]
Counts = tuple[int, int]
"""Of the letters of one hand: those read right, and those whose letter is among the five best."""

OUTPUT = experiments.DATA / "handwriting-study.json"
FILES = {name: experiments.path_of(name).read_bytes() for name in (handwriting.FILE, handwriting.WRITERS)}
PEOPLE = handwriting.writers(FILES[handwriting.WRITERS])
FIRST_SEED, SEEDS = 1, len(PEOPLE)
WOBBLE = handwriting.Settings().wobble
KNOWN = "abcdefghij"
"""What the page's network has learned, as capitals."""

HIDDEN, COPIES, EPOCHS, BATCH, RATE = 128, 10, 20, 32, 0.1
DRAW = """
const { readFileSync } = await import("node:fs");
const { rasterize } = await import(process.argv[1]);
for (const strokes of JSON.parse(readFileSync(0, "utf8")))
  process.stdout.write(Buffer.from(rasterize(strokes).buffer));
"""


def sample(seed: int) -> list[tuple[str, str, Strokes]]:
    """The letters that a seed writes: the label, the face and the strokes."""
    rng = np.random.default_rng(seed)
    faces = handwriting.letters(FILES[handwriting.FILE])
    return [
        (label, face, perturbed(each[label], WOBBLE, rng))
        for face, each in faces.items()
        for label in handwriting.ALPHABETS["small"]
    ]


def counts(read: Sequence[Sequence[str]], labels: Sequence[str]) -> Counts:
    pairs = list(zip(read, labels, strict=True))
    return sum(best[0] == label for best, label in pairs), sum(label in best for best, label in pairs)


def matched(
    letters: Letters,
    *,
    templates: Literal["fonts", "people"],
    band: int = 6,
    left_out: int = -1,
    face: str = "",
    among: str = "",
) -> Counts:
    """What elastic matching reads, without the templates of one face, and of some letters only."""
    settings = handwriting.Settings(alphabet="small", templates=templates, band=band)
    names, bank = handwriting.templates_of(FILES, settings, left_out=left_out)
    if face or among:
        kept = [at for at, (label, of) in enumerate(names) if of != face and label in (among or label)]
        names, bank = [names[at] for at in kept], elastic.Bank(bank.sequences[:, :, kept], band)
    queries = np.stack([sequence(strokes) for _, strokes in letters], axis=-1)
    ranks = finish(handwriting.ranked(bank, names, queries))
    return counts([[names[at][0] for at, _ in each] for each in ranks], [label for label, _ in letters])


def pictures(letters: Letters) -> Floats:
    """Letters as the page's network gets them, [letters, 784]; as large as the pad, which they fill."""
    drawn = []
    for _, strokes in letters:
        every = np.concatenate(strokes)
        size = max(float(np.ptp(every, axis=0).max()), 1e-9)
        drawn.append([[{"x": x / size, "y": y / size} for x, y in stroke.tolist()] for stroke in strokes])
    command = ["node", "--input-type=module", "-e", DRAW, (ROOT / "site/lab/classify.js").as_uri()]
    found = subprocess.run(command, input=json.dumps(drawn).encode(), capture_output=True, check=True)
    return np.frombuffer(found.stdout, np.float32).reshape(len(letters), -1) - np.float32(0.5)


def answered(layers: Sequence[classifier.Layer], letters: Letters, alphabet: str) -> Counts:
    """What a network reads."""
    _, logits = classifier.forward(layers, pictures(letters))
    best = np.argsort(-logits, axis=1, kind="stable")[:, : handwriting.ALTERNATIVES]
    return counts([[alphabet[at] for at in each] for each in best], [label for label, _ in letters])


def printed() -> list[classifier.Layer]:
    """The network of the page on training, which knows printed capitals."""
    found = json.loads(experiments.path_of("training-network.json").read_text("utf-8"))["layers"]
    return [
        classifier.Layer(
            np.array(each["weights"], np.float32) * each.get("scale", 1), np.array(each["bias"], np.float32)
        )
        for each in found
    ]


def examples() -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """The pictures of all people's letters and of unsteady copies of them, their labels and their writers."""
    letters: list[tuple[str, Strokes]] = []
    who: list[int] = []
    for writer, each in enumerate(PEOPLE):
        rng = np.random.default_rng(writer)
        for label, strokes in each.items():
            letters += [(label, strokes), *((label, perturbed(strokes, WOBBLE, rng)) for _ in range(COPIES))]
            who += [writer] * (1 + COPIES)
    labels = np.array([handwriting.ALPHABETS["small"].index(label) for label, _ in letters])
    return pictures(letters), labels, np.array(who)


def trained(
    x: Floats, labels: NDArray[np.int64], who: NDArray[np.int64], left_out: int
) -> list[classifier.Layer]:
    """A network that has seen the letters of all people but one."""
    rng = np.random.default_rng(left_out + 1)
    layers = classifier.start((x.shape[1], HIDDEN, 26), rng)
    for _ in range(EPOCHS):
        order = rng.permutation(np.flatnonzero(who != left_out))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            classifier.descend(layers, classifier.gradients(layers, x[chosen], labels[chosen])[1], RATE)
    return layers


def few(letters: Letters) -> Letters:
    return [each for each in letters if each[0] in KNOWN]


def of_people(writer: int) -> dict[str, Counts]:
    """What is read of a person's letters without training."""
    letters = list(PEOPLE[writer].items())
    return {
        "fonts": matched(letters, templates="fonts"),
        "people": matched(letters, templates="people", left_out=writer),
        "stiff": matched(letters, templates="people", left_out=writer, band=0),
        "ten": matched(few(letters), templates="people", left_out=writer, among=KNOWN),
        "printed": answered(printed(), few(letters), KNOWN),
    }


def of_samples(seed: int) -> dict[str, Counts]:
    """What is read of the page's samples without training."""
    written = sample(seed)
    letters = [(label, strokes) for label, _, strokes in written]
    others = [
        matched(
            [(label, strokes) for label, of, strokes in written if of == face], templates="fonts", face=face
        )
        for face in ("plain", "cursive")
    ]
    return {
        "fonts": matched(letters, templates="fonts"),
        "other": (others[0][0] + others[1][0], others[0][1] + others[1][1]),
        "people": matched(letters, templates="people"),
        "stiff": matched(letters, templates="people", band=0),
        "ten": matched(few(letters), templates="people", among=KNOWN),
        "printed": answered(printed(), few(letters), KNOWN),
    }


def runs() -> Iterator[tuple[str, dict[str, Counts]]]:
    """What is read of each person's letters, and of each seed's sample."""
    data = examples()
    whole = trained(*data, left_out=-1)
    alphabet = handwriting.ALPHABETS["small"]
    for index, person in enumerate(PEOPLE):
        network = trained(*data, left_out=index)
        yield "people", of_people(index) | {"network": answered(network, list(person.items()), alphabet)}
        written = [(label, strokes) for label, _, strokes in sample(FIRST_SEED + index)]
        yield "samples", of_samples(FIRST_SEED + index) | {"network": answered(whole, written, alphabet)}


def share(right: Sequence[int], letters: int) -> dict[str, Any]:
    """The mean share over hands, with half of its 95% interval by Student's t, and the number of each."""
    found = paired.curve_of(np.array([right]) / letters)
    mean = float(found["mean"][0])
    return {
        "mean": round(mean, 4),
        "half_width": round(mean - float(found["low"][0]), 4),
        "right": list(right),
        "letters": letters,
    }


def summed(of: str, name: str, each: Sequence[Counts]) -> dict[str, Any]:
    letters = (1 if of == "people" else 2) * (len(KNOWN) if name in ("ten", "printed") else 26)
    first, five = zip(*each, strict=True)
    return {"first": share(first, letters), "five": share(five, letters)}


def main() -> None:
    """Read every hand and write the file."""
    each: dict[str, dict[str, list[Counts]]] = {"people": {}, "samples": {}}
    for of, found in runs():
        for name, right in found.items():
            each[of].setdefault(name, []).append(right)
        print(of, found, flush=True)
    study: dict[str, Any] = {
        "command": "python -m scripts.lab_data.handwriting_study",
        "seeds": SEEDS,
        "first_seed": FIRST_SEED,
        "wobble": WOBBLE,
        "network": {"hidden": HIDDEN, "copies": COPIES, "epochs": EPOCHS},
        **{of: {name: summed(of, name, rows) for name, rows in found.items()} for of, found in each.items()},
    }
    OUTPUT.write_text(json.dumps(study, separators=(",", ":")) + "\n", encoding="utf-8")
    for of in each:
        for name, rows in study[of].items():
            print(of, name, *(f"{rows[most]['mean']:.3f} ± {rows[most]['half_width']:.3f}" for most in rows))


if __name__ == "__main__":
    main()
