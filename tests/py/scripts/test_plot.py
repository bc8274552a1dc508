"""The bundle of Observable Plot: small, without eval, with a licence for every package in it."""

import gzip
import re
from pathlib import Path

import pytest
from scripts import plot

LIMIT = 70_000
"""Bytes of plot.js after gzip; a page of the laboratory may weigh 250 kB."""


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vendor")
    plot.build_plot(folder)
    return folder


def test_the_bundle_is_small_and_never_evaluates_text(vendor: Path) -> None:
    script = (vendor / "plot.js").read_text(encoding="utf-8")
    assert len(gzip.compress(script.encode(), 9)) <= LIMIT
    assert not re.search(r"\beval\(|\bnew Function\b|\bFunction\(", script)
    assert not re.search(r"^import\b|\bimport\(", script, re.MULTILINE), "it must be complete"


def test_every_package_in_the_bundle_has_its_licence(vendor: Path) -> None:
    text = (vendor / "licences" / "plot.txt").read_text(encoding="utf-8")
    heads = re.findall(r"^(\S+) \d+\.\d+\.\d+$", text, re.MULTILINE)
    assert {"@observablehq/plot", "d3-scale", "d3-shape", "isoformat"} <= set(heads)
    assert text.count("Permission to use, copy, modify") == len(heads)


def test_two_bundles_have_the_same_bytes(vendor: Path, tmp_path: Path) -> None:
    plot.build_plot(tmp_path)
    for name in ("plot.js", "licences/plot.txt"):
        assert (tmp_path / name).read_bytes() == (vendor / name).read_bytes()
