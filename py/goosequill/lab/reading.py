"""Reading a page: lines and letters are found, letters read by logistic regression, and words in four ways.

The text is set in a face of a family that the networks have not seen, and spoiled. Pages are made in
`page_images` and divided in `page_cells`; words are read in `word_lists` and `word_beam`. The networks, the
words and the study come from files that scripts/lab_data/reading_study.py made. Nothing is drawn here.
"""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.lab import classifier, page_cells, page_images, word_beam, word_lists
from goosequill.lab.classifier import Layer
from goosequill.lab.letters_data import ALPHABET, Floats
from goosequill.lab.page_cells import Cell, Layout, Piece
from goosequill.loading.load import LoadedModel, load_files
from goosequill.parameters import ParameterSet, neutral_setting, setting
from goosequill.support.progress import Progress
from goosequill.weights import BytesSource

MODEL = ("config.json", "model.safetensors", "tokenizer.json")
FOLDER = "models/default/"
NETWORKS = "reading-networks.npz"
FACES_FILE = "reading-faces.npz"
WORDS = "reading-words.txt"
STUDY = "reading-study.json"
FACES = (
    "Arimo", "Clear Sans", "Fanwood", "DejaVu Serif Bold", "Century Catalogue", "Cousine", "Junction",
    "kiloji", "Johnny Mac Scrawl", "Bocuma", "Jupiter Crash", "Automatica",
)  # fmt: skip
"""All of families in the test part of the letters' data."""
READINGS = ("none", "corrected", "words", "model")
MOST_LETTERS = 160
CUT_PRICE = 0.5
"""What a piece costs: see `page_cells.best_cut`."""
MODEL_WEIGHT = 1.0
WIDTH = 8
CHOICES = 3
"""Letters that are shown for each picture."""


class Settings(ParameterSet):
    """The settings of the experiment."""

    text: str = setting(
        "Text",
        "What is written, in capitals: up to 160 letters.",
        default="The harbour was dark and a cold wind came over the water",
    )
    face: str = setting(
        "Face", "Each is of a family that the networks have never seen.", default="Arimo", choices=FACES
    )
    spacing: int = setting(
        "Letter spacing", "Pixels between two letters; less than 1 lets them touch.", default=3, range=(-4, 8)
    )
    noise: float = neutral_setting(
        "Standard deviation of the noise; paper is 0 and ink is 1.", default=0.0, range=(0.0, 0.6, 0.02)
    )
    blur: float = neutral_setting(
        "Standard deviation of the blur, pixels.", default=0.0, range=(0.0, 3.0, 0.1)
    )
    rotation: float = neutral_setting(
        "Degrees by which the sheet is turned.", default=0.0, range=(-6.0, 6.0, 0.25)
    )
    gap: float = setting(
        "Word gap",
        "How much wider than usual for its line a gap between two words is, in heights of the line.",
        default=page_cells.WORD_GAP,
        range=(-0.1, 1.0, 0.02),
    )
    cut: bool = setting(
        "Cut letters that touch", "Cut wide parts where the pieces read better.", default=True, neutral=False
    )
    hidden: bool = neutral_setting(
        "Hidden layer", "Read letters with 128 hidden units, not by logistic regression.", default=False
    )
    model: bool = setting(
        "Language model", "Read with the site's default model, too.", default=True, neutral=False
    )
    seed: int = setting("Numbers the noise.", default=0, range=(0, 2**31 - 1))


DESCRIPTION = Settings.describe(
    "reading",
    "Reading a page",
    "Finds the letters of a page, reads them by logistic regression, and its words in four ways.",
    "maximize sum(log p(letter | picture)) + log p(words) over the words of a list, or of a language model",
    "Norvig 2007 (corrector); Viterbi 1967; Otsu 1979 (threshold); Levenshtein 1966 (edits)",
)


def files(settings: Settings) -> tuple[str, ...]:
    """Return the data files that a run needs: the language model is a file of the site."""
    model = (FOLDER + name for name in MODEL) if settings.model else ()
    return (NETWORKS, FACES_FILE, WORDS, STUDY, *model)


# ---- Files ----


@lru_cache(maxsize=4)
def networks(content: bytes) -> dict[str, list[Layer]]:
    """Return the networks "linear" and "hidden" for pixels from -0.5 (paper) to 0.5 (ink).

    Raises
    ------
    SettingsError
        ``lab-data``: the file is damaged; so do `faces` and `word_lists.read`.
    """
    found: dict[str, list[Layer]] = {}
    with _archive(content) as held:
        for name, layers in (("linear", 1), ("hidden", 2)):
            found[name] = [
                Layer(
                    held[f"{name}.{index}.weights"].astype(np.float32) * held[f"{name}.{index}.scale"],
                    held[f"{name}.{index}.bias"],
                )
                for index in range(layers)
            ]
    return found


@lru_cache(maxsize=4)
def faces(content: bytes) -> dict[str, NDArray[np.uint8]]:
    """Return the faces that a page can be set in, [26, 28, 28] each, 0 to 15."""
    with _archive(content) as held:
        return dict(zip(FACES, held["faces"], strict=True))


class _archive:
    """Opens an archive of arrays; what is wrong with it becomes a `SettingsError`."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __enter__(self) -> Any:
        try:
            return np.load(io.BytesIO(self.content), allow_pickle=False)
        except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
            raise _damaged(error) from error

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (KeyError, ValueError, EOFError, BadZipFile, zlib.error)):
            raise _damaged(error) from error


def _damaged(error: object) -> SettingsError:
    return SettingsError(
        f"A data file of the page cannot be read: {error}.", code="lab-data", remedy="Load the page again."
    )


known_words = lru_cache(maxsize=2)(word_lists.read)


@lru_cache(maxsize=1)
def language_model(config: bytes, tensors: bytes, tokenizer: bytes) -> tuple[LoadedModel, word_beam.Spelling]:
    """Return the language model of the files `MODEL`, and what its tokens spell."""
    contents = zip(MODEL, (config, tensors, tokenizer), strict=True)
    loaded = load_files({name: BytesSource(content, name) for name, content in contents})
    return loaded, word_beam.spelling(loaded.tokenizer, loaded.model.config.vocab_size)


# ---- The page ----


def page_of(settings: Settings, face: NDArray[np.uint8]) -> tuple[Floats, str]:
    """Return the page before it is spoiled, and its text in capitals.

    Raises
    ------
    SettingsError
        ``setting-range``: the text has no letter, or too many.
    """
    lines = page_images.lines_of(settings.text[: 4 * MOST_LETTERS])
    wanted = " ".join(lines)
    if not 1 <= len(wanted.replace(" ", "")) <= MOST_LETTERS:
        raise SettingsError(
            "The text has no letter from A to Z, or too many.",
            code="setting-range",
            remedy=f"Give 1 to {MOST_LETTERS} letters.",
        )
    return page_images.typeset(lines, page_images.types(face), settings.spacing), wanted


def page_from(image: Any, width: Any) -> Floats:
    """Return a visitor's picture as a page.

    Parameters
    ----------
    image
        Bytes from 0 (black) to 255 (white), row by row.
    width
        Pixels of a row.

    Raises
    ------
    SettingsError
        ``setting-range``: these are not the bytes of such a picture, or too many.
    """
    is_valid = (
        isinstance(image, bytes)
        and isinstance(width, int)
        and 8 <= width <= 4000
        and 8 * width <= len(image) <= page_cells.MOST_PIXELS
        and len(image) % width == 0
    )
    if not is_valid:
        raise SettingsError(
            "The picture is not valid.",
            code="setting-range",
            remedy=f"Give 8 to 4,000 pixels a row, and {page_cells.MOST_PIXELS:,} at most, one byte each.",
        )
    shades = np.frombuffer(image, np.uint8).reshape(-1, width)
    return np.asarray(1 - shades / np.float32(255), np.float32)


def spoil(page: Floats, settings: Settings) -> Floats:
    """Return a page turned, blurred, and with noise."""
    turned = page_images.turn(page, settings.rotation)
    blurred = page_images.blur(turned, settings.blur)
    return page_images.noisy(blurred, settings.noise, np.random.default_rng(settings.seed))


def png(page: Floats) -> str:
    """Return a page as the address of a picture, dark on white, in 16 shades (PNG's specification, 2003)."""
    shades = np.round(15 * (1 - page)).astype(np.uint8)
    if shades.shape[1] % 2:
        shades = np.pad(shades, ((0, 0), (0, 1)), constant_values=15)
    rows = np.pad(shades[:, ::2] << 4 | shades[:, 1::2], ((0, 0), (1, 0)))  # a row begins with its filter, 0

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", page.shape[1], page.shape[0], 4, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + parts).decode()


# ---- Reading ----


@dataclass(frozen=True)
class Letter:
    """A piece of a page that is read as one letter."""

    cell: Cell
    piece: Piece
    picture: Floats  # [784], 0 to 1
    logs: NDArray[np.float64]
    """log p(letter | picture), [26]."""


def log_probabilities(layers: Sequence[Layer], pictures: Floats) -> NDArray[np.float64]:
    """Return log p(letter | picture), [n, 26], of pictures [n, 784], 0 to 1."""
    _, logits = classifier.forward(layers, pictures - np.float32(0.5))
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))


def letters_of(layout: Layout, layers: Sequence[Layer], *, cut: bool) -> tuple[list[Letter], list[list[int]]]:
    """Return the letters of a page from its beginning, and the candidates for cuts of each cell.

    All pieces are read at once; without `cut`, a cell is one letter, but its candidates are found.
    """
    candidates = [page_cells.cut_candidates(layout, cell) for cell in layout.cells]
    possible = [
        page_cells.pieces(cell, cuts if cut else ())
        for cell, cuts in zip(layout.cells, candidates, strict=True)
    ]
    pictures = np.stack([
        page_cells.picture(layout, cell, *piece)
        for cell, each in zip(layout.cells, possible, strict=True)
        for piece in each
    ])  # fmt: skip
    logs = log_probabilities(layers, pictures)
    found, first = list[Letter](), 0
    for cell, each in zip(layout.cells, possible, strict=True):
        rows = {piece: first + index for index, piece in enumerate(each)}
        first += len(each)
        scores = {piece: float(logs[row].max()) for piece, row in rows.items()}
        for piece in page_cells.best_cut(cell, scores, CUT_PRICE):
            found.append(Letter(cell, piece, pictures[rows[piece]], logs[rows[piece]]))
    return found, candidates


def words_of(letters: Sequence[Letter]) -> list[NDArray[np.float64]]:
    """Return the letters' log-probabilities by words, [letters, 26] each."""
    return [
        np.stack([letter.logs for letter in each])
        for _, each in groupby(letters, key=lambda letter: letter.cell.word)
    ]


def without_model(words: Sequence[NDArray[np.float64]], known: word_lists.WordList) -> dict[str, str]:
    """Return the text by the best letters alone, after Norvig's corrector, and by the list of words."""
    raw = ["".join(ALPHABET[index] for index in word.argmax(axis=1)) for word in words]
    return {
        "none": " ".join(raw),
        "corrected": " ".join(word_lists.corrected(known, word) for word in raw),
        "words": " ".join(word_lists.best_word(known, word)[0] for word in words),
    }


def compute(
    settings: Settings, *, files: Mapping[str, bytes], image: Any = None, width: Any = 0
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Read a page.

    Parameters
    ----------
    image, width
        A visitor's picture instead of the text: see `page_from`. The sliders spoil it, too.

    Yields
    ------
    Progress or dict
        First everything but the language model's reading.

    Returns
    -------
    dict
        ``page``, a picture; ``size``, its height and width; ``lines`` and ``cells``, their boxes (left, top,
        right, bottom); ``cuts``, [column, top, bottom, whether it was cut there] of each candidate;
        ``letters``, see `_shown`; ``readings`` by name, see `READINGS`; ``wanted``, the text, "" for a
        visitor's picture; ``rates``, the character and the word error rate of each reading; ``words``, how
        many the list has, and ``nodes``, those of its trie; ``study``.

    Raises
    ------
    SettingsError
        ``setting-range``, from `page_of`, `page_from` and `page_cells.divide`; ``lab-data``.
    """
    yield Progress("letters", 0, 0)
    if image is None:
        page, wanted = page_of(settings, faces(files[FACES_FILE])[settings.face])
    else:
        page, wanted = page_from(image, width), ""
    page = spoil(page, settings)
    layout = page_cells.divide(page, settings.gap)
    layers = networks(files[NETWORKS])["hidden" if settings.hidden else "linear"]
    letters, candidates = letters_of(layout, layers, cut=settings.cut)
    words, known = words_of(letters), known_words(files[WORDS])
    readings = without_model(words, known)
    result = {
        "page": png(page),
        "size": page.shape,
        "lines": np.array(layout.lines),
        "cells": np.array([cell.box for cell in layout.cells]),
        "cuts": list(_cuts(layout, letters, candidates)),
        "letters": [_shown(letter) for letter in letters],
        "wanted": wanted,
        "words": len(known.words),
        "nodes": known.nodes,
        "study": json.loads(files[STUDY]),
        **_judged(readings, wanted),
    }
    if not settings.model:
        return result
    yield result
    loaded, spelled = language_model(*(files[FOLDER + name] for name in MODEL))
    text = yield from word_beam.read(
        loaded.model, loaded.tokenizer, spelled, words, width=WIDTH, weight=MODEL_WEIGHT
    )
    return result | _judged(readings | {"model": text}, wanted)


@lru_cache(maxsize=8)
def _rates(wanted: str, text: str) -> tuple[float, float]:
    return word_lists.error_rates(wanted, text.upper())


def _judged(readings: Mapping[str, str], wanted: str) -> dict[str, Any]:
    rates = {name: _rates(wanted, text) for name, text in readings.items()}
    return {"readings": dict(readings), "rates": rates if wanted else {}}


def _shown(letter: Letter) -> dict[str, Any]:
    """Return a letter's ``box``, ``line`` and ``word``, and its likeliest ``choices`` with probabilities.

    Unless a line or a cut is there, ``gap`` is that before it: how much wider than usual, in heights.
    """
    box, gap = letter.cell.box, letter.cell.gap
    best = np.argsort(-letter.logs, kind="stable")[:CHOICES]
    return {
        "box": [letter.piece[0], box.top, letter.piece[1], box.bottom],
        "line": letter.cell.line,
        "word": letter.cell.word,
        **({} if gap is None or letter.piece[0] > box.left else {"gap": gap}),
        "choices": [[ALPHABET[index], round(float(np.exp(letter.logs[index])), 4)] for index in best],
    }


def _cuts(
    layout: Layout, letters: Sequence[Letter], candidates: Sequence[Sequence[int]]
) -> Iterator[list[Any]]:
    made = {(letter.cell.box, letter.piece[0]) for letter in letters}
    for cell, cuts in zip(layout.cells, candidates, strict=True):
        for column in cuts:
            yield [column, cell.box.top, cell.box.bottom, (cell.box, column) in made]
