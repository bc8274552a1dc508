"""Pen strokes as sequences that can be compared: resampled, joined, scaled, with the pen's direction.

A letter is one or more strokes. It can be written in any order and direction, so each letter has several
sequences. Nothing here compares or recognizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Strokes = list[Floats]
"""Each stroke is [points, 2]: x to the right and y downward."""

POINTS = 64
DIRECTION = 0.25
"""The length of the vector of the pen's direction, beside positions in sizes of the letter."""

MOST_PARTS = 3
"""Strokes of a letter of which every order and direction is tried."""


def length(stroke: Floats) -> float:
    """Return a stroke's length."""
    return float(np.hypot(*np.diff(stroke, axis=0).T).sum())


def resample(stroke: Floats, count: int) -> Floats:
    """Return ``count`` points at equal distances along a stroke, [count, 2]."""
    steps = np.hypot(*np.diff(stroke, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0, along[-1], count)
    return np.stack([np.interp(wanted, along, stroke[:, axis]) for axis in (0, 1)], axis=1)


def shares(lengths: Sequence[float], points: int = POINTS) -> list[int]:
    """Return how many of the points each stroke gets: at least 2, else in proportion to its length."""
    free = points - 2 * len(lengths)
    ends = np.round(np.cumsum(lengths) / max(sum(lengths), 1e-12) * free).astype(int)
    counts = 2 + np.diff(ends, prepend=0)
    counts[-1] += points - counts.sum()  # if all lengths are 0
    return [int(count) for count in counts]


def normalized(strokes: Sequence[Floats]) -> Strokes:
    """Return the strokes centred at 0, with a larger side of 1."""
    every = np.concatenate(strokes)
    low, high = every.min(axis=0), every.max(axis=0)
    size = max(float((high - low).max()), 1e-9)
    return [(stroke - (low + high) / 2) / size for stroke in strokes]


def sequence(strokes: Sequence[Floats], points: int = POINTS) -> Floats:
    """Return a letter as one sequence of positions and directions, [4, points].

    The points follow the strokes in their order, at equal distances; no point lies between two strokes. The
    features are x, y and the pen's direction, as a vector of length `DIRECTION`.
    """
    parts = normalized(strokes)
    counts = shares([length(part) for part in parts], points)
    sampled = [resample(part, count) for part, count in zip(parts, counts, strict=True)]
    turns = [np.gradient(part, axis=0) for part in sampled]
    where, turn = np.concatenate(sampled), np.concatenate(turns)  # [points, 2]
    turn *= DIRECTION / np.maximum(np.hypot(*turn.T), 1e-9)[:, None]
    return np.concatenate([where, turn], axis=1).T


def joined(strokes: Sequence[Floats], most: int = MOST_PARTS) -> Strokes:
    """Return the strokes; while they are more than ``most``, two that meet at their ends become one."""
    left = list(strokes)
    while len(left) > most:
        pair = next(
            (
                (i, j, first, second)
                for i, j in permutations(range(len(left)), 2)
                for first, second in product((left[i], left[i][::-1]), (left[j], left[j][::-1]))
                if np.hypot(*(first[-1] - second[0])) < 1e-9
            ),
            None,
        )
        if pair is None:
            break
        i, j, first, second = pair
        left[i] = np.concatenate([first, second[1:]])
        del left[j]
    return left


def orders(strokes: Sequence[Floats]) -> list[Strokes]:
    """Return the ways to write a letter: its strokes in every order and direction.

    Of a letter of four strokes: every order in the given directions, and every order and direction of the
    strokes that are left after joining. Of one with more: the given way.
    """
    if len(strokes) <= MOST_PARTS:
        return [
            [stroke[::-1] if turned else stroke for stroke, turned in zip(order, turns, strict=True)]
            for order in permutations(strokes)
            for turns in product((False, True), repeat=len(strokes))
        ]
    if len(strokes) > MOST_PARTS + 1:
        return [list(strokes)]
    fewer = joined(strokes)
    others = orders(fewer) if len(fewer) <= MOST_PARTS else []
    return [list(order) for order in permutations(strokes)] + others


def perturbed(strokes: Sequence[Floats], amount: float, rng: np.random.Generator) -> Strokes:
    """Return a letter as an unsteady hand writes it: turned, slanted, stretched, and each stroke bent.

    Parameters
    ----------
    amount
        0 changes nothing; 1 bends points by a tenth of the letter's size, turns and slants it by about 10
        degrees each, and stretches it by about a sixth.
    """
    turn, slant, wide, high = amount * rng.standard_normal(4) * (0.17, 0.17, 0.16, 0.16)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = matrix @ np.array([[1, slant], [0, 1]]) @ np.diag(np.exp([wide, high]))
    bent = []
    for stroke in normalized(strokes):
        points = resample(stroke, 48)
        along = np.linspace(0, 1, 48)[:, None]
        waves = [np.sin(np.pi * k * along + rng.uniform(0, 2 * np.pi, 2)) for k in (1, 2, 3)]
        sizes = 0.06 * amount * rng.standard_normal((3, 2))
        bend = sum((size * wave for size, wave in zip(sizes, waves, strict=True)), np.zeros_like(points))
        bent.append(points @ matrix.T + bend)
    return bent
