"""The small training: it learns, and the page that trains by itself computes the same."""

from itertools import islice

import numpy as np
import pytest

from goosequill.lab import classifier, plane
from tests.py.lab.in_the_page import called

SETTINGS = [
    {},
    {"data": "ring", "hidden": 0, "seed": 3},
    {"data": "corners", "hidden": 32, "rate": 1.0, "decay": 0.01},
    {"data": "clouds", "hidden": 1, "noise": 0.3},
]


def trained(steps: int, rates: dict[int, float] | None = None, **changes):
    return next(islice(plane.train(plane.Settings(**changes), rates=rates), steps, None))


def test_the_page_trains_as_python_does() -> None:
    described = plane.DESCRIBED.to_dict()["parameters"]
    defaults = {each["name"]: each["default"] for each in described}
    rates = {0: {}, 150: {70: 1.0, 120: 0.1}}
    asked = [
        (defaults | changes, 300, list(found.items())) for changes in SETTINGS for found in rates.values()
    ]
    answers = iter(called("plane", "trained", asked))
    for changes in SETTINGS:
        settings = plane.Settings(**changes)
        x, _ = plane.points(settings.data, settings.noise, np.random.default_rng(settings.seed))
        for found in rates.values():
            answer = next(answers)
            np.testing.assert_allclose(answer["points"], x, atol=1e-13)
            for layer, (*weights, bias) in zip(trained(300, found, **changes), answer["layers"], strict=True):
                np.testing.assert_allclose(weights, layer.weights, atol=1e-9)
                np.testing.assert_allclose(bias, layer.bias, atol=1e-9)


def test_only_a_hidden_layer_learns_spirals() -> None:
    x, labels = plane.points("spirals", 0.05, np.random.default_rng(9))
    assert classifier.judge(trained(1500), x, labels)[1] > 0.95
    assert classifier.judge(trained(1500, hidden=0), x, labels)[1] < 0.7


@pytest.mark.parametrize("data", ["spirals", "ring", "corners", "clouds"])
def test_points_lie_around_the_origin_half_of_each_colour(data: str) -> None:
    x, labels = plane.points(data, 0.0, np.random.default_rng(0))
    assert x.shape == (plane.COUNT, 2) and np.abs(x).max() <= 1
    assert labels.sum() == plane.COUNT // 2
