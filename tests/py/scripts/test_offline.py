"""What a built site keeps for offline use: at once, or on first use."""

import hashlib
from pathlib import Path

import pytest
from scripts.offline import PART_BYTES, is_part, sort_files, write_precache


@pytest.mark.parametrize(
    ("path", "size", "later"),
    [
        ("playground/index.html", 1000, False),
        ("ui/goose.css", PART_BYTES, False),
        ("assets/large.js", PART_BYTES + 1, True),
        ("python/goosequill.tar.gz", 10, True),
        ("vendor/pyodide/pyodide.mjs", 10, True),
        ("search-index/web/texts-1.bin", PART_BYTES * 10, False),
        ("search-index/web/pieces-1.bin", 10, True),
        ("search-index/material.js", 10, False),
    ],
)
def test_what_is_fetched_on_first_use(path: str, size: int, later: bool) -> None:
    """The documentation's texts once grew by 5 kB over the limit, and its search failed offline."""
    assert is_part(path, size) == later


def test_files_are_sorted_by_path_and_what_nobody_asks_for_is_left_out(tmp_path: Path) -> None:
    for path in (
        "a.html", "a.js.map", "sw.js", "models/m/model.safetensors", "models/m/config.json",
        "search-index/index.json", "search-index/web/search.json", "python/numpy.tar.gz",
    ):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(path.encode())
    shell, parts = sort_files(tmp_path)
    assert list(shell) == ["a.html", "models/m/config.json", "search-index/web/search.json"]
    assert list(parts) == ["python/numpy.tar.gz"]


def test_a_page_contains_the_version_which_depends_on_everything_else(tmp_path: Path) -> None:
    page, script, worker = tmp_path / "a" / "index.html", tmp_path / "a.js", tmp_path / "sw.js"
    page.parent.mkdir()
    page.write_bytes(b'<!doctype html>\r\n<html lang="en">\r\n<p>&lt;html></p>')
    script.write_text("1", encoding="utf-8")
    worker.write_text("1", encoding="utf-8")
    first = write_precache(tmp_path)
    assert page.read_bytes() == (
        f'<!doctype html>\r\n<html lang="en" data-version="{first}">\r\n<p>&lt;html></p>'.encode()
    )
    assert write_precache(tmp_path) == first
    listed = (tmp_path / "precache.js").read_text(encoding="utf-8")
    assert f'"version": "{first}"' in listed
    assert hashlib.sha256(page.read_bytes()).hexdigest() in listed
    versions = {first}
    for file in (script, worker, page):
        file.write_bytes(file.read_bytes() + b"2")
        versions.add(write_precache(tmp_path))
    assert len(versions) == 4
