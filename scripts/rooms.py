"""Print the lines of each room beside its budget, so that growth is a decision.

A room is a folder; its budget is in budgets.toml. A file counts for the innermost room that contains it.
A room above its budget is a warning; where `CI` is set, one that is more than 5% above it is an error.
Tests, vendored parts, models and whatever the build writes are not counted.
"""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGETS = ROOT / "scripts" / "budgets.toml"
COUNTED = {".py", ".js", ".c", ".h", ".css", ".html"}
SLACK = 1.05
HOUSES = ("py/goosequill", "site", "scripts")
"""Folders in which every folder with code is a room."""


def read_budgets() -> dict[str, int]:
    """Return each room's budget in lines."""
    return dict(tomllib.loads(BUDGETS.read_text(encoding="utf-8")))


def count_lines(rooms: list[str], root: Path = ROOT) -> dict[str, int]:
    """Return the lines of each room, without those of the rooms inside it."""
    lines = dict.fromkeys(rooms, 0)
    files = {path for room in rooms for path in (root / room).rglob("*") if path.suffix in COUNTED}
    for file in files:
        path = file.relative_to(root).as_posix()
        room = max((room for room in rooms if path.startswith(f"{room}/")), key=len)
        lines[room] += len(file.read_text(encoding="utf-8").splitlines())
    return lines


def files(root: Path = ROOT) -> dict[Path, str]:
    """Return the budgets with those of new rooms: what these have, rounded up to tens."""
    path = root / BUDGETS.relative_to(ROOT)
    text = path.read_text(encoding="utf-8").splitlines()
    for house in HOUSES:
        inner = [each for each in (root / house).iterdir() if each.is_dir() and not each.is_symlink()]
        for room, lines in sorted(count_lines([f"{house}/{each.name}" for each in inner], root).items()):
            if lines and not any(line.startswith(f'"{room}"') for line in text):
                end = max(at for at, line in enumerate(text) if line.startswith(f'"{house}'))
                text.insert(end + 1, f'"{room}" = {-(-lines // 10) * 10}')
    return {path: "\n".join(text) + "\n"}


def main() -> int:
    budgets = read_budgets()
    lines = count_lines(list(budgets))
    for room, budget in budgets.items():
        print(f"{room:<28}{lines[room]:>7} of {budget:>6}")
    print(f"{'all':<28}{sum(lines.values()):>7} of {sum(budgets.values()):>6}")
    for room, budget in budgets.items():
        if lines[room] > budget:
            print(
                f"warning: {room} has {lines[room]} lines of {budget}: take lines out, or raise the budget "
                "in scripts/budgets.toml and name the capability in the commit",
                file=sys.stderr,
            )
    too_large = any(lines[room] > budget * SLACK for room, budget in budgets.items())
    return 1 if too_large and os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
