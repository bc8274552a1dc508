"""The average stimulus before a spike, and how far to trust it. Needs numpy; draws with matplotlib."""

from math import erf, log, sqrt

import numpy as np

samples, window, dt, gain, rate = 200_000, 150, 2.0, 1.2, 0.1
rng = np.random.default_rng(0)

# A filter like that of the fly's H1 neuron: 20 ms late, with a peak at -28 ms and a slow tail.
age = dt * np.arange(window)[::-1] - 20
rise = np.where(age > 0, age / 8 * np.exp(1 - age / 8), 0)
weights = rise - 0.08 * np.where(age > 0, np.exp(-np.maximum(age, 0) / 60), 0)
weights /= np.linalg.norm(weights)

# White noise goes through the filter; an exponential of the result is the probability of a spike.
stimulus = rng.standard_normal(samples)
output = np.concatenate([np.zeros(window - 1), np.correlate(stimulus, weights, "valid")])
spikes = rng.random(samples) < np.minimum(1, rate * np.exp(gain * output - gain**2 / 2))

# The article's average: the mean of the windows that end in a spike.
views = np.lib.stride_tricks.sliding_window_view(stimulus, window)
indices = np.flatnonzero(spikes)
indices = indices[indices >= window]
windows = views[indices - window + 1]
average, deviation = windows.mean(axis=0), windows.std(axis=0, ddof=1)
error = deviation / sqrt(len(windows))
time = -dt * np.arange(window)[::-1]
print(f"{len(windows)} spikes, peak {average.max():.3f} at {time[average.argmax()]:.0f} ms")
print(f"standard deviation {deviation.mean():.3f}, standard error {error.mean():.5f}")

# What would chance give? Shift the spikes around in a circle, and note the largest value of each average.
stimulus_around = np.concatenate([stimulus[-window:], stimulus])
around = np.lib.stride_tricks.sliding_window_view(stimulus_around, window)[1:]  # row i ends at sample i
largest = []
for shift in rng.integers(window, samples - window, 200):
    largest.append(np.abs(around[(indices + shift) % samples].mean(axis=0)).max())
print(f"95% of shifted spike trains stay within {np.quantile(largest, 0.95):.3f}")


def below(x):
    """The cumulative distribution of the standard normal."""
    return 0.5 * (1 + erf(x / sqrt(2)))


# How near to the filter? The average is g * filter plus noise; g is less than the gain since p <= 1.
limit = (gain**2 / 2 - log(rate)) / gain
free = rate * below(limit - gain)
g = gain * free / (free + 1 - below(limit))
for count in (100, 1000, 10_000, len(windows)):
    part = windows[:count].mean(axis=0)
    cosine = part @ weights / np.linalg.norm(part)
    expected = 1 / sqrt(1 + (window - 1) / (count * g**2))
    print(f"after {count:>5} spikes: cosine {cosine:.3f}, expected {expected:.3f}")

try:
    import matplotlib.pyplot as plt
except ImportError:
    print("Install matplotlib to see the average.")
else:
    plt.fill_between(time, average - deviation, average + deviation, alpha=0.2, label="standard deviation")
    plt.fill_between(time, average - error, average + error, alpha=0.6, label="standard error")
    plt.plot(time, average, time, g * weights, "k--")
    plt.xlabel("time before the spike (ms)")
    plt.legend()
    plt.show()
