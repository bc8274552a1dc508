"""Where the lines, words and letters of a page are: sums over rows, connected parts, gaps, and cuts.

What touches is one part: where it could be cut is proposed here (`cut_candidates`), and decided by whoever
can read the pieces. Nothing is recognized here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.lab.letters_data import PIXELS, SIDE, Floats
from goosequill.lab.page_images import resize

INNER = 20
"""The longer side of a letter in its picture, as in training; pixels."""
MOST_PIXELS = 1_500_000
"""Of a page."""
MOST_RUNS = 60_000
"""Of ink in a row, before a page counts as noise."""
MOST_LETTERS = 400
SPECK = 0.06
"""A part with less ink than this share of a letter's height squared is a speck."""
WORD_GAP = 0.28
"""How much wider than the usual gap a gap between words is, in heights of the line."""
WIDE = 0.85
"""A part wider than this, in heights of the line, could be several letters."""
NARROWEST, WIDEST = 0.15, 1.7
"""Of a piece that is cut off, in heights of the line."""
MOST_CUTS = 24
"""Candidates in one part."""


class Box(NamedTuple):
    """A rectangle, in pixels; right and bottom are outside."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Cell:
    """What is taken for one letter, or for several that touch."""

    box: Box
    parts: tuple[int, ...]
    """The labels of its connected parts."""
    height: int
    """Of its line."""
    line: int
    word: int
    """Counted through the page."""
    gap: float | None = None
    """How much wider than usual the gap before it is, in heights of the line; None at its beginning."""


@dataclass(frozen=True)
class Layout:
    """A page, divided."""

    ink: Floats
    """From paper, 0, to full ink, 1."""
    labels: NDArray[np.int32]
    """[height, width]: the connected part of each pixel; 0 for none."""
    lines: list[Box]
    cells: list[Cell]


def threshold(page: Floats) -> float:
    """Return the level between paper and ink that best parts the two (Otsu 1979), from 256 levels."""
    counts = np.bincount((np.clip(page, 0, 1).reshape(-1) * 255).astype(np.intp), minlength=256)
    share = counts / counts.sum()
    below, level = np.cumsum(share), np.cumsum(share * np.arange(256))
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (level[-1] * below - level) ** 2 / (below * (1 - below))
    between = np.where(np.isfinite(between), between, 0)
    best = np.flatnonzero(between == between.max())
    return float((best[0] + best[-1]) / 2 + 0.5) / 255


def normalized(page: Floats) -> Floats:
    """Return ink from 0, paper, to 1, whether the page is dark on light or light on dark."""
    if np.median(page) > 0.5:
        page = 1 - page
    level = threshold(page)
    paper = float(np.median(page[page <= level])) if (page <= level).any() else 0.0
    ink = float(np.percentile(page[page > level], 75)) if (page > level).any() else 1.0
    return np.asarray(np.clip((page - paper) / max(ink - paper, 1e-3), 0, 1), np.float32)


def connected(binary: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Return the connected parts of a picture, numbered from 1, and how many there are.

    Pixels that touch at a corner are connected. Runs of pixels in a row are joined with those that they touch
    in the row above (Rosenfeld & Pfaltz 1966, over runs).

    Raises
    ------
    SettingsError
        ``setting-range``: there are more runs than any page of text has.
    """
    edges = np.diff(np.pad(binary, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    if len(rows) > MOST_RUNS:
        raise SettingsError(
            "The picture is too noisy to find letters in it.",
            code="setting-range",
            remedy="Give a picture of plain text, with less noise.",
        )
    roots = np.arange(len(rows)).tolist()

    def root(index: int) -> int:
        while roots[index] != index:
            roots[index] = index = roots[roots[index]]
        return index

    first = np.searchsorted(rows, np.arange(binary.shape[0] + 1)).tolist()
    left, right = starts.tolist(), ends.tolist()
    for row in range(1, binary.shape[0]):
        above, here = first[row - 1], first[row]
        while above < first[row] and here < first[row + 1]:
            if left[above] <= right[here] and left[here] <= right[above]:
                one, other = root(above), root(here)
                roots[max(one, other)] = min(one, other)
            if right[above] < right[here]:
                above += 1
            else:
                here += 1
    names, numbers = np.unique([root(index) for index in range(len(rows))], return_inverse=True)
    labels = np.zeros(binary.shape, np.int32)
    steps = np.zeros((binary.shape[0], binary.shape[1] + 1), np.int32)
    np.add.at(steps, (rows, starts), numbers + 1)
    np.add.at(steps, (rows, ends), -(numbers + 1))
    labels[:] = np.cumsum(steps, axis=1)[:, :-1]
    return labels, len(names)


def _boxes(labels: NDArray[np.int32], count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the box of each part, [count, 4] as `Box`, and its pixels, [count]."""
    rows, columns = np.nonzero(labels)
    which = labels[rows, columns] - 1
    boxes = np.empty((count, 4), np.intp)
    boxes[:, :2], boxes[:, 2:] = max(labels.shape), 0
    for place, values in ((0, columns), (1, rows)):
        np.minimum.at(boxes[:, place], which, values)
        np.maximum.at(boxes[:, place + 2], which, values + 1)
    return boxes, np.bincount(which, minlength=count)


def find_lines(binary: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first row of each line of text and the one after its last: between lines no row has ink."""
    filled = np.flatnonzero(np.diff(np.pad(binary.any(axis=1), 1).astype(np.int8)))
    return [(int(top), int(bottom)) for top, bottom in filled.reshape(-1, 2)]


def divide(page: Floats, word_gap: float = WORD_GAP) -> Layout:
    """Find lines, letters and words.

    Lines are by sums over rows. In a line, connected parts that share at least half of the narrower one's
    columns are one letter: dots, and letters in pieces. Words are parted by the wider gaps.

    Parameters
    ----------
    word_gap
        How much wider than the usual gap of its line a gap between words is, in heights of the line.

    Raises
    ------
    SettingsError
        ``setting-range``: the page is too large, or has no or too much to read.
    """
    if page.ndim != 2 or not 1 <= page.size <= MOST_PIXELS:
        raise _unreadable(f"The picture has {page.size:,} pixels.")
    ink = normalized(page)
    labels, count = connected(ink > 0.5)
    boxes, areas = _boxes(labels, count)
    heights = boxes[:, 3] - boxes[:, 1]
    tall = heights[areas >= 12]
    usual = float(np.median(tall)) if len(tall) else 0.0
    kept = np.flatnonzero((areas >= max(3.0, SPECK * usual**2)) & (heights < 12 * max(usual, 1)))
    is_kept = np.zeros(count + 1, np.bool_)
    is_kept[kept + 1] = True
    labels = np.where(is_kept[labels], labels, 0)
    bands = [band for band in find_lines(labels > 0) if band[1] - band[0] >= 0.3 * usual]
    if not bands or len(kept) > 8 * MOST_LETTERS:
        raise _unreadable(f"The picture has {len(bands)} lines, and {len(kept):,} parts.")
    lines, cells = list[Box](), list[Cell]()
    for number, (top, bottom) in enumerate(bands):
        members = kept[(boxes[kept, 1] >= top) & (boxes[kept, 3] <= bottom)]
        groups = _grouped([(Box(*map(int, boxes[part])), (int(part) + 1,)) for part in members])
        lines.append(_around([box for box, _ in groups]))
        gaps = _gaps([box for box, _ in groups], bottom - top)
        for (box, parts), gap in zip(groups, gaps, strict=True):
            is_new = bool(cells) and (gap is None or gap > word_gap)
            word = cells[-1].word + is_new if cells else 0
            cells.append(Cell(box, parts, bottom - top, number, word, gap))
    if len(cells) > MOST_LETTERS:
        raise _unreadable(f"The picture has {len(cells):,} letters.")
    return Layout(ink, labels, lines, cells)


def _unreadable(what: str) -> SettingsError:
    return SettingsError(
        what,
        code="setting-range",
        remedy=f"Give a picture of one to {MOST_LETTERS} letters, with at most {MOST_PIXELS:,} pixels.",
    )


def _around(boxes: Sequence[Box]) -> Box:
    columns = np.array(boxes)
    return Box(*map(int, (*columns[:, :2].min(axis=0), *columns[:, 2:].max(axis=0))))


def _grouped(parts: list[tuple[Box, tuple[int, ...]]]) -> list[tuple[Box, tuple[int, ...]]]:
    """Join parts that stand above each other, from the left."""
    groups: list[tuple[Box, tuple[int, ...]]] = []
    for box, names in sorted(parts):
        if groups:
            before, held = groups[-1]
            shared = min(before.right, box.right) - box.left
            if shared >= 0.5 * min(before.right - before.left, box.right - box.left):
                groups[-1] = _around([before, box]), held + names
                continue
        groups.append((box, names))
    return groups


def _gaps(boxes: Sequence[Box], height: int) -> list[float | None]:
    """Return how much wider than usual the gap before each letter of a line is, in its heights.

    The usual gap is the median; letters that touch, which wide parts consist of, have gaps of 0.
    """
    gaps = np.array([after.left - before.right for before, after in pairwise(boxes)])
    if not len(gaps):
        return [None] * len(boxes)
    touching = sum(max(0, round((box.right - box.left) / height) - 1) for box in boxes)
    usual = float(np.median(np.append(gaps, [0] * touching)))
    return [None, *np.round((gaps - usual) / height, 4).tolist()]


# ---- Pictures of letters, and cuts ----


def _own(labels: NDArray[np.int32], cell: Cell) -> NDArray[np.bool_]:
    """Return which pixels are of a cell's parts."""
    found: NDArray[np.bool_] = labels == cell.parts[0]
    for part in cell.parts[1:]:
        found |= labels == part
    return found


def picture(layout: Layout, cell: Cell, left: int | None = None, right: int | None = None) -> Floats:
    """Return a cell, or its columns from `left` to `right`, as a picture of one letter, [784], 0 to 1.

    The longer side of its ink becomes 20 pixels, in the middle of 28, as in the training letters. Ink of
    other letters in its box is left out.
    """
    box = cell.box
    first, last = (box.left if left is None else left), (box.right if right is None else right)
    place = np.s_[box.top : box.bottom, first:last]
    labels = layout.labels[place]
    own = _own(labels, cell)
    part = np.where(own | (labels == 0), layout.ink[place], 0)
    rows = np.flatnonzero(own.any(axis=1))
    if len(rows):
        part = part[rows[0] : rows[-1] + 1]
    height, width = part.shape
    scale = INNER / max(height, width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    found = np.zeros((SIDE, SIDE), np.float32)
    top, start = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    found[top : top + size[0], start : start + size[1]] = resize(np.asarray(part, np.float32), *size)
    return found.reshape(PIXELS)


def cut_candidates(layout: Layout, cell: Cell) -> list[int]:
    """Return the columns at which a wide cell could be cut: where little ink is, and less than beside it.

    A cell that is no wider than a letter has none.
    """
    box, height = cell.box, cell.height
    width = box.right - box.left
    if width <= WIDE * height:
        return []
    place = np.s_[box.top : box.bottom, box.left : box.right]
    own = _own(layout.labels[place], cell)
    sums = np.where(own, layout.ink[place], 0).sum(axis=0)
    smooth = np.convolve(np.pad(sums, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    edge = max(2, round(NARROWEST * height))
    low = [
        (float(smooth[at]), at)
        for at in range(edge, width - edge + 1)
        if smooth[at] <= smooth[max(0, at - 2) : at + 3].min() and smooth[at] < 0.6 * height
    ]
    chosen: list[int] = []
    for _, at in sorted(low):
        if all(abs(at - other) >= edge for other in chosen) and len(chosen) < MOST_CUTS:
            chosen.append(at)
    return sorted(box.left + at for at in chosen)


Piece = tuple[int, int]
"""Its first column, and the one after its last."""


def pieces(cell: Cell, cuts: Sequence[int]) -> list[Piece]:
    """Return every piece between two cuts, or ends, that could be a letter; the whole cell is one of them."""
    ends = [cell.box.left, *cuts, cell.box.right]
    whole = (cell.box.left, cell.box.right)
    found = [
        (left, right)
        for index, left in enumerate(ends)
        for right in ends[index + 1 :]
        if NARROWEST * cell.height <= right - left <= WIDEST * cell.height and (left, right) != whole
    ]
    return [whole, *found]


def best_cut(cell: Cell, scores: dict[Piece, float], price: float) -> list[Piece]:
    """Return the division of a cell whose pieces read best: the least sum of -score * width + price * height.

    Parameters
    ----------
    scores
        The log-probability of the best letter of each piece.
    price
        What each piece costs, so that a letter that is read well stays whole.

    Notes
    -----
    A dynamic program over the cuts. Scores count by width, because otherwise one bad letter would beat two
    good ones.
    """
    best: dict[int, tuple[float, list[Piece]]] = {cell.box.left: (0.0, [])}
    for left, right in sorted(scores):
        if left in best:
            cost = best[left][0] - scores[left, right] * (right - left) + price * cell.height
            if right not in best or cost < best[right][0]:
                best[right] = cost, [*best[left][1], (left, right)]
    return best[cell.box.right][1]
