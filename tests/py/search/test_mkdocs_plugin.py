"""The plugin for MkDocs: what it changes in a page, and what it says when something is missing."""

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mkdocs.exceptions import Abort, PluginError

from goosequill.search.bm25 import WordIndex
from goosequill.search.embedder import Batch
from goosequill.search.minilm import MiniLM
from goosequill.search.mkdocs_plugin import CONFIG, GoosequillPlugin
from tests.mkdocs_site import built, write_project

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


def test_a_missing_model_stops_the_build_and_says_once_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOSEQUILL_CACHE", str(tmp_path / "cache"))
    config = SimpleNamespace(
        config_file_path=str(tmp_path / "mkdocs.yml"), site_dir=str(tmp_path), site_name="S"
    )
    with pytest.raises(PluginError, match=r"model minilm is not in .*models or .*cache") as raised:
        plugin().on_post_build(config=config)
    assert str(raised.value).count("fetch-models") == 1


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if "search box" in each.getMessage()]


def test_a_site_without_a_box_for_the_index_gets_one_warning(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for theme in ({"name": "mkdocs"}, {"name": "readthedocs"}):
        caplog.clear()
        built(project, theme=theme)
        assert len(warnings_of(caplog)) == 1
    caplog.clear()
    built(project, plugins=[{"goosequill": {}}])
    assert len(warnings_of(caplog)) == 1, "Material without the plugin search"
    caplog.clear()
    (project / "theme").mkdir()
    (project / "theme" / "main.html").write_text("<goose-search></goose-search>", encoding="utf-8")
    built(project, theme={"name": "mkdocs", "custom_dir": str(project / "theme")})
    built(project)
    assert not warnings_of(caplog)


def test_models_that_were_fetched_need_no_setting(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOSEQUILL_CACHE", str(tmp_path))
    (project / "models").rename(tmp_path / "embedders")
    try:
        assert (built(project) / "search-index" / "web" / "search.json").is_file()
    finally:
        (tmp_path / "embedders").rename(project / "models")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize(
    ("directory_urls", "features", "site_url"),
    [
        (True, (), ""),
        (False, (), "https://a.example/some/prefix/"),
        (True, ("navigation.instant",), "https://a.example/some/prefix/"),
    ],
)
def test_every_hit_leads_to_a_page_of_the_site(
    project: Path, directory_urls: bool, features: tuple[str, ...], site_url: str
) -> None:
    site = built(project, *features, use_directory_urls=directory_urls, site_url=site_url)
    index = site / "search-index"
    facts = json.loads((index / "web" / "search.json").read_text(encoding="utf-8"))
    texts = (index / "web" / facts["files"]["texts"]["name"]).read_text(encoding="utf-8")
    found = [json.loads(f"[{part}]") for part in texts[1:-1].split("][")]
    addresses = {title: address for title, _, address, text in found}
    assert facts["site"] == "../" and "unicorn" not in texts
    assert {*addresses} == {"Kettle", "Care", "Pflege", "Odd"}
    for address in addresses.values():
        path, _, anchor = address.partition("#")
        page = site / path / "index.html" if path.endswith("/") or not path else site / path
        assert f'id="{anchor}"' in page.read_text(encoding="utf-8") if anchor else page.is_file()
    assert addresses["Pflege"].startswith("de/pflege/#" if directory_urls else "de/pflege.html#")
    for page in site.rglob("*.html"):
        worker = settings_of(page.read_text(encoding="utf-8"))["search"]
        absolute = worker.removeprefix("/some/prefix").lstrip("/")
        path = site / absolute if worker.startswith("/") else page.parent / worker
        assert path.resolve() == index / "material.js" and path.is_file()


@contextmanager
def refused(message: str) -> Iterator[None]:
    """MkDocs reports a plugin's error, and ends the build by another one."""
    with pytest.raises(Abort) as raised:
        yield
    assert re.search(message, str(raised.value.__context__ or raised.value.__cause__))


@pytest.mark.parametrize("output", ["", "/", ".", "../elsewhere", "a/../../b", "a//b", "a\\b"])
def test_an_output_outside_of_the_site_is_refused(project: Path, output: str) -> None:
    with refused("must be a folder in the site"):
        built(project, own={"output": output})


def test_folders_that_are_not_the_plugins_are_never_emptied(project: Path) -> None:
    with refused("de is a part of the site"):
        built(project, own={"output": "de"})
    assert (project / "site" / "de" / "pflege" / "index.html").is_file()
    with refused("other files"):
        built(project, own={"cache": "docs"})
    assert (project / "docs" / "care.md").is_file()


def test_nothing_but_the_index_is_copied_from_the_cache_into_the_site(project: Path) -> None:
    built(project)
    cache = project / ".cache" / "goosequill"
    (project / "private").mkdir()
    (project / "private" / "users.txt").write_text("root", encoding="utf-8")
    (cache / "folder").symlink_to(project / "private")
    (cache / "users.txt").symlink_to(project / "private" / "users.txt")
    (cache / "notes.txt").write_text("mine", encoding="utf-8")
    site = built(project)
    assert not {"folder", "users.txt", "notes.txt"} & {path.name for path in site.rglob("*")}
    assert (site / "search-index" / "index.json").is_file()
    (cache / "texts.bin").replace(project / "private" / "texts.bin")
    (cache / "texts.bin").symlink_to(project / "private" / "texts.bin")
    with refused(r"texts\.bin is a link to something outside"):
        built(project)
    assert not (site / "search-index" / "texts.bin").exists()
    shutil.rmtree(cache)


def test_only_the_passages_of_a_changed_page_are_embedded_and_indexed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = write_project(tmp_path)
    built(project)
    embedded, indexed = list[str](), list[str]()
    batches, add = MiniLM.batches, WordIndex.add

    def count_batches(self: MiniLM, texts: Sequence[str]) -> Iterator[Batch]:
        embedded.extend(texts)
        return batches(self, texts)

    def count_words(self: WordIndex, texts: Iterable[str]) -> None:
        given = list(texts)
        indexed.extend(given)
        add(self, given)

    monkeypatch.setattr(MiniLM, "batches", count_batches)
    monkeypatch.setattr(WordIndex, "add", count_words)
    page = project / "docs" / "care.md"
    page.write_text(page.read_text("utf-8") + "\n## Rust\n\nDry the kettle.\n", "utf-8")
    built(project)
    assert embedded == ["Care. Rust. Dry the kettle."]
    assert sorted(indexed) == ["Care. Limescale. Vinegar removes deposits.", "Care. Rust. Dry the kettle."]


def test_settings_that_are_not_materials_are_left_alone() -> None:
    for text in ("not json", "[]", "{}"):
        page = f'<script id="__config" type="application/json">{text}</script>'
        assert plugin().on_post_page(page) == page
