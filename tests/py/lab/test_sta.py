"""Spike-triggered averages against known filters, closed forms, scipy, scikit-learn and plain loops."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import scipy.stats
from sklearn.linear_model import Ridge

from goosequill.cli.lab import plain
from goosequill.errors import SettingsError
from goosequill.lab import experiments, neurons, recordings, sta
from goosequill.support.progress import finish
from tests.py.lab.in_the_page import at_once

SCRIPT = Path(__file__).parents[3] / "docs" / "lab" / "scripts" / "sta.py"
FILES = {
    recordings.GRASSHOPPER: Path(recordings.__file__)
    .with_name("data")
    .joinpath("grasshopper.npz")
    .read_bytes()
}


def first_part(settings: sta.Settings):
    """The average and its convergence, without the rest of the run."""
    return next(step for step in sta.compute(settings, files=FILES) if isinstance(step, dict))


@pytest.mark.parametrize("seed", range(5))
def test_three_implementations_are_equal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stimulus, spikes = rng.standard_normal(3000), (rng.random(3000) < 0.05).astype(np.uint8)
    for window in (2, 7, 150):
        loop = sta.average_by_loop(stimulus, spikes, window)
        np.testing.assert_allclose(sta.average_by_windows(stimulus, spikes, window), loop, atol=1e-12)
        np.testing.assert_allclose(sta.average_by_correlation(stimulus, spikes, window), loop, atol=1e-12)


def test_a_spike_before_the_end_of_the_first_window_is_left_out_as_in_the_article() -> None:
    stimulus, spikes = np.arange(12.0), np.zeros(12, np.uint8)
    spikes[[2, 3, 4, 9]] = 1  # the article takes i >= 4, though the window of i = 3 is whole
    assert sta.average_by_loop(stimulus, spikes, 4).tolist() == [3.5, 4.5, 5.5, 6.5]


@pytest.mark.parametrize("gain", [0.3, 0.8, 1.2, 2.0])
def test_the_effective_gain_is_a_ratio_of_integrals(gain: float) -> None:
    x = np.linspace(-9, 9, 200_001)
    probability = np.minimum(1, neurons.RATE * np.exp(gain * x - gain**2 / 2)) * scipy.stats.norm.pdf(x)
    assert neurons.effective_gain(gain) == pytest.approx(
        (x * probability).sum() / probability.sum(), abs=1e-6
    )


def test_the_average_is_the_effective_gain_times_the_filter() -> None:
    known = sta.simulate(sta.Settings(samples=400_000, seed=3))
    assert known.weights is not None
    average = sta.average_by_windows(known.stimulus, known.spikes, 150)
    assert average @ known.weights == pytest.approx(known.gain, abs=0.02)
    assert 1.1 < known.gain < 1.2
    assert sta.time_axis(150, 2.0)[[0, -1]].tolist() == [-298, 0]
    assert sta.time_axis(150, 2.0)[np.argmax(average)] == pytest.approx(-28, abs=2)


def test_the_cosine_follows_its_closed_form() -> None:
    for count, expected in ((100, 0.70), (1_000, 0.95), (10_000, 0.995), (59_386, 0.9991)):
        assert sta.expected_cosine(count, 150, 1.2) == pytest.approx(expected, abs=2e-3)
    errors, early = [], []
    for seed in range(8):  # of early spikes the windows overlap, which the formula does not know
        found = first_part(sta.Settings(samples=40_000, seed=seed))["convergence"]
        errors.append((found["cosines"] - found["expected"])[-12:])
        early.append(found["cosines"][np.argmin(np.abs(found["counts"] - 10))])
    assert np.abs(np.mean(errors, axis=0)).max() < 0.03
    assert 0.05 < np.std(early) < 0.2


def test_the_articles_number_of_spikes_gives_a_cosine_of_0_999() -> None:
    known = sta.simulate(sta.Settings(samples=600_000))
    average = sta.average_by_windows(known.stimulus, known.spikes, 150)
    assert sta.cosine(average, known.weights) == pytest.approx(0.9989, abs=4e-4)
    assert math.sqrt(53_583) == pytest.approx(231, abs=0.5)  # standard deviation over standard error


def test_the_standard_error_is_that_of_the_mean() -> None:
    stimulus, rng = np.random.default_rng(0).standard_normal(9000) * 7 + 40, np.random.default_rng(1)
    spikes = rng.random(9000) < 0.5  # more windows than one chunk
    found = finish(sta.compute(sta.Settings(shifts=0, window=20), stimulus=stimulus, spikes=spikes))
    windows = sta.spike_windows(stimulus, spikes, 20)
    assert len(windows) > sta.CHUNK
    np.testing.assert_allclose(found["average"], windows.mean(axis=0), atol=1e-12 * 40)
    np.testing.assert_allclose(found["deviation"], windows.std(axis=0, ddof=1))
    np.testing.assert_allclose(found["error"], scipy.stats.sem(windows, axis=0))
    assert found["null"] is None and found["source"]["disagreement"] < 1e-12


def test_convergence_counts_the_first_spikes() -> None:
    known = sta.simulate(sta.Settings(samples=30_000))
    found = first_part(sta.Settings(samples=30_000))["convergence"]
    windows = sta.spike_windows(sta.standardized(known.stimulus), known.spikes, 150)
    for count, cosine in zip(found["counts"].astype(int), found["cosines"], strict=True):
        assert cosine == pytest.approx(sta.cosine(windows[:count].mean(axis=0), known.weights))
    assert found["counts"][0] == 10 and found["counts"][-1] == len(windows)


def test_one_correlation_gives_every_shifted_average() -> None:
    rng = np.random.default_rng(5)
    stimulus, spikes = rng.standard_normal(2_000), (rng.random(2_000) < 0.1).astype(np.uint8)
    maxima = finish(sta.null_maxima(stimulus, spikes, 30, 40, np.random.default_rng(9)))
    shifts = np.random.default_rng(9).integers(30, 1970, 40)
    for maximum, shift in zip(maxima, shifts, strict=True):
        ends = (np.flatnonzero(spikes) - shift) % 2_000
        around = [stimulus[(ends - lag) % 2_000].mean() for lag in range(30)]
        assert maximum == pytest.approx(np.abs(around).max(), abs=1e-12)


def test_the_null_bound_holds_for_a_neuron_that_ignores_the_stimulus() -> None:
    above = 0
    for seed in range(60):
        known = sta.simulate(sta.Settings(samples=4_000, window=20, gain=0.0, seed=seed))
        maxima = finish(
            sta.null_maxima(known.stimulus, known.spikes, 20, 400, np.random.default_rng(1000 + seed))
        )
        average = sta.average_by_windows(known.stimulus, known.spikes, 20)
        above += np.abs(average).max() > np.quantile(maxima, 0.95)
    assert above <= 8  # 3 are expected


def test_whitening_is_a_ridge_regression() -> None:
    known = sta.simulate(sta.Settings(neuron="lnp-correlated", samples=4_000, window=40, memory=0.7))
    windows = np.lib.stride_tricks.sliding_window_view(known.stimulus, 40)
    spikes, n = known.spikes[39:], len(windows)
    covariance = np.cov(windows.T, bias=True)
    average = (spikes - spikes.mean()) @ windows / spikes.sum()
    ours = sta.whiten(average, covariance, 0.3)
    fit = Ridge(alpha=0.3 * covariance[0, 0] * n).fit(windows, spikes)
    assert sta.cosine(ours, fit.coef_) > 0.9999


def test_full_whitening_amplifies_noise_and_some_ridge_beats_both() -> None:
    found = [
        sta.whitening(sta.simulate(sta.Settings(neuron="lnp-correlated", samples=5_000, seed=seed)), 150, 1.0)
        for seed in range(8)
    ]
    raw = np.mean([one["cosine"] for one in found])
    ridged = np.mean([one["cosines"] for one in found], axis=0)
    assert raw == pytest.approx(0.973, abs=0.015) and ridged[0] == pytest.approx(0.907, abs=0.015)
    assert 0 < np.argmax(ridged) < len(ridged) - 1 and ridged.max() > raw + 0.003


def test_whitening_in_full_wins_with_many_spikes() -> None:
    known = sta.simulate(sta.Settings(neuron="lnp-correlated", samples=400_000, memory=0.8))
    found = sta.whitening(known, 150, 1.0)
    assert found["cosines"][0] > found["cosine"] + 0.03


def test_covariance_finds_a_direction_that_the_average_cannot() -> None:
    found = finish(sta.compute(sta.Settings(neuron="squaring", samples=60_000)))
    assert np.abs(found["average"]).max() < found["null"]
    change = found["covariance"]
    assert change["neuron"] == "squaring" and change["eigenvalues"][0] == change["value"] > 2 * change["high"]
    assert change["eigenvalues"][1] < 1.2 * change["high"]
    assert abs(sta.cosine(change["feature"], change["filter"])) > 0.95
    assert abs(sta.cosine(change["average"], change["filter"])) < 0.5


def test_a_linear_neuron_gets_companions_where_it_would_show_nothing() -> None:
    found = finish(sta.compute(sta.Settings(samples=20_000)))
    assert found["whitening"]["neuron"] == "lnp-correlated" and found["covariance"]["neuron"] == "squaring"
    found = finish(sta.compute(sta.Settings(neuron="grasshopper"), files=FILES))
    assert found["whitening"]["neuron"] == found["covariance"]["neuron"] == "grasshopper"
    assert found["convergence"] is found["filter"] is found["predicted"] is None


def test_held_out_prediction_is_worth_bits_only_for_a_driven_neuron() -> None:
    def bits(gain: float) -> float:
        known = sta.simulate(sta.Settings(samples=100_000, gain=gain))
        half = sta.average_by_windows(known.stimulus[:50_000], known.spikes[:50_000], 150)
        return sta.held_out(known.stimulus, known.spikes, half)["bits"]

    assert bits(1.2) > 0.9 > bits(0.6) > 0.1 and bits(0.0) < 0.01


def test_held_out_bits_are_a_likelihood_ratio() -> None:
    known = sta.simulate(sta.Settings(samples=20_000))
    found = sta.held_out(known.stimulus, known.spikes, known.weights, bins=5)
    output, half = scipy.signal.lfilter(known.weights[::-1], 1, known.stimulus), 10_000
    edges = np.quantile(output[150:half], [0.2, 0.4, 0.6, 0.8])
    likelihood = scipy.stats.bernoulli.logpmf(
        known.spikes[half + 150 :], found["first"][np.digitize(output[half + 150 :], edges)]
    ) - scipy.stats.bernoulli.logpmf(known.spikes[half + 150 :], found["rate"])
    count = known.spikes[half + 150 :].sum()
    assert found["bits"] == pytest.approx(likelihood.sum() / count / math.log(2), abs=1e-3)
    assert np.all(np.diff(found["first"]) > 0) and np.all(np.diff(found["output"]) > 0)


def test_an_average_decays_faster_than_the_membrane_that_made_it() -> None:
    found = finish(sta.membranes(0))
    leaky, perfect = found["leaky"], found["perfect"]
    assert found["tau"] == 20 and leaky["decays"][0] == pytest.approx(8.8, abs=0.8)
    assert max(leaky["decays"]) < 15 and np.all(np.diff(np.argsort(leaky["rates"])) != 0)
    assert perfect["decays"][0] == pytest.approx(leaky["decays"][0], abs=1.5)  # without any leak
    assert [leaky["rates"][0], perfect["rates"][0]] == pytest.approx([5.2, 17.4], abs=0.1)
    at_its_rate = np.interp(
        perfect["rates"][0], sorted(leaky["rates"]), sorted(leaky["decays"], reverse=True)
    )
    assert perfect["decays"][0] == pytest.approx(2 * at_its_rate, rel=0.15), "at one rate the leak shows"


def test_averages_with_and_without_a_leak_have_other_heights_and_are_not_scaled() -> None:
    stimulus, found = neurons.white_noise(150_000, np.random.default_rng(0)), finish(sta.membranes(0))
    for name, leak, mean, height in (("leaky", 1.0, 0.5, 0.92), ("perfect", 0.0, 0.38, 0.48)):
        spikes = neurons.integrate_and_fire(stimulus, 2.0, tau=20.0, mean=mean, leak=leak)
        average = sta.average_by_loop(stimulus, spikes, 60)
        np.testing.assert_allclose(found[name]["average"], average, atol=1e-9)
        assert average[-2] == pytest.approx(height, abs=5e-3)


def test_the_decay_of_an_exponential_is_its_constant() -> None:
    age = 2.0 * np.arange(60)[::-1]
    assert sta.decay_time(3 * np.exp(-age / 12.5), 2.0) == pytest.approx(12.5, rel=0.01)


def test_a_membranes_rate_does_not_depend_on_the_time_step() -> None:
    rng = np.random.default_rng(0)
    rates = []
    for dt in (1.0, 2.0):
        stimulus = neurons.white_noise(int(400_000 / dt), rng)
        rates.append(neurons.integrate_and_fire(stimulus, dt).sum() / 400)
    assert rates[0] == pytest.approx(rates[1], rel=0.25)


@pytest.mark.parametrize(("recording", "spikes", "peak"), [(1, 929, -6.0), (2, 868, -7.0)])
def test_the_grasshopper_peaks_far_above_the_null(recording: int, spikes: int, peak: float) -> None:
    found = finish(sta.compute(sta.Settings(neuron="grasshopper", recording=recording), files=FILES))
    assert recordings.grasshopper(FILES[recordings.GRASSHOPPER], recording).spikes.sum() == spikes
    assert found["source"]["dt"] == 0.5 and found["source"]["samples"] == 20_000
    assert found["time"][np.argmax(found["average"])] == peak
    assert (found["average"] - found["baseline"]).max() > 7 * found["null"]
    assert found["prediction"]["bits"] > 0.6


def test_a_window_within_the_latency_is_refused() -> None:
    with pytest.raises(SettingsError, match="20 ms is too short"):
        finish(sta.compute(sta.Settings(window=10, dt=2.0)))


WALK = """
const { ranges } = await import(process.argv[1]);
let [values, steps] = JSON.parse(process.argv[2]);
const walked = steps.map(([name, more]) => {
  const [low, high] = ranges(values)[name];
  values = { ...values, [name]: Math.min(high, low + more) };
  values.samples = Math.min(values.samples, Math.max(40_000, ranges(values).samples[0]));
  return values;
});
process.stdout.write(JSON.stringify(walked));
"""


@pytest.mark.parametrize("neuron", ["lnp", "lnp-correlated", "squaring", "lif"])
def test_no_setting_within_the_pages_ranges_is_refused(neuron: str) -> None:
    rng = np.random.default_rng(0)
    values = {**vars(sta.Settings()), "neuron": neuron, "samples": 20_000, "shifts": 0}
    steps = [(str(rng.choice(["samples", "window", "dt"])), int(rng.choice([0, 5]))) for _ in range(12)]
    module = (Path(__file__).parents[3] / "site/lab/sta.js").as_uri()
    command = ["node", "--input-type=module", "-e", WALK, module, json.dumps([values, steps])]
    for found in json.loads(subprocess.run(command, capture_output=True, check=True).stdout):
        if found["samples"] < 100_000:
            assert first_part(sta.Settings(**{**found, "dt": float(found["dt"])}))["source"]["spikes"] > 1


def test_a_run_yields_what_it_has_and_its_progress() -> None:
    steps = list(sta.compute(sta.Settings(samples=20_000)))
    parts = [step for step in steps if isinstance(step, dict)]
    assert [part["null"] is None for part in parts] == [True, False]
    assert len(steps) - len(parts) > 20


def test_600000_samples_are_taken_at_once() -> None:
    rng = np.random.default_rng(0)
    stimulus, spikes = rng.standard_normal(600_000), rng.random(600_000) < 0.02
    found = finish(sta.compute(sta.Settings(window=40), stimulus=stimulus, spikes=spikes))
    assert found["source"]["spikes"] > 11_000 and found["source"]["neuron"] == "own"


def test_too_few_spikes_are_refused() -> None:
    with pytest.raises(SettingsError, match="too few spikes"):
        finish(sta.compute(sta.Settings(), stimulus=np.arange(900), spikes=np.zeros(900)))
    with pytest.raises(SettingsError, match="too few spikes"):
        finish(sta.compute(sta.Settings(), stimulus=np.arange(500), spikes=np.ones(500)))


def test_the_standalone_script_prints_the_modules_numbers() -> None:
    printed = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=True).stdout
    found = finish(sta.compute(sta.Settings()))
    number = r"(-?[\d.]+\d)"
    spikes, peak, time = re.search(f"{number} spikes, peak {number} at {number} ms", printed).groups()
    assert int(spikes) == found["source"]["spikes"]
    assert float(peak) == pytest.approx(found["average"].max(), abs=6e-4)
    assert float(time) == found["time"][np.argmax(found["average"])]
    (error,) = re.search(f"standard error {number}", printed).groups()
    assert float(error) == pytest.approx(found["error"].mean(), abs=6e-6)
    (null,) = re.search(f"stay within {number}", printed).groups()
    assert float(null) == pytest.approx(found["null"], rel=0.1)
    *_, (count, cosine, expected) = re.findall(
        f"after +{number} spikes: cosine {number}, expected {number}", printed
    )
    assert int(count) == found["convergence"]["counts"][-1]
    assert float(cosine) == pytest.approx(found["convergence"]["cosines"][-1], abs=6e-4)
    assert float(expected) == pytest.approx(found["convergence"]["expected"][-1], abs=6e-4)


def test_the_study_is_what_its_command_finds() -> None:
    from scripts.lab_data import sta_study

    study = json.loads((experiments.DATA / "sta-study.json").read_text(encoding="utf-8"))
    assert all(len(values) == study["seeds"] == 20 for values in study["each"].values())
    found = finish(sta.compute(sta.Settings(seed=study["first_seed"], shifts=0)))["whitening"]
    wanted = [found["cosine"], found["cosines"][0], max(found["cosines"])]
    assert study["each"]["short"][0] == pytest.approx(wanted, abs=1e-3)
    ears = sta_study.ears()
    for ear, kept in zip(ears, study["grasshopper"], strict=True):
        assert ear == pytest.approx(kept, rel=1e-3)


# ---- What the page computes by itself ----


DEFAULTS = vars(sta.Settings())


def test_the_page_computes_the_same_average_at_once() -> None:
    cases = [
        {"neuron": neuron, "gain": gain, "window": window, "dt": dt, "samples": samples, "seed": seed}
        for seed, neuron in enumerate(("lnp", "lnp-correlated", "squaring", "lif"))
        for gain, window, dt, samples in (
            (1.2, 150, 2.0, 20_000),
            (0.0, 61, 0.5, 40_000),
            (0.05, 60, 5.0, 4_000),
            (2.0, 150, 2.0, 200_000),
        )
    ]
    cases.append({"neuron": "lnp-correlated", "memory": 0.95, "samples": 9_000})
    for case, answer in zip(
        cases, at_once("sta", [{"settings": DEFAULTS | case} for case in cases]), strict=True
    ):
        ours = plain(first_part(sta.Settings(**case)))
        found = answer["data"]
        assert answer["isWhole"] is False
        del ours["source"]["disagreement"], ours["convergence"]  # which the picture can do without
        assert found["source"].pop("rate") == pytest.approx(ours["source"].pop("rate"), rel=1e-12)
        assert found.keys() == ours.keys()
        for name, value in ours.items():
            if value is None or name == "source":
                assert found[name] == value, (case, name)
            else:
                np.testing.assert_allclose(found[name], value, atol=1e-11, err_msg=f"{case} {name}")


def test_what_takes_long_or_is_refused_is_left_to_this_module() -> None:
    left = [
        {"samples": 600_000},
        {"samples": 200_000, "window": 151},
        {"neuron": "grasshopper"},
        {"window": 2},
        {"neuron": "lif", "samples": 2_000, "dt": 0.05},
    ]
    asked = [{"settings": DEFAULTS | case} for case in left]
    asked.append({"settings": DEFAULTS, "own": {"stimulus": [1, 2, 3]}})
    assert at_once("sta", asked) == [None] * len(asked)
