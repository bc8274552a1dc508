"""The home page's pictures: each in both themes, of the size that the page reserves, and small."""

import re

import pytest
from scripts import pictures
from scripts.command import ROOT


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height of an extended WebP file, whose header has both, less one, in 24 bits each."""
    assert data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X"
    return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1


@pytest.mark.parametrize("name", pictures.PICTURES)
@pytest.mark.parametrize("theme", pictures.THEMES)
def test_a_picture_has_twice_the_size_that_it_is_shown_in(name: str, theme: str) -> None:
    data = (pictures.FOLDER / f"{name}-{theme}.webp").read_bytes()
    width, height = size_of(data)
    assert width == 2 * pictures.SHOWN[0] and abs(height - 2 * pictures.SHOWN[1]) <= 2
    assert len(data) <= pictures.LARGEST


def test_the_page_shows_every_picture_and_reserves_its_space() -> None:
    page = (ROOT / "overrides" / "home.html").read_text(encoding="utf-8")
    assert set(re.findall(r'picture\("(\w+)"', page)) == set(pictures.PICTURES)
    assert 'width="{}" height="{}"'.format(*pictures.SHOWN) in page
    files = {path.stem for path in pictures.FOLDER.glob("*")}
    assert files == {f"{name}-{theme}" for name in pictures.PICTURES for theme in pictures.THEMES}
