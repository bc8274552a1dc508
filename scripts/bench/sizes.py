"""Download sizes of a built site's pages: the files that a browser requests, compressed with gzip.

A page's shell is everything that it requests by itself when it opens, including fonts and images. What it
requests later, for a search or for an output with mathematics or code, is listed separately.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Page
from scripts.versions import TOP, versioned

SHELL_LIMIT = 150_000
WIDGET_LIMIT = 16_000
FIRST_TEXT_LIMIT = 7_700_000
"""Limits in bytes, compressed, of a page's shell (site/pages.json says which may have more, and why), the
widget's script, and a first text without its model."""
ENGINE_LIMIT = 7_900_000
VISIT_LIMIT = 14_200_000
"""The same of the engine and of a whole first visit, with page and model, where nothing is compressed."""

WIDGET = "embed/goosequill.js"
LIBRARY = ("python/library.tar.gz", "python/goosequill.tar.gz")
"""What is fetched after a first text, unless something needs it before."""
LATER = {
    "the rest of Python's library": LIBRARY,
    "the documentation's search": (
        "search-index/material-search-*.js",
        "search-index/web/search.json",
        "search-index/web/head-*.bin",
        "search-index/web/vectors-*.bin",
    ),
    "mathematics in outputs": ("vendor/temml/*",),
    "colours of code in outputs": ("vendor/highlight/*",),
    "letters of other Latin languages": ("vendor/fonts/*.letters.woff2", "vendor/fonts/*-ext-*.woff2"),
}
ALONE = ("404.html", "HOW-TO-HOST.html")  # the first is served at any address, the second is for the zip


@dataclass
class Sizes:
    """Bytes after gzip."""

    first_text: int
    """Everything from opening the playground to the first token, except the model's files."""
    widget: int
    shells: dict[str, int]
    """Each page when it opens, before any interaction."""
    fonts: dict[str, int]
    """The share of fonts in that."""
    later: dict[str, int]
    offline: int
    """Everything that the service worker caches of the pages during a first visit."""


def transfer_size(file: Path) -> int:
    """The transfer size of one file; compressed files are sent unchanged."""
    data = file.read_bytes()
    return min(len(data), len(gzip.compress(data, 9, mtime=0)))


def requested(folder: Path, urls: Iterable[str], base: str) -> dict[str, Path]:
    """The files that were requested, by their path in their version."""
    found = {}
    for path in {unquote(urlsplit(url).path) for url in urls if url.startswith(base)}:
        path = path.removeprefix(urlsplit(base).path)
        file = folder / path / "index.html" if path.endswith("/") or not path else folder / path
        if file.is_file():
            found[TOP.sub("", file.relative_to(folder).as_posix())] = file
    return found


def packed(folder: Path, urls: Iterable[str], base: str) -> dict[str, int]:
    """The transfer size of each requested file, by path, without the model's files."""
    files = requested(folder, urls, base).items()
    return {path: transfer_size(file) for path, file in files if not path.startswith("models/")}


def plain_at_first(folder: Path, urls: Iterable[str], base: str) -> dict[str, int]:
    """The size of each file that a first text needs, by path, from a server that compresses nothing."""
    files = requested(folder, urls, base).items()
    return {path: file.stat().st_size for path, file in files if path not in LIBRARY}


def is_engine(path: str) -> bool:
    return path.startswith(("engine/", "vendor/pyodide/", "python/"))


def packed_at_first(folder: Path, urls: Iterable[str], base: str) -> dict[str, int]:
    """The same of a first text, which does not wait for Python's library."""
    return {path: size for path, size in packed(folder, urls, base).items() if path not in LIBRARY}


def heaviest(files: dict[str, int]) -> str:
    """The largest of the files, for a message."""
    first = sorted(files, key=lambda file: -files[file])[:8]
    return ", ".join(f"{file} {files[file]:,}" for file in first)


def open_pages(page: Page, folder: Path, base: str) -> Iterator[tuple[str, dict[str, int]]]:
    """Open every page in a context without service workers; yield the files each one requested."""
    asked: set[str] = set()
    page.context.on("request", lambda request: asked.add(request.url))
    for file in sorted(folder.rglob("*.html")):
        if file.name in ALONE:
            continue
        asked.clear()
        name = file.relative_to(folder).as_posix()
        page.goto("about:blank")
        page.goto(base + name, wait_until="networkidle")
        yield name, packed(folder, asked, base)


def matching(folder: Path, patterns: Iterable[str]) -> int:
    return sum(
        transfer_size(file)
        for pattern in patterns
        for place in (folder, versioned(folder))
        for file in place.glob(pattern)
        if file.suffix != ".map"
    )


def kept_offline(folder: Path) -> int:
    text = (folder / "precache.js").read_text(encoding="utf-8")
    shell = json.loads(text[text.index("{") : text.rindex("}") + 1])["shell"]
    return sum(transfer_size(folder / path) for path in shell)
