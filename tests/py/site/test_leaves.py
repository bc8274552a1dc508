"""Pages are leaves: what two of them share is a library, and no library needs a page.

Every quoted file name in `site/` and in the JavaScript tests counts: imports, types, workers and styles.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.command import ROOT

SITE = ROOT / "site"
TESTS = ROOT / "tests" / "js"
LIBRARIES = {
    "ui",
    "engine",
    "collections",
    "decoder",
    "reports",
    "prompt-api",
    "models",
    "vendor",
}
PAGES = {path.name for path in SITE.iterdir() if path.is_dir()} - LIBRARIES
ALLOWED = {("embed", "widget")}
"""The frame that other sites embed contains the element."""

QUOTED = re.compile(r"""["'`]([\w./-]+\.(?:js|css))["'`]""")


def rooms_named(file: Path) -> Iterator[str]:
    """Yield the folder of each file that a source names, relative to itself, or a page's to the site."""
    for name in QUOTED.findall(file.read_text(encoding="utf-8")):
        base = file.parent if name.startswith(".") else SITE
        path = Path(os.path.normpath(base / name))
        for root in (SITE, TESTS):
            if path.is_relative_to(root):
                yield path.relative_to(root).parts[0]


def arrows(root: Path) -> set[tuple[str, str]]:
    """Return the pairs of folders of which the first names a file of the second, a page."""
    found = set()
    for file in root.rglob("*.*"):
        room = file.relative_to(root).parts[0]
        if file.suffix in {".js", ".css", ".html"} and room in LIBRARIES - {"vendor"} | PAGES:
            found |= {(room, other) for other in rooms_named(file) if other in PAGES - {room}}
    return found


@pytest.mark.parametrize("root", [SITE, TESTS], ids=["sources", "tests"])
def test_only_a_page_itself_imports_its_files(root: Path) -> None:
    assert arrows(root) - ALLOWED == set()
