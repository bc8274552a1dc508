"""The maps of the repository in README.md and in docs/how-to/contribute.md.

They list the rooms of budgets.toml, each with its own first line: that of its README, of its package's
docstring or, for the folder of a page, what site/pages.json says of it.
"""

from __future__ import annotations

import ast
from pathlib import Path

from scripts.command import ROOT, BuildError
from scripts.pages import read_pages
from scripts.rooms import read_budgets
from scripts.sections import with_section

NOT_LISTED = "docs/"
"""Rooms in the folder of the articles have no line of their own."""


def first_line(room: str, root: Path = ROOT) -> str:
    """Return what a room says of itself.

    Raises:
        BuildError: it says nothing
    """
    folder = root / room
    for name in ("README", "README.md"):
        if (folder / name).is_file():
            lines = (folder / name).read_text(encoding="utf-8").splitlines()
            return next(line for line in lines if line and not line.startswith("#"))
    package = folder / "__init__.py"
    if package.is_file() and (doc := ast.get_docstring(ast.parse(package.read_bytes()))):
        return doc.splitlines()[0].replace("``", "`")
    pages = {f"site/{page.address}": page.description for page in read_pages(root)}
    if f"{room}/" in pages:
        return pages[f"{room}/"]
    raise BuildError(f"{room} says nowhere what it is: write one line into {room}/README")


def tables() -> tuple[str, str]:
    """Return the table of all rooms, and that of the outer ones, which name the rooms inside."""
    rooms = [room for room in read_budgets() if not room.startswith(NOT_LISTED)]
    every = [(f"`{room}/`", first_line(room)) for room in rooms]
    outer: list[tuple[str, str]] = []
    for room in rooms:
        if any(room.startswith(f"{other}/") for other in rooms):
            continue
        inner = [f"`{each.removeprefix(room)[1:]}/`" for each in rooms if each.startswith(f"{room}/")]
        outer.append((f"`{room}/`", " ".join([first_line(room), ", ".join(inner)]).strip()))
    return _table(every), _table(outer)


def _table(rows: list[tuple[str, str]]) -> str:
    return "\n".join(
        f"| {left} | {right} |" for left, right in [("folder", "contents"), ("---", "---"), *rows]
    )


def files() -> dict[Path, str]:
    every, outer = tables()
    readme, article = ROOT / "README.md", ROOT / "docs" / "how-to" / "contribute.md"
    return {readme: with_section(readme, "map", outer), article: with_section(article, "map", every)}
