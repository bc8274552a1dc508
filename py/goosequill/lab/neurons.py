"""Simulated neurons whose answer is known, and recordings that a visitor brings.

A linear-nonlinear-Poisson neuron fires by a filter of known shape; a leaky integrate-and-fire cell by its
membrane. Stimuli are in units of their standard deviation, one row of samples; spikes are 0 or 1 for each
sample.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError

Floats = NDArray[np.float64]
Spikes = NDArray[np.uint8]

LARGEST = 2_000_000
"""Samples of a recording, at most: 16 MB a row."""


LATENCY = 20.0
"""Milliseconds by which the filter of `motion_filter` is late."""


def motion_filter(window: int, dt: float) -> Floats:
    """Return a filter with the published shape of the fly's H1 neuron, as a unit vector, oldest sample first.

    It has a latency of 20 ms, its peak 28 ms before the spike, and a slow tail.

    Parameters
    ----------
    window
        Samples.
    dt
        Milliseconds from one to the next.

    Raises
    ------
    SettingsError
        ``setting-range``: the window is shorter than the latency.
    """
    age = dt * np.arange(window)[::-1] - LATENCY
    if age[0] <= 0:
        raise SettingsError(
            f"A window of {window * dt:g} ms is too short: this neuron answers after {LATENCY:g} ms.",
            code="setting-range",
            remedy="Choose a longer window or a longer time step.",
        )
    rise = np.where(age > 0, age / 8 * np.exp(1 - age / 8), 0.0)
    shape = rise - 0.08 * np.where(age > 0, np.exp(-np.maximum(age, 0) / 60), 0.0)
    return np.asarray(shape / np.linalg.norm(shape))


def white_noise(samples: int, rng: np.random.Generator) -> Floats:
    """Return independent normal samples."""
    return rng.standard_normal(samples)


def coloured_noise(samples: int, rng: np.random.Generator, *, memory: float = 0.9) -> Floats:
    """Return a first-order autoregressive stimulus with variance 1; `memory` is the correlation of
    neighbours."""
    steps = rng.standard_normal(samples) * np.sqrt(1 - memory**2)
    found = np.empty(samples)
    value = rng.standard_normal()
    for index, step in enumerate(steps):
        value = memory * value + step
        found[index] = value
    return found


def drive(stimulus: Floats, weights: Floats) -> Floats:
    """Return the filter's output at each sample, from that sample and those before it; 0 before the first
    window."""
    window = len(weights)
    found = np.zeros(len(stimulus))
    found[window - 1 :] = np.correlate(stimulus, weights, "valid")
    return found


def linear_nonlinear_poisson(
    stimulus: Floats, weights: Floats, rng: np.random.Generator, *, gain: float = 0.8, rate: float = 0.1
) -> Spikes:
    """Return spikes whose probability is exponential in the filter's output.

    For a white stimulus the outputs before a spike are normal with mean `gain` and variance 1, so that the
    spike-triggered average is `gain` times the filter.

    Parameters
    ----------
    rate
        Mean spikes per sample.
    """
    output = drive(stimulus, weights)
    probability = np.minimum(1.0, rate * np.exp(gain * output - gain * gain / 2))
    return (rng.random(len(stimulus)) < probability).astype(np.uint8)


def leaky_integrate_and_fire(
    stimulus: Floats, dt: float, *, tau: float = 20.0, mean: float = 0.8, scale: float = 1.0
) -> Spikes:
    """Return the spikes of a membrane that leaks with a time constant, fires at 1 and is reset to 0.

    Parameters
    ----------
    dt, tau
        Milliseconds from one sample to the next, and of the membrane.
    mean, scale
        The input is ``mean + scale * stimulus``.
    """
    leak = np.exp(-dt / tau)
    current = (1 - leak) * (mean + scale * stimulus)
    spikes = np.zeros(len(stimulus), np.uint8)
    membrane = 0.0
    for index, step in enumerate(current):
        membrane = leak * membrane + step
        if membrane >= 1:
            spikes[index], membrane = 1, 0.0
    return spikes


def read_recording(data: bytes, name: str) -> NDArray[Any]:
    """Return the numbers of a .npy file or of a text file with one row a sample; a pickle is never read.

    Raises
    ------
    SettingsError
        ``recording``: the file is neither, has something other than numbers in it, or is too long.
    """
    try:
        if data[:6] == b"\x93NUMPY":
            found = np.load(io.BytesIO(data), allow_pickle=False)
        else:
            lines = data.decode("utf-8-sig").replace(";", ",").replace("\t", ",").splitlines()
            rows = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
            start = 0 if rows and _is_numeric(rows[0]) else 1
            found = np.loadtxt(rows[start:], delimiter=",", ndmin=2)
    except (ValueError, UnicodeDecodeError, EOFError, MemoryError) as error:
        raise _refused(name, "could not be read as numbers") from error
    if found.dtype.kind not in "biuf":
        raise _refused(name, f"contains {found.dtype.name} instead of numbers")
    if found.ndim > 2 or found.size > 2 * LARGEST:
        raise _refused(name, f"has {found.size:,} numbers in {found.ndim} dimensions")
    return np.asarray(found)


def check_recording(stimulus: Any, spikes: Any) -> tuple[Floats, Spikes]:
    """Return a stimulus and its spikes, or refuse them.

    Raises
    ------
    SettingsError
        ``recording``: the lengths differ, a number is not finite, or a spike count is not 0 or 1.
    """
    values, train = np.asarray(stimulus, np.float64).reshape(-1), np.asarray(spikes).reshape(-1)
    if len(values) != len(train):
        raise _refused(
            "The recording", f"has {len(values):,} samples of stimulus and {len(train):,} of spikes"
        )
    if len(values) > LARGEST:
        raise _refused("The recording", f"has {len(values):,} samples, more than {LARGEST:,}")
    if not np.isfinite(values).all():
        first = int(np.flatnonzero(~np.isfinite(values))[0])
        raise _refused("The stimulus", f"is not a finite number at sample {first:,}")
    wrong = np.flatnonzero(~np.isin(train, (0, 1)))
    if len(wrong):
        raise _refused("The spike train", f"is {train[wrong[0]]} at sample {int(wrong[0]):,}, not 0 or 1")
    return values, train.astype(np.uint8)


def _is_numeric(line: str) -> bool:
    try:
        [float(part) for part in line.split(",")]
    except ValueError:
        return False
    return True


def _refused(what: str, problem: str) -> SettingsError:
    return SettingsError(
        f"{what} {problem}.",
        code="recording",
        remedy="Give a stimulus and a spike train of 0 and 1 with one number per sample, as CSV or .npy.",
    )
