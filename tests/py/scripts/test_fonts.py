"""The fonts contain what the style sheet promises, and nothing else."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from fontTools.ttLib import TTFont
from scripts import fonts

CSS = (fonts.ROOT / "site" / "ui" / "tokens.css").read_text(encoding="utf-8")
FACES = fonts.read_faces(CSS)
SMALL = next(face for face in FACES if face.file == "jetbrains-mono-latin-wght-normal.letters.woff2")


def test_every_rule_of_the_style_sheet_is_read() -> None:
    assert len(FACES) == CSS.count("@font-face") == len({face.file for face in FACES})


@pytest.mark.parametrize("face", FACES, ids=lambda face: str(face.file))
def test_a_face_has_the_characters_and_weights_of_its_rule(face: fonts.Face) -> None:
    font = TTFont(io.BytesIO(fonts.cached_face(face)))
    assert set(font.getBestCmap()) == face.characters
    if "fvar" in font:
        (axis,) = font["fvar"].axes
        assert (axis.axisTag, axis.minValue, axis.maxValue) == ("wght", *face.weights)
    else:
        assert face.weights[0] == face.weights[1]


def test_no_character_is_in_two_subsets_of_one_face() -> None:
    parts: dict[str, set[int]] = {}
    for face in FACES:
        name = face.source.replace("-ext", "")
        assert not parts.setdefault(name, set()) & face.characters
        parts[name] |= face.characters


def test_a_face_has_the_same_bytes_each_time() -> None:
    source = (fonts.SOURCES / SMALL.source).read_bytes()
    assert fonts.make_face(source, SMALL) == fonts.make_face(source, SMALL)


def test_a_character_missing_from_the_source_is_an_error() -> None:
    source = (fonts.SOURCES / SMALL.source).read_bytes()
    with pytest.raises(fonts.FaceError, match="я"):
        fonts.make_face(source, replace(SMALL, characters=SMALL.characters | {ord("я")}))
