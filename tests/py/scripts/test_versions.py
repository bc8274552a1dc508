"""What belongs to one version of a built site is in a folder of its own, where pages find it."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.offline import write_precache
from scripts.versions import FILES, PUBLIC, STARTED, gather, is_versioned, set_version, versioned

SITE = {
    "index.html": '<link href="ui/a.css"><a href="ui/">ui/a.css</a><img src="ui/a.svg">',
    "play/index.html": '<script src="play.js"></script>{"search": "../search-index/material.js#"}',
    "play/play.js": 'import("./late.js")',
    "play/late.js": "",
    "ui/a.css": "",
    "ui/a.svg": "",
    "engine/client.js": f'import{{a}}from"./chunk-1.js";import("./later.js");let files="{FILES}/"',
    "engine/chunk-1.js": "",
    "engine/later.js": "",
    "engine/worker.js": "",
    "engine/parts.json": "{}",
    "models/m/config.json": "{}",
    "search-index/material.js": 'import("./material-search.js")',
    "search-index/material-search.js": "",
    "sw.js": "",
    "embed/goose-search.js": 'import("./goose-better.js")',
    "embed/goose-better.js": "",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for path, text in SITE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    gather(tmp_path)
    return tmp_path


def read(site: Path, path: str) -> str:
    return (site / path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("ui/goose.css", True),
        ("engine/chunk-1.js", True),
        ("engine/worker.js", True),
        ("lab/data/texts.txt", True),
        ("vendor/pyodide/pyodide.mjs", True),
        ("engine/client.js", False),
        ("engine/client.js.map", False),
        ("sw.js", False),
        ("models/default/config.json", False),
        ("search/examples/files.json", False),
        ("search/search_index.json", False),
        ("assets/report.schema.json", False),
        ("home/pictures/a.webp", False),
    ],
)
def test_what_a_page_runs_is_versioned(path: str, expected: bool) -> None:
    assert is_versioned(path) == expected


def test_pages_and_public_scripts_refer_to_what_was_moved(site: Path) -> None:
    assert read(site, "index.html") == SITE["index.html"].replace('href="ui/a', f'href="{FILES}/ui/a')
    assert f'src="../{FILES}/play/play.js"' in read(site, "play/index.html")
    assert read(site, f"{FILES}/play/play.js") == SITE["play/play.js"], "they were moved together"
    client = read(site, "engine/client.js")
    assert f'from"../{FILES}/engine/chunk-1.js"' in client
    assert f'import("../{FILES}/engine/later.js")' in client
    assert sorted(path.name for path in (site / "play").iterdir()) == ["index.html"]


def test_other_sites_find_the_engine_where_it_was(site: Path) -> None:
    assert read(site, "engine/worker.js") == f'import "../{FILES}/engine/worker.js";\n'
    assert read(site, "engine/parts.json") == "{}"
    assert not PUBLIC.intersection(STARTED)


def test_all_names_are_of_the_version_of_which_the_pages_are(site: Path) -> None:
    version = write_precache(site)
    assert versioned(site).name == f"v-{version}"
    assert f'"../search-index/material-v-{version}.js#"' in read(site, "play/index.html")
    assert f"./material-search-v-{version}.js" in read(site, f"search-index/material-v-{version}.js")
    assert f"./goose-better-v-{version}.js" in read(site, "embed/goose-search.js")
    assert (site / "embed" / f"goose-better-v-{version}.js").is_file()
    assert read(site, "engine/client.js").endswith(f'files="v-{version}/"')
    everything = "".join(map(str, site.rglob("*"))) + read(site, "precache.js") + read(site, "index.html")
    assert FILES not in everything and f"v-{version}/ui/a.css" in everything
    assert write_precache(site) == version, "it does not depend on itself"
    set_version(site, "1" * 16)
    assert (site / f"v-{'1' * 16}" / "play" / "late.js").is_file()
