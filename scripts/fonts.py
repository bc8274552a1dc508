"""Subset the vendored fonts to the @font-face rules of tokens.css, and write rules for their stand-ins.

A rule names the source and the subset (`literata-latin-wght-normal.text.woff2`), its weights and its
characters; everything else is removed, so a page loads little more than it shows.

While a font is on its way, and on a visit for which it comes too late, a font of the reader's machine stands
in for it: scaled so that an average text is as wide, with the same ascent and descent, so that lines break
where they do with our font. To measure another such font: python -m scripts.fonts FILE
"""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import Iterator
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

SAMPLE = (
    "Type the start of a text and a model continues it, inside this page: "
    "nothing you type leaves your machine. Generate, Stop, Undo, Redo, Add to prompt, "
    "Copy link, Clear, Settings, Decoder, Token, Attribution, Inside"
)
"""What the widths of two fonts are compared with: running English, and labels."""

STAND_INS = {
    "Source Sans 3": {
        "DejaVu Sans": (0.5009, 0.5663),
        "Noto Sans": (0.464, 0.4937),
        "Roboto": (0.4326, 0.4424),
        "Liberation Sans,Helvetica,Arial": (0.44, 0.4724),
    },
    "Literata": {
        "DejaVu Serif": (0.5075, 0.5599),
        "Liberation Serif,Times New Roman": (0.4009, 0.4255),
        "Noto Serif": (0.468, 0.4994),
        "Gelasio,Georgia": (0.4377, 0.508),
    },
}
"""For each font, those of Linux, Android, Windows and macOS that stand in for it (the last that is found),
with the average width of SAMPLE's characters in em, regular and bold. Fonts of one line have the same widths:
Liberation those of Arial (Helvetica) and Times New Roman, Gelasio those of Georgia. Fonts for code need none,
as all are 0.6 em wide, and italics are slanted."""
CUTS = ((400, ("", " Regular")), (600, (" Bold",)))
"""The weight of a rule, and what fonts of it are called."""
STAND_IN_RANGE = "U+0-24F, U+2000-22FF"
"""Other scripts look as they did."""

logging.getLogger("fontTools").setLevel(logging.ERROR)


class FaceError(Exception):
    """A font does not have what a rule of the style sheet promises."""


@dataclass(frozen=True)
class Face:
    """One @font-face rule."""

    family: str
    style: str
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
        family, style = values["font-family"].strip('"'), values["font-style"]
        faces.append(Face(family, style, name, f"{file[1]}.woff2", (weights[0], weights[-1]), characters))
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


def average_width(font: TTFont, weight: int) -> float:
    """Return the average width of SAMPLE's characters in em."""
    names = font.getBestCmap()
    glyphs = font.getGlyphSet(location={"wght": weight} if "fvar" in font else None)
    return float(
        sum(glyphs[names[ord(each)]].width for each in SAMPLE) / len(SAMPLE) / font["head"].unitsPerEm
    )


def stand_in(family: str, cut: int, names: str, width: float, font: TTFont) -> str:
    """Return the rule of a font of the reader's machine that takes the place of ours."""
    weight, suffixes = CUTS[cut]
    scale = average_width(font, weight) / width
    # Percentages of the scaled size, so that the line is as high as with our font.
    ascent, descent = (
        abs(part) / font["head"].unitsPerEm / scale for part in (font["hhea"].ascent, font["hhea"].descent)
    )
    local = ", ".join(f'local("{name}{suffix}")' for name in names.split(",") for suffix in suffixes)
    return (
        f'@font-face {{ font-family: "{family} stand-in"; font-weight: {weight}; src: {local}; '
        f"size-adjust: {scale:.1%}; ascent-override: {ascent:.0%}; descent-override: {descent:.0%}; "
        f"line-gap-override: 0%; unicode-range: {STAND_IN_RANGE}; }}\n"
    )


def stand_ins(css: str) -> Iterator[str]:
    """Yield the rules for the fonts of a style sheet."""
    sources = {face.family: face.source for face in reversed(read_faces(css)) if face.style == "normal"}
    for family, stated in STAND_INS.items():
        font = opened((SOURCES / sources[family]).read_bytes())
        for names, widths in stated.items():
            for cut, width in enumerate(widths):
                yield stand_in(family, cut, names, width, font)


def write_faces(css: Path, output: Path) -> None:
    """Write every face of a style sheet into `output`."""
    output.mkdir(parents=True, exist_ok=True)
    for face in read_faces(css.read_text(encoding="utf-8")):
        (output / face.file).write_bytes(cached_face(face))


def add_stand_ins(css: Path) -> None:
    """Put the rules before a style sheet's own, so that it can name them."""
    text = css.read_text(encoding="utf-8")
    css.write_text("".join(stand_ins(text)) + text, encoding="utf-8")


if __name__ == "__main__":
    for file in sys.argv[1:]:
        print(f"{average_width(TTFont(file), 400):.4f} {file}")
