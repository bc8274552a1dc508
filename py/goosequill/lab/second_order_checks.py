"""What can be proved about the second-order rule, as numbers that anybody can compute again.

Each check returns what was measured and the bound that it must keep. They use a small network of their own,
in float64, and drawings of the same kind as the experiment.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from goosequill.lab import drawings, networks
from goosequill.lab.networks import Floats, Network
from goosequill.lab.second_order_learners import GradientLearner, Trials
from goosequill.support.progress import Progress

SMALL = 9
"""Pixels that the checks' networks read, so that a whole Hessian takes no time."""
STEPS, EVERY, WEIGHT = 300, 10, 1.0
"""Of the confidence experiment: steps of the rule's term alone, how often they are judged, and b."""
PASSES, RATE = 2, 1.0
"""How long, and at which learning rate, SGD trains the network of that experiment before."""


def _setting(seed: int, unit: str, output: str) -> tuple[Network, Floats, Floats, Floats]:
    """Return a network, its weights [1, 1, size], images [1, 6, SMALL] and labels [1, 6]."""
    rng = np.random.default_rng([seed, 1000])
    network = Network(SMALL, 3, unit, output)
    images = drawings.draw(6, rng, noise=0.1).images.reshape(6, 12, 12)
    x = images[None, :, ::4, ::4].reshape(1, 6, SMALL)
    return network, rng.standard_normal((1, 1, network.size)), x, rng.integers(0, 2, (1, 6)).astype(float)


def _relative(found: Floats, expected: Floats) -> float:
    """Return the largest difference, relative to the largest expected number."""
    return float(np.abs(found - expected).max() / max(float(np.abs(expected).max()), 1e-12))


def gradient_error(seed: int) -> float:
    """Return how far the gradient of the error is from finite differences, over all kinds of units."""
    worst = 0.0
    for unit in networks.UNITS:
        for output in networks.OUTPUTS:
            network, weights, x, targets = _setting(seed, unit, output)

            def error(
                at: Floats, network: Network = network, x: Floats = x, targets: Floats = targets
            ) -> Any:
                return networks.errors(networks.outputs(network, at[None, None], x), targets)[0][0, 0]

            done = networks.forward(network, weights, x)
            exact = networks.gradient(network, weights, x, targets, done=done)[0, 0]
            worst = max(worst, _relative(networks.differences(error, weights[0, 0]), exact))
    return worst


def derivative_errors(seed: int) -> tuple[float, float]:
    """Return how far dy/dw and the whole Hessian d2y/dw2 are from finite differences, over all kinds of
    units."""
    first_worst = second_worst = 0.0
    for unit in networks.UNITS:
        for output in networks.OUTPUTS:
            network, weights, x, _ = _setting(seed, unit, output)
            at, example = weights[0, 0], x[0, 0]

            def answer(at: Floats, network: Network = network, x: Floats = x) -> Any:
                return networks.outputs(network, at[None, None], x)[0, 0, 0]

            def slope(at: Floats, network: Network = network, example: Floats = example) -> Floats:
                return networks.output_derivatives(network, at, example)[0]

            first, second = networks.output_derivatives(network, at, example)
            first_worst = max(first_worst, _relative(networks.differences(answer, at), first))
            second_worst = max(second_worst, _relative(networks.differences(slope, at), second))
    return first_worst, second_worst


def asymmetry(field: Callable[[Floats], Floats], weights: Floats) -> float:
    """Return the size of a vector field's Jacobian minus its transpose, relative to the Jacobian.

    It is 0 exactly if the field is the gradient of some function.
    """
    jacobian = networks.differences(field, weights)
    return float(np.linalg.norm(jacobian - jacobian.T) / np.linalg.norm(jacobian))


def asymmetries(seed: int) -> tuple[float, float]:
    """Return the asymmetry of the rule's term, and that of the gradient of the penalty that it is named
    for."""
    network, weights, x, _ = _setting(seed, "tanh", "sigmoid")

    def rule(at: Floats) -> Floats:
        done = networks.forward(network, at[None, None], x)
        return np.asarray(networks.rule_term(network, at[None, None], x, done=done)[0, 0])

    def penalty(at: Floats) -> Floats:
        done = networks.forward(network, at[None, None], x)
        return np.asarray(networks.penalty_gradient(network, at[None, None], x, done=done)[0, 0])

    return asymmetry(rule, weights[0, 0]), asymmetry(penalty, weights[0, 0])


def relu_difference(seed: int, *, b: float = 1000.0, steps: int = 200) -> float:
    """Return the largest difference between the weights of SGD and of the rule after training a network of
    ReLU units with a linear output."""
    network, weights, x, targets = _setting(seed, "relu", "linear")
    plain, ruled = weights.copy(), weights.copy()
    for _ in range(steps):
        done = networks.forward(network, plain, x)
        plain = plain - 0.01 * networks.gradient(network, plain, x, targets, done=done)
        done = networks.forward(network, ruled, x)
        slope = networks.gradient(network, ruled, x, targets, done=done)
        ruled = ruled - 0.01 * slope - b * networks.rule_term(network, ruled, x, done=done)
    return float(np.abs(plain - ruled).max())


def label_changes(seed: int) -> tuple[float, float]:
    """Return how much the gradient step and the rule's term change when every label is turned around.

    The term is measured as the difference of whole steps, so that a label that crept in would show.
    """
    network, weights, x, targets = _setting(seed, "tanh", "sigmoid")
    done = networks.forward(network, weights, x)
    right = networks.gradient(network, weights, x, targets, done=done)
    wrong = networks.gradient(network, weights, x, 1 - targets, done=done)
    with_right = right + networks.rule_term(network, weights, x, done=done)
    with_wrong = wrong + networks.rule_term(network, weights, x, done=done)
    return _relative(wrong, right), float(np.abs((with_right - right) - (with_wrong - wrong)).max())


def run(seed: int) -> list[dict[str, Any]]:
    """Run every check.

    Returns
    -------
    list
        For each check its ``name``, what it says, ``measured``, the ``bound`` and its ``kind`` ("below" or
        "above"), and whether it ``passed``.
    """
    first, second = derivative_errors(seed)
    rule, penalty = asymmetries(seed)
    gradient_turns, term_turns = label_changes(seed)
    return [
        _check("gradient", "Gradient of the error against finite differences", gradient_error(seed), 1e-6),
        _check("first", "First derivatives of the output against finite differences", first, 1e-6),
        _check(
            "second", "Second derivatives, all pairs of weights, against finite differences", second, 1e-6
        ),
        _check("rule", "Jacobian of the rule’s term: how far from symmetric", rule, 0.01, kind="above"),
        _check("penalty", "Jacobian of the penalty’s own gradient: how far from symmetric", penalty, 1e-6),
        _check(
            "relu",
            "ReLU with a linear output, b = 1,000, 200 steps: distance from SGD",
            relu_difference(seed),
            0,
        ),
        _check(
            "labels", "Change of the gradient when all labels are flipped", gradient_turns, 0.01, kind="above"
        ),
        _check("blind", "Change of the rule’s term when all labels are flipped", term_turns, 1e-12),
    ]


def _check(name: str, sentence: str, measured: float, bound: float, *, kind: str = "below") -> dict[str, Any]:
    passed = measured >= bound if kind == "above" else measured <= bound
    return {
        "name": name,
        "sentence": sentence,
        "measured": measured,
        "bound": bound,
        "kind": kind,
        "passed": passed,
    }


def confidence(trials: Trials) -> Generator[Progress, None, dict[str, Any]]:
    """Apply the rule's term alone, without any label, and watch the confidence of right and wrong answers.

    It starts from the first seed's network, which SGD has trained for `PASSES` passes.

    Returns
    -------
    dict
        ``steps``; ``accuracy`` at the start; and ``curves``: for b = `WEIGHT` (``plus``) and -`WEIGHT`
        (``minus``) the mean confidence, max(y, 1 - y), of held-out answers that were ``right`` and
        ``wrong`` at the start. No curves for a linear output, which is not a probability.
    """
    steps = list(range(0, STEPS + 1, EVERY))
    curves: dict[str, dict[str, list[float]]] = {}
    if trials.network.output != "sigmoid":
        return {"steps": steps, "accuracy": None, "curves": curves}
    learner = GradientLearner("sgd", trials, b=0.0, rates=(RATE,))
    for number in range(PASSES):
        learner.read(number)
    start = learner.weights[:1].astype(np.float64)
    for index, (name, b) in enumerate((("plus", WEIGHT), ("minus", -WEIGHT))):
        curves[name] = yield from _confidence_curve(trials, start, b, before=index * STEPS)
    y = networks.outputs(trials.network, start, trials.held_out.images[:1])
    accuracy = float(networks.errors(y, trials.held_out.labels[:1])[1][0, 0])
    return {"steps": steps, "accuracy": accuracy, "curves": curves}


def _confidence_curve(
    trials: Trials, start: Floats, b: float, *, before: int
) -> Generator[Progress, None, dict[str, list[float]]]:
    network, x = trials.network, trials.train.images[:1]
    held, labels = trials.held_out.images[:1], trials.held_out.labels[0] > 0.5
    weights = start
    right = (networks.outputs(network, weights, held)[0, 0] > 0.5) == labels
    curve: dict[str, list[float]] = {"right": [], "wrong": []}
    for step in range(STEPS + 1):
        if step % EVERY == 0:
            yield Progress("steps of the term alone", before + step, 2 * STEPS)
            y = networks.outputs(network, weights, held)[0, 0]
            sure = np.maximum(y, 1 - y)
            curve["right"].append(float(sure[right].mean()))
            curve["wrong"].append(float(sure[~right].mean()))
        done = networks.forward(network, weights, x)
        weights = weights - b * networks.rule_term(network, weights, x, done=done)
    return curve
