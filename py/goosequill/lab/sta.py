"""Spike-triggered average: what a neuron's stimulus looked like, on average, before it fired.

Around the average itself: its standard error, a null distribution, whitening for correlated stimuli, the
covariance that an average cannot show, how well it predicts spikes that were held out, and membranes whose
average misleads. Simulated neurons are in `neurons`, real ones in `recordings`; nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.lab import neurons, recordings
from goosequill.lab.correlation import circular_correlation
from goosequill.lab.neurons import Floats, Recording, Spikes
from goosequill.parameters import ParameterSet, setting
from goosequill.support.progress import Progress

Indices = NDArray[np.intp]
Step = Generator[Progress, None, dict[str, Any]]

CHUNK = 4096
"""Windows that are copied at once."""

MOST_WINDOWS = 10_000
"""Windows from which a covariance is estimated, at most; they are spread evenly over the recording."""

RIDGES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Ridges whose whitened averages are compared."""

COMPANION_WINDOW = 150
"""Samples, of 2 ms each, of the neurons that are simulated for one figure alone."""


class Settings(ParameterSet):
    """The settings of the experiment."""

    neuron: Literal["lnp", "lnp-correlated", "squaring", "lif", "grasshopper"] = setting(
        "lnp: a linear filter and random spikes; lnp-correlated: the same, with a stimulus with a memory; "
        "squaring: fires for either sign of the filter's output; lif: a leaky integrate-and-fire cell; "
        "grasshopper: a recorded auditory receptor.",
        default="lnp",
    )
    recording: int = setting(
        "Of the grasshopper: the sound's loudness changes at up to 200 Hz in 1, at up to 800 Hz in 2.",
        default=1,
        range=(1, 2),
    )
    samples: int = setting(
        "How long the stimulus of a simulated neuron is.", default=200_000, range=(2_000, 600_000, 1_000)
    )
    window: int = setting("Samples before each spike that are averaged.", default=150, range=(2, 300))
    dt: float = setting(
        "Time step",
        "Milliseconds from one sample to the next. The grasshopper's recordings have 0.5.",
        default=2.0,
        range=(0.05, 20.0, 0.05),
    )
    gain: float = setting(
        "How strongly the filter's output drives a simulated neuron; at 0 it ignores the stimulus.",
        default=1.2,
        range=(0.0, 2.0, 0.05),
    )
    memory: float = setting(
        "Correlation of neighboring samples in the correlated stimulus.", default=0.5, range=(0.0, 0.95, 0.05)
    )
    ridge: float = setting(
        "Added to the stimulus's variance before whitening; 0 whitens in full and amplifies noise.",
        default=2.0,
        range=(0.0, 10.0, 0.05),
    )
    shifts: int = setting(
        "Circular shifts of the spikes from which the null band is made; 0 leaves it out.",
        default=1000,
        range=(0, 10_000, 100),
    )
    seed: int = setting("The same seed gives the same stimulus and spikes.", default=0, range=(0, 2**31 - 1))


DESCRIPTION = Settings.describe(
    "sta",
    "Spike-triggered average",
    "Averages the stimulus over the windows that end in a spike.",
    "sta = mean of stimulus[i - window + 1 : i + 1] over all spikes i >= window",
    "de Boer & Kuyper 1968; Schwartz, Pillow, Rust & Simoncelli 2006 (covariance)",
)


def files(settings: Settings) -> tuple[str, ...]:
    """Return the names of the data files that a run with these settings needs."""
    return (recordings.GRASSHOPPER,) if settings.neuron == "grasshopper" else ()


# ---- The average, three times ----


def spike_indices(spikes: Spikes, window: int) -> Indices:
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


def disagreement(stimulus: Floats, spikes: Spikes, window: int, *, most: int = 500) -> float:
    """Return the largest difference between the three implementations, on the first `most` spikes."""
    end = int(spike_indices(spikes, window)[:most][-1]) + 1
    part, train = stimulus[:end], spikes[:end]
    loop = average_by_loop(part, train, window)
    others = (average_by_windows(part, train, window), average_by_correlation(part, train, window))
    return max(float(np.abs(other - loop).max()) for other in others)


def running_totals(
    stimulus: Floats, spikes: Spikes, window: int, counts: NDArray[Any]
) -> Generator[Progress, None, tuple[Floats, Floats]]:
    """Return the sums of the first windows, [counts, window], and of the squares of all, [window].

    Parameters
    ----------
    counts
        Growing numbers of windows; the last one is that of all spikes.
    """
    view = sliding_window_view(stimulus, window)
    starts = spike_indices(spikes, window) - window + 1
    total, squares, found = np.zeros(window), np.zeros(window), {}
    edges = np.union1d(counts, np.arange(CHUNK, len(starts), CHUNK)).tolist()
    for first, last in zip([0, *edges], edges, strict=False):
        part = view[starts[first:last]]
        total, squares = total + part.sum(axis=0), squares + np.einsum("ij,ij->j", part, part)
        found[last] = total
        yield Progress("average", last, len(starts))
    return np.array([found[count] for count in counts]), squares


# ---- How sure it is ----


def time_axis(window: int, dt: float) -> Floats:
    """Return milliseconds before the spike, [window], from the oldest sample to 0."""
    return -dt * np.arange(window)[::-1].astype(np.float64)


def expected_cosine(count: int, window: int, gain: float) -> float:
    """Return the expected cosine of average and filter, for a white stimulus.

    The average is ``gain * filter`` plus noise of variance ``1 / count`` in each of the `window` directions.

    Parameters
    ----------
    gain
        See `neurons.effective_gain`.
    """
    if gain == 0 or count == 0:
        return 0.0
    return float(1 / np.sqrt(1 + (window - 1) / (count * gain * gain)))


def cosine(one: Floats, other: Floats) -> float:
    """Return the cosine of two vectors; 0 if one of them is zero."""
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norms if norms else 0.0


def spike_counts(most: int) -> NDArray[np.int_]:
    """Return about 30 growing numbers of spikes, evenly spaced on a logarithmic axis, up to `most`."""
    return np.unique(np.geomspace(min(10, most), most, 30).round().astype(int))


def convergence(totals: Floats, counts: NDArray[Any], weights: Floats, gain: float) -> dict[str, Any]:
    """Return how the average of the first n spikes approaches the filter, for growing n.

    Parameters
    ----------
    gain
        See `neurons.effective_gain`; 0 if it is unknown.

    Returns
    -------
    dict
        ``counts``, ``cosines`` and ``expected`` (`expected_cosine`; None if the gain is unknown).
    """
    expected = [expected_cosine(int(count), len(weights), gain) for count in counts]
    return {
        "counts": counts.astype(np.float64),
        "cosines": np.array([cosine(total, weights) for total in totals]),
        "expected": np.array(expected) if gain else None,
    }


def null_maxima(
    stimulus: Floats, spikes: Spikes, window: int, shifts: int, rng: np.random.Generator
) -> Generator[Progress, None, Floats]:
    """Return the largest absolute average of each of many circular shifts of the spikes, [shifts].

    A shift keeps the spikes' intervals and breaks their tie to the stimulus. The 95th percentile of these
    maxima bounds all samples of the window at once. One correlation gives the averages of all shifts.
    """
    samples = len(stimulus)
    if samples <= 2 * window:
        raise _too_short()
    correlation = yield from circular_correlation(stimulus, spikes.astype(np.float64), "null band")
    chosen = rng.integers(window, samples - window, shifts)
    averages = correlation[(chosen[:, None] + np.arange(window)) % samples] / max(1, int(spikes.sum()))
    return np.asarray(np.abs(averages).max(axis=1))


# ---- Correlated stimuli ----


def autocovariance(stimulus: Floats, window: int) -> Floats:
    """Return the stimulus's covariance matrix within a window, [window, window]."""
    centered = stimulus - stimulus.mean()
    lags = [float(centered[: len(centered) - lag] @ centered[lag:]) / len(centered) for lag in range(window)]
    distance = np.abs(np.subtract.outer(np.arange(window), np.arange(window)))
    return np.asarray(np.array(lags)[distance])


def whiten(average: Floats, covariance: Floats, ridge: float) -> Floats:
    """Return the average with the stimulus's own correlations removed: ``(C + ridge * variance * I)^-1
    average``."""
    variance = float(covariance[0, 0])
    system = covariance + (ridge + 1e-9) * variance * np.eye(len(average))
    return np.asarray(np.linalg.solve(system, average))


def whitening(recording: Recording, window: int, ridge: float) -> dict[str, Any]:
    """Return the average of a correlated stimulus before and after whitening.

    Returns
    -------
    dict
        ``neuron``; ``time``; ``average``, ``full`` (ridge 0) and ``ridged`` as unit vectors, and ``filter``
        (None if unknown); ``correlation`` of neighbouring samples; ``ridges`` with their ``cosines`` to the
        filter (None if unknown) and ``bits`` (`held_out`, None if it cannot be told), and the same of the
        average as ``cosine`` and ``average_bits``.
    """
    stimulus, spikes, weights = standardized(recording.stimulus), recording.spikes, recording.weights
    average = average_by_windows(stimulus, spikes, window)
    covariance = autocovariance(stimulus, window)
    whitened = {value: whiten(average, covariance, value) for value in {*RIDGES, ridge}}
    half = _first_half(stimulus, spikes, window)
    tried = None if half is None else [half, *(whiten(half, covariance, value) for value in RIDGES)]
    bits = tried and [held_out(stimulus, spikes, vector)["bits"] for vector in tried]
    return {
        "neuron": recording.neuron,
        "time": time_axis(window, recording.dt),
        "average": _unit(average),
        "full": _unit(whitened[0.0]),
        "ridged": _unit(whitened[ridge]),
        "ridge": ridge,
        "filter": weights,
        "correlation": float(covariance[0, 1] / covariance[0, 0]),
        "ridges": np.array(RIDGES),
        "cosine": None if weights is None else cosine(average, weights),
        "cosines": None if weights is None else [cosine(whitened[value], weights) for value in RIDGES],
        "average_bits": bits[0] if bits else None,
        "bits": bits[1:] if bits else None,
    }


# ---- What an average cannot show ----


def covariance_change(stimulus: Floats, spikes: Spikes, window: int) -> tuple[Floats, Floats]:
    """Return eigenvalues [window] and eigenvectors [window, window] of the spike-triggered covariance.

    From the covariance before spikes, around their average, the stimulus's own is subtracted: a positive
    eigenvalue is a direction in which the neuron likes either sign, which no average can show; a negative one
    suppresses. The columns of the eigenvectors are sorted by absolute eigenvalue. At most `MOST_WINDOWS`
    windows are used.
    """
    starts = spike_indices(spikes, window) - window + 1
    if len(starts) > MOST_WINDOWS:
        starts = starts[np.linspace(0, len(starts) - 1, MOST_WINDOWS).astype(int)]
    windows = sliding_window_view(stimulus, window)[starts]
    centered = windows - windows.mean(axis=0)
    # Pyodide's numpy has no BLAS: there einsum is much faster than @ for a product of this shape.
    before_spikes = np.einsum("ni,nj->ij", centered, centered) / max(1, len(windows) - 1)
    values, vectors = np.linalg.eigh(before_spikes - autocovariance(stimulus, window))
    order = np.argsort(-np.abs(values))
    return values[order], vectors[:, order]


def covariance(recording: Recording, window: int, rng: np.random.Generator, *, shifts: int = 6) -> Step:
    """Return the eigenvalues of the spike-triggered covariance, their null range, and the feature found.

    Returns
    -------
    dict
        ``neuron``; ``time``; ``eigenvalues`` in units of the stimulus's variance, from the largest down;
        ``low`` and ``high``, the extreme eigenvalues of `shifts` circular shifts of the spikes; ``feature``,
        the eigenvector of the largest absolute eigenvalue, and ``value``, that eigenvalue; ``average`` and
        ``filter`` (None if unknown). The last ones are unit vectors.
    """
    stimulus, spikes = standardized(recording.stimulus), recording.spikes
    values, vectors = covariance_change(stimulus, spikes, window)
    low, high = 0.0, 0.0
    for index in range(shifts):
        shifted = np.roll(spikes, int(rng.integers(window, len(stimulus) - window)))
        if len(spike_indices(shifted, window)) > 1:
            null = covariance_change(stimulus, shifted, window)[0]
            low, high = min(low, float(null.min())), max(high, float(null.max()))
        yield Progress("covariance", index + 1, shifts)
    feature = vectors[:, 0] * np.sign(vectors[np.argmax(np.abs(vectors[:, 0])), 0])
    return {
        "neuron": recording.neuron,
        "time": time_axis(window, recording.dt),
        "eigenvalues": np.sort(values)[::-1],
        "low": low,
        "high": high,
        "value": float(values[0]),
        "feature": feature,
        "average": _unit(average_by_windows(stimulus, spikes, window)),
        "filter": recording.weights,
    }


# ---- What it is worth ----


def held_out(stimulus: Floats, spikes: Spikes, weights: Floats, *, bins: int = 20) -> dict[str, Any]:
    """Return how well a filter predicts the spikes of the second half.

    In the first half, the spike probability is counted in each of `bins` equally full bins of the filter's
    output. In the second half it is the prediction, compared with the first half's mean rate.

    Returns
    -------
    dict
        ``output``, the mean output in each bin; ``first`` and ``second``, the shares of samples with a spike
        in it; ``rate``, the first half's mean; ``bits`` per spike that the prediction gains over that rate: a
        negative number means that it is worse than nothing.
    """
    half, window = len(stimulus) // 2, len(weights)
    output = neurons.drive(stimulus, weights)
    first, second = slice(window, half), slice(half + window, None)
    edges = np.quantile(output[first], np.linspace(0, 1, bins + 1)[1:-1])
    bin_of = np.searchsorted(edges, output)
    rate = float(np.clip(np.mean(spikes[first]), 1e-12, 1 - 1e-12))
    shares = {}
    for name, part in (("first", first), ("second", second)):
        counts = np.bincount(bin_of[part], minlength=bins)
        fired = np.bincount(bin_of[part], weights=spikes[part], minlength=bins)
        shares[name] = (fired + rate) / (counts + 1)  # a bin without samples has the mean rate
    probability = np.clip(shares["first"], 1e-12, 1 - 1e-12)[bin_of[second]]
    train = spikes[second].astype(np.float64)
    gained = train @ np.log2(probability / rate) + (1 - train) @ np.log2((1 - probability) / (1 - rate))
    sizes = np.bincount(bin_of[first], minlength=bins)
    means = np.bincount(bin_of[first], weights=output[first], minlength=bins) / np.maximum(1, sizes)
    return {"output": means, **shares, "rate": rate, "bits": float(gained) / max(1.0, float(train.sum()))}


def _first_half(stimulus: Floats, spikes: Spikes, window: int) -> Floats | None:
    """The average of the first half; None if a half has no spike with a window."""
    half = len(stimulus) // 2
    if not len(spike_indices(spikes[:half], window)) or not spikes[half + window :].any():
        return None
    return average_by_windows(stimulus[:half], spikes[:half], window)


# ---- Membranes ----


def decay_time(average: Floats, dt: float) -> float:
    """Return the time constant of the exponential nearest to an average, in ms, from 1 to 100.

    It is found by least squares over all samples but the last: that one made the membrane fire.
    """
    age = dt * np.arange(1, len(average))  # ms before the spike
    values = average[:-1][::-1]
    constants = np.geomspace(1, 100, 800)
    shapes = np.exp(-age / constants[:, None])  # [constants, ages]
    fits = (shapes @ values) ** 2 / np.sum(shapes * shapes, axis=1)  # how much each explains
    return float(constants[np.argmax(fits)])


def membranes(seed: int, *, samples: int = 150_000, dt: float = 2.0, tau: float = 20.0) -> Step:
    """Return the averages of integrate-and-fire cells with and without a leak, at growing drives.

    Returns
    -------
    dict
        ``tau``, the membrane's time constant in ms; ``time``; ``leaky`` and ``perfect``, each with its
        ``drives``, ``rates`` per second, ``decays`` of the averages in ms, and ``average``, that of the first
        drive in its list, in standard deviations of the stimulus.
    """
    stimulus, window = neurons.white_noise(samples, np.random.default_rng(seed)), 60
    cells = {"leaky": (1.0, (0.5, 0.3, 0.7, 0.9)), "perfect": (0.0, (0.38, 0.2, 0.5, 0.7))}
    found: dict[str, Any] = {"tau": tau, "time": time_axis(window, dt)}
    for name, (leak, drives) in cells.items():
        rates, decays, averages = [], [], []
        for index, mean in enumerate(drives):
            spikes = neurons.integrate_and_fire(stimulus, dt, tau=tau, mean=mean, leak=leak)
            averages.append(average_by_windows(stimulus, spikes, window))
            rates.append(float(1000 * spikes.mean() / dt))
            decays.append(decay_time(averages[-1], dt))
            yield Progress("membranes", index + 1 + 4 * (name == "perfect"), 8)
        found[name] = {"drives": list(drives), "rates": rates, "decays": decays, "average": averages[0]}
    return found


# ---- The experiment ----


def simulate(settings: Settings) -> Recording:
    """Return the stimulus and spikes of the chosen simulated neuron, and what is known about it."""
    rng = np.random.default_rng(settings.seed)
    name, gain = settings.neuron, settings.gain
    if name == "lif":
        stimulus = neurons.white_noise(settings.samples, rng)
        return Recording(name, stimulus, neurons.integrate_and_fire(stimulus, settings.dt), settings.dt)
    weights = neurons.motion_filter(settings.window, settings.dt)
    white = name != "lnp-correlated"
    if white:
        stimulus = neurons.white_noise(settings.samples, rng)
    else:
        stimulus = neurons.correlated_noise(settings.samples, rng, memory=settings.memory)
    fire = neurons.squaring if name == "squaring" else neurons.linear_nonlinear_poisson
    spikes = fire(stimulus, weights, rng, gain=gain)
    known = neurons.effective_gain(gain) if name == "lnp" else 0.0
    return Recording(name, stimulus, spikes, settings.dt, weights, known, white)


def standardized(stimulus: Floats) -> Floats:
    """Return a stimulus with mean 0 and standard deviation 1."""
    return np.asarray((stimulus - stimulus.mean()) / stimulus.std())


def compute(
    settings: Settings,
    *,
    stimulus: Any = None,
    spikes: Any = None,
    stimulus_name: str = "",
    spikes_name: str = "",
    files: Mapping[str, bytes] | None = None,
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Simulate a neuron, or take a recording, and compute everything around its spike-triggered average.

    Parameters
    ----------
    stimulus, spikes
        A recording instead of the chosen neuron: one number per sample, or a file's bytes as CSV or .npy; a
        file with two columns has both.
    stimulus_name, spikes_name
        Names of these files, for error messages.
    files
        The package's own recordings; see `files`.

    Returns
    -------
    dict
        ``source`` (``neuron``, ``dt``, ``samples``, ``spikes``, ``rate`` per second, ``disagreement`` of the
        three implementations); ``time`` in ms; ``average``; ``baseline``, the stimulus's mean; ``deviation``
        and ``error`` (standard deviation and standard error of the mean); ``null``, the 95th percentile of
        the shifted averages' largest distance from the baseline (None without shifts); ``predicted``, the
        average to be expected (None if unknown); and what `convergence`, `whitening`, `covariance`,
        `held_out` (as ``prediction``) and `membranes` return.
        `whitening` and `covariance` are of a companion neuron where the chosen one would show nothing.

    Raises
    ------
    SettingsError
        ``recording``: the recording is invalid. ``setting-range``: fewer than two spikes have a whole window.
    """
    yield Progress("spikes", 0, 0)
    recording = _recording(settings, files or {}, stimulus, spikes, (stimulus_name, spikes_name))
    found = yield from _average(recording, settings.window)
    yield dict(found)
    rng = np.random.default_rng(settings.seed + 1)
    unit = standardized(recording.stimulus)
    if settings.shifts:
        maxima = yield from null_maxima(unit, recording.spikes, settings.window, settings.shifts, rng)
        found["null"] = float(np.quantile(maxima, 0.95)) * float(recording.stimulus.std())
    half = _first_half(unit, recording.spikes, settings.window)
    found["prediction"] = None if half is None else held_out(unit, recording.spikes, half)
    yield dict(found)
    found["whitening"] = whitening(*_correlated(recording, settings), settings.ridge)
    found["covariance"] = yield from covariance(*_nonlinear(recording, settings), rng)
    found["membranes"] = yield from membranes(settings.seed)
    return found


def _average(recording: Recording, window: int) -> Step:
    """The average with its spread, and how it converges."""
    count = len(spike_indices(recording.spikes, window))
    if count < 2 or len(recording.stimulus) <= 4 * window:
        raise _too_short()
    mean, scale = float(recording.stimulus.mean()), float(recording.stimulus.std())
    unit = standardized(recording.stimulus)
    counts = spike_counts(count)
    totals, squares = yield from running_totals(unit, recording.spikes, window, counts)
    average = totals[-1] / count
    deviation = scale * np.sqrt(np.maximum(0, squares - count * average**2) / (count - 1))
    weights, gain = recording.weights, recording.gain
    return {
        "source": {
            "neuron": recording.neuron,
            "dt": recording.dt,
            "samples": len(unit),
            "spikes": count,
            "rate": float(1000 * recording.spikes.mean() / recording.dt),
            "disagreement": disagreement(unit, recording.spikes, window),
        },
        "time": time_axis(window, recording.dt),
        "average": mean + scale * average,
        "baseline": mean,
        "deviation": deviation,
        "error": deviation / np.sqrt(count),
        "null": None,
        "filter": weights,
        "predicted": gain * weights if weights is not None and gain else None,
        "convergence": None if weights is None else convergence(totals, counts, weights, gain),
    }


def _recording(
    settings: Settings, files: Mapping[str, bytes], stimulus: Any, spikes: Any, names: tuple[str, str]
) -> Recording:
    if stimulus is not None:
        return recordings.check(stimulus, spikes, settings.dt, names)
    if settings.neuron == "grasshopper":
        return recordings.grasshopper(files[recordings.GRASSHOPPER], settings.recording)
    return simulate(settings)


def _correlated(recording: Recording, settings: Settings) -> tuple[Recording, int]:
    """The recording and its window; a companion with a correlated stimulus if the recording's is white."""
    if not recording.white and recording.neuron != "lif":
        return recording, settings.window
    companion = Settings(
        neuron="lnp-correlated",
        samples=5_000,
        window=COMPANION_WINDOW,
        gain=settings.gain,
        memory=settings.memory,
        seed=settings.seed,
    )
    return simulate(companion), companion.window


def _nonlinear(recording: Recording, settings: Settings) -> tuple[Recording, int]:
    """The recording and its window; a squaring neuron if the recording's neuron is known to be linear."""
    if recording.neuron not in ("lnp", "lnp-correlated"):
        return recording, settings.window
    companion = Settings(
        neuron="squaring",
        samples=40_000,
        window=COMPANION_WINDOW,
        gain=settings.gain,
        seed=settings.seed,
    )
    return simulate(companion), companion.window


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / (np.linalg.norm(vector) or 1.0))


def _too_short() -> SettingsError:
    return SettingsError(
        "There are too few spikes, or too few samples, for this window.",
        code="setting-range",
        remedy="Choose a shorter window or a longer recording.",
    )
