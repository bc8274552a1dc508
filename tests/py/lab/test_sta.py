"""Spike-triggered averages against known filters, closed forms, scikit-learn and plain loops."""

import io

import numpy as np
import pytest

from goosequill.errors import SettingsError
from goosequill.lab import neurons, sta


def finish(generator):
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value


@pytest.mark.parametrize("seed", range(5))
def test_three_implementations_are_equal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stimulus, spikes = rng.standard_normal(3000), (rng.random(3000) < 0.05).astype(np.uint8)
    for window in (2, 7, 150):
        loop = sta.average_by_loop(stimulus, spikes, window)
        np.testing.assert_allclose(sta.average_by_windows(stimulus, spikes, window), loop, atol=1e-12)
        np.testing.assert_allclose(sta.average_by_correlation(stimulus, spikes, window), loop, atol=1e-12)


def test_the_average_is_the_gain_times_the_filter() -> None:
    stimulus, spikes, weights = sta.simulate(
        sta.Settings(neuron="lnp", samples=400_000, window=150, dt=2.0, gain=0.8, seed=3)
    )
    assert weights is not None
    average = sta.average_by_windows(stimulus, spikes, 150)
    assert average @ weights == pytest.approx(0.8, abs=0.02)
    assert sta.time_axis(150, 2.0)[[0, -1]].tolist() == [-298, 0]
    assert sta.time_axis(150, 2.0)[np.argmax(average)] == pytest.approx(-28, abs=2)


def test_the_cosine_follows_its_closed_form() -> None:
    assert sta.expected_cosine(100, 150, 0.8) == pytest.approx(0.55, abs=0.01)
    errors = []
    for seed in range(8):  # of early spikes the windows overlap, which the formula does not know
        stimulus, spikes, weights = sta.simulate(
            sta.Settings(neuron="lnp", samples=40_000, window=150, dt=2.0, gain=0.8, seed=seed)
        )
        found = sta.convergence(sta.spike_windows(stimulus, spikes, 150), weights, 0.8)
        errors.append((found["cosines"] - found["expected"])[-10:])
    assert np.abs(np.mean(errors, axis=0)).max() < 0.03


def test_the_standard_error_is_that_of_the_mean() -> None:
    found = finish(sta.compute(sta.Settings(samples=20_000, shifts=0)))
    np.testing.assert_allclose(found["deviation"] / found["error"], np.sqrt(found["spikes"]))
    assert found["null"] is None


def test_the_null_bound_holds_for_a_neuron_that_ignores_the_stimulus() -> None:
    above = 0
    for seed in range(20):
        found = finish(sta.compute(sta.Settings(samples=6_000, window=20, gain=0.0, shifts=100, seed=seed)))
        above += np.abs(found["average"]).max() > found["null"]
    assert above <= 4  # 1 is expected


def test_some_ridge_beats_full_whitening_on_a_coloured_stimulus() -> None:
    stimulus, spikes, weights = sta.simulate(
        sta.Settings(neuron="lnp-coloured", samples=60_000, window=100, dt=2.0, gain=0.8, seed=1)
    )
    average = sta.average_by_windows(stimulus, spikes, 100)
    covariance = sta.autocovariance(stimulus, 100)
    full = sta.cosine(sta.whiten(average, covariance, 0.0), weights)
    some = max(sta.cosine(sta.whiten(average, covariance, ridge), weights) for ridge in (0.1, 0.3, 1.0))
    assert some > full + 0.02


def test_covariance_finds_a_direction_that_the_average_cannot() -> None:
    rng = np.random.default_rng(0)
    weights = neurons.motion_filter(40, 5.0)
    stimulus = rng.standard_normal(100_000)
    output = neurons.drive(stimulus, weights)
    spikes = (rng.random(100_000) < np.minimum(1, 0.05 * output**2)).astype(np.uint8)
    assert abs(sta.cosine(sta.average_by_windows(stimulus, spikes, 40), weights)) < 0.5
    values, vectors = sta.covariance_change(stimulus, spikes, 40)
    assert values[0] > 1 and abs(sta.cosine(vectors[:, 0], weights)) > 0.98


def test_held_out_prediction_is_worth_bits_only_for_a_driven_neuron() -> None:
    assert finish(sta.compute(sta.Settings(samples=100_000, shifts=0)))["held_out"] > 0.2
    assert finish(sta.compute(sta.Settings(samples=100_000, shifts=0, gain=0.0)))["held_out"] < 0.01


def test_an_average_decays_faster_than_the_membrane_that_made_it() -> None:
    found = finish(sta.compute(sta.Settings(neuron="lif", samples=400_000, window=60, dt=0.5, shifts=0)))
    average, time = found["average"], found["time"]
    peak = int(np.argmax(average))
    falling = time[: peak + 1][average[: peak + 1] <= average[peak] / np.e]
    assert time[peak] - falling[-1] < 15  # ms; the membrane's constant is 20


def test_a_window_within_the_latency_is_refused() -> None:
    with pytest.raises(SettingsError, match="20 ms is too short"):
        finish(sta.compute(sta.Settings(window=10, dt=2.0)))


def test_recordings_are_read_and_refused() -> None:
    table = neurons.read_recording(b"stimulus,spike\n0.5,0\n1.5,1\n", "a.csv")
    assert table.tolist() == [[0.5, 0], [1.5, 1]]
    file = io.BytesIO()
    np.save(file, np.arange(3.0))
    assert neurons.read_recording(file.getvalue(), "a.npy").tolist() == [0, 1, 2]
    pickled = io.BytesIO()
    np.save(pickled, np.array([{}], dtype=object), allow_pickle=True)
    for data in (pickled.getvalue(), b"a,b\nc,d\n", b"\xff\xfe\xff", b"\x93NUMPY\x01\x00", b"1,2\n3\n"):
        with pytest.raises(SettingsError, match=r"a\.csv"):
            neurons.read_recording(data, "a.csv")


@pytest.mark.parametrize(
    ("stimulus", "spikes", "words"),
    [
        (np.zeros(5), np.zeros(4), "5 samples of stimulus and 4 of spikes"),
        (np.array([0, np.nan]), np.zeros(2), "sample 1"),
        (np.zeros(3), np.array([0, 2, 1]), "is 2 at sample 1"),
        (np.zeros(900), np.zeros(900), "too few spikes"),
    ],
)
def test_invalid_recordings_are_refused(stimulus: np.ndarray, spikes: np.ndarray, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        finish(sta.compute(sta.Settings(), stimulus=stimulus, spikes=spikes))


def test_600000_samples_are_taken_at_once() -> None:
    rng = np.random.default_rng(0)
    found = finish(
        sta.compute(
            sta.Settings(window=100, shifts=0),
            stimulus=rng.standard_normal(600_000),
            spikes=rng.random(600_000) < 0.02,
        )
    )
    assert found["spikes"] > 11_000
