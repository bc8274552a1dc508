"""Training by SGD, live: a network without or with a hidden layer learns letters, and its curves are drawn.

Letters come from `letters_data`: families of fonts that validate or test are not among those in training.
The networks and their steps are in `classifier`. The long runs that a page cannot do come from a file that
scripts/lab_data/training_study.py made. Nothing is drawn here.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from goosequill.lab import classifier, letters_data, plane
from goosequill.lab.classifier import Floats, Layer
from goosequill.lab.letters_data import Letters, Sample
from goosequill.parameters import ParameterSet, neutral_setting, setting
from goosequill.support.progress import Progress

BATCH = 128  # the article's
JUDGEMENTS = 30  # how often a network is judged while it learns
JUDGED = 1000  # letters that judge on the way, of training and of validation
TESTED = 3000
PICKED = 20  # test letters that a visitor can pick
STUDY = "training-study.json"
NETWORK = "training-network.json"
CLASSES = 10

Curve = dict[str, list[float]]


class Settings(ParameterSet):
    """The settings of the experiment."""

    hidden: int = setting(
        "Hidden units",
        "How many ReLU units the hidden layer has; 0 trains a linear model.",
        default=64,
        range=(0, 1024, 16),
    )
    steps: int = setting(
        "How many batches of 128 letters are read. The article's runs have 9,000 and 18,000.",
        default=1000,
        range=(100, 18_000, 100),
    )
    rate: float = setting(
        "Learning rate", "How far each step goes along the gradient.", default=0.3, range=(0.01, 2.0, 0.01)
    )
    decay: float = neutral_setting(
        "Weight decay",
        "Adds half of this times the squared weights to the loss.",
        default=0.0,
        range=(0.0, 0.01, 0.0001),
    )
    dropout: float = neutral_setting(
        "The share of hidden units that each training letter leaves out.", default=0.0, range=(0.0, 0.9, 0.05)
    )
    patience: int = neutral_setting(
        "Early stopping",
        "Stop after so many judgements, of 30, without a lower validation loss, and keep the best network; "
        "0 trains to the end.",
        default=0,
        range=(0, 20),
    )
    letters: int = setting(
        "Training letters",
        "How many letters there are to learn from.",
        default=8000,
        range=(200, 30_000, 100),
    )
    seeds: int = setting(
        "Networks",
        "How many networks are trained one after the other, from different weights.",
        default=1,
        range=(1, 5),
    )
    seed: int = setting(
        "The same seed gives the same letters and the same networks.", default=0, range=(0, 2**31 - 1)
    )


DESCRIPTION = Settings.describe(
    "training",
    "SGD and a hidden layer",
    "Trains a network on jittered letters and tests it on letters of other font families.",
    "weights = weights - rate * mean over 128 letters of the gradient of (-log p(label) + decay / 2 * "
    "|weights|^2)",
    "Robbins & Monro 1951 (SGD); He et al. 2015 (starting weights); Srivastava et al. 2014 (dropout)",
)

LARGE = ("network",)
"""Results that are None in what the build gives a page with its first picture."""


def files(settings: Any) -> tuple[str, ...]:
    """Return the data files that a run needs."""
    return (*letters_data.file_names(CLASSES), STUDY)


# ---- Letters ----


@dataclass(frozen=True)
class Data:
    """Letters around the mean of the training letters: that much better is the problem conditioned."""

    train: Sample
    validation: Sample
    test: Sample
    mean: Floats  # [784]


def draw(letters: Letters, count: int, *, seed: int) -> Data:
    """Return `count` training letters, and letters of other families to validate and to test with."""
    rng = np.random.default_rng([seed, 0])
    test = letters_data.sample(letters, "test", TESTED, rng=rng)
    validation = letters_data.sample(letters, "validation", JUDGED, rng=rng)
    train = letters_data.sample(letters, "train", count, rng=rng)
    mean = train.pixels.mean(axis=0, dtype=np.float64).astype(np.float32)
    for part in (train, validation, test):
        part.pixels.__isub__(mean)
    return Data(train, validation, test, mean)


# ---- Training ----


@dataclass
class Training:
    """A network that learns, and what is known of it so far."""

    layers: list[Layer]
    step: int = 0
    curve: Curve = field(
        default_factory=lambda: {
            name: [] for name in ("steps", "batch_loss", "loss", "accuracy", "train_accuracy")
        }
    )
    best: list[Layer] = field(default_factory=list)
    """The weights with the lowest validation loss, kept for early stopping."""
    best_step: int = 0

    @property
    def since_best(self) -> int:
        """Return how many judgements there were since the lowest validation loss."""
        losses = self.curve["loss"]
        return len(losses) - 1 - int(np.argmin(losses)) if losses else 0

    def judge(self, data: Data, step: int, batch_loss: float) -> None:
        """Extend the curve, and keep the weights if they are the best so far."""
        loss, accuracy = classifier.judge(self.layers, data.validation.pixels, data.validation.labels)
        train = data.train.pixels[:JUDGED], data.train.labels[:JUDGED]
        values = (step, batch_loss, loss, accuracy, classifier.judge(self.layers, *train)[1])
        self.curve = {
            name: [*found, value] for (name, found), value in zip(self.curve.items(), values, strict=True)
        }
        if self.since_best == 0:
            self.best_step = step
            self.best = [Layer(layer.weights.copy(), layer.bias.copy()) for layer in self.layers]


def batches(count: int, rng: np.random.Generator) -> Iterator[Any]:
    """Yield the indices of batches for ever: every letter once before one comes again."""
    size = min(BATCH, count)
    while True:
        order = rng.permutation(count)
        for begin in range(0, count - size + 1, size):
            yield order[begin : begin + size]


def train(
    data: Data,
    *,
    hidden: int,
    steps: int,
    rate: float,
    seed: int,
    decay: float = 0.0,
    dropout: float = 0.0,
    patience: int = 0,
) -> Iterator[Training]:
    """Train one network; yield it after each step, and judge it `JUDGEMENTS` times.

    It is always the same object. At the end its layers are those of the last step; with `patience`, the best
    ones.
    """
    rng = np.random.default_rng([seed, 1])
    pixels, labels = data.train.pixels, data.train.labels
    found = Training(classifier.start((pixels.shape[1], *([hidden] if hidden else []), CLASSES), rng))
    every, losses = -(-steps // JUDGEMENTS), []
    for step, batch in zip(range(1, steps + 1), batches(len(labels), rng), strict=False):
        found.step = step
        drops = dropout > 0 and hidden > 0
        mask = classifier.dropout_mask((len(batch), hidden), dropout, rng) if drops else None
        loss, slopes = classifier.gradients(
            found.layers, pixels[batch], labels[batch], decay=decay, mask=mask
        )
        classifier.descend(found.layers, slopes, rate)
        losses.append(loss)
        if step % every == 0 or step == steps:
            found.judge(data, step, float(np.mean(losses)))
            losses.clear()
        is_last = step == steps or (patience > 0 and found.since_best >= patience)
        if is_last and patience:
            found.layers = found.best
        yield found
        if is_last:
            return


# ---- The experiment ----


def compute(
    settings: Settings, *, files: Mapping[str, bytes] | None = None
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Train the networks one after the other; yield their curves as they grow.

    Parameters
    ----------
    files
        The data files that `files` lists; left out, they are read from the package.

    Returns
    -------
    dict
        ``curves``: of each network its ``steps``, the mean ``batch_loss`` since the last judgement, and on
        validation letters ``loss`` and ``accuracy``, besides ``train_accuracy``; ``test_accuracy`` and
        ``best_step`` (with the lowest validation loss) of each; ``network``, the layers of the first one for
        letters from -0.5 (paper) to 0.5 (ink), ``hidden`` if there is one and ``output``, each with
        ``weights`` [inputs, outputs] and ``bias``;
        ``samples`` of test letters, 0 to 15; ``study``, the long runs of a file; ``plane``, what
        describes the small training that a page does by itself.
    """
    held = letters_data.load_files(_files_of(settings)) if files is None else files
    yield Progress("letters", 0, 0)
    data = draw(letters_data.read(held), settings.letters, seed=settings.seed)
    trained: list[Training] = []
    for index in range(settings.seeds):
        trained.append((yield from _one(settings, data, index, trained)))
    network = classifier.around(trained[0].layers, data.mean)
    return {
        "curves": [each.curve for each in trained],
        "best_step": np.array([each.best_step for each in trained]),
        "test_accuracy": np.array([_tested(each, data) for each in trained]),
        "samples": _samples(data),
        "study": json.loads(held[STUDY]),
        "plane": plane.DESCRIBED.to_dict(),
        "network": dict(
            zip(("hidden", "output")[-len(network) :], [each._asdict() for each in network], strict=True)
        ),
    }


_files_of = files  # `compute` has an argument of that name


def _one(
    settings: Settings, data: Data, index: int, before: list[Training]
) -> Generator[Progress | dict[str, Any], None, Training]:
    chosen = {name: getattr(settings, name) for name in ("hidden", "steps", "rate", "decay", "patience")}
    running = train(data, seed=settings.seed + index, dropout=settings.dropout, **chosen)
    shown = 0
    for found in running:
        yield Progress("steps", index * settings.steps + found.step, settings.seeds * settings.steps)
        if len(found.curve["steps"]) > shown:
            shown = len(found.curve["steps"])
            yield {"curves": [*(each.curve for each in before), found.curve]}
    return found


def _tested(trained: Training, data: Data) -> float:
    return classifier.judge(trained.layers, data.test.pixels, data.test.labels)[1]


def _samples(data: Data) -> dict[str, Any]:
    """Return the first test letters of each class, in the order of the alphabet."""
    chosen = np.argsort(data.test.labels[: 10 * PICKED], kind="stable")
    first = np.flatnonzero(np.diff(data.test.labels[chosen], prepend=-1))
    each = PICKED // CLASSES
    chosen = np.concatenate([chosen[begin : begin + each] for begin in first])
    pixels = data.test.pixels[chosen] + (data.mean + np.float32(0.5))
    return {"images": np.round(15 * pixels).astype(np.uint8), "labels": data.test.labels[chosen]}
