"""The two ways in how-it-works.md are those that the code takes: another file of each imports the next."""

import re
from pathlib import Path

import pytest
from scripts.command import ROOT

ARTICLE = (ROOT / "docs" / "explanation" / "how-it-works.md").read_text(encoding="utf-8")
STEP = re.compile(r"^(\d+)\. `([^`]+)`(, by (?:message|name))?", re.MULTILINE)
MOST = 25
"""Files of a way: whoever adds one takes one out, or joins two."""


def steps(way: str) -> list[tuple[Path, bool]]:
    """The files of a way, and whether the one before reaches it by a message, a table or a handle."""
    (section,) = re.findall(rf"^## The way of a {way}$(.*?)^## ", ARTICLE, re.MULTILINE | re.DOTALL)
    found = STEP.findall(section)
    assert [int(number) for number, *_ in found] == list(range(1, len(found) + 1))
    return [(ROOT / path, bool(apart)) for _, path, apart in found]


def is_named_by(file: Path, source: str) -> bool:
    """Whether a source imports a file, or names one of its functions as a job."""
    if file.suffix == ".js":
        return re.search(rf"""["'][./][^"']*/{re.escape(file.name)}["']""", source) is not None
    module = ".".join(file.relative_to(ROOT / "py").with_suffix("").parts)
    return re.search(rf"^from {module} import |\"{module}:\w", source, re.MULTILINE) is not None


@pytest.mark.parametrize("way", ["prompt", "report"])
def test_a_way_has_few_files_each_of_which_another_one_of_it_imports(way: str) -> None:
    found = steps(way)
    assert 10 < len(found) <= MOST
    sources = {file: file.read_text(encoding="utf-8") for file, _ in found}
    assert len(sources) == len(found), "no file twice"
    assert [
        file.name
        for file, apart in found[1:]
        if not apart
        and not any(is_named_by(file, source) for other, source in sources.items() if other != file)
    ] == []
