"""The data of the cumulative fit, its study, and the visitor's own points and samples."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, norm, sem, t

from goosequill.cli.lab import plain
from goosequill.errors import SettingsError
from goosequill.lab import cumulative, experiments
from goosequill.lab.cumulative import GRID, Settings, compute, make_data
from goosequill.lab.monotone import FITS, MONOTONE
from goosequill.support.progress import Progress, finish
from tests.py.jobs import run
from tests.py.lab.in_the_page import at_once

LAB = Path(__file__).parents[3] / "docs" / "lab"
SCRIPT = LAB / "scripts" / "cumulative.py"


# ---- Data ----


def test_the_articles_data_do_not_end_at_one_without_the_bin_width() -> None:
    ends = [make_data(20, seed, bin_width=False).y[-1] for seed in range(200)]
    assert np.mean(ends) == pytest.approx(3.16, abs=0.1)
    assert np.mean([make_data(20, seed).y[-1] for seed in range(200)]) == pytest.approx(1, abs=0.03)


def test_the_truth_is_the_normal_distribution() -> None:
    np.testing.assert_allclose(cumulative.normal_cdf(GRID), norm.cdf(GRID), atol=1e-14)
    np.testing.assert_allclose(cumulative.TRUE_DENSITY, norm.pdf(GRID), atol=1e-14)


def test_a_sum_belongs_to_the_end_of_its_bin() -> None:
    middle, end = (make_data(20, 0, noise=0, bin_ends=ends) for ends in (False, True))
    assert np.abs(end.y - norm.cdf(end.x)).max() < 0.002
    assert np.abs(middle.y - norm.cdf(middle.x)).max() > 0.05


def test_samples_become_an_empirical_distribution_function() -> None:
    points = cumulative.from_samples(np.array([2.0, 1.0, 1.0, 3.0]))
    assert points.x.tolist() == [1, 2, 3] and points.shares.tolist() == [0.5, 0.25, 0.25]
    assert points.y.tolist() == [0.25, 0.625, 0.875]


# ---- Study ----


def test_the_curves_come_before_the_study() -> None:
    result, steps = run(compute(Settings(runs=200, points=8)))
    assert steps[0].keys() == result.keys() and steps[0]["study"] == {}
    assert [step.loaded for step in steps if isinstance(step, Progress)][-1] == 200
    half = next(step["study"] for step in steps[1:] if isinstance(step, dict))
    assert half["bernstein"]["runs"] == 100 and result["study"]["bernstein"]["runs"] == 200
    assert list(result["curves"]) == list(result["study"]) == list(FITS)


def test_the_study_counts_and_averages_every_run() -> None:
    settings = Settings(runs=30, seed=7)
    found = finish(compute(settings))["study"]
    judged = {
        name: [cumulative.judge(fit(make_data(20, seed), settings.degree)(GRID)) for seed in range(8, 38)]
        for name, fit in FITS.items()
    }
    for name, each in judged.items():
        errors, reference = ([j.rmse for j in judged[key]] for key in (name, "polynomial"))
        count = sum(j.decreases for j in each)
        interval = binomtest(count, 30).proportion_ci(method="wilson")
        study = found[name]
        assert study["decreases"] == count / 30
        assert [study["decreases_low"], study["decreases_high"]] == pytest.approx(list(interval), abs=1e-9)
        assert study["rmse"] == pytest.approx(np.mean(errors))
        assert study["rmse_half_width"] == pytest.approx(t.ppf(0.975, 29) * sem(errors))
        paired = np.subtract(errors, reference)
        assert study["difference"] == pytest.approx(np.mean(paired))
        assert study["rmse_median"] == pytest.approx(np.median(errors))
        assert study["errors"] == pytest.approx(errors, abs=1e-5) and 0 < study["difference_sign_flip"] <= 1
        assert study["difference_half_width"] == pytest.approx(t.ppf(0.975, 29) * sem(paired))


def test_a_monotone_polynomial_is_closer_to_the_truth() -> None:
    study = finish(compute(Settings(runs=200)))["study"]
    for name in MONOTONE:
        assert study[name]["decreases"] == 0 == study[name]["leaves"]
    for name in ("printed", "polynomial"):
        assert study[name]["decreases"] > 0.5 and study[name]["leaves"] > 0.5
    best = study["bernstein"]
    assert best["difference"] + best["difference_half_width"] < 0
    assert study["likelihood"]["rmse"] < best["rmse"] < study["polynomial"]["rmse"]


def test_the_study_of_raw_samples_judges_every_fit_on_the_same_samples() -> None:
    study = finish(compute(Settings(data="samples", runs=100)))["study"]
    assert study["likelihood"]["rmse"] < study["bernstein"]["rmse"] < study["polynomial"]["rmse"]
    assert study["likelihood"]["decreases"] == 0 == study["likelihood"]["leaves"]


def test_a_study_of_no_runs_is_empty() -> None:
    assert finish(compute(Settings(runs=0)))["study"] == {}


def test_the_study_is_of_generated_data_only() -> None:
    found = finish(compute(Settings(runs=10), x=[-1, 0, 1], y=[0.1, 0.5, 0.9], moved=True))
    assert found["study"] == {} and found["kind"] == "points"
    assert finish(compute(Settings(runs=10), samples=[1, 2, 3]))["kind"] == "samples"
    assert finish(compute(Settings(runs=0, data="samples")))["kind"] == "samples"


# ---- The experiment ----


def test_densities_are_the_slopes_of_the_curves() -> None:
    found = finish(compute(Settings(runs=0, points=400, noise=0)))
    assert "isotonic" not in found["densities"]
    area = np.trapezoid(found["densities"]["bernstein"], found["grid"])
    curve = found["curves"]["bernstein"]
    assert area == pytest.approx(curve[-1] - curve[0], abs=1e-4)


# ---- The visitor's own data ----


def test_own_points_are_sorted_and_scaled_to_where_the_sigmoid_is_not_flat() -> None:
    shape = np.array([0, 0.1, 0.3, 0.8, 1.0])
    near = finish(compute(Settings(runs=0), x=[-3, -1, 0, 1, 3], y=shape))
    far = finish(compute(Settings(runs=0), x=[9000, 5000, 3000, 4000, 1000][::-1], y=[0, 0.8, 0.1, 0.3, 1]))
    assert far["x"].tolist() == [1000, 3000, 4000, 5000, 9000] and far["truth"] is None
    assert far["judgements"]["bernstein"]["rmse"] is None
    even = finish(compute(Settings(runs=0), x=[1000, 3667, 5000, 6333, 9000], y=shape))
    np.testing.assert_allclose(even["curves"]["bernstein"], near["curves"]["bernstein"], atol=1e-3)
    curve, density = even["curves"]["bernstein"], even["densities"]["bernstein"]
    assert np.trapezoid(density, even["grid"]) == pytest.approx(curve[-1] - curve[0], abs=1e-3)


def test_moved_points_keep_scale_and_truth() -> None:
    points = make_data(20, 0)
    moved = points.y.copy()
    moved[10] += 0.2
    found = finish(compute(Settings(runs=0), x=points.x, y=moved, moved=True))
    assert found["x"].tolist() == points.x.tolist() and found["truth"] is not None
    same = finish(compute(Settings(runs=0), x=points.x, y=points.y, moved=True))
    built_in = finish(compute(Settings(runs=0)))
    for name in ("printed", "polynomial", "bernstein", "isotonic", "pchip"):
        np.testing.assert_allclose(same["curves"][name], built_in["curves"][name], atol=1e-12)


def test_own_samples_are_fitted() -> None:
    samples = 5000 + 1000 * np.random.default_rng(0).gamma(9, size=500)
    found = finish(compute(Settings(runs=0, degree=12), samples=samples))
    curve = np.interp(samples, found["grid"], found["curves"]["likelihood"])
    empirical = np.argsort(np.argsort(samples)) / 500
    assert np.abs(curve - empirical).max() < 0.05


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"x": [0, 1], "y": [0, 1]}, "2 numbers for x"),
        ({"x": [0, 1, 1], "y": [0, 1, 1]}, "equal or nearly so"),
        ({"x": [0, 1e-12, 1], "y": [0, 0.5, 1]}, "equal or nearly so"),
        ({"x": [0, 1, 2], "y": [0, np.nan, 1]}, "not finite"),
        ({"x": [0, np.inf, 2], "y": [0, 1, 1]}, "not finite"),
        ({"x": [0, 1, 1e16], "y": [0, 1, 1]}, "beyond 1e15"),
        ({"x": [0, 1, 2], "y": [0, 50, 500]}, "far from 0 to 1"),
        ({"x": [0, 1, 2], "y": [0, 1, 1, 1]}, "3 numbers for x and 4 for y"),
        ({"x": [0, 1, 2]}, "other than numbers|numbers for y|not finite"),
        ({"x": ["a", "b", "c"], "y": [0, 1, 1]}, "other than numbers"),
        ({"x": np.arange(401), "y": np.arange(401) / 401}, "401 numbers for x"),
        ({"samples": np.arange(10_001)}, "10,001 numbers for samples"),
        ({"samples": [1, 1, 1, 1]}, "equal or nearly so"),
        ({"samples": [1, 2, 2, 1]}, "equal or nearly so"),
        ({"samples": {}}, "other than numbers"),
    ],
)
def test_own_data_are_checked(data, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        finish(compute(Settings(runs=0), **data))
    assert caught.value.code == "points" and caught.value.remedy


# ---- What the page computes by itself ----


def in_the_page(cases: list[tuple[dict, dict | None]]) -> list:
    asked = [
        {"settings": vars(Settings()) | settings, "own": own, "data": {"map": None}}
        for settings, own in cases
    ]
    return at_once("cumulative", asked)


OWN = [
    {"x": [30, 10, 20, 40, 50], "y": [0.2, 0.1, 0.3, 0.9, 1], "moved": False},
    {"x": [-3, -1, 0, 1, 3], "y": [0.1, 0.2, 1.3, -0.2, 1], "moved": True},
    {"x": [0, 1, 2], "y": [0, 0, 0], "moved": False},
    {"samples": [1, 2, 2, 3, 9, 1, 4], "moved": False},
    {"samples": [-1, 0.5, 0, 2], "moved": True},
]


def test_the_page_computes_the_same_at_once() -> None:
    cases: list[tuple[dict, dict | None]] = [
        (
            {
                "data": data,
                "points": points,
                "degree": degree,
                "noise": noise,
                "bin_width": degree != 3,
                "bin_ends": degree % 2 == 0,
                "seed": points + degree,
                "runs": runs,
            },
            None,
        )
        for data in ("sums", "samples")
        for points, noise, runs in ((4, 1.0, 0), (20, 0.0, 10), (20, 0.3, 0), (400, 1.0, 0))
        for degree in (1, 2, 3, 9, 12)
    ]
    cases += [({"degree": degree, "runs": 10}, own) for degree in (1, 3, 12) for own in OWN]
    for (settings, own), answer in zip(cases, in_the_page(cases), strict=True):
        ours = plain(finish(compute(Settings(**settings | {"runs": 0}), **(own or {}))))
        found = answer["data"]
        assert answer["isWhole"] == (own is not None or settings["runs"] == 0)
        assert found.keys() == ours.keys()
        # High powers of the sigmoid are almost alike: rounding moves their fits by up to a millionth.
        near = {"rtol": 0, "atol": 1e-9 if settings["degree"] < 9 else 2e-6, "err_msg": f"{settings} {own}"}
        for name in ("x", "grid", "y", "truth", "true_density"):
            assert (found[name] is None) == (ours[name] is None)
            if ours[name]:
                np.testing.assert_allclose(found[name], ours[name], rtol=1e-12, atol=1e-12)
        for name in ("curves", "densities"):
            assert found[name].keys() == ours[name].keys()
            for fit, values in ours[name].items():
                np.testing.assert_allclose(found[name][fit], values, **near)
        for fit, judgement in ours["judgements"].items():
            rmse = found["judgements"][fit].pop("rmse"), judgement.pop("rmse")
            assert rmse == (None, None) or rmse[0] == pytest.approx(rmse[1], abs=near["atol"])
            assert found["judgements"][fit] == judgement, (settings, own, fit)


def test_what_cannot_be_computed_at_once_is_left_to_this_module() -> None:
    refused = [
        {"x": [0, 1, 1], "y": [0, 1, 1]},
        {"x": [0, 1, 1e16], "y": [0, 1, 1]},
        {"x": [0, 1, 2], "y": [0, 50, 500]},
        {"samples": [1, 2, 2, 1]},
        {"samples": list(range(401))},  # more than it computes within 100 ms
    ]
    assert in_the_page([({}, own) for own in refused]) == [None] * len(refused)


def test_the_standalone_script_prints_the_numbers_of_the_study() -> None:
    printed = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=True).stdout
    study = finish(compute(Settings()))["study"]
    found = re.findall(r"(\w+) +decreases +([\d.]+)%  leaves \[0, 1\] +([\d.]+)%  RMSE ([\d.]+)", printed)
    assert [name for name, *_ in found] == ["printed", "polynomial", "bernstein"]
    for name, *numbers in found:
        expected = [100 * study[name]["decreases"], 100 * study[name]["leaves"], study[name]["rmse"]]
        assert [float(number) for number in numbers] == pytest.approx(expected, abs=6e-5)


def test_exact_sums_leave_the_likelihood_behind() -> None:
    points = cumulative.generate(Settings(noise=0, bin_ends=True), 0)
    curves = {name: fit(points, 3)(cumulative.GRID) for name, fit in FITS.items()}
    for name, error in (("likelihood", 0.0130), ("polynomial", 0.0022), ("pchip", 0.0010)):
        assert cumulative.judge(curves[name]).rmse == pytest.approx(error, abs=6e-5)
    assert np.abs(curves["polynomial"] - cumulative.TRUTH).max() == pytest.approx(0.0037, abs=6e-5)
    assert curves["polynomial"].max() == pytest.approx(1.003, abs=6e-4)


def test_the_map_is_what_its_command_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    from scripts.lab_data import cumulative_map

    found = json.loads((experiments.DATA / "cumulative-map.json").read_text())
    monkeypatch.setattr(cumulative_map, "SEEDS", 40)
    for row in found["rows"]:
        shown = row["cells"][found["counts"].index(20)]
        made = cumulative_map.cell(cumulative_map.KINDS[row["data"]], 20, row["degree"], found["looks"])
        assert made["best"] in (shown["best"], *shown["tied"]) or shown["best"] in made["tied"]
        assert made["errors"][shown["best"]] == pytest.approx(shown["errors"][shown["best"]], rel=0.3)


def test_binned_samples_are_those_that_were_drawn() -> None:
    from scripts.lab_data.cumulative_map import binned, samples

    raw, points = samples(50, 3), binned(50, 3)
    inside = points.x < 3
    below = [np.mean(raw.x <= end) for end in points.x[inside]]
    np.testing.assert_allclose(points.y[inside], below)
    assert points.y[-1] == pytest.approx(1) and points.shares.sum() == pytest.approx(1)
