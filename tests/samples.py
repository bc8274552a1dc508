"""The samples of code in the documentation: what the tests run of them, and why not the rest.

A sample is a fence that names a language. Python is run, commands of goosequill are run, JSON, TOML and YAML
are read, JavaScript is type-checked by tests/js/docs/samples.test.js, and it, HTML and CSS are run in a page
by tests/browser/test_samples.py. tests/samples.json gives the reason for every other fence, by its first
line, or for a command that is not run, by the command.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests" / "samples.json"
FENCE = re.compile(r"^( *)```(\w+)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
PROSE = {"text"}
"""What a fence of no programming language says it is."""
RUN, READ, IN_PAGE = {"python"}, {"json", "toml", "yaml"}, {"js", "html", "css"}
SHELL = {"sh", "bash"}


@dataclass(frozen=True)
class Sample:
    """A fence of an article."""

    file: str
    language: str
    code: str

    @property
    def first(self) -> str:
        """Its first line, which identifies it in its file."""
        return self.code.strip().splitlines()[0]

    @property
    def commands(self) -> list[str]:
        """The commands of a shell sample, with continued lines joined and comments left out."""
        lines = re.sub(r"\\\n\s*", "", self.code).splitlines()
        return [shlex.join(parts) for line in lines if (parts := shlex.split(line, comments=True))]


def articles() -> list[Path]:
    """Every Markdown file whose samples a reader may copy."""
    return [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "npm/README.md")), *docs()]


def docs() -> list[Path]:
    return sorted((ROOT / "docs").rglob("*.md"))


def samples() -> Iterator[Sample]:
    for path in articles():
        for indent, language, code in FENCE.findall(path.read_text(encoding="utf-8")):
            if language not in PROSE:
                plain = re.sub(rf"^{indent}", "", code, flags=re.MULTILINE)
                yield Sample(path.relative_to(ROOT).as_posix(), language, plain)


def reasons() -> dict[tuple[str, str], str]:
    """Why a sample or a command is not run, by file and first line."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    return {(file, start): reason for file, rows in table.items() for start, reason in rows.items()}
