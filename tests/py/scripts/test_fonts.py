"""The fonts contain what the style sheet promises, and nothing else."""

import io
import re
from dataclasses import replace
from pathlib import Path

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


RULES = list(fonts.stand_ins(CSS))
FREE = {"DejaVu Sans": "DejaVuSans", "DejaVu Serif": "DejaVuSerif"}


@pytest.mark.parametrize("family", fonts.STAND_INS)
def test_a_stand_in_is_named_after_each_font_and_has_its_height(family: str) -> None:
    assert re.search(rf'--\w+:\s+"?{family}"?, "{family} stand-in",', CSS)
    rules = [rule for rule in RULES if f'"{family} stand-in"' in rule]
    assert rules
    (upright, *_) = (face for face in FACES if face.family == family)
    font = TTFont(fonts.SOURCES / upright.source)
    for rule in rules:
        scale, ascent, descent = (float(each) / 100 for each in re.findall(r"([\d.]+)%", rule)[:3])
        assert scale * ascent == pytest.approx(font["hhea"].ascent / font["head"].unitsPerEm, abs=0.01)
        assert scale * descent == pytest.approx(-font["hhea"].descent / font["head"].unitsPerEm, abs=0.01)


def test_a_stand_in_is_scaled_to_the_average_width_of_its_font() -> None:
    font = TTFont(fonts.SOURCES / "source-sans-3-latin-wght-normal.woff2")
    regular, bold = (fonts.average_width(font, weight) for weight in (400, 600))
    assert 0.4 < regular < bold < 0.45
    assert f"size-adjust: {regular / 0.44:.1%}" in fonts.stand_in("Source Sans 3", 0, "Arial", 0.44, font)
    assert f"size-adjust: {bold / 0.4724:.1%}" in fonts.stand_in("Source Sans 3", 1, "Arial", 0.4724, font)
    assert 'local("Arial Bold")' in fonts.stand_in("Source Sans 3", 1, "Arial", 0.4724, font)


@pytest.mark.parametrize("name", FREE)
def test_the_stated_width_is_that_of_the_font(name: str) -> None:
    file = Path("/usr/share/fonts/truetype/dejavu") / f"{FREE[name]}.ttf"
    if not file.is_file():
        pytest.skip("the font is not on this machine")
    (stated,) = (
        widths[0]
        for group in fonts.STAND_INS.values()
        for names, widths in group.items()
        if name in names.split(",")
    )
    assert fonts.average_width(TTFont(file), 400) == pytest.approx(stated, abs=1e-4)
