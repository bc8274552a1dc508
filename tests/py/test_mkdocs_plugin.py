"""The plugin for MkDocs: what it changes in a page, and what it says when something is missing."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mkdocs.exceptions import PluginError

from goosequill.mkdocs_plugin import CONFIG, GoosequillPlugin

PAGE = """<form class="md-search__form" name="search"></form>
<script id="__config" type="application/json">
{"base": "%s", "search": "old.js", "x": "\\u003c/script>"}</script>"""


def plugin(**settings: Any) -> GoosequillPlugin:
    made = GoosequillPlugin()
    errors, warnings = made.load_config(settings)
    assert not errors and not warnings
    return made


def settings_of(html: str) -> dict[str, Any]:
    match = CONFIG.search(html)
    assert match
    found: dict[str, Any] = json.loads(match[2])
    return found


@pytest.mark.parametrize(
    ("base", "worker"),
    [
        (".", "./search-index/material.js"),
        ("../..", "../../search-index/material.js"),
        ("/", "/search-index/material.js"),
        ("/prefix/", "/prefix/search-index/material.js"),
    ],
)
def test_the_search_box_starts_our_worker_under_any_prefix(base: str, worker: str) -> None:
    html = plugin().on_post_page(PAGE % base)
    found = settings_of(html)
    assert found["search"] == worker
    assert found["x"] == "</script>" and html.count("</script>") == 1
    assert 'name="search"' not in html


def test_the_page_to_ask_on_is_seen_from_the_index() -> None:
    html = plugin(ask="search/", output="a/b").on_post_page(PAGE % "..")
    assert settings_of(html)["search"] == "../a/b/material.js#../../search/"


def test_other_templates_are_left_alone() -> None:
    made = plugin()
    assert made.on_post_template(PAGE % "/", template_name="sitemap.xml") == PAGE % "/"
    assert settings_of(made.on_post_template(PAGE % "/", template_name="404.html"))["search"] != "old.js"


def test_a_missing_model_stops_the_build_and_says_where_to_get_it(tmp_path: Path) -> None:
    config = SimpleNamespace(
        config_file_path=str(tmp_path / "mkdocs.yml"), site_dir=str(tmp_path), site_name="S"
    )
    with pytest.raises(PluginError, match=r"no embedding model in .*minilm.* built Goosequill site"):
        plugin().on_post_build(config=config)
