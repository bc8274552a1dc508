"""Letters: scikit-learn's optimum, judged as scikit-learn judges, and the experiment around it."""

import contextlib
import io
import json
import runpy
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from goosequill.lab import experiments, letters, letters_data, paired
from goosequill.support.progress import Progress
from tests.py.jobs import run

sklearn_linear = pytest.importorskip("sklearn.linear_model")
sklearn_metrics = pytest.importorskip("sklearn.metrics")
calibration = pytest.importorskip("sklearn.calibration")

SCRIPT = Path(__file__).parents[3] / "docs" / "lab" / "scripts" / "letters.py"
FOLDER = Path(letters.__file__).parent / "data"
CURVES = json.loads((FOLDER / letters.CURVES).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def clean() -> letters_data.Letters:
    return letters_data.read()


def fit(**settings):
    return run(letters.compute(letters.Settings(**settings)))


# ---- The fit ----


def test_the_gradient_equals_finite_differences() -> None:
    rng = np.random.default_rng(0)
    pixels, labels = rng.random((30, 6)), rng.integers(0, 4, 30)
    mean, table = pixels.mean(axis=0), rng.standard_normal((7, 4))
    _, gradient = letters.objective(table, pixels, mean, labels, 0.3)
    for place in np.ndindex(table.shape):
        step = np.zeros_like(table)
        step[place] = 1e-5
        above, below = (
            letters.objective(table + sign * step, pixels, mean, labels, 0.3)[0] for sign in (1, -1)
        )
        assert gradient[place] == pytest.approx((above - below) / 2e-5, abs=1e-8)


@pytest.mark.parametrize("c", [1.0, 0.1, 0.01, 0.001])
@pytest.mark.parametrize("size", [60, 400])
def test_the_coefficients_equal_those_of_scikit_learn(
    clean: letters_data.Letters, c: float, size: int
) -> None:
    made = letters_data.sample(clean, "train", size, rng=np.random.default_rng(size))
    pixels = made.pixels.astype(np.float64)
    ours = letters.fit(pixels, made.labels, c=c, classes=10, tolerance=1e-9, most_steps=5000)
    theirs = sklearn_linear.LogisticRegression(C=c, tol=1e-9, max_iter=20_000).fit(pixels, made.labels)
    np.testing.assert_allclose(ours.weights.T, theirs.coef_, atol=2e-5)
    np.testing.assert_allclose(ours.bias, theirs.intercept_, atol=2e-3)  # flat there: theirs stops earlier
    chances = theirs.predict_proba(pixels)
    np.testing.assert_allclose(letters.softmax(letters.logits(ours, pixels)), chances, atol=2e-5)
    penalty = (theirs.coef_**2).sum() / (2 * c * size)
    assert ours.loss <= sklearn_metrics.log_loss(made.labels, chances, labels=range(10)) + penalty + 1e-12


def test_it_does_not_matter_where_the_fit_starts(clean: letters_data.Letters) -> None:
    made = letters_data.sample(clean, "train", 200, rng=np.random.default_rng(1))
    pixels = made.pixels.astype(np.float64)
    settings = {"classes": 10, "tolerance": 1e-8, "most_steps": 5000}
    first = letters.fit(pixels, made.labels, c=0.01, **settings)
    warm = letters.fit(pixels, made.labels, c=0.1, start=first, **settings)
    cold = letters.fit(pixels, made.labels, c=0.1, **settings)
    np.testing.assert_allclose(warm.weights, cold.weights, atol=1e-5)
    np.testing.assert_allclose(warm.bias, cold.bias, atol=1e-4)
    assert warm.steps < cold.steps


def test_the_fit_stops_at_its_limit_of_steps_and_in_single_precision(clean: letters_data.Letters) -> None:
    made = letters_data.sample(clean, "train", 200, rng=np.random.default_rng(1))
    model, steps = run(letters.fitting(made.pixels, made.labels, c=1, classes=10, most_steps=7))
    assert steps == list(range(1, 8)) and model.steps == 7
    # Rounding hides a gradient of 1e-12 in float32: the line search gives up instead of looping forever.
    stuck = letters.fit(made.pixels, made.labels, c=1, classes=10, tolerance=1e-12, most_steps=10_000)
    assert stuck.weights.dtype == np.float32 and stuck.steps < 10_000
    assert letters.accuracy(stuck, made.pixels, made.labels) == 1


def test_one_class_alone_and_two_letters_are_fitted() -> None:
    pixels = np.array([[0.5, -0.5], [-0.5, 0.5]])
    model = letters.fit(pixels, np.array([0, 1]), c=1, classes=2)
    assert letters.accuracy(model, pixels, np.array([0, 1])) == 1
    alone = letters.fit(pixels, np.array([1, 1]), c=1, classes=2)
    assert letters.accuracy(alone, pixels, np.array([1, 1])) == 1


# ---- Judging it ----


def test_confusion_and_reliability_equal_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    truth, guesses = rng.integers(0, 5, 500), rng.integers(0, 5, 500)
    np.testing.assert_array_equal(
        letters.confusion(truth, guesses, 5), sklearn_metrics.confusion_matrix(truth, guesses)
    )
    sure = rng.random(500)
    right = rng.random(500) < sure
    found = letters.reliability(sure, right)
    shares, means = calibration.calibration_curve(right, sure, n_bins=10)
    np.testing.assert_allclose(found["accuracy"], shares)
    np.testing.assert_allclose(found["confidence"], means)
    assert found["count"].sum() == 500 and found["error"] < 0.1
    assert letters.reliability(np.ones(4), np.array([True, False, True, False]))["error"] == 0.5


def test_wrong_labels_are_wrong_and_as_many_as_asked_for() -> None:
    truth = np.arange(100_000) % 10
    noisy = letters.mislabel(truth, 0.3, 10, np.random.default_rng(0))
    assert np.mean(noisy != truth) == pytest.approx(0.3, abs=0.01)
    assert noisy.min() == 0 and noisy.max() == 9
    shifts = np.bincount((noisy - truth) % 10)[1:]
    assert shifts.min() > 0.9 * shifts.mean()
    np.testing.assert_array_equal(letters.mislabel(truth, 0, 10, np.random.default_rng(0)), truth)


# ---- The experiment ----


def test_the_experiment_yields_growing_curves_and_returns_everything() -> None:
    found, yielded = fit(size=250, c="0.1", seed=4)
    assert experiments.names().count("letters") == 1
    progress = [each for each in yielded if isinstance(each, Progress)]
    assert all(one.loaded <= other.loaded for one, other in pairwise(progress))
    assert progress[-1].total == 50 + 100 + 200 + 250
    partial = [each["curves"] for each in yielded if isinstance(each, dict)]
    assert [each["sizes"] for each in partial] == [[50], [50, 100], [50, 100, 200], [50, 100, 200, 250]]
    assert found["curves"] == partial[-1]
    assert np.array(found["curves"]["train"]).shape == (4, 4)
    assert np.abs(found["weights"]).max() == 100 and found["largest_weight"] > 0
    assert found["weights"].shape == (10, 784) and found["confusion"].sum() == letters.HELD_OUT
    assert found["test_accuracy"] == pytest.approx(np.trace(found["confusion"]) / letters.HELD_OUT)
    assert found["examples"]["images"].shape == (letters.EXAMPLES, 784) and found["alphabet"] == "ABCDEFGHIJ"
    mistakes = found["mistakes"]
    assert (mistakes["labels"] != mistakes["guesses"]).all() and len(mistakes["images"]) == letters.MISTAKES
    assert (np.diff(mistakes["confidences"]) <= 0).all()
    assert fit(size=250, c="0.1", seed=4)[0]["test_loss"] == found["test_loss"]


def test_a_weaker_penalty_fits_the_training_letters_better() -> None:
    curves = fit(size=1000)[0]["curves"]
    for column in np.array(curves["train"]).T:
        assert (np.diff(column) >= -1e-9).all()
    assert np.array(curves["validation"]).max() < np.array(curves["train"]).max()


def test_wrong_labels_clean_letters_and_the_whole_alphabet() -> None:
    plain, clean, noisy = (
        fit(size=500, **settings)[0]["test_accuracy"] for settings in ({}, {"jitter": False}, {"noise": 0.5})
    )
    assert clean > plain + 0.05 and noisy < plain - 0.05
    alphabet = fit(size=500, alphabet="A to Z")[0]
    assert alphabet["confusion"].shape == (26, 26) and len(alphabet["alphabet"]) == 26
    assert 0.3 < alphabet["test_accuracy"] < plain


def test_the_experiment_names_the_files_that_it_needs() -> None:
    assert letters.files(letters.Settings()) == (
        "letters-a-j.npz",
        "letters-curves.json",
        "letters-features.json",
        "letters-small.json",
    )
    names = letters.files(letters.Settings(alphabet="A to Z"))
    held = letters_data.load_files(names)
    settings = letters.Settings(alphabet="A to Z", size=50)
    found, _ = run(letters.compute(settings, files=held))
    assert found["weights"].shape == (26, 784)


def test_the_standalone_script_prints_the_same_accuracies() -> None:
    script = runpy.run_path(str(SCRIPT))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        script["main"](str(FOLDER / "letters-a-j.npz"), 200)
    rows = [line.split() for line in printed.getvalue().splitlines()[1:]]
    curves = fit(size=200)[0]["curves"]
    assert len(rows) == 3 * 4
    for size, c, train, validation in rows:
        column, row = curves["sizes"].index(int(size)), list(map(float, letters.STRENGTHS)).index(float(c))
        assert float(train) == pytest.approx(curves["train"][row][column], abs=0.011)
        assert float(validation) == pytest.approx(curves["validation"][row][column], abs=0.003)


# ---- The committed curves ----


def test_the_committed_curves_are_reproduced(clean: letters_data.Letters) -> None:
    from scripts.lab_data import letters_curves

    (again,) = letters_curves.curves(10, letters.STRENGTHS, (50, 100), seeds=1)
    for name in ("train", "validation"):
        for ours, theirs in zip(again[name], CURVES["jittered"][name], strict=True):
            for one, other in zip(ours, theirs[:2], strict=True):
                assert one[0] == pytest.approx(other[0], abs=0.002)


def test_the_article_s_figure_returns() -> None:
    made = CURVES["jittered"]
    assert made["sizes"][-1] == 200_000 and made["c"] == list(letters.STRENGTHS)
    validation = np.array([[np.mean(seeds) for seeds in row] for row in made["validation"]])
    train = np.array([[np.mean(seeds) for seeds in row] for row in made["train"]])
    assert (train - validation)[:, 0].min() > (train - validation)[:, -1].max()
    assert validation[-1, -1] > 0.75, "about 80%, as in the article"
    small, large = validation[:, 0], validation[:, -1]
    ahead = [np.subtract(*each) for each in zip(made["validation"][2], made["validation"][3], strict=True)]
    clear = [paired.compare(each, np.zeros(len(each)))["low"] > 0 for each in ahead if len(each) > 2]
    assert clear == [size >= 500 for size in made["sizes"][: len(clear)]], "C 0.1 against C 1"
    assert small.argmax() < large.argmax(), "the best penalty weakens as the set grows"


def test_the_study_of_features_is_what_its_command_finds() -> None:
    from scripts.lab_data import letters_features

    study = json.loads((FOLDER / letters.FEATURES).read_text(encoding="utf-8"))
    source = letters_data.read(classes=10)
    assert study["command"] == "python -m scripts.lab_data.letters_features"
    made = letters_features.accuracy(source, 7, 24, study["first_seed"])
    assert made == pytest.approx(study["sides"]["7"][0][0], abs=0.005)
    for points in study["sides"].values():
        assert all(np.diff([np.mean(seeds) for seeds in points]) > 0), "more letters are better"


def test_a_smaller_picture_has_the_means_of_squares() -> None:
    from scripts.lab_data.letters_features import shrink

    pixels = np.arange(2 * 784, dtype=np.float32).reshape(2, 784)
    small = shrink(pixels, 14).reshape(2, 14, 14)
    square = pixels.reshape(2, 28, 28)[1, 4:6, 6:8]
    assert small[1, 2, 3] == square.mean() and shrink(pixels, 28).tolist() == pixels.tolist()
