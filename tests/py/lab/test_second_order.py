"""The second-order experiment: fair comparisons, what is chosen on which images, the proofs, the study."""

import json
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import LbfgsInvHessProduct
from scripts.lab_data import second_order_online

from goosequill.lab import experiments, networks, paired, second_order, second_order_checks
from goosequill.lab.networks import Network
from goosequill.lab.second_order import Settings, trials_of
from goosequill.lab.second_order_learners import BATCH, HELD_OUT, RATES, GradientLearner, LbfgsLearner, Record
from goosequill.support.progress import finish
from tests.py.jobs import run
from tests.py.lab.in_the_page import called

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def quick():
    return run(second_order.compute(Settings(images=60, passes=10)))


def test_a_run_yields_progress_and_curves_as_they_come(quick) -> None:
    found, steps = quick
    progress = [step for step in steps if getattr(step, "status", "") == "passes"]
    assert [step.loaded for step in progress] == list(range(11)) and progress[-1].total == 10
    parts = [step for step in steps if isinstance(step, dict)]
    assert len(parts[0]["methods"]["rule"]["curve"]["mean"]) == 1
    assert set(parts[-1]) <= set(found)
    np.testing.assert_array_equal(found["passes"], np.arange(11))
    for method in RATES:
        curve = found["methods"][method]["curve"]
        assert len(curve["mean"]) == 11 and np.all(curve["low"] <= curve["mean"])
        assert curve["mean"][-1] < curve["mean"][0]


def test_all_methods_start_from_the_same_networks(quick) -> None:
    found, _ = quick
    starts = {round(float(found["methods"][method]["curve"]["mean"][0]), 6) for method in RATES}
    assert len(starts) == 1


def test_differences_are_of_this_run_and_corrected_for_eight_looks(quick) -> None:
    found, _ = quick
    assert found["looks"] == 8
    for measure in ("loss", "accuracy"):
        plain = found["methods"]["adam"][measure] - found["methods"]["sgd"][measure]
        shown = found["differences"][measure]["adam"]
        assert shown["low"] < plain.mean() < shown["high"] and len(shown["values"]) == 10
        assert shown["half_width"] / shown["lenient"] == pytest.approx(
            stats.t.ppf(1 - 0.005 / 8, 9) / stats.t.ppf(0.95, 9)
        )


GRADES = ["none", "undecided", "clear"]


@pytest.mark.parametrize("changes", [{}, {"seed": 7770, "b": 5.0}, {"seed": 500}])
def test_rounding_moves_a_verdict_by_no_more_than_one_grade(
    changes: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run's verdict was once "beyond chance" or not, by a start that differs in its last digit."""
    settings = Settings(**changes)
    trials, found = trials_of(settings), []
    for method in ("sgd", "rule"):
        monkeypatch.setitem(RATES, method, (2.0, 4.0, 7.0, 12.0))  # the rest is never chosen, and takes long
    for shift in (0.0, 1e-7):
        moved = replace(trials, start=(trials.start.astype(np.float64) + shift).astype(np.float32))
        running = second_order.train(moved, b=settings.b, passes=settings.passes, methods=("sgd", "rule"))
        records = finish(running)
        both = (records[method].tuned("loss") for method in ("rule", "sgd"))
        found.append(GRADES.index(paired.compare_tuned(*both, looks=8)["grade"]))
    assert abs(found[0] - found[1]) <= 1, [GRADES[at] for at in found]


@pytest.mark.parametrize("changes", [{}, {"unit": "sigmoid"}, {"noise": 0.5}, {"unit": "relu", "seed": 3}])
def test_no_methods_learning_rate_is_the_end_of_its_range(changes: dict[str, Any]) -> None:
    settings = Settings(passes=15, **changes)
    methods = ("sgd", "rule", "penalty", "adam")
    records = finish(second_order.train(trials_of(settings), b=3.0, passes=15, methods=methods))
    ends = {method for method, record in records.items() if second_order.summary(record)["at_edge"]}
    assert ends == set()


def test_rate_and_stop_are_chosen_on_the_validation_images() -> None:
    record = Record((0.1, 0.2), passes=[0, 5, 10])
    record.validation = [np.full((10, 2), 3.0), np.array([[2.0, np.nan]] * 10), np.array([[1.5, 2.5]] * 10)]
    record.loss = [np.full((10, 2), 9.0), np.full((10, 2), 0.0), np.full((10, 2), 7.0)]
    record.accuracy = [np.zeros((10, 2))] * 3
    found = second_order.summary(record)
    assert (found["rate"], found["stop"], found["at_edge"]) == (0.1, 10, True)
    assert found["loss"].tolist() == [7.0] * 10  # not the 0 that held-out images would have chosen


def test_the_three_parts_share_no_image() -> None:
    trials = trials_of(Settings(images=60))
    parts = [part.images[0] for part in (trials.train, trials.validation, trials.held_out)]
    everything = np.concatenate(parts)
    assert len(np.unique(everything, axis=0)) == len(everything) == 60 + 200 + HELD_OUT
    assert np.any(trials.train.images[0] != trials.train.images[1])


def test_one_step_of_the_rule_is_the_formula() -> None:
    """Against the derivatives of single examples, which are checked against torch."""
    trials = trials_of(Settings(images=40, hidden=2))
    learner = GradientLearner("rule", trials, b=3.0, rates=(0.5,))
    x = trials.train.images[:, :BATCH].astype(np.float64)
    t = trials.train.labels[:, :BATCH].astype(np.float64)
    at = trials.start[0, 0].astype(np.float64)
    change = np.zeros_like(at)
    for one, label in zip(x[0], t[0], strict=True):
        first, second = networks.output_derivatives(trials.network, at, one)
        y = networks.outputs(trials.network, at[None, None], one[None, None])[0, 0, 0]
        change -= (0.5 * (y - label) * first + 3.0 * first * np.diag(second)) / BATCH
    found = learner._change(x.astype(np.float32), t.astype(np.float32))[0, 0]
    np.testing.assert_allclose(found, change, atol=1e-5)


def test_without_b_the_rule_is_sgd_and_with_it_it_is_not() -> None:
    trials = trials_of(Settings(images=40))
    plain, zero, ruled = (
        GradientLearner(method, trials, b=b) for method, b in (("sgd", 0.0), ("rule", 0.0), ("rule", 3.0))
    )
    for learner in (plain, zero, ruled):
        learner.read(0)
    np.testing.assert_array_equal(plain.weights, zero.weights)
    assert np.abs(plain.weights - ruled.weights).max() > 1e-3


def test_relu_with_a_linear_output_is_exactly_sgd_in_the_experiment_too() -> None:
    settings = Settings(images=40, passes=5, unit="relu", output="linear", b=20.0)
    found, _ = run(second_order.compute(settings))
    np.testing.assert_array_equal(found["methods"]["rule"]["loss"], found["methods"]["sgd"]["loss"])
    assert found["differences"]["loss"]["rule"]["half_width"] == 0
    assert found["confidence"]["curves"] == {}


def test_the_two_parts_of_the_rule_make_the_whole_only_together() -> None:
    trials = trials_of(Settings(images=40))
    x, t = trials.train.images[:, :BATCH], trials.train.labels[:, :BATCH]
    sgd, rule, hidden, output = (
        GradientLearner(method, trials, b=2.0, rates=(1.0,))._change(x, t)
        for method in ("sgd", "rule", "hidden", "output")
    )
    np.testing.assert_allclose(hidden + output - sgd, rule, atol=1e-6)
    assert np.abs(hidden - sgd).max() > 1e-6 and np.abs(output - sgd).max() > 1e-6


def test_lbfgs_takes_no_more_gradients_than_passes() -> None:
    trials = trials_of(Settings(images=40))
    learner = LbfgsLearner(trials)
    losses = []
    for done in range(12):
        learner.read(done)
        y = networks.outputs(trials.network, learner.weights, trials.train.images.astype(float))
        losses.append(networks.errors(y, trials.train.labels)[0].mean())
        points = [point for point in learner.waiting if point is not None]
        assert all(point.evaluations > done + 1 for point in points)
    assert losses[-1] < 0.3 * losses[0] and all(np.diff(losses) <= 1e-9)


def test_the_gallery_shows_answers_of_the_chosen_networks(quick) -> None:
    gallery = quick[0]["gallery"]
    assert gallery["images"].shape == (second_order.GALLERY, 144)
    assert len(gallery["kinds"]) == second_order.GALLERY
    for answers in gallery["answers"].values():
        right = (answers > 0.5) == (np.array(gallery["kinds"]) == "cat")
        assert right.mean() > 0.6


# ---- The proofs ----


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_check_passes(seed: int) -> None:
    checks = second_order_checks.run(seed)
    assert [check["name"] for check in checks if not check["passed"]] == []
    assert len({check["name"] for check in checks}) == len(checks) == 8


def test_a_wrong_derivative_fails_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    right = networks.activate

    def wrong(kind, z):
        value, slope, bend = right(kind, z)
        return value, slope * 1.0001, bend

    monkeypatch.setattr(networks, "activate", wrong)
    failed = {check["name"] for check in second_order_checks.run(0) if not check["passed"]}
    assert {"gradient", "first", "second"} <= failed


def test_the_whole_rule_would_be_a_gradient_but_its_diagonal_is_not() -> None:
    """One tanh unit with a linear output: by hand, the term of v is 0, but that of w depends on v."""
    network = Network(1, 1, "tanh", "linear")
    at, x = np.array([[[0.7, 0.0, 1.3, 0.0]]]), np.array([[[0.9]]])
    done = networks.forward(network, at, x)
    rule = networks.rule_term(network, at, x, done=done)[0, 0]
    penalty = networks.penalty_gradient(network, at, x, done=done)[0, 0]
    f = np.tanh(0.63)
    slope = 1 - f * f
    assert rule[2] == 0 and rule[0] == pytest.approx(-2 * f * slope**2 * 1.3**2 * 0.9**3)
    assert penalty[2] == pytest.approx(slope**2 * 1.3 * (0.9**2 + 1))


def test_the_rule_makes_answers_confident_right_or_wrong() -> None:
    found = finish(second_order_checks.confidence(trials_of(Settings())))
    plus, minus = found["curves"]["plus"], found["curves"]["minus"]
    assert len(plus["right"]) == len(found["steps"])
    assert plus["right"][-1] > 0.95 and plus["wrong"][-1] > 0.95
    assert plus["right"][0] < 0.7 and plus["wrong"][0] < 0.7
    assert minus["right"][-1] < 0.55 and minus["wrong"][-1] < 0.55


# ---- The study and the script ----


def test_the_study_is_of_the_command_that_it_names_and_corrects_for_all_its_looks() -> None:
    study = json.loads((experiments.DATA / "second-order.json").read_text())
    script = ROOT / "scripts" / "lab_data" / "second_order.py"
    assert study["command"] == "python -m scripts.lab_data.second_order" and script.is_file()
    assert study["seeds"] >= 10 and study["looks"] == 2 * (len(study["rows"]) + len(study["parts"]) + 1)
    factor = stats.t.ppf(1 - 0.005 / study["looks"], study["seeds"] - 1) / stats.t.ppf(
        0.95, study["seeds"] - 1
    )
    assert not any(row["at_edge"] for row in study["rows"])
    for row in [*study["rows"], *study["parts"]]:
        assert len(row["loss"]["values"]) == study["seeds"]
        for measure in ("loss", "accuracy"):
            shown = row[measure]
            assert shown["high"] - shown["mean"] == pytest.approx(shown["half_width"], rel=0.01, abs=1e-4)
            assert shown["clear"] == (shown["low"] > 0 or shown["high"] < 0)
            assert shown["half_width"] == pytest.approx(factor * shown["lenient"], rel=0.01)


@pytest.mark.parametrize("unit", networks.UNITS)
@pytest.mark.parametrize("output", networks.OUTPUTS)
def test_the_pages_single_weight_moves_as_the_networks_formulas_say(unit: str, output: str) -> None:
    network = Network(1, 1, unit, output)
    x = np.array([-2, -1, -0.5, 0.5, 1, 2])[None, :, None]
    wanted = np.array([[0, 0, 1, 0, 1, 1.0]])
    given = [
        (start, {"unit": unit, "output": output, "b": b}) for start in (-1.0, 0.3) for b in (-3.0, 3.0, 10.0)
    ]
    for (start, settings), found in zip(given, called("second-order", "ways", given), strict=True):
        for name, b in (("sgd", 0.0), ("rule", settings["b"])):
            assert found[name][0] == start and len(found[name]) == 201
            weights = np.zeros((1, 201, 4))
            weights[0, :, 0], weights[0, :, 2] = found[name], 2
            done = networks.forward(network, weights, x)
            change = 4 * networks.gradient(network, weights, x, wanted, done=done)
            change += b * networks.rule_term(network, weights, x, done=done)
            after = (weights - 0.05 * change)[0, :-1, 0]  # of each step alone: two ways may part by rounding
            np.testing.assert_allclose(found[name][1:], after, rtol=1e-10, atol=1e-12)

        def error(weight: float) -> float:
            y = networks.outputs(network, np.array([[[weight, 0, 2, 0]]]), x)
            return float(networks.errors(y, wanted)[0][0, 0])

        assert error(found["best"]) <= min(map(error, np.linspace(-3, 3, 400))) + 1e-5


def test_online_lbfgs_finds_the_direction_that_scipy_finds_from_the_same_pairs() -> None:
    rng = np.random.default_rng(2)
    size, slope = 6, rng.standard_normal(6)
    shape = rng.standard_normal((size, size))
    pairs = second_order_online.Pairs(np.array([0.25]))
    steps = rng.standard_normal((second_order_online.MEMORY + 3, size))
    for step in steps:
        pairs.add(step, shape @ shape.T @ step)
    pairs.add(steps[0], -9 * steps[0])  # curved the wrong way: of no use
    kept = steps[4:]
    changes = kept @ shape @ shape.T + 0.25 * kept
    scale = np.mean((kept * changes).sum(1) / (changes**2).sum(1))
    # scipy begins with the identity: the same after a change of units
    expected = LbfgsInvHessProduct(kept / np.sqrt(scale), changes * np.sqrt(scale)) @ (slope * np.sqrt(scale))
    np.testing.assert_allclose(pairs.direction(slope), -expected * np.sqrt(scale))


def test_the_cosines_with_online_lbfgs_are_those_that_the_study_has_computed() -> None:
    study = json.loads((experiments.DATA / "second-order.json").read_text())
    trials = trials_of(Settings(seeds=study["seeds"], seed=study["first_seed"]))
    (row,) = (each for each in study["rows"] if (each["setting"], each["b"]) == ("tanh, 200 drawings", 3.0))
    for stored in study["online"]["cosines"]:
        damping = stored["damping"]
        found = second_order_online.cosines(trials, b=3.0, rate=row["rate"], damping=damping, passes=4)
        for name, curve in found.items():
            np.testing.assert_allclose(curve["mean"], stored[name]["mean"][:1], atol=2e-3)
    assert len(study["online"]["cosines"][0]["rule"]["mean"]) * 4 == study["passes"]


def test_the_page_gets_the_study() -> None:
    found, _ = run(experiments.run("second-order", {"images": 40, "passes": 5}))
    assert found["study"]["rows"][0]["method"] == "rule"


def test_the_standalone_script_computes_what_the_module_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(ROOT / "py" / "goosequill" / "lab")  # where drawings.py is
    path = ROOT / "docs" / "lab" / "scripts" / "second-order.py"
    script = runpy.run_path(str(path), run_name="__main__")
    said = capsys.readouterr().out
    assert "held-out loss of SGD 0.0343, of the rule 0.0293: -0.0050" in said, "as the page has it"
    assert "asymmetry of the Jacobian: 0.66" in said
    rng = np.random.default_rng(5)
    network = Network(4, 3)
    weights, x, t = rng.standard_normal(network.size), rng.standard_normal((6, 4)), rng.integers(0, 2, 6)
    W, bias, v, c = networks.split(network, weights)
    done = networks.forward(network, weights[None, None], x[None])
    slope, term = script["derivatives"]((W, bias, v, c), x, t)
    ours = networks.gradient(network, weights[None, None], x[None], t[None].astype(float), done=done)
    np.testing.assert_allclose(np.concatenate([each.ravel() for each in slope]), ours[0, 0], atol=1e-12)
    ours = networks.rule_term(network, weights[None, None], x[None], done=done)
    np.testing.assert_allclose(np.concatenate([each.ravel() for each in term]), ours[0, 0], atol=1e-12)
