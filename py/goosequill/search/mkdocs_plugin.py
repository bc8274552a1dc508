"""A plugin for MkDocs: search by meaning in the search box of Material for MkDocs.

    plugins:
      - search
      - goosequill

After the build it indexes the pages and writes the index into the site, with a worker that Material's search
box starts in place of its own. The plugin `search` stays: without it Material has no search box. The index is
kept between builds, so that only changed pages are embedded again.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config import base
from mkdocs.config import config_options as c
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin

from goosequill.errors import GoosequillError, SearchError
from goosequill.kernels import load_kernel
from goosequill.kernels.search import SearchOperations
from goosequill.search.collection import embed_pending
from goosequill.search.documents import Skipped, Source
from goosequill.search.documents.places import sources
from goosequill.search.embedder import Embedder
from goosequill.search.embedders import open_folder
from goosequill.search.index import Index
from goosequill.search.index_files import DESCRIPTION, IndexModel
from goosequill.search.indexing import open_folder as open_index
from goosequill.search.indexing import take_in, tidied
from goosequill.search.model_folders import FULL, STATIC, fetched_folder, find_model
from goosequill.search.static_table import StaticTable
from goosequill.search.storage import FolderStorage
from goosequill.search.web import ELEMENT, copy_scripts, write
from goosequill.support.budget import Budget

LOG = logging.getLogger("mkdocs.plugins.goosequill")
SCRIPTS = ("material.js", "material-search.js", *ELEMENT)
CONFIG = re.compile(r'(<script id="__config" type="application/json">)(.*?)(</script>)', re.DOTALL)
FORM = re.compile(r'(<form class="md-search__form")(?: name="search")?')
"""Material fetches its own index at once if the form has this name."""
NO_BOX = (
    "No page has a search box that shows the index: use the theme Material with the plugin search, or put "
    "<goose-search> into the theme's pages, as “Search your own site by meaning” in the documentation shows."
)


class GoosequillConfig(base.Config):
    """The plugin's settings."""

    models = c.Type(str, default="")
    """The folder with minilm/ and minilm-static/, relative to mkdocs.yml; "" for models/ if that is there,
    otherwise for what ``goosequill fetch-models`` has fetched.
    """
    output = c.Type(str, default="search-index")
    """Where the index is in the site."""
    ask = c.Type(str, default="")
    """A page of the site for longer questions, which gets the question after ``#q=``; "" for none."""
    exclude = c.ListOfItems(c.Type(str), default=[])
    """Pages that are not indexed, by the beginnings of their addresses."""
    cache = c.Type(str, default=".cache/goosequill")
    """Where the index is kept between builds, relative to mkdocs.yml."""


class GoosequillPlugin(BasePlugin[GoosequillConfig]):
    """Writes the index and puts it behind the search box."""

    def __init__(self) -> None:
        super().__init__()
        self._hidden: set[str] = set()
        self._has_box = False

    def on_config(self, config: Any) -> None:
        """Refuse an `output` that is not a folder below the site, since that folder is emptied."""
        parts = self._output().split("/")
        if not set(parts).isdisjoint({"", ".", ".."}) or "\\" in self.config.output:
            raise PluginError("goosequill: `output` must be a folder in the site, such as search-index.")

    def on_page_content(self, html: str, *, page: Any, **_: Any) -> str:
        """Note the pages with ``search: exclude: true``, as the plugin `search` has it."""
        search = page.meta.get("search")
        if isinstance(search, dict) and search.get("exclude"):
            self._hidden.add(page.file.dest_uri)
        return html

    def on_post_page(self, output: str, **_: Any) -> str:
        """Let the page's search box start our worker."""
        return self.use_worker(output)

    def on_post_template(self, output_content: str, *, template_name: str, **_: Any) -> str:
        """The same for the page that is shown for a wrong address."""
        return self.use_worker(output_content) if template_name == "404.html" else output_content

    def use_worker(self, html: str) -> str:
        """Return the page with our worker in Material's settings."""

        def changed(match: re.Match[str]) -> str:
            try:
                settings = Budget().json(match[2])
                base = str(settings["base"]).rstrip("/")
            except (ValueError, TypeError, KeyError):
                return match[0]  # not Material's
            page = f"#{self._back()}{self.config.ask}" if self.config.ask else ""
            settings["search"] = f"{base}/{self._output()}/material.js{page}"
            self._has_box |= bool(FORM.search(html))
            return match[1] + json.dumps(settings).replace("<", "\\u003c") + match[3]

        self._has_box |= "<goose-search" in html
        return CONFIG.sub(changed, FORM.sub(r"\1", html))

    def on_post_build(self, *, config: Any, **_: Any) -> None:
        """Index the pages and write the index into the site."""
        if not self._has_box:
            LOG.warning(NO_BOX)
        root = Path(config.config_file_path or ".").resolve().parent
        try:
            self._build(Path(config.site_dir), root, str(config.site_name))
        except GoosequillError as error:
            raise PluginError(f"goosequill: {error}") from error
        except OSError as error:  # no space, no permission
            raise PluginError(f"goosequill: the index cannot be written: {error}") from error

    def _build(self, site: Path, root: Path, name: str) -> None:
        kernel, chosen = load_kernel(threads=None), self.config.models
        places = [root / chosen] if chosen else [root / "models", fetched_folder()]
        full, table = (open_folder(_model_folder(places, each), kernel) for each in (FULL, STATIC))
        if not isinstance(table, StaticTable) or table.space != full.space:
            raise SearchError("The two embedding models do not belong together.", code="embedder-missing")
        kept = root / self.config.cache
        index = _open_cache(kept, kernel.search, name, full)
        skipped: list[Skipped] = []
        for _ in take_in(index, self._pages(site, skipped), skipped):
            pass
        for each in skipped:
            LOG.warning("%s: %s", each.name, each.message)
        for step in embed_pending(index, full):
            if step is None:
                index.commit()
        index.commit()
        self._write(tidied(index, kept, published=True), table, kept, site)

    def _write(self, index: Index, table: StaticTable, kept: Path, site: Path) -> None:
        """Copy the index into the site, with what reads it."""
        target = site / self._output()
        if target.exists() and not (target / DESCRIPTION).is_file():
            raise PluginError(f"goosequill: {self._output()} is a part of the site. Set `output` to another.")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name in sorted(Index.FILES):  # whatever else a cache has is not for the site
            if (kept / name).is_file():
                shutil.copy2(FolderStorage(kept).file(name), target)
        size = write(index, table, FolderStorage(target / "web"), site=self._back())
        copy_scripts(target, SCRIPTS)
        LOG.info("%d passages are searchable; the index has %.1f MB", len(index), size / 1e6)

    def _output(self) -> str:
        output: str = self.config.output
        return output.strip("/")

    def _back(self) -> str:
        return "../" * (self._output().count("/") + 1)

    def _pages(self, site: Path, skipped: list[Skipped]) -> Iterator[Source]:
        if not (site / "index.html").is_file():
            raise SearchError("The site has no index.html.", code="path-not-found")
        left_out = tuple(self.config.exclude)
        for page in sources(site, skipped):
            if page.name not in self._hidden and not (left_out and page.address.startswith(left_out)):
                yield page


def _model_folder(places: list[Path], name: str) -> Path:
    if (found := find_model(name, places)) is None:
        listed = " or ".join(map(str, places))
        raise SearchError(f"The embedding model {name} is not in {listed}.", code="embedder-missing")
    return found


def _open_cache(path: Path, search: SearchOperations, name: str, embedder: Embedder) -> Index:
    """Open the index of the last build, or a new one if that is of no use any more."""
    try:
        index = open_index(path, search, name=name)
        index.check_model(IndexModel.of(embedder))
    except SearchError as error:
        if not error.code.startswith("index-"):
            raise  # the folder is not a cache, and must not be emptied
        LOG.info("all pages are embedded again: %s", error.message)
        shutil.rmtree(path)
        index = open_index(path, search, name=name)
    return index
