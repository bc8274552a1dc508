"""Links in a folder that lead out of it: whoever sends a folder must not choose what else is read."""

from __future__ import annotations

from pathlib import Path

REMEDY = "Copy the file itself into the folder."


def leads_out(folder: Path, path: Path) -> bool:
    """Return whether a path below a folder is, by a link, one outside of it.

    The folder itself may be a link. A link to nothing leads where it points; one in a circle, nowhere.
    """
    try:
        return not path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False
