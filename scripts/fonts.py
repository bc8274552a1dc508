"""Subset the vendored fonts to the @font-face rules of tokens.css.

A rule names the source and the subset (`literata-latin-wght-normal.text.woff2`), its weights and its
characters; everything else is removed, so a page loads little more than it shows.
"""

from __future__ import annotations

import io
import logging
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import fontTools
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont
from scripts.kept import digest, kept

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "build" / "vendor" / "fonts"

FEATURES = ["ccmp", "locl", "mark", "mkmk", "kern", "liga", "tnum", "frac", "numr", "dnom"]
"""OpenType features that text needs, and the figures that the styles use; no ligatures in code."""
UNUSED_TABLES = ["vhea", "vmtx", "VVAR", "BASE", "DSIG"]  # vertical text, and a signature
NAMES = [0, 1, 2, 13, 14]  # copyright, family, style, licence and its address

logging.getLogger("fontTools").setLevel(logging.ERROR)


class FaceError(Exception):
    """A font does not have what a rule of the style sheet promises."""


@dataclass(frozen=True)
class Face:
    """One @font-face rule."""

    file: str  # below vendor/fonts/
    source: str  # the vendored file's name
    weights: tuple[int, int]
    characters: frozenset[int]


def read_range(text: str) -> frozenset[int]:
    """Return the characters of a `unicode-range`."""
    found: set[int] = set()
    for first, last in re.findall(r"U\+([0-9A-F]+)(?:-([0-9A-F]+))?", text, re.IGNORECASE):
        found.update(range(int(first, 16), int(last or first, 16) + 1))
    return frozenset(found)


def read_faces(css: str) -> list[Face]:
    """Return the faces of a style sheet, in its order."""
    faces = []
    for rule in re.findall(r"@font-face\s*\{(.*?)\}", css, re.DOTALL):
        values = dict(re.findall(r"([\w-]+):\s*(.*?)\s*;", rule, re.DOTALL))
        file = re.search(r'url\("[^"]*vendor/fonts/([\w-]+)(\.\w+)?\.woff2"\)', values["src"])
        if file is None:
            continue
        weights = [int(weight) for weight in values["font-weight"].split()]
        name = f"{file[1]}{file[2] or ''}.woff2"
        characters = read_range(values["unicode-range"])
        faces.append(Face(name, f"{file[1]}.woff2", (weights[0], weights[-1]), characters))
    return faces


def opened(data: bytes) -> TTFont:
    return TTFont(io.BytesIO(data), recalcTimestamp=False)


def packed(font: TTFont, flavor: str | None) -> bytes:
    font.flavor = flavor
    target = io.BytesIO()
    font.save(target)
    return target.getvalue()


def make_face(source: bytes, face: Face) -> bytes:
    """Return the face as woff2, reduced to its characters and weights; the same bytes at every build."""
    font = opened(source)
    if missing := {chr(code) for code in face.characters} - {chr(code) for code in font.getBestCmap()}:
        raise FaceError(f"{face.source} has no {' '.join(sorted(missing))}, which {face.file} promises")
    options = Options(hinting=False, recalc_timestamp=False)
    options.layout_features = FEATURES
    options.name_IDs = NAMES
    options.drop_tables += UNUSED_TABLES
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=face.characters)
    subsetter.subset(font)
    # Reloaded, because the instancer needs consistent tables.
    font = opened(packed(font, None))
    low, high = face.weights
    instantiateVariableFont(font, {"wght": low if low == high else (low, high)}, inplace=True)
    return packed(font, "woff2")


def cached_face(face: Face) -> bytes:
    """Return the face, made again if the rule, the source or this code has changed."""
    source, rule = SOURCES / face.source, f"{face.weights} {sorted(face.characters)}"
    key = digest(fontTools.version, Path(__file__), rule, source)
    make = partial(make_face, source.read_bytes(), face)
    return kept(face.file, key, lambda path: path.write_bytes(make())).read_bytes()


def write_faces(css: Path, output: Path) -> None:
    """Write every face of a style sheet into `output`."""
    output.mkdir(parents=True, exist_ok=True)
    for face in read_faces(css.read_text(encoding="utf-8")):
        (output / face.file).write_bytes(cached_face(face))
