"""Read site/pages.json, the list of the site's pages, one line each.

Everything that needs to know the pages reads it here: the menu, the navigation of the documentation, the
titles, the sitemap, and the browser tests. A page is either an application (hand-written HTML in site/ that
extends overrides/application.html) or an article (Markdown in docs/).

The fields of a line:

    address      from the site's root: "" is the home page, "lab/decay/" a folder, "more/one.html"
    title        what the browser's tab and the navigation show
    description  one sentence, for search engines and the documentation's contents
    menu         its name in the main menu, if it has an entry there
    group        the section of the documentation that an article belongs to
    exempt       checks of tests/browser/test_pages.py that it skips, each with the reason
    limit        {"kB": 200, "reason": "..."}: what it may request when it opens, compressed, where that is
                 more than other pages may (scripts/bench/sizes.py)
    shipped      false for a page that only tests and developers see: it is in build/unshipped/, not in dist/
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from scripts.command import ROOT, BuildError

CHECKS = ("axe", "console", "policy", "reflow", "size")
"""What `exempt` may name; tests/browser/test_pages.py runs them."""


SITE = "Goosequill"
TAGLINE = "language models that write in your browser"


@dataclass(frozen=True)
class Page:
    """One line of site/pages.json."""

    address: str
    title: str
    description: str
    menu: str = ""
    group: str = ""
    exempt: Mapping[str, str] = field(default_factory=dict)
    limit: Mapping[str, Any] = field(default_factory=dict)
    shipped: bool = True
    article: str = ""
    """The Markdown source below docs/, `how-to/host.md`, and "" for an application. Found, not listed."""

    @property
    def full_title(self) -> str:
        """What the browser's tab shows: `Playground · Goosequill`."""
        return f"{self.title} · {SITE}" if self.address else f"{SITE}: {TAGLINE}"

    @property
    def file(self) -> str:
        """The file of the built site: `playground/index.html`."""
        return self.address if self.address.endswith(".html") else f"{self.address}index.html"


def find_article(address: str, root: Path) -> str:
    """The Markdown source of an address, as a path below docs/; "" if there is none."""
    names = [f"{address}index.md"]
    if address.endswith("/"):
        names.append(f"{address.removesuffix('/')}.md")
    return next((name for name in names if (root / "docs" / name).is_file()), "")


def read_pages(root: Path = ROOT) -> list[Page]:
    """Return the listed pages in their order.

    Raises
    ------
    BuildError
        A line is malformed, names a page that does not exist, or a page is missing from the list.
    """
    known = {entry.name for entry in fields(Page)} - {"article"}
    pages = []
    for line in json.loads((root / "site" / "pages.json").read_text(encoding="utf-8")):
        if missing := {"address", "title", "description"} - set(line):
            raise BuildError(f"site/pages.json: {line} lacks {', '.join(sorted(missing))}")
        if unknown := set(line) - known | set(line.get("exempt", {})) - set(CHECKS):
            raise BuildError(f"site/pages.json: {line['address']} has unknown {', '.join(sorted(unknown))}")
        if line.get("limit") and set(line["limit"]) != {"kB", "reason"}:
            raise BuildError(f"site/pages.json: the limit of {line['address']} needs kB and a reason")
        pages.append(Page(**line, article=find_article(line["address"], root)))
    check_files(pages, root)
    return pages


def read_languages(root: Path = ROOT) -> dict[str, str]:
    """The languages of the applications' pages besides English, by tag, with their own names."""
    text = (root / "site" / "ui" / "languages.js").read_text(encoding="utf-8")
    return dict(re.findall(r'^  (\w+): "(.+)",$', text, re.MULTILINE))


def applications(root: Path) -> set[str]:
    """The hand-written pages that use the frame, as files below site/."""
    pages = (path for path in (root / "site").rglob("*.html") if "vendor" not in path.parts)
    framed = (path for path in pages if path.read_text(encoding="utf-8").startswith("{% extends"))
    return {path.relative_to(root / "site").as_posix() for path in framed}


def check_files(pages: list[Page], root: Path) -> None:
    """Raise BuildError unless every line has its file and every page its line."""
    framed = applications(root)
    articles = {path.relative_to(root / "docs").as_posix() for path in (root / "docs").rglob("*.md")}
    listed: set[str] = set()
    for page in pages:
        source = f"docs/{page.article}" if page.article else f"site/{page.file}"
        if not page.article and page.file not in framed:
            raise BuildError(
                f'site/pages.json lists "{page.address}", but there is neither site/{page.file}, extending '
                "application.html, nor an article in docs/; write one, or delete the line"
            )
        if source in listed or (page.article and page.file in framed):
            raise BuildError(f'site/pages.json: "{page.address}" is listed or written twice')
        if page.article and not page.group and page.address not in ("", "documentation/"):
            raise BuildError(f'site/pages.json: the article "{page.address}" needs a "group"')
        listed.add(source)
    for source in sorted({f"site/{file}" for file in framed} | {f"docs/{file}" for file in articles}):
        if source not in listed:
            raise BuildError(f"{source} is missing from site/pages.json; add a line for it")


def navigation(pages: list[Page]) -> list[dict[str, object]]:
    """The documentation's navigation as mkdocs.yml would have it: articles, by group."""
    entries: list[dict[str, object]] = []
    groups: dict[str, list[dict[str, str]]] = {}
    for page in pages:
        if not page.article:
            continue
        if not page.group:
            entries.append({page.title: page.article})
            continue
        if page.group not in groups:
            groups[page.group] = []
            entries.append({page.group: groups[page.group]})
        groups[page.group].append({page.title if page.title != page.group else "Overview": page.article})
    return entries


@dataclass(frozen=True)
class MenuEntry:
    """An entry of the main menu, as one page shows it."""

    address: str
    name: str
    current: str
    """The value of `aria-current`: "page", "true" for a page below the entry, or ""."""


def menu(pages: list[Page], address: str) -> list[MenuEntry]:
    """The main menu as the page at `address` shows it.

    The current entry is the one whose address begins the page's. Other articles belong to "documentation/".
    """
    entries = [page for page in pages if page.menu]
    above = [page.address for page in entries if page.address and address.startswith(page.address)]
    current = max(above, key=len, default="")
    if not current and address and any(page.address == address and page.article for page in pages):
        current = "documentation/"
    return [
        MenuEntry(
            page.address,
            page.menu,
            "" if page.address != current else "page" if address == current else "true",
        )
        for page in entries
    ]
