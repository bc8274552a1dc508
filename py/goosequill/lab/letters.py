"""Multinomial logistic regression on pictures of letters: how accuracy grows with data and regularization.

The optimum is found with L-BFGS; the convention for C is scikit-learn's, and so are the coefficients. The
experiment fits training sets of growing size for several values of C, and looks closely at the last fit: its
weights, its confusions, and whether its probabilities can be believed. Nothing is drawn here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from goosequill.lab import letters_data
from goosequill.lab.products import product
from goosequill.parameters import ParameterSet, neutral_setting, setting
from goosequill.support.progress import Progress, finish

Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.integer[Any]]

MEMORY = 10  # pairs of steps and gradient changes that L-BFGS keeps


SIZES = (50, 100, 200, 500, 1000, 2000, 5000)
STRENGTHS = ("0.001", "0.01", "0.1", "1")  # of C, the strongest penalty first
HELD_OUT = 3000  # letters to validate with, and as many to test with
BINS = 10  # of the reliability curve
EXAMPLES, MISTAKES = 33, 10  # letters to look at: they are part of the page
CURVES, FEATURES, SMALL = "letters-curves.json", "letters-features.json", "letters-small.json"


class Settings(ParameterSet):
    """The settings of the experiment."""

    size: int = setting(
        "Training letters",
        "The largest training set; all smaller ones are fitted on the way.",
        default=2000,
        range=(50, 7000, 50),
    )
    c: str = setting(
        "C for the close-up",
        "The C whose weights, confusions and calibration are shown. A smaller C is a stronger penalty.",
        default="0.01",
        choices=STRENGTHS,
    )
    alphabet: Literal["A to J", "A to Z"] = setting(
        "Letters", "Which letters there are to tell apart.", default="A to J"
    )
    jitter: bool = setting(
        "Turn, shear, scale and shift every letter at random. Clean letters are easier.",
        default=True,
        neutral=False,
    )
    noise: float = neutral_setting(
        "Wrong labels",
        "The share of training letters that get a wrong label.",
        default=0.0,
        range=(0.0, 0.9, 0.05),
    )
    seed: int = setting("The same seed gives the same letters.", default=0, range=(0, 2**31 - 1))


DESCRIPTION = Settings.describe(
    "letters",
    "Letters by logistic regression",
    "Fits logistic regression to growing sets of letters, for four strengths of its penalty.",
    "minimize C * sum(-log p(label)) + |weights|^2 / 2, with p = softmax(pixels @ weights + bias)",
    "Hastie, Tibshirani & Friedman 2009, section 4.4; Nocedal & Wright 2006 (L-BFGS)",
)


class SmallSettings(ParameterSet):
    """The settings of the small case, which a page fits by itself."""

    size: int = setting(
        "Training letters", "How many of the letters it learns from.", default=400, range=(20, 400, 10)
    )


SMALL_DESCRIPTION = SmallSettings.describe("letters-small", "A few small letters", "", "", "")


@dataclass(frozen=True)
class Regression:
    """A fitted model: ``softmax(x @ weights + bias)``; weights [pixels, classes], bias [classes]."""

    weights: Floats
    bias: Floats
    steps: int
    loss: float  # the objective, see `objective`


def logits(model: Regression, pixels: Floats) -> Floats:
    """Return the logits, [n, pixels] -> [n, classes]."""
    return product(pixels, model.weights) + model.bias


def softmax(values: Floats) -> Floats:
    """Return probabilities over the last axis, of the type of the logits."""
    exponentials = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def objective(
    table: Floats, pixels: Floats, mean: Floats, labels: Labels, ridge: float
) -> tuple[float, Floats]:
    """Return the mean loss with its penalty, and the gradient.

    Parameters
    ----------
    table
        Weights above the bias, [pixels + 1, classes]. The pixels are taken around `mean`, which changes only
        the bias, has the same optimum, and makes the problem much better conditioned.
    ridge
        ``1 / (C n)``: the objective is scikit-learn's, ``C * sum(loss) + |weights|^2 / 2``, over ``C n``. The
        bias is not penalized.
    """
    weights, bias = table[:-1], table[-1]
    rows = np.arange(len(labels))
    values = product(pixels, weights) + (bias - mean @ weights)  # [n, classes]
    values -= values.max(axis=1, keepdims=True)
    chosen = values[rows, labels].copy()
    np.exp(values, out=values)
    totals = values.sum(axis=1, keepdims=True)
    loss = float(np.mean(np.log(totals[:, 0]) - chosen)) + ridge / 2 * float(np.vdot(weights, weights))
    values /= totals
    values[rows, labels] -= 1
    values /= len(labels)  # the gradient by the logits, [n, classes]
    bias_gradient = values.sum(axis=0)
    gradient = np.empty_like(table)
    gradient[:-1] = product(pixels.T, values) - np.outer(mean, bias_gradient) + ridge * weights
    gradient[-1] = bias_gradient
    return loss, gradient


def fitting(
    pixels: Floats,
    labels: Labels,
    *,
    c: float,
    classes: int,
    tolerance: float = 1e-4,
    most_steps: int = 500,
    start: Regression | None = None,
) -> Generator[int, None, Regression]:
    """Fit a model; yield the number of steps after each.

    Parameters
    ----------
    pixels
        [n, pixels], float32 or float64; the arithmetic has the same type.
    labels
        Class indices, [n].
    c
        The inverse strength of the penalty, as in scikit-learn: at C = 1 the penalty is ``|weights|^2 / 2``
        beside the summed, not the mean, loss.
    tolerance
        Stop when no element of the gradient of `objective` is larger.
    start
        A model from which to start, for example of a stronger penalty.

    Notes
    -----
    L-BFGS with an Armijo line search (Nocedal & Wright 2006, algorithms 3.1, 7.4 and 7.5). The objective is
    strictly convex but for the common shift of the biases, along which a start of zero never moves.
    """
    ridge, mean = 1 / (c * len(labels)), pixels.mean(axis=0, dtype=np.float64).astype(pixels.dtype)
    table = np.zeros((pixels.shape[1] + 1, classes), pixels.dtype)
    if start is not None:
        table[:-1], table[-1] = start.weights, start.bias + mean @ start.weights
    history: list[tuple[Floats, Floats]] = []
    loss, gradient = objective(table, pixels, mean, labels, ridge)
    steps = 0
    while steps < most_steps and float(np.abs(gradient).max()) > tolerance:
        direction = -_two_loops(gradient, history)
        first = 1.0 if history else 1 / max(1.0, float(np.abs(gradient).sum()))
        tried, new_loss, new_gradient = _search(
            table, loss, gradient, direction, first, lambda at: objective(at, pixels, mean, labels, ridge)
        )
        change = tried - table, new_gradient - gradient
        if float(np.vdot(*change)) <= 0:
            break  # the objective is convex: only rounding is left
        history = [*history[1 - MEMORY :], change]
        table, loss, gradient, steps = tried, new_loss, new_gradient, steps + 1
        yield steps
    return Regression(table[:-1], table[-1] - mean @ table[:-1], steps, loss)


def _search(
    table: Floats,
    loss: float,
    gradient: Floats,
    direction: Floats,
    size: float,
    evaluate: Callable[[Floats], tuple[float, Floats]],
) -> tuple[Floats, float, Floats]:
    """Return the first point on the way that is low enough, its loss and its gradient (Armijo's rule).

    Near the optimum the decrease is smaller than the rounding of the loss; so much may it rise.
    """
    slope = float(np.vdot(gradient, direction))
    rounding = float(np.finfo(table.dtype).eps) * abs(loss)
    while True:
        tried = table + direction * table.dtype.type(size)
        new_loss, new_gradient = evaluate(tried)
        if new_loss <= loss + 1e-4 * size * slope + rounding or size < 1e-8:
            return tried, new_loss, new_gradient
        size /= 2


def _two_loops(gradient: Floats, history: list[tuple[Floats, Floats]]) -> Floats:
    """Return the inverse Hessian's estimate times the gradient (Nocedal & Wright 2006, algorithm 7.4)."""
    found, parts = gradient.copy(), []
    for step, change in reversed(history):
        rho = 1 / float(np.vdot(step, change))
        alpha = rho * float(np.vdot(step, found))
        found -= found.dtype.type(alpha) * change
        parts.append((rho, alpha))
    if history:
        step, change = history[-1]
        found *= found.dtype.type(float(np.vdot(step, change)) / float(np.vdot(change, change)))
    for (step, change), (rho, alpha) in zip(history, reversed(parts), strict=True):
        beta = rho * float(np.vdot(change, found))
        found += found.dtype.type(alpha - beta) * step
    return found


def fit(pixels: Floats, labels: Labels, **settings: Any) -> Regression:
    """Fit a model without progress; the arguments are those of `fitting`."""
    return finish(fitting(pixels, labels, **settings))


# ---- Judging a fit ----


def accuracy(model: Regression, pixels: Floats, labels: Labels) -> float:
    """Return the share of letters whose largest logit is that of their label."""
    return float(np.mean(logits(model, pixels).argmax(axis=1) == labels))


def confusion(labels: Labels, guesses: Labels, classes: int) -> NDArray[np.intp]:
    """Return how often each letter (row) was taken for each (column), [classes, classes]."""
    return np.bincount(labels * classes + guesses, minlength=classes * classes).reshape(classes, classes)


def reliability(confidences: Floats, right: NDArray[np.bool_], bins: int = BINS) -> dict[str, Any]:
    """Return how often guesses of each confidence are right (Guo et al. 2017).

    Returns
    -------
    dict
        ``confidence``, ``accuracy`` and ``count`` of each of the bins of equal width that is not empty, and
        ``error``, the expected calibration error: the mean distance of the two, weighted by the counts.
    """
    bin_of = np.minimum((confidences * bins).astype(np.intp), bins - 1)
    count = np.bincount(bin_of, minlength=bins)
    held = count > 0
    mean = np.bincount(bin_of, weights=confidences, minlength=bins)[held] / count[held]
    share = np.bincount(bin_of, weights=right, minlength=bins)[held] / count[held]
    error = float(np.abs(mean - share) @ count[held] / len(right))
    return {"confidence": mean, "accuracy": share, "count": count[held], "error": error}


def mislabel(labels: Labels, share: float, classes: int, rng: np.random.Generator) -> Labels:
    """Return labels of which a share is replaced by another class, drawn uniformly."""
    wrong = rng.random(len(labels)) < share
    shift = rng.integers(1, classes, len(labels))
    return np.where(wrong, (labels + shift) % classes, labels)


def close_up(model: Regression, tested: letters_data.Sample, classes: int) -> dict[str, Any]:
    """Return what one fit looks like, and what it does with letters that it has not seen."""
    probabilities = softmax(logits(model, tested.pixels).astype(np.float64))
    guesses, confidences = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = guesses == tested.labels
    worst = np.argsort(np.where(right, -1.0, confidences))[::-1][: min(MISTAKES, int(np.sum(~right)))]
    chosen = probabilities[np.arange(len(right)), tested.labels]
    largest = float(np.abs(model.weights).max()) or 1.0
    return {
        "test_accuracy": float(right.mean()),
        "test_loss": float(-np.log(np.maximum(chosen, 1e-300)).mean()),
        "weights": np.asarray(np.round(model.weights.T * (100 / largest)), np.int16),
        "largest_weight": largest,
        "confusion": confusion(tested.labels, guesses, classes),
        "calibration": reliability(confidences, right),
        "mistakes": {
            "images": as_images(tested.pixels[worst]),
            "labels": tested.labels[worst],
            "guesses": guesses[worst],
            "confidences": confidences[worst],
        },
    }


def as_images(pixels: Floats) -> NDArray[np.uint8]:
    """Return pictures as whole numbers, 0 (paper) to 15 (ink), [n, 784]."""
    return np.asarray(np.round((pixels + 0.5) * 15), np.uint8)


# ---- The experiment ----


def files(settings: Settings) -> tuple[str, ...]:
    """Return the data files that a run needs."""
    return (*letters_data.file_names(_classes(settings.alphabet)), CURVES, FEATURES, SMALL)


def _classes(alphabet: str) -> int:
    return 26 if alphabet == "A to Z" else 10


def sizes_up_to(most: int) -> list[int]:
    """Return the sizes of the training sets of a run, the largest last."""
    return [size for size in SIZES if size < most] + [most]


def path(
    pixels: Floats,
    labels: Labels,
    strengths: Sequence[str],
    classes: int,
    starts: Sequence[Regression] = (),
) -> Generator[int, None, list[Regression]]:
    """Fit a model for each C; yield whenever a step is done.

    Parameters
    ----------
    starts
        A model from which to start for each C, for example of a smaller set. Left out, each fit starts from
        the one before: at small C the optimum is near zero and found in a few steps.
    """
    found: list[Regression] = []
    for place, strength in enumerate(strengths):
        start = starts[place] if starts else found[-1] if found else None
        model = yield from fitting(pixels, labels, c=float(strength), classes=classes, start=start)
        found.append(model)
    return found


def compute(
    settings: Settings, *, files: Mapping[str, bytes] | None = None
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Fit all sizes and all values of C; yield the curves as they grow.

    Parameters
    ----------
    files
        The data files that `files` lists; left out, they are read from the package.

    Returns
    -------
    dict
        ``curves`` (``sizes``, ``c``, and ``train`` and ``validation`` accuracies, [c, sizes]), ``reference``
        (the curves that scripts/lab_data/letters_curves.py computed, with its settings), ``features`` (the
        accuracies by the number of letters for each pixel, of letters_features.py), ``small`` (the case of
        letters_small.py, and what describes its settings), ``examples`` (some training letters, 0 to 15,
        [n, 784], and their labels), and of the fit to the largest set with the chosen C: ``weights``
        [classes, 784] in hundredths of ``largest_weight``, ``confusion`` [classes, classes] and
        ``calibration`` on test letters, ``mistakes`` (the most confident ones), ``test_accuracy``,
        ``test_loss``.
    """
    classes, rng = _classes(settings.alphabet), np.random.default_rng(settings.seed)
    noise_rng = np.random.default_rng([settings.seed, 1])  # the letters do not depend on the noise
    held = letters_data.load_files(_files_of(settings)) if files is None else files
    letters = letters_data.read(held, classes=classes)
    validation, tested = (
        letters_data.sample(letters, split, HELD_OUT, rng=rng, jitter=settings.jitter)
        for split in ("validation", "test")
    )
    sizes = sizes_up_to(settings.size)
    curves: dict[str, Any] = {"sizes": [], "c": STRENGTHS, "train": [], "validation": []}
    models: list[Regression] = []
    for place, size in enumerate(sizes):
        train = letters_data.sample(letters, "train", size, rng=rng, jitter=settings.jitter)
        labels = mislabel(train.labels, settings.noise, classes, noise_rng)
        fits = path(train.pixels, labels, STRENGTHS, classes, models)
        models = yield from _with_progress(fits, sum(sizes[:place]), sum(sizes))
        judged = (train.pixels, labels), (validation.pixels, validation.labels)
        curves = _extended(curves, size, models, *judged)
        yield {"curves": curves}
    return {
        "alphabet": letters_data.ALPHABET[:classes],
        "curves": curves,
        "reference": json.loads(held[CURVES]),
        "features": json.loads(held[FEATURES]),
        "small": json.loads(held[SMALL]) | {"description": SMALL_DESCRIPTION.to_dict()},
        "examples": {"images": as_images(train.pixels[:EXAMPLES]), "labels": labels[:EXAMPLES]},
        **close_up(models[STRENGTHS.index(settings.c)], tested, classes),
    }


_files_of = files  # `compute` has an argument of that name


def _with_progress(
    fits: Generator[int, None, list[Regression]], done: int, total: int
) -> Generator[Progress, None, list[Regression]]:
    while True:
        yield Progress("letters", done, total)
        try:
            next(fits)
        except StopIteration as stop:
            models: list[Regression] = stop.value
            return models


def _extended(
    curves: dict[str, Any], size: int, models: list[Regression], *sets: tuple[Floats, Labels]
) -> dict[str, Any]:
    """Return the curves with one more size; the arrays that were yielded before stay as they are."""
    found = {**curves, "sizes": [*curves["sizes"], size]}
    for name, (pixels, labels) in zip(("train", "validation"), sets, strict=True):
        column = [accuracy(model, pixels, labels) for model in models]
        before = curves[name] or [[] for _ in models]
        found[name] = [[*row, value] for row, value in zip(before, column, strict=True)]
    return found
