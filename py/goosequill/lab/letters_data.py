"""The laboratory's letters: pictures of A to Z from free fonts, and training sets of any size made of them.

`read` unpacks the data files, `sample` makes a set of jittered letters from one split; families of fonts are
in one split only, so a validation letter is never of a font seen in training. scripts/lab_data/letters.py
made the files from Debian's font packages; letters.json lists the faces and letters.LICENSES.md their
licences. Nothing is trained or drawn here.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError

SIDE = 28
PIXELS = SIDE * SIDE
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SPLITS = ("train", "validation", "test")
FOLDER = Path(__file__).parent / "data"

# The jitter: each letter is turned, sheared, scaled and shifted by amounts drawn uniformly within these.
ROTATION = np.pi / 12  # radians
SHEAR = 0.25
SCALE = 0.15  # of the logarithm
SHIFT = 2.0  # pixels, in each direction
BLOCK = 200  # letters that are resampled at once: their pixels fit into a processor's cache

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Letters:
    """Clean letters.

    Attributes
    ----------
    images
        [n, 28, 28], 0 (paper) to 15 (ink).
    labels
        [n], indices into `ALPHABET`.
    faces
        [n], indices into the list of faces in letters.json.
    splits
        [n], indices into `SPLITS`.
    classes
        10 for A to J, 26 for A to Z.
    """

    images: NDArray[np.uint8]
    labels: Indices
    faces: Indices
    splits: NDArray[np.uint8]
    classes: int

    @cached_property
    def ink(self) -> Floats:
        """The images as 0 to 1, [n, 784]."""
        return np.asarray(self.images.reshape(-1, PIXELS) / np.float32(15), np.float32)

    def members(self, split: str) -> Indices:
        """Return the indices of a split's letters."""
        return np.flatnonzero(self.splits == SPLITS.index(split))


@dataclass(frozen=True)
class Sample:
    """Letters to learn from or to test with.

    Attributes
    ----------
    pixels
        [n, 784], -0.5 (paper) to 0.5 (ink), float32.
    labels
        [n], indices into `ALPHABET`.
    sources
        [n], the clean letters in `Letters` that they were made of.
    """

    pixels: Floats
    labels: Indices
    sources: Indices


def file_names(classes: int) -> tuple[str, ...]:
    """Return the data files that hold the first 10 or all 26 letters."""
    return ("letters-a-j.npz",) if classes <= 10 else ("letters-a-j.npz", "letters-k-z.npz")


def load_files(names: Sequence[str]) -> dict[str, bytes]:
    """Return data files from the package's folder, natively; in a page the frame fetches them."""
    return {name: (FOLDER / name).read_bytes() for name in names}


def read(files: Mapping[str, bytes] | None = None, *, classes: int = 10) -> Letters:
    """Return the clean letters.

    Parameters
    ----------
    files
        The content of the files that `file_names` lists; left out, they are read from the package.
    classes
        10 for A to J: every face; or 26 for A to Z: of K to Z there is one face per family.

    Raises
    ------
    SettingsError
        ``lab-data``: a file is missing or corrupt.
    """
    names = file_names(classes)
    try:
        held = load_files(names) if files is None else {name: files[name] for name in names}
        parts = [_unpack(content) for content in held.values()]
    except (KeyError, OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise SettingsError(
            f"The letters cannot be read: {error}.", code="lab-data", remedy="Load the page again."
        ) from error
    images, labels, faces, splits = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Letters(images, labels.astype(np.intp), faces.astype(np.intp), splits, classes)


def _unpack(content: bytes) -> tuple[NDArray[np.uint8], ...]:
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        packed, labels, faces, splits = (archive[name] for name in ("letters", "labels", "faces", "splits"))
    if packed.shape != (len(labels), PIXELS // 2):
        raise ValueError("the arrays do not fit together")
    pairs = packed.reshape(-1, SIDE // 2, SIDE)  # [n, pair of columns, row], the left pixel in the high half
    images = np.stack([pairs >> 4, pairs & 15], axis=-1).transpose(0, 2, 1, 3).reshape(-1, SIDE, SIDE)
    return images, labels, faces, splits


def sample(
    letters: Letters, split: str, size: int, *, rng: np.random.Generator, jitter: bool = True
) -> Sample:
    """Return a set of letters from one split, each class equally often, up to one.

    Parameters
    ----------
    size
        Any number: a letter is drawn several times if there are fewer, and with jitter looks different each
        time. Within a class every face comes before one comes again.
    jitter
        Turn by up to 15 degrees, shear by up to 0.25, scale by ``exp(-0.15)`` to ``exp(0.15)``, and shift by
        up to 2 pixels.
    """
    sources = np.empty(size, np.intp)
    members = letters.members(split)
    for label in range(letters.classes):
        of_class = members[letters.labels[members] == label]
        places = np.arange(label, size, letters.classes)
        rounds = -(-len(places) // len(of_class))
        sources[places] = np.concatenate([rng.permutation(of_class) for _ in range(rounds)])[: len(places)]
    rng.shuffle(sources)
    pixels = letters.ink[sources] if not jitter else np.empty((size, PIXELS), np.float32)
    for begin in range(0, size if jitter else 0, BLOCK):
        block = sources[begin : begin + BLOCK]
        pixels[begin : begin + BLOCK] = resample(letters.ink[block], transforms(len(block), rng))
    pixels -= np.float32(0.5)
    return Sample(pixels, letters.labels[sources], sources)


def transforms(count: int, rng: np.random.Generator) -> Floats:
    """Return random maps from a jittered picture's coordinates to the clean one's, [count, 2, 3].

    Coordinates are (x, y, 1) in pixels from the middle of the picture, y downwards.
    """
    angle, shear, scale = (rng.uniform(-most, most, count) for most in (ROTATION, SHEAR, SCALE))
    shift = rng.uniform(-SHIFT, SHIFT, (count, 2, 1))
    cosine, sine, size = np.cos(angle), np.sin(angle), np.exp(-scale)
    turn = np.moveaxis(np.array([[cosine, sine], [-sine, cosine]]) * size, -1, 0)  # [count, 2, 2]
    slant = np.zeros((count, 2, 2))
    slant[:, 0, 0] = slant[:, 1, 1] = 1
    slant[:, 0, 1] = shear
    linear = np.einsum("nij,njk->nik", slant, turn)
    return np.concatenate([linear, -np.einsum("nij,njk->nik", linear, shift)], axis=2).astype(np.float32)


def resample(ink: Floats, maps: Floats) -> Floats:
    """Return pictures moved by affine maps, with bilinear interpolation; outside is paper (0).

    Parameters
    ----------
    ink
        [n, 784].
    maps
        [n, 2, 3], see `transforms`.
    """
    middle = np.float32((SIDE - 1) / 2)
    down, across = np.indices((SIDE, SIDE), np.float32).reshape(2, -1) - middle
    grid = np.stack([across, down, np.ones_like(down)])  # [3, 784]
    where = np.einsum("nij,jp->nip", maps, grid) + (middle + 1)  # in a picture with a border of one pixel
    np.clip(where, 0, SIDE + 1, out=where)
    wide = SIDE + 3  # the border, and one more column that only an index at the edge reads
    padded = np.zeros((len(ink), wide, wide), np.float32)
    padded[:, 1 : SIDE + 1, 1 : SIDE + 1] = ink.reshape(-1, SIDE, SIDE)
    flat = padded.reshape(-1)
    corner = where.astype(np.int32)  # the pixel to the upper left
    x, y = np.moveaxis(where - corner, 1, 0)
    first = (
        corner[:, 1] * wide + corner[:, 0] + (np.arange(len(ink), dtype=np.int32) * (wide * wide))[:, None]
    )
    above = flat[first] * (1 - x) + flat[first + 1] * x
    below = flat[first + wide] * (1 - x) + flat[first + wide + 1] * x
    return np.asarray(above * (1 - y) + below * y)


def nearest(letters: Letters, pixels: Floats, count: int, *, split: str = "train") -> Indices:
    """Return the clean letters of a split that are nearest to a picture, the nearest first, [count].

    Parameters
    ----------
    pixels
        One picture, [784], as in `Sample`. The distance is Euclidean.
    """
    members = letters.members(split)
    apart = letters.ink[members] - (pixels + np.float32(0.5))
    distances = np.einsum("np,np->n", apart, apart)
    return members[np.argsort(distances, kind="stable")[:count]]
