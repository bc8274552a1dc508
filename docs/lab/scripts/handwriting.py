"""Elastic matching of letters: brute force and lower bounds find the same one. Needs only numpy."""

import numpy as np

POINTS, BAND, SEGMENTS = 64, 6, 8
rng = np.random.default_rng(0)

# Templates: smooth curves of 64 points instead of letters. The query is one of them, written unsteadily.
along = np.linspace(0, 1, POINTS)
waves = np.stack([np.sin(np.pi * k * along + phase) for k in (1, 2, 3) for phase in (0, 1.6)])
templates = rng.standard_normal((2000, 2, 6)) @ waves  # [templates, x and y, points]
query = np.array([np.interp(along**1.1, along, axis) for axis in templates[1234]])
query += 0.1 * rng.standard_normal((2, 6)) @ waves

compared = {"brute force": 0, "bounds": 0}  # comparisons of two points


def distance(a, b, limit, method):
    """The elastic distance; infinite as soon as every path costs more than the limit."""
    costs = ((a[:, :, None] - b[:, None]) ** 2).sum(axis=0).tolist()
    last = [0.0, *[np.inf] * POINTS]
    for i in range(POINTS):
        row = [np.inf] * (POINTS + 1)
        near = range(max(0, i - BAND), min(POINTS, i + BAND + 1))
        for j in near:
            row[j + 1] = costs[i][j] + min(last[j], last[j + 1], row[j])
        compared[method] += len(near)
        if min(row) > limit:
            return np.inf
        last = row
    return last[-1]


# 1. Brute force: every template.
everything = [distance(query, each, np.inf, "brute force") for each in templates]

# 2. Bounds: the ends must match, and each point must match one within the band of the template.
shifted = np.pad(templates, ((0, 0), (0, 0), (BAND, BAND)), mode="edge")
windows = np.lib.stride_tricks.sliding_window_view(shifted, 2 * BAND + 1, axis=2)
low, high = windows.min(axis=3), windows.max(axis=3)
pool = (-1, 2, SEGMENTS, POINTS // SEGMENTS)
means, low_means, high_means = (each.reshape(pool).mean(axis=3) for each in (query, low, high))


def outside(values, low, high):
    return ((values - np.clip(values, low, high)) ** 2).sum(axis=(1, 2))


ends = ((query - templates)[:, :, [0, -1]] ** 2).sum(axis=(1, 2))
coarse = np.maximum(ends, outside(means, low_means, high_means) * POINTS / SEGMENTS)
compared["bounds"] += len(templates) * (2 + SEGMENTS)
best, found = np.inf, -1
for index in np.argsort(coarse, kind="stable"):
    if coarse[index] > best:
        break  # so is every later one
    compared["bounds"] += POINTS
    if outside(query[None], low[index], high[index])[0] > best:
        continue
    near = distance(query, templates[index], best, "bounds")
    if (near, index) < (best, found):
        best, found = near, index

print(f"brute force finds {np.argmin(everything)}, the bounds find {found}")
print(f"distance {best:.4f}, {compared['brute force']:,} and {compared['bounds']:,} comparisons")
print(f"{compared['brute force'] / compared['bounds']:.0f} times fewer")
