"""The experiment "training": reproducible runs, held-out families, early stopping, the committed study."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from goosequill.lab import classifier, experiments, letters_data, training
from goosequill.lab.classifier import Layer
from goosequill.lab.training import Settings
from goosequill.support.progress import Progress
from tests.py.jobs import run

ROOT = Path(__file__).parents[3]
QUICK = {"steps": 120, "letters": 600, "hidden": 16}


@pytest.fixture(scope="module")
def letters():
    return letters_data.read()


@pytest.fixture(scope="module")
def quick():
    return run(training.compute(Settings(**QUICK)))


def test_a_run_yields_progress_and_curves_as_they_come(quick) -> None:
    found, steps = quick
    progress = [step for step in steps if isinstance(step, Progress)]
    assert [step.loaded for step in progress] == list(range(121)) and progress[-1].total == 120
    parts = [step for step in steps if isinstance(step, dict)]
    assert [len(part["curves"][0]["steps"]) for part in parts] == list(range(1, 31))
    curve = found["curves"][0]
    assert curve["steps"] == list(range(4, 121, 4)) and curve == parts[-1]["curves"][0]
    assert curve["loss"][-1] < curve["loss"][0] and curve["batch_loss"][-1] < curve["batch_loss"][0]


def test_the_same_seed_gives_the_same_run_and_another_seed_does_not(quick) -> None:
    again, _ = run(training.compute(Settings(**QUICK)))
    other, _ = run(training.compute(Settings(**QUICK, seed=1)))
    assert again["curves"] == quick[0]["curves"]
    np.testing.assert_array_equal(
        again["network"]["hidden"]["weights"], quick[0]["network"]["hidden"]["weights"]
    )
    assert other["curves"] != again["curves"]


def test_families_that_judge_are_not_in_training(letters) -> None:
    data = training.draw(letters, 500, seed=0)
    manifest = json.loads((experiments.DATA / "letters.json").read_text())
    columns = manifest["columns"]
    faces = [dict(zip(columns, face, strict=True)) for face in manifest["faces"]]
    families = [
        {faces[face]["family"] for face in letters.faces[part.sources]}
        for part in (data.train, data.validation, data.test)
    ]
    assert not families[0] & families[1] and not families[0] & families[2] and not families[1] & families[2]


def test_the_network_is_that_of_the_curves_for_raw_letters(letters, quick) -> None:
    network = [Layer(**layer) for layer in quick[0]["network"].values()]
    data = training.draw(letters, QUICK["letters"], seed=0)
    raw = data.test.pixels + data.mean
    assert classifier.judge(network, raw, data.test.labels)[1] == quick[0]["test_accuracy"][0]


def test_several_networks_have_curves_of_their_own_on_the_same_letters() -> None:
    found, _ = run(training.compute(Settings(**{**QUICK, "hidden": 0}, seeds=2)))
    one, two = found["curves"]
    assert one["steps"] == two["steps"] and one["loss"] != two["loss"]
    assert len(found["test_accuracy"]) == 2 and list(found["network"]) == ["output"]


def test_early_stopping_keeps_the_weights_with_the_lowest_validation_loss(letters) -> None:
    data = training.draw(letters, 300, seed=0)
    run = {"hidden": 32, "steps": 900, "rate": 0.5, "seed": 0}
    *_, whole = training.train(data, **run)
    *_, stopped = training.train(data, patience=3, **run)
    assert stopped.step < 900 and stopped.since_best == 3
    losses = stopped.curve["loss"]
    assert losses == whole.curve["loss"][: len(losses)]
    kept = classifier.judge(stopped.layers, data.validation.pixels, data.validation.labels)[0]
    assert kept == min(losses) < losses[-1]


def test_dropout_and_decay_change_the_run_and_dropout_needs_hidden_units(letters) -> None:
    data = training.draw(letters, 300, seed=0)

    def end(**changes):
        *_, found = training.train(data, **{"hidden": 16, "steps": 40, "rate": 0.3, "seed": 0, **changes})
        return found

    plain = end()
    assert end(dropout=0.5).curve["loss"] != plain.curve["loss"]
    decayed = end(decay=0.01)
    assert np.linalg.norm(decayed.layers[0].weights) < np.linalg.norm(plain.layers[0].weights)
    assert end(hidden=0, dropout=0.5).curve == end(hidden=0).curve


def test_samples_are_two_of_each_letter_in_order(quick) -> None:
    samples = quick[0]["samples"]
    assert samples["labels"].tolist() == [label for label in range(10) for _ in range(2)]
    assert samples["images"].shape == (20, 784) and samples["images"].max() == 15


@pytest.mark.parametrize("hidden", [0, 128, 1024])
def test_the_study_has_long_runs_of_several_seeds_that_reach_the_prototypes(hidden: int) -> None:
    study = json.loads((experiments.DATA / training.STUDY).read_text())
    run = next(run for run in study["runs"] if run["hidden"] == hidden)
    accuracy = np.array(run["tested"]["accuracy"])
    assert study["letters"] == 60_000 and len(accuracy) == run["seeds"]
    assert np.all(accuracy[:, 0] > {0: 0.78, 128: 0.89, 1024: 0.92}[hidden])


def test_the_pads_network_recognizes_letters_of_other_families(letters) -> None:
    layers = [
        Layer(np.array(each["weights"]) * each["scale"], np.array(each["bias"]))
        for each in json.loads((experiments.DATA / training.NETWORK).read_text())["layers"]
    ]
    tested = letters_data.sample(letters, "test", 1000, rng=np.random.default_rng(9))
    assert classifier.judge(layers, tested.pixels, tested.labels)[1] > 0.9


def test_the_standalone_script_learns_and_its_gradient_is_ours(capsys, tmp_path, monkeypatch) -> None:
    source = (ROOT / "docs" / "lab" / "scripts" / "training.py").read_text()
    path = tmp_path / "training.py"
    path.write_text(source.replace("STEPS = 128, 1000", "STEPS = 128, 100"))
    assert path.read_text() != source
    monkeypatch.setattr(sys, "argv", [str(path), str(experiments.DATA / "letters-a-j.npz")])
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(SystemExit):
        runpy.run_path(str(path), run_name="__main__")
    assert "64 hidden units, 100 steps: 0." in capsys.readouterr().out
    script: dict = {}
    exec(source[source.index("import numpy") : source.index("path =")], script)
    exec(source[source.index("def forward") : source.index("curves =")], script)
    rng = np.random.default_rng(0)
    network = classifier.start((6, 5, 4), rng)
    x, labels = rng.standard_normal((7, 6), np.float32), rng.integers(0, 4, 7)
    _, slopes = classifier.gradients(network, x, labels)
    theirs = [(weights.copy(), bias.copy()) for weights, bias in network]
    script["step"](theirs, x, labels, np.float32(0.3))
    classifier.descend(network, slopes, 0.3)
    for ours, other in zip(network, theirs, strict=True):
        for one, two in zip(ours, other, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-6)
