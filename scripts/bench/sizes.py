"""What the pages of a built site weigh: the files that a browser asks for, each as gzip sends it.

A page's shell is everything that it asks for by itself at its opening, faces and pictures included. What
comes later, when somebody searches, or an output has mathematics or code, is listed apart.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Page

SHELL_LIMIT = 150_000
WIDGET_LIMIT = 30_000
FIRST_TEXT_LIMIT = 9_000_000
"""Bytes that a page's shell, the widget's script, and a first text without its model may weigh."""

WIDGET = "embed/goosequill.js"
LATER = {
    "the documentation's search": ("search/search_index.json", "assets/javascripts/workers/*.js"),
    "mathematics in outputs": ("vendor/temml/*",),
    "colours of code in outputs": ("vendor/highlight/*",),
    "letters of other Latin languages": ("vendor/fonts/*.letters.woff2", "vendor/fonts/*-ext-*.woff2"),
}
ALONE = ("404.html", "HOW-TO-HOST.html")  # the first is found under any address, the second in the zip


@dataclass
class Sizes:
    """Bytes as gzip sends them."""

    first_text: int
    """Everything from the playground's address to the first token, but for the model's files."""
    widget: int
    shells: dict[str, int]
    """Each page at its opening, before anything is pressed."""
    fonts: dict[str, int]
    """How much of that are faces."""
    later: dict[str, int]
    offline: int
    """All that the service worker keeps of the pages, in the background of a first visit."""


def weight(file: Path) -> int:
    """What one file weighs on the way; what is packed already is sent as it is."""
    data = file.read_bytes()
    return min(len(data), len(gzip.compress(data, 9, mtime=0)))


def packed(folder: Path, urls: Iterable[str], base: str) -> dict[str, int]:
    """What the files behind some addresses weigh, each by its path; the model's own are left out."""
    found = {}
    for path in {unquote(urlsplit(url).path) for url in urls if url.startswith(base)}:
        path = path.removeprefix(urlsplit(base).path)
        file = folder / path / "index.html" if path.endswith("/") or not path else folder / path
        if file.is_file() and not path.startswith("models/"):
            found[file.relative_to(folder).as_posix()] = weight(file)
    return found


def open_pages(page: Page, folder: Path, base: str) -> Iterator[tuple[str, dict[str, int]]]:
    """Open every page of the site in a context without service workers; yield what each one asked for."""
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
    return sum(weight(file) for pattern in patterns for file in folder.glob(pattern) if file.suffix != ".map")


def kept_offline(folder: Path) -> int:
    text = (folder / "precache.js").read_text(encoding="utf-8")
    shell = json.loads(text[text.index("{") : text.rindex("}") + 1])["shell"]
    return sum(weight(folder / path) for path in shell)
