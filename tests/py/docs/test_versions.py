"""The article on versions states the numbers that the code writes and reads."""

import re

import pytest
from scripts.command import ROOT

from goosequill.evaluation import votes
from goosequill.models import saved_state
from goosequill.search import embedders, index_files, lancedb_store, web
from goosequill.weights import folder, packing

ARTICLE = (ROOT / "docs" / "reference" / "versions.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| (\d+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = {name: (states, int(written), read) for name, states, written, read in ROW.findall(ARTICLE)}


def stated(path: str, pattern: str) -> int:
    """The number that a module of the site writes."""
    (found,) = re.findall(pattern, (ROOT / path).read_text(encoding="utf-8"))
    return int(found)


WRITTEN = {
    "model folder, `config.json`": folder.FORMAT_VERSION,
    "embedding model, `config.json`": folder.FORMAT_VERSION,
    "quantized tensors in `.safetensors`": packing.VERSION,
    "saved state": saved_state.FORMAT_VERSION,
    "search index, `index.json`": index_files.VERSION,
    "index of a static site, `search.json`": web.VERSION,
    "passages in LanceDB": lancedb_store.VERSION,
    "votes": votes.FORMAT_VERSION,
    "branches of the playground": stated("site/playground/texts-file.js", r"format: FORMAT, version: (\d+)"),
    "export of the comparer": stated("site/reports/export.js", r"format_version: (\d+)"),
}
NAMES = (folder.FORMAT, embedders.FORMAT, index_files.FORMAT, web.FORMAT, votes.FORMAT)


def test_every_format_is_listed_with_its_version() -> None:
    assert {name: written for name, (_, written, _) in ROWS.items()} == WRITTEN


@pytest.mark.parametrize("name", NAMES)
def test_a_format_has_the_name_that_is_listed(name: str) -> None:
    assert any(f"`{name}`" in states for states, _, _ in ROWS.values())


def test_no_format_is_missing() -> None:
    """Every name of a format in the sources is in the article."""
    sources = [*(ROOT / "py").rglob("*.py"), *(ROOT / "site").rglob("*.js")]
    quoted = re.compile(r"format: \"(goosequill-\w+)|FORMAT = \"(goosequill-[\w-]+)\"")
    texts = (path.read_text(encoding="utf-8") for path in sources if "vendor" not in path.parts)
    found = {one or other for text in texts for one, other in quoted.findall(text)}
    assert len(found) >= 7
    assert {name for name in found if f"`{name}`" not in ARTICLE} == set()


def test_page_and_python_read_the_same_version_of_votes_and_of_static_indexes() -> None:
    assert stated("site/reports/votes.js", r"const FORMAT_VERSION = (\d+);") == votes.FORMAT_VERSION
    assert stated("site/search/static/facts.js", r"const VERSION = (\d+);") == web.VERSION
