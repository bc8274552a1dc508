"""The part of an article that a script writes, between <!-- NAME: begin --> and <!-- NAME: end -->."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.command import BuildError


def with_section(path: Path, name: str, content: str) -> str:
    """Return the text of a file with other content between the marks.

    Raises:
        BuildError: the file does not have the marks, once
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    section = f"{begin}\n{content}\n{end}"
    between = f"{re.escape(begin)}.*?{re.escape(end)}"
    text, count = re.subn(between, lambda _: section, path.read_text(encoding="utf-8"), flags=re.DOTALL)
    if count != 1:
        raise BuildError(f"{path} does not contain the marks {begin} and {end} once")
    return text
