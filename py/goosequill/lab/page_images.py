"""Pages for reading: text set from pictures of letters, and what spoils it: noise, blur, a turned sheet.

A page is ink from 0 (paper) to 1, [height, width], float32. Nothing is recognized here.
"""

from __future__ import annotations

import textwrap
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from goosequill.lab.letters_data import ALPHABET, SIDE, Floats

CAPITAL = 20
"""The height of a capital, pixels."""
WORD_GAP = 11
"""What the space of two words is wider than that of two letters, pixels."""
LEADING = 14
"""Pixels between two lines."""
MARGIN = 12
LINE = 26
"""Characters of a line, about."""
BLANK = 0.02


def resize(image: Floats, height: int, width: int) -> Floats:
    """Return a picture in another size, by a triangle filter that is as wide as a pixel of the coarser grid.

    This is Pillow's BILINEAR, and torch's with ``antialias``.
    """
    down, across = _triangle(image.shape[0], height), _triangle(image.shape[1], width)
    return np.asarray(down @ image @ across.T, np.float32)


@lru_cache(maxsize=1024)
def _triangle(before: int, after: int) -> Floats:
    """Return the weights of the old pixels in each new one, [after, before]."""
    scale = before / after
    support = max(1.0, scale)
    middles = (np.arange(after)[:, None] + 0.5) * scale
    apart = np.abs(np.arange(before) + 0.5 - middles) / support
    weights = np.maximum(0, 1 - apart)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def trimmed(image: Floats, blank: float = BLANK) -> Floats:
    """Return a picture without its blank border; as it is if it is blank."""
    rows, columns = (np.flatnonzero((image > blank).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return image
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def types(face: NDArray[np.uint8]) -> dict[str, Floats]:
    """Return the letters of a face, as high as capitals are, from pictures [26, 28, 28], 0 to 15.

    In the data every letter is as large as its box allows; on a page all capitals have one height.
    """
    found = {}
    for letter, picture in zip(ALPHABET, face, strict=True):
        ink = trimmed(np.asarray(picture / np.float32(15), np.float32))
        height, width = ink.shape
        found[letter] = resize(ink, CAPITAL, max(1, min(2 * SIDE, round(width * CAPITAL / height))))
    return found


def lines_of(text: str) -> list[str]:
    """Return a text as lines of capitals: what is no letter is a space."""
    plain = "".join(letter if letter in ALPHABET else " " for letter in text.upper())
    return textwrap.wrap(" ".join(plain.split()), LINE, break_long_words=True)


def typeset(lines: list[str], letters: dict[str, Floats], spacing: int) -> Floats:
    """Return a page.

    Parameters
    ----------
    spacing
        Pixels between the boxes of two letters; with a negative number they overlap.
    """
    rows = [_line(line, letters, spacing) for line in lines]
    width = max(row.shape[1] for row in rows) + 2 * MARGIN
    page = np.zeros((len(rows) * (CAPITAL + LEADING) - LEADING + 2 * MARGIN, width), np.float32)
    for index, row in enumerate(rows):
        top = MARGIN + index * (CAPITAL + LEADING)
        page[top : top + CAPITAL, MARGIN : MARGIN + row.shape[1]] = row
    return page


def _line(line: str, letters: dict[str, Floats], spacing: int) -> Floats:
    places, right = [], 0
    for index, letter in enumerate(line):
        if letter == " ":
            right += WORD_GAP
            continue
        left = max(0, right + (spacing if index else 0))
        places.append((letter, left))
        right = left + letters[letter].shape[1]
    row = np.zeros((CAPITAL, right), np.float32)
    for letter, left in places:
        under = row[:, left : left + letters[letter].shape[1]]
        np.maximum(under, letters[letter], out=under)
    return row


def turn(page: Floats, degrees: float) -> Floats:
    """Return a page turned clockwise around its middle, on a sheet that holds all of it."""
    if not degrees:
        return page
    height, width = page.shape
    angle = np.deg2rad(degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    new_height = int(np.ceil(height * cosine + width * abs(sine)))
    new_width = int(np.ceil(width * cosine + height * abs(sine)))
    down, across = np.indices((new_height, new_width), np.float32)
    down -= (new_height - 1) / 2
    across -= (new_width - 1) / 2
    y = np.clip(cosine * down - sine * across + (height + 1) / 2, 0, height + 1)
    x = np.clip(cosine * across + sine * down + (width + 1) / 2, 0, width + 1)
    padded = np.pad(page, 1)
    top, left = np.minimum(y.astype(np.intp), height), np.minimum(x.astype(np.intp), width)
    y, x = y - top, x - left
    above = padded[top, left] * (1 - x) + padded[top, left + 1] * x
    below = padded[top + 1, left] * (1 - x) + padded[top + 1, left + 1] * x
    return np.asarray(above * (1 - y) + below * y, np.float32)


def blur(page: Floats, sigma: float) -> Floats:
    """Return a page convolved with a Gaussian of this standard deviation, pixels; outside is paper."""
    if not sigma:
        return page
    reach = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    for axis in (0, 1):
        padded = np.pad(page, [(reach, reach) if axis == each else (0, 0) for each in (0, 1)])
        size = page.shape[axis]
        parts = (weight * np.take(padded, range(at, at + size), axis) for at, weight in enumerate(kernel))
        page = np.asarray(sum(parts), np.float32)
    return page


def noisy(page: Floats, amount: float, rng: np.random.Generator) -> Floats:
    """Return a page with normal noise of this standard deviation, kept within 0 and 1."""
    if not amount:
        return page
    noise = rng.standard_normal(page.shape, np.float32) * np.float32(amount)
    return np.asarray(np.clip(page + noise, 0, 1), np.float32)
