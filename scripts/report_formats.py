"""The formats of reports, from the list of their readers in site/reports, for the comparer and the articles.

<!-- generate: report_formats -->    their names
<!-- generate: report_shapes -->     a table of what each is recognized by
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from functools import cache

from scripts.command import ROOT


@cache
def report_formats() -> list[dict[str, str]]:
    """Return `title` and `shape` of each format; what has no other format, rows, comes last."""
    command = ["node", "scripts/report_formats.js"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found: list[dict[str, str]] = json.loads(printed)
    return found


def names() -> str:
    return "\n".join(f"- {each['title']}" for each in report_formats())


def shapes() -> str:
    rows = (f"| {each['title']} | {each['shape']} |" for each in report_formats())
    return "\n".join(["| Format | Recognized by |", "|---|---|", *rows])


GENERATORS: dict[str, Callable[..., str]] = {"report_formats": names, "report_shapes": shapes}
