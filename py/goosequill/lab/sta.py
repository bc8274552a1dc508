"""Spike-triggered average: what a neuron's stimulus looked like, on average, before it fired.

Around the average itself: its standard error, a null distribution, whitening for coloured stimuli, the
covariance that an average cannot show, and how well it predicts spikes that were held out. Neurons are in
`neurons`; nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.lab import neurons
from goosequill.parameters import ParameterSet, setting
from goosequill.progress import Progress

Floats = NDArray[np.float64]
Spikes = NDArray[np.uint8]


class Settings(ParameterSet):
    """The settings of the experiment."""

    neuron: str = setting(
        "Neuron",
        "Which neuron fires.",
        default="lnp",
        kind="choice",
        choices=("lnp", "lnp-coloured", "lif"),
    )
    samples: int = setting(
        "Samples",
        "How long the stimulus is.",
        default=200_000,
        minimum=2_000,
        maximum=600_000,
        step=1_000,
        kind="integer",
    )
    window: int = setting(
        "Window",
        "Samples before each spike that are averaged.",
        default=150,
        minimum=2,
        maximum=300,
        step=1,
        kind="integer",
    )
    dt: float = setting(
        "Time step",
        "Milliseconds from one sample to the next.",
        default=2.0,
        minimum=0.05,
        maximum=20.0,
        step=0.05,
    )
    gain: float = setting(
        "Gain",
        "How strongly the filter's output drives the simulated neuron.",
        default=0.8,
        minimum=0.0,
        maximum=2.0,
        step=0.05,
    )
    ridge: float = setting(
        "Ridge",
        "Added to the stimulus's variance before whitening; 0 whitens in full and amplifies noise.",
        default=0.1,
        minimum=0.0,
        maximum=10.0,
        step=0.01,
    )
    shifts: int = setting(
        "Shifts",
        "Circular shifts of the spikes from which the null distribution is made.",
        default=200,
        minimum=0,
        maximum=1000,
        step=10,
        kind="integer",
    )
    seed: int = setting(
        "Seed",
        "The same seed gives the same stimulus and spikes.",
        default=0,
        minimum=0,
        maximum=2**31 - 1,
        step=1,
        kind="integer",
    )


DESCRIPTION = Settings.describe(
    "sta",
    "Spike-triggered average",
    "Averages the stimulus over the windows that end in a spike.",
    "sta = mean of stimulus[i - window + 1 : i + 1] over all spikes i >= window",
    "de Boer & Kuyper 1968; Schwartz, Pillow, Rust & Simoncelli 2006 (covariance)",
)


# ---- The average, three times ----


def spike_indices(spikes: Spikes, window: int) -> NDArray[np.intp]:
    """Return the samples of the spikes that have a whole window behind them; the article leaves out i <
    window."""
    found = np.flatnonzero(spikes)
    return found[found >= window]


def average_by_loop(stimulus: Floats, spikes: Spikes, window: int) -> Floats:
    """Return the average as one would explain it: window after window."""
    total = np.zeros(window)
    found = spike_indices(spikes, window)
    for index in found:
        total += stimulus[index - window + 1 : index + 1]
    return total / len(found)


def average_by_windows(stimulus: Floats, spikes: Spikes, window: int) -> Floats:
    """Return the average of all windows at once; no window is copied for the spikes that are not there."""
    return np.asarray(spike_windows(stimulus, spikes, window).mean(axis=0))


def average_by_correlation(stimulus: Floats, spikes: Spikes, window: int) -> Floats:
    """Return the average as a cross-correlation of stimulus and spikes, lag by lag."""
    counted = np.zeros(len(stimulus))
    counted[spike_indices(spikes, window)] = 1
    lags = [stimulus[: len(stimulus) - lag] @ counted[lag:] for lag in range(window)]
    return np.asarray(np.array(lags[::-1]) / counted.sum())


def spike_windows(stimulus: Floats, spikes: Spikes, window: int) -> Floats:
    """Return the stimulus before each spike, [spikes, window], oldest sample first."""
    ends = spike_indices(spikes, window) - window + 1
    return np.asarray(sliding_window_view(stimulus, window)[ends])


# ---- What surrounds it ----


def time_axis(window: int, dt: float) -> Floats:
    """Return milliseconds before the spike, [window], from the oldest sample to 0."""
    return -dt * np.arange(window)[::-1].astype(np.float64)


def expected_cosine(count: int, window: int, gain: float) -> float:
    """Return the expected cosine of average and filter, for a white stimulus and an exponential neuron.

    The average is ``gain * filter`` plus noise of variance ``1 / count`` in each of the `window` directions.
    """
    if gain == 0 or count == 0:
        return 0.0
    return float(1 / np.sqrt(1 + (window - 1) / (count * gain * gain)))


def cosine(one: Floats, other: Floats) -> float:
    """Return the cosine of two vectors; 0 if one of them is zero."""
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norms if norms else 0.0


def null_maxima(
    stimulus: Floats, spikes: Spikes, window: int, shifts: int, rng: np.random.Generator
) -> Generator[Progress, None, Floats]:
    """Return the largest absolute average of each of many circular shifts of the spikes, [shifts].

    A shift keeps the spikes' intervals and breaks their tie to the stimulus. The 95th percentile of these
    maxima bounds all samples of the window at once.
    """
    found = np.zeros(shifts)
    if len(stimulus) <= 2 * window:
        raise _too_short()
    for index in range(shifts):
        shifted = np.roll(spikes, int(rng.integers(window, len(stimulus) - window)))
        found[index] = np.abs(average_by_windows(stimulus, shifted, window)).max()
        if index % 10 == 9:
            yield Progress("shifts", index + 1, shifts)
    return found


def autocovariance(stimulus: Floats, window: int) -> Floats:
    """Return the stimulus's covariance matrix within a window, [window, window]."""
    centred = stimulus - stimulus.mean()
    lags = [float(centred[: len(centred) - lag] @ centred[lag:]) / len(centred) for lag in range(window)]
    distance = np.abs(np.subtract.outer(np.arange(window), np.arange(window)))
    return np.asarray(np.array(lags)[distance])


def whiten(average: Floats, covariance: Floats, ridge: float) -> Floats:
    """Return the average with the stimulus's own correlations removed: ``(C + ridge * variance * I)^-1
    average``."""
    variance = float(covariance[0, 0])
    system = covariance + (ridge + 1e-9) * variance * np.eye(len(average))
    return np.asarray(np.linalg.solve(system, average))


def covariance_change(stimulus: Floats, spikes: Spikes, window: int) -> tuple[Floats, Floats]:
    """Return eigenvalues [window] and eigenvectors [window, window] of the spike-triggered covariance.

    From the covariance before spikes, around their average, the stimulus's own is subtracted: a positive
    eigenvalue is a direction in which the neuron likes either sign, which no average can show; a negative one
    suppresses. The columns of the eigenvectors are sorted by absolute eigenvalue.
    """
    windows = spike_windows(stimulus, spikes, window)
    centred = windows - windows.mean(axis=0)
    change = centred.T @ centred / max(1, len(windows) - 1) - autocovariance(stimulus, window)
    values, vectors = np.linalg.eigh(change)
    order = np.argsort(-np.abs(values))
    return values[order], vectors[:, order]


def held_out_bits(stimulus: Floats, spikes: Spikes, window: int, *, bins: int = 20) -> float:
    """Return bits per spike by which the average predicts the second half better than a constant rate.

    The first half gives the average, and the spike probability in each bin of the stimulus's projection on
    it. A negative number means that the average, fitted to noise, predicts worse than nothing.
    """
    half = len(stimulus) // 2
    weights = average_by_windows(stimulus[:half], spikes[:half], window)
    output = neurons.drive(stimulus, weights)
    first, second = slice(window, half), slice(half + window, None)
    edges = np.quantile(output[first], np.linspace(0, 1, bins + 1)[1:-1])
    bin_of = np.searchsorted(edges, output)
    counts = np.bincount(bin_of[first], minlength=bins)
    fired = np.bincount(bin_of[first], weights=spikes[first], minlength=bins)
    rate = float(np.clip(np.mean(spikes[first]), 1e-12, 1 - 1e-12))
    probability = np.clip((fired + rate) / (counts + 1), 1e-12, 1 - 1e-12)[bin_of[second]]
    train = spikes[second].astype(np.float64)
    ours = float(train @ np.log2(probability) + (1 - train) @ np.log2(1 - probability))
    count = float(train.sum())
    constant = float(count * np.log2(rate) + (len(train) - count) * np.log2(1 - rate))
    return (ours - constant) / max(1.0, count)


# ---- The experiment ----


def simulate(settings: Settings) -> tuple[Floats, Spikes, Floats | None]:
    """Return stimulus, spikes and, where there is one, the filter behind them."""
    rng = np.random.default_rng(settings.seed)
    if settings.neuron == "lif":
        stimulus = neurons.white_noise(settings.samples, rng)
        return stimulus, neurons.leaky_integrate_and_fire(stimulus, settings.dt), None
    weights = neurons.motion_filter(settings.window, settings.dt)
    make = neurons.coloured_noise if settings.neuron == "lnp-coloured" else neurons.white_noise
    stimulus = make(settings.samples, rng)
    spikes = neurons.linear_nonlinear_poisson(stimulus, weights, rng, gain=settings.gain)
    return stimulus, spikes, weights


def compute(
    settings: Settings,
    *,
    stimulus: Any = None,
    spikes: Any = None,
) -> Generator[Progress, None, dict[str, Any]]:
    """Simulate a neuron, or take a recording, and compute everything around its spike-triggered average.

    Parameters
    ----------
    stimulus, spikes
        A recording instead of the simulated neuron, with one number per sample.

    Returns
    -------
    dict
        ``time`` in ms, ``average``, ``deviation`` and ``error`` (standard deviation and standard error of the
        mean), ``null`` (the 95th percentile of the maxima), ``whitened``, ``filter`` (None if unknown),
        ``eigenvalues``, ``eigenvectors`` (the three of largest absolute value), ``convergence`` (spike
        counts, cosines and their expectation), ``held_out`` bits per spike, ``spikes`` and ``rate`` per
        second.

    Raises
    ------
    SettingsError
        ``recording``: the recording is invalid. ``setting-range``: fewer than two spikes have a whole window.
    """
    weights, window, shifts = None, settings.window, settings.shifts
    if stimulus is None:
        values, train, weights = simulate(settings)
    else:
        values, train = neurons.check_recording(stimulus, spikes)
    count = len(spike_indices(train, window))
    if count < 2 or len(values) <= 4 * window:
        raise _too_short()
    yield Progress("average", 0, 4)
    windows = spike_windows(values, train, window)
    average, deviation = windows.mean(axis=0), windows.std(axis=0, ddof=1)
    yield Progress("average", 1, 4)
    eigenvalues, eigenvectors = covariance_change(values, train, window)
    yield Progress("average", 2, 4)
    maxima = yield from null_maxima(values, train, window, shifts, np.random.default_rng(settings.seed + 1))
    return {
        "time": time_axis(window, settings.dt),
        "average": average,
        "deviation": deviation,
        "error": deviation / np.sqrt(count),
        "null": float(np.quantile(maxima, 0.95)) if shifts else None,
        "whitened": whiten(average, autocovariance(values, window), settings.ridge),
        "filter": weights,
        "eigenvalues": eigenvalues,
        "eigenvectors": eigenvectors[:, :3].T,
        "convergence": None if weights is None else convergence(windows, weights, settings.gain),
        "held_out": held_out_bits(values, train, window),
        "spikes": count,
        "rate": float(1000 * train.mean() / settings.dt),
    }


def convergence(windows: Floats, weights: Floats, gain: float) -> dict[str, Floats]:
    """Return how the average of the first n spikes approaches the filter, for growing n."""
    counts = (
        np.unique(np.geomspace(10, len(windows), 24).astype(int)) if len(windows) >= 10 else np.array([1])
    )
    totals = np.cumsum(windows, axis=0)[counts - 1]  # [counts, window]
    return {
        "counts": counts.astype(np.float64),
        "cosines": np.array([cosine(total, weights) for total in totals]),
        "expected": np.array([expected_cosine(int(count), len(weights), gain) for count in counts]),
    }


def _too_short() -> SettingsError:
    return SettingsError(
        "There are too few spikes, or too few samples, for this window.",
        code="setting-range",
        remedy="Choose a shorter window or a longer recording.",
    )
