"""Pages and their cells: resizing is torch's, turning and blurring scipy's, connected parts scipy's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from scipy import ndimage

from goosequill.lab import experiments, page_cells, page_images, reading
from goosequill.lab.page_cells import Box, Cell

FACES = reading.faces(experiments.path_of(reading.FACES_FILE).read_bytes())
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("size", [(20, 20), (7, 9), (40, 13), (1, 1), (3, 90)])
def test_resizing_is_torchs(size: tuple[int, int]) -> None:
    image = RNG.random((23, 31), np.float32)
    wanted = torch.nn.functional.interpolate(
        torch.from_numpy(image)[None, None], size=size, mode="bilinear", antialias=True
    )
    assert np.allclose(page_images.resize(image, *size), wanted[0, 0].numpy(), atol=1e-5)


def test_blurring_is_scipys() -> None:
    page = RNG.random((30, 40), np.float32)
    wanted = ndimage.gaussian_filter(page, 1.3, mode="constant", radius=4)
    assert np.allclose(page_images.blur(page, 1.3), wanted, atol=1e-5)
    assert page_images.blur(page, 0) is page


@pytest.mark.parametrize("degrees", [-5.0, 2.5])
def test_turning_is_scipys(degrees: float) -> None:
    page = np.pad(RNG.random((30, 60), np.float32), 2)
    found = page_images.turn(page, degrees)
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle, old = (np.array(found.shape) - 1) / 2, (np.array(page.shape) - 1) / 2
    wanted = ndimage.affine_transform(page, matrix, old - matrix @ middle, found.shape, order=1)
    assert np.allclose(found, wanted, atol=1e-3)
    assert found.sum() == pytest.approx(page.sum(), rel=0.02)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.8])
def test_connected_parts_are_scipys(share: float) -> None:
    binary = np.random.default_rng(1).random((60, 80)) < share
    labels, count = page_cells.connected(binary)
    wanted, wanted_count = ndimage.label(binary, np.ones((3, 3)))
    assert count == wanted_count and np.array_equal(labels > 0, binary)
    assert len(np.unique(np.stack([labels, wanted]).reshape(2, -1), axis=1).T) == count + (not binary.all())


def test_the_threshold_parts_two_levels_best() -> None:
    page = np.concatenate([RNG.normal(0.2, 0.05, 900), RNG.normal(0.8, 0.05, 100)]).astype(np.float32)[None]
    levels = np.linspace(0.01, 0.99, 99)
    inside = [
        sum(part.var() * part.size for part in (page[page <= level], page[page > level]) if part.size)
        for level in levels
    ]
    found = page_cells.threshold(page)
    spread = sum(part.var() * part.size for part in (page[page <= found], page[page > found]))
    assert spread == pytest.approx(min(inside), rel=1e-3)


@pytest.mark.parametrize("spacing", [1, 3, 8])
def test_lines_words_and_letters_are_where_they_were_set(spacing: int) -> None:
    lines = page_images.lines_of("A quick brown fox jumps over the lazy dog by moonlight")
    page = page_images.typeset(lines, page_images.types(FACES["Clear Sans"]), spacing)
    layout = page_cells.divide(page)
    words = " ".join(lines).split()
    assert len(layout.lines) == len(lines) == 3
    assert [sum(cell.word == number for cell in layout.cells) for number in range(len(words))] == [
        len(word) for word in words
    ]


def test_a_letter_comes_back_as_it_was_in_the_data() -> None:
    face = FACES["Arimo"]
    page = page_images.typeset(["HEN"], page_images.types(face), 4)
    layout = page_cells.divide(page)
    for cell, letter in zip(layout.cells, "HEN", strict=True):
        picture = page_cells.picture(layout, cell).reshape(28, 28)
        assert np.abs(picture - face[ord(letter) - ord("A")] / 15).mean() < 0.03


def test_letters_that_touch_are_one_cell_with_candidates_between_them() -> None:
    letters = page_images.types(FACES["Clear Sans"])
    layout = page_cells.divide(page_images.typeset(["COO"], letters, -1))
    joined = max(layout.cells, key=lambda cell: cell.box.right - cell.box.left)
    cuts = page_cells.cut_candidates(layout, joined)
    border = page_images.MARGIN + letters["C"].shape[1]
    assert any(abs(cut - border) <= 2 for cut in cuts)


@pytest.mark.parametrize("seed", range(6))
def test_the_best_division_is_that_of_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cell = Cell(Box(0, 0, 60, 20), (1,), 20, 0, 0)
    cuts = [9, 17, 30, 44, 52]
    every = page_cells.pieces(cell, cuts)
    scores = {piece: -float(rng.exponential()) for piece in every}

    def divisions(left: int) -> Iterator[list[page_cells.Piece]]:
        if left == 60:
            yield []
        for piece in every:
            if piece[0] == left:
                yield from ([piece, *rest] for rest in divisions(piece[1]))

    def cost(division: list[page_cells.Piece]) -> float:
        return sum(0.5 * 20 - scores[left, right] * (right - left) for left, right in division)

    assert page_cells.best_cut(cell, scores, 0.5) == min(divisions(0), key=cost)
