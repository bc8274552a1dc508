"""Simulated neurons whose answer is known: filters with a random spike generator, and membranes.

Stimuli are rows of samples in units of their standard deviation; spikes are 0 or 1 for each sample. What a
visitor recorded, and the recordings that come with the package, are in `recordings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError

Floats = NDArray[np.float64]
Spikes = NDArray[np.uint8]

LATENCY = 20.0
"""Milliseconds by which the filter of `motion_filter` is late."""

RATE = 0.1
"""Mean spikes per sample of a simulated Poisson neuron."""

REFERENCE_STEP = 2.0
"""Milliseconds: the time step at which a membrane's noise has the scale that is asked for."""


@dataclass(frozen=True)
class Recording:
    """A stimulus, the spikes that it caused, and what is known about the neuron.

    Attributes
    ----------
    dt
        Milliseconds from one sample to the next.
    weights
        The neuron's filter, [window], oldest sample first; None if it is unknown.
    gain
        What the average of a white stimulus is expected to be, in units of `weights`; 0 if it is unknown.
    white
        Whether neighbouring samples of the stimulus are known to be independent.
    """

    neuron: str
    stimulus: Floats
    spikes: Spikes
    dt: float
    weights: Floats | None = None
    gain: float = 0.0
    white: bool = False


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


def correlated_noise(samples: int, rng: np.random.Generator, *, memory: float = 0.5) -> Floats:
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
    stimulus: Floats, weights: Floats, rng: np.random.Generator, *, gain: float = 1.2, rate: float = RATE
) -> Spikes:
    """Return spikes whose probability is exponential in the filter's output, and at most 1.

    Parameters
    ----------
    rate
        Mean spikes per sample, if the probability never reached 1.
    """
    output = drive(stimulus, weights)
    probability = np.minimum(1.0, rate * np.exp(gain * output - gain * gain / 2))
    return (rng.random(len(stimulus)) < probability).astype(np.uint8)


def effective_gain(gain: float, rate: float = RATE) -> float:
    """Return the average's projection on the filter, for a white stimulus and `linear_nonlinear_poisson`.

    By Stein's lemma it is ``E[p'(x)] / E[p(x)]`` for the spike probability ``p`` of a normal output ``x``
    (Bussgang 1952; Paninski 2003). It is `gain` as long as the probability does not reach 1, and less beyond.
    """
    if gain <= 0:
        return 0.0
    limit = (gain * gain / 2 - log(rate)) / gain  # the output at which the probability reaches 1
    below = rate * _normal(limit - gain)
    return gain * below / (below + 1 - _normal(limit))


def squaring(
    stimulus: Floats, weights: Floats, rng: np.random.Generator, *, gain: float = 1.2, rate: float = RATE
) -> Spikes:
    """Return spikes whose probability grows with the square of the filter's output, whatever its sign.

    It is a neuron that a spike-triggered average cannot describe: the average of its windows is zero.
    """
    energy = gain * gain * drive(stimulus, weights) ** 2
    probability = np.minimum(1.0, rate * (1 + energy) / (1 + gain * gain))
    return (rng.random(len(stimulus)) < probability).astype(np.uint8)


def integrate_and_fire(
    stimulus: Floats,
    dt: float,
    *,
    tau: float = 20.0,
    mean: float = 0.5,
    scale: float = 1.4,
    leak: float = 1.0,
) -> Spikes:
    """Return the spikes of a membrane that integrates its input, fires at 1 and is reset to 0.

    Parameters
    ----------
    dt, tau
        Milliseconds from one sample to the next, and of the membrane.
    mean, scale
        The input is ``mean + scale * stimulus`` at a time step of 2 ms. At other time steps the noise is
        scaled so that it moves the membrane as much per second.
    leak
        1 for a leaky membrane; 0 for one that integrates without any leak.
    """
    keep = exp(-leak * dt / tau)
    share = (1 - keep) / leak if leak else dt / tau
    current = share * (mean + scale * sqrt(REFERENCE_STEP / dt) * stimulus)
    spikes = np.zeros(len(stimulus), np.uint8)
    membrane = 0.0
    for index, step in enumerate(current.tolist()):
        membrane = keep * membrane + step
        if membrane >= 1:
            spikes[index], membrane = 1, 0.0
    return spikes


def _normal(value: float) -> float:
    """The cumulative distribution of the standard normal."""
    return 0.5 * (1 + erf(value / sqrt(2)))
