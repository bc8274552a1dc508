"""Print the lines of each room beside its budget, and fail above one, so that growth is a decision.

A room is a folder; its budget is in pyproject.toml, [tool.goosequill.budgets]. A file counts for the
innermost room that contains it, so a new folder counts for the room around it until it has its own budget.
Tests, vendored parts, models and whatever the build writes are not counted.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COUNTED = {".py", ".js", ".c", ".h", ".css", ".html"}


def read_budgets(root: Path = ROOT) -> dict[str, int]:
    """Return each room's budget in lines."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return dict(settings["tool"]["goosequill"]["budgets"])


def count_lines(rooms: list[str], root: Path = ROOT) -> dict[str, int]:
    """Return the lines of each room, without those of the rooms inside it."""
    lines = dict.fromkeys(rooms, 0)
    files = {path for room in rooms for path in (root / room).rglob("*") if path.suffix in COUNTED}
    for file in files:
        path = file.relative_to(root).as_posix()
        room = max((room for room in rooms if path.startswith(f"{room}/")), key=len)
        lines[room] += len(file.read_text(encoding="utf-8").splitlines())
    return lines


def main() -> int:
    budgets = read_budgets()
    lines = count_lines(list(budgets))
    for room, budget in budgets.items():
        note = "  over budget" if lines[room] > budget else ""
        print(f"{room:<28}{lines[room]:>7} of {budget:>6}{note}")
    print(f"{'all':<28}{sum(lines.values()):>7} of {sum(budgets.values()):>6}")
    over = [room for room, budget in budgets.items() if lines[room] > budget]
    if over:
        print(
            f"rooms: {', '.join(over)} grew above the budget: take lines out, or raise the budget in "
            "pyproject.toml and say why in the commit",
            file=sys.stderr,
        )
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
