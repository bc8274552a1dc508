"""A second-order rule for training networks, held against SGD, Adam, L-BFGS and a gradient penalty.

The rule adds -b (dy/dw_i)(d2y/dw_i2) to the gradient step of every weight. All methods start from the same
weights, read the same drawings (`drawings`) in the same order, and have their learning rate tuned apart on
images that neither train nor judge. The proofs are in `second_order_checks`; nothing here draws.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np

from goosequill.lab import drawings, networks, paired
from goosequill.lab.networks import Network
from goosequill.lab.second_order_learners import (
    RATES,
    GradientLearner,
    LbfgsLearner,
    Record,
    Trials,
    make_trials,
)
from goosequill.parameters import ParameterSet, setting
from goosequill.support.progress import Progress

JUDGEMENTS = 15
"""About how often networks are judged while they learn."""
GALLERY = 24
"""Drawings that are shown with the networks' answers."""


class Settings(ParameterSet):
    """The settings of the experiment."""

    b: float = setting(
        "b",
        "Weight of the second-order term in each step; 0 is plain SGD.",
        default=3.0,
        neutral=0.0,
        range=(-10.0, 20.0, 0.5),
    )
    unit: str = setting(
        "Hidden units", "The function that each hidden unit applies.", default="tanh", choices=networks.UNITS
    )
    output: str = setting(
        "Output unit",
        "The article's network answers with a probability: a sigmoid.",
        default="sigmoid",
        choices=networks.OUTPUTS,
    )
    hidden: int = setting(
        "Number of hidden units", "How many units the hidden layer has.", default=8, range=(1, 16)
    )
    images: int = setting(
        "Training images", "How many drawings each network learns from.", default=200, range=(40, 400, 20)
    )
    noise: float = setting(
        "Standard deviation of the noise on every pixel, where ink is 1.",
        default=0.1,
        neutral=0.0,
        range=(0.0, 0.5, 0.05),
    )
    passes: int = setting("How often each network reads its training images.", default=30, range=(5, 100, 5))
    seeds: int = setting(
        "How many times everything is repeated, with new drawings and new starting weights.",
        default=10,
        range=(10, 40),
    )
    seed: int = setting(
        "First seed",
        "The same seed gives the same drawings and the same networks.",
        default=0,
        range=(0, 2**31 - 1),
    )


DESCRIPTION = Settings.describe(
    "second-order",
    "Second-order back-propagation",
    "Trains small networks on drawings, with and without a second-order term, and tests them on others.",
    "dw_i = -a * dE/dw_i - b * (dy/dw_i) * (d2y/dw_i2)",
    "Tapsell 2016 (the rule); Kingma & Ba 2015 (Adam); Nocedal & Wright 2006 (L-BFGS)",
)


# ---- The experiment ----


def files(settings: Any) -> tuple[str, ...]:
    """Return the data file that every run shows beside its own result: the longer study."""
    return ("second-order.json",)


def compute(
    settings: Settings, *, files: Mapping[str, bytes] | None = None
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Train every method on the same seeds and compare it with SGD.

    Parameters
    ----------
    files
        The committed study under the name that `files` returns.

    Returns
    -------
    dict
        ``passes``: after how many passes over the images the networks were judged; ``methods``: for each its
        held-out ``curve`` (mean, low, high), the tuned ``rate`` and ``stop``, and the ``loss`` and
        ``accuracy`` of each seed; ``differences`` from SGD, see `paired.compare_tuned`, corrected for the
        number of ``looks``; ``gallery``; ``confidence``; ``checks``; and ``study``, the longer run of a file
        (None if not given).
    """
    from goosequill.lab import second_order_checks as checks

    yield Progress("drawings", 0, 0)
    trials = trials_of(settings)
    records = yield from train(trials, b=settings.b, passes=settings.passes)
    result = compare_methods(records)
    yield result
    return {
        **result,
        "gallery": gallery(trials, records),
        "confidence": (yield from checks.confidence(trials)),
        "checks": checks.run(settings.seed),
        "study": json.loads(files["second-order.json"]) if files else None,
    }


def trials_of(settings: Settings) -> Trials:
    """Return the images and starting weights of some settings."""
    network = Network(drawings.PIXELS, settings.hidden, settings.unit, settings.output)
    return make_trials(
        network, images=settings.images, noise=settings.noise, seeds=settings.seeds, seed=settings.seed
    )


def train(
    trials: Trials, *, b: float, passes: int, methods: Sequence[str] = tuple(RATES)
) -> Generator[Progress | dict[str, Any], None, dict[str, Record]]:
    """Train networks by every method and judge them about `JUDGEMENTS` times; yield the curves so far."""
    learners: dict[str, GradientLearner | LbfgsLearner] = {
        method: LbfgsLearner(trials) if method == "lbfgs" else GradientLearner(method, trials, b=b)
        for method in methods
    }
    records = {method: Record(RATES[method]) for method in methods}
    every = -(-passes // JUDGEMENTS)
    for done in range(passes + 1):
        for method, learner in learners.items():
            with np.errstate(over="ignore", invalid="ignore"):  # a rate that is far too high
                if done:
                    learner.read(done - 1)
                if done % every == 0 or done == passes:
                    records[method].add(trials, learner.weights, passes=done)
        yield Progress("passes", done, passes)
        if done % every == 0:
            yield {
                "passes": np.array(records[methods[0]].passes),
                "methods": {method: summary(record) for method, record in records.items()},
            }
    return records


def summary(record: Record) -> dict[str, Any]:
    """Return what the page shows of a method, at the rate and pass that validation has chosen so far."""
    time, rate = record.choice()
    losses = np.array(record.loss)[:, :, rate]  # [judgements, seeds]
    rates = record.rates
    return {
        "curve": paired.curve_of(losses),
        "rate": rates[rate] if rates else None,
        "at_edge": len(rates) > 1 and rate in (0, len(rates) - 1),
        "stop": record.passes[time],
        "loss": losses[time],
        "accuracy": record.accuracy[time][:, rate],
    }


def compare_methods(records: Mapping[str, Record]) -> dict[str, Any]:
    """Return every method's summary and its paired differences from SGD, corrected for their number."""
    methods = {method: summary(record) for method, record in records.items()}
    looks = 2 * (len(methods) - 1)
    differences = {
        measure: {
            method: paired.compare_tuned(record.tuned(measure), records["sgd"].tuned(measure), looks=looks)
            for method, record in records.items()
            if method != "sgd"
        }
        for measure in ("loss", "accuracy")
    }
    passes = np.array(records["sgd"].passes)
    return {"passes": passes, "methods": methods, "differences": differences, "looks": looks}


def gallery(trials: Trials, records: Mapping[str, Record]) -> dict[str, Any]:
    """Return the first held-out images of the first seed, and what two of its networks answer."""
    x = trials.held_out.images[:1, :GALLERY]
    answers = {}
    for method in ("sgd", "rule"):
        time, rate = records[method].choice()
        weights = records[method].weights[time][None, rate : rate + 1]
        answers[method] = networks.outputs(trials.network, weights, x)[0, 0]
    names = list(drawings.KINDS)
    return {
        "side": drawings.SIDE,
        "images": np.round(x[0], 3),
        "kinds": [names[kind] for kind in trials.kinds[:GALLERY]],
        "answers": answers,
    }
