"""Committed files that come from others are current, and a check finds one that is not."""

from pathlib import Path

import pytest
from scripts import generate, maps
from scripts.command import BuildError
from scripts.sections import with_section


def test_every_generated_file_is_current() -> None:
    assert [path for path, _ in generate.stale()] == [], "run: make generate"


def test_a_file_that_is_missing_or_differs_is_found_with_what_it_should_contain(tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in "abc")
    one.write_text("old\n")
    two.write_text("new\n")
    found = generate.stale((lambda: {one: "new\n", two: "new\n"}, lambda: {three: "new\n"}))
    assert list(found) == [(one, "new\n"), (three, "new\n")]


def test_a_section_is_replaced_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- map: begin -->\nold\n<!-- map: end -->\nb\n")
    assert with_section(page, "map", "new \\1") == "a\n<!-- map: begin -->\nnew \\1\n<!-- map: end -->\nb\n"
    with pytest.raises(BuildError, match="other: begin"):
        with_section(page, "other", "new")


def test_a_room_of_the_map_says_what_it_is(tmp_path: Path) -> None:
    assert maps.first_line("py/goosequill/serve").endswith("API, for `goosequill serve`.")
    assert maps.first_line("site/ui").startswith("What all pages share")
    assert maps.first_line("npm").startswith("RWKV language models"), "a heading says less"
    assert maps.first_line("site/storage").startswith("What this site keeps"), "it is the page's description"
    with pytest.raises(BuildError, match="site/ui/languages/README"):
        maps.first_line("site/ui/languages")


def test_the_short_map_names_the_rooms_inside_each_folder() -> None:
    every, outer = maps.tables()
    assert "| `site/search/static/` |" in every and "| `site/search/static/` |" not in outer
    assert "`search/`, `search/static/`" in outer
