"""The symmetries experiment: what is compared with what, networks matched, the study and the script."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from goosequill.lab import experiments, networks, symmetries
from goosequill.lab import relu_symmetries as changes
from goosequill.lab.symmetries import ARMS, CHANGED, COMPARED, Settings, trials_of
from tests.py.jobs import run

ROOT = Path(__file__).parents[3]
QUICK = {"hidden": 8, "images": 60, "passes": 10, "retrain": 10}


@pytest.fixture(scope="module")
def quick():
    return run(symmetries.compute(Settings(**QUICK)))


@pytest.fixture(scope="module")
def trained():
    trials = trials_of(Settings(**QUICK))
    (_, one, other), _ = run(symmetries.train(trials, method="sgd", passes=10))
    return trials, one, other


def test_a_run_yields_progress_and_curves_as_they_come(quick) -> None:
    found, steps = quick
    progress = [step for step in steps if getattr(step, "status", "").startswith("passes")]
    assert [step.loaded for step in progress] == [*range(11), *range(11)]
    parts = [step for step in steps if isinstance(step, dict)]
    assert len(parts[0]["learned"]["mean"]) == 1 and set().union(*parts) < set(found)
    assert found["learned"]["mean"][-1] < found["learned"]["mean"][0]
    np.testing.assert_array_equal(found["after"], np.arange(10, 21))
    assert set(found["arms"]) == set(ARMS)


def test_symmetries_do_not_change_the_loss_and_the_others_do(quick) -> None:
    found, _ = quick
    first = {name: arm["curve"]["mean"][0] for name, arm in found["arms"].items()}
    assert first["extra"] == pytest.approx(found["learned"]["mean"][-1], rel=1e-6)
    for name in ("swap", "scale"):
        assert first[name] == pytest.approx(first["extra"], rel=1e-4)
    for name in ("rotate", "swap_noise", "rotate_noise", "scale_noise"):
        assert abs(first[name] - first["extra"]) > 0.005 * first["extra"], name


def test_training_after_a_swap_is_training_without_it(quick) -> None:
    """Gradient descent treats all units alike, so it commutes with a permutation; not so with a scaling."""
    found, _ = quick
    for measure in ("loss", "accuracy"):
        swapped, extra = (found["arms"][name][measure] for name in ("swap", "extra"))
        np.testing.assert_allclose(swapped, extra, rtol=1e-3)
    assert np.abs(found["arms"]["scale"]["loss"] - found["arms"]["extra"]["loss"]).max() > 1e-3


@pytest.mark.parametrize("method", ["sgd", "adam"])
def test_a_step_commutes_with_a_swap_to_rounding(method: str) -> None:
    trials = trials_of(Settings(**QUICK))
    start = trials.start.astype(np.float64)
    order = np.random.default_rng(0).permutation(8)

    def learn(weights):
        learner = symmetries.learner_of(trials, method, weights)
        learner.adam.mean, learner.adam.square = np.zeros(weights.shape), np.zeros(weights.shape)
        for epoch in range(3):
            learner.read(epoch)
        return learner.weights

    after = changes.permute(trials.network, learn(start)[0, 0], order)
    before = learn(np.array([[changes.permute(trials.network, own, order) for own in s] for s in start]))
    np.testing.assert_allclose(before[0, 0], after, atol=1e-6)


def test_noise_is_as_far_from_the_trained_network_as_its_change(trained) -> None:
    trials, one, _ = trained
    made = symmetries.changed_weights(trials, one, share=0.5)
    length = dict(zip(ARMS, np.linalg.norm((made - one).astype(float), axis=-1).T, strict=True))
    assert np.all(length["extra"] == 0)
    for name in CHANGED:
        assert np.all(length[name] > 0.1)
        np.testing.assert_allclose(length[f"{name}_noise"], length[name], rtol=1e-5)


@pytest.mark.parametrize(("share", "units"), [(0.25, 2), (0.5, 4), (1.0, 8)])
def test_a_share_of_the_units_is_changed(trained, share: float, units: int) -> None:
    trials, one, _ = trained
    made = symmetries.changed_weights(trials, one, share=share)
    old = networks.split(trials.network, one[0, 0])
    new = networks.split(trials.network, made[0, ARMS.index("rotate")])
    assert np.count_nonzero((old.first != new.first).any(axis=1)) == units


def test_differences_are_paired_t_intervals_corrected_for_their_number(quick) -> None:
    found, _ = quick
    assert [(row["name"], row["against"]) for row in found["differences"]] == list(COMPARED)
    row = found["differences"][COMPARED.index(("rotate", "rotate_noise"))]
    ours, theirs = (found["arms"][name]["loss"] for name in ("rotate", "rotate_noise"))
    interval = stats.ttest_rel(ours, theirs).confidence_interval(1 - 0.05 / 6)
    assert row["looks"] == 6
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high), rel=1e-4)


# ---- Networks trained apart ----


def test_a_permuted_network_is_found_again_and_the_line_to_it_is_flat(trained) -> None:
    trials, one, _ = trained
    rng = np.random.default_rng(0)
    shuffled = np.stack([changes.permute(trials.network, own[0], rng.permutation(8)) for own in one])[:, None]
    line = symmetries.between(trials, one, shuffled)
    assert np.all(line["barriers"]["matched"] < 1e-6)
    assert line["barriers"]["apart"].mean() > 1e-3
    np.testing.assert_allclose(
        line["curves"]["matched"]["mean"], line["curves"]["matched"]["mean"][0], rtol=1e-5
    )


def test_matching_brings_networks_as_near_as_a_permutation_can(trained) -> None:
    trials, one, other = trained
    order = symmetries.match(trials.network, one[0, 0], other[0, 0])
    near = np.linalg.norm(one[0, 0] - changes.permute(trials.network, other[0, 0], order))
    rng = np.random.default_rng(0)
    for _ in range(200):
        random = changes.permute(trials.network, other[0, 0], rng.permutation(8))
        assert near <= np.linalg.norm(one[0, 0] - random) + 1e-5


def test_ends_of_the_line_are_the_networks_and_matching_does_not_change_them(trained) -> None:
    trials, one, other = trained
    line = symmetries.between(trials, one, other)
    ends = [symmetries.judge(trials, weights)[0].mean() for weights in (one, other)]
    for curve in line["curves"].values():
        assert [curve["mean"][0], curve["mean"][-1]] == pytest.approx(ends, rel=1e-5)
    assert line["gain"]["mean"] == pytest.approx(
        (line["barriers"]["matched"] - line["barriers"]["apart"]).mean(), rel=1e-5
    )


def test_networks_that_have_learned_well_meet_more_easily_when_matched() -> None:
    trials = trials_of(Settings(passes=20))
    (_, one, other), _ = run(symmetries.train(trials, method="adam", passes=20))
    barriers = symmetries.between(trials, one, other)["barriers"]
    assert barriers["matched"].mean() < 0.5 * barriers["apart"].mean()


# ---- The study and the script ----


def test_the_study_is_of_the_command_that_it_names_and_corrects_for_all_its_looks() -> None:
    study = json.loads((experiments.DATA / "symmetries.json").read_text())
    script = ROOT / "scripts" / "lab_data" / "symmetries.py"
    assert study["command"] == "python -m scripts.lab_data.symmetries" and script.is_file()
    assert study["seeds"] >= 10 and study["looks"] == sum(len(row["differences"]) for row in study["rows"])
    for row in study["rows"]:
        swap = row["differences"][COMPARED.index(("swap", "extra"))]
        assert abs(swap["mean"]) < 1e-4
        for found in row["differences"]:
            shift = row["losses"][found["name"]] - row["losses"][found["against"]]
            assert found["mean"] == pytest.approx(shift, abs=3e-5)
            assert found["clear"] == (found["low"] > 0 or found["high"] < 0)
    for row in study["widths"]:
        assert row["gain"]["mean"] == pytest.approx(row["matched"]["mean"] - row["apart"]["mean"], abs=3e-5)


def test_the_page_gets_the_study() -> None:
    found, _ = run(experiments.run("symmetries", QUICK))
    assert len(found["study"]["rows"]) >= 5


def test_the_standalone_script_computes_what_the_module_does(capsys: pytest.CaptureFixture[str]) -> None:
    script = runpy.run_path(str(ROOT / "docs" / "lab" / "scripts" / "symmetries.py"), run_name="__main__")
    assert "both units active" in capsys.readouterr().out
    assert script["shares"]["swap"] == script["shares"]["scale by 3"] == 1
    assert script["shares"]["scale by -1"] == 0
    assert script["active"] == pytest.approx(0.125, abs=0.02)
    assert script["matched"] < script["apart"]
    network = networks.Network(20, 6, "relu", "linear")
    rng = np.random.default_rng(7)
    weights, x = network.start(rng), rng.standard_normal((30, 20))
    turn = changes.rotation_matrix(6, np.array([[0, 1]]))
    ours = networks.outputs(network, changes.mix(network, weights, turn, outgoing=turn)[None, None], x[None])[
        0, 0
    ]
    first, bias, second, offset = networks.split(network, weights)
    moved = script["change"](np.column_stack([first, bias]), np.append(second, offset), turn, turn)
    np.testing.assert_allclose(script["answer"](*moved, x)[1], ours, atol=1e-12)
