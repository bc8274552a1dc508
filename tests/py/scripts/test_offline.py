"""What a built site keeps for offline use: at once, or on first use."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.offline import PART_BYTES, is_part, sort_files


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
