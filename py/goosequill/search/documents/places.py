"""Where documents are, natively: files, folders, and static sites on disk or at an address."""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

from goosequill.errors import SearchError
from goosequill.search.documents.archive import is_hidden
from goosequill.search.documents.document import Document
from goosequill.search.documents.html import canonical, tokens
from goosequill.search.documents.limits import (
    MOST_FILE,
    MOST_FILES,
    MOST_PAGES,
    DocumentBudget,
    given_file,
    too_large,
)
from goosequill.search.documents.reading import DEFAULTS, ReadOptions, Skipped, Source, expand, source
from goosequill.search.documents.text import unescape
from goosequill.support.budget import File
from goosequill.support.links import REMEDY, leads_out

TIMEOUT = 30
"""Seconds that a server may be silent."""
_LOCATION = re.compile(r"<loc>\s*([^<>\s]+)\s*</loc>")
_NO_CONTENT = re.compile(r"(^|/)(404|404/index|genindex(-[^/]*)?|py-modindex)\.html$")
"""Pages of generators that say nothing: for what is not found, and lists of links for each letter."""
_MOST_MAPS = 100
"""Sitemaps of one site."""
_INDEX = re.compile(r"(^|/)index\.html$")
_DEEPEST = 32
"""Folders of an address that are looked for."""
_NOT_PAGES = re.compile(r"\.(?!html?$|php$|aspx?$)\w{1,5}$", re.IGNORECASE)


def sources(
    where: str | Path, skipped: list[Skipped] | None = None, *, options: ReadOptions = DEFAULTS
) -> Iterator[Source]:
    """Yield what is to be read at a place, in a stable order.

    Parameters
    ----------
    where
        A file; a folder of documents; a folder with ``index.html``, which is a built site; or a site's
        address, http or https.
    skipped
        Gets what cannot be read, and the links that lead out of the folder (``link-outside``).

    Raises
    ------
    SearchError
        ``path-not-found``: there is nothing. ``place-unreachable``: a site does not answer.
        ``document-too-large``: a folder has too many files.
    """
    reasons = [] if skipped is None else skipped
    if re.match(r"https?://", str(where)):
        yield from _from_address(str(where), reasons)
        return
    path = Path(where)
    if not path.exists():
        raise SearchError(f"No file or folder was found at {where}.", code="path-not-found")
    if (path / "index.html").is_file():
        yield from _from_site(path, reasons)
    elif path.is_dir():
        for file in _files(path, reasons):
            yield from _from_file(file, file.relative_to(path).as_posix(), reasons, options)
    else:
        yield from _from_file(path, path.name, reasons, options)


def read_folder(
    path: str | Path, skipped: list[Skipped] | None = None, *, options: ReadOptions = DEFAULTS
) -> Iterator[Document]:
    """Yield all documents of a file, a folder or a site; see `sources`. What cannot be read is skipped."""
    reasons = [] if skipped is None else skipped
    for each in sources(path, reasons, options=options):
        try:
            yield from each.documents()
        except SearchError as error:
            reasons.append(Skipped.because(each.name, error))


read_site = read_folder


def _files(folder: Path, skipped: list[Skipped], *, endings: tuple[str, ...] = ("",)) -> Iterator[Path]:
    """Yield a folder's files, sorted, without hidden ones.

    Links to files in the folder are followed, and those to folders are not; what leads out is skipped.
    """
    count = 0
    for current, folders, files in os.walk(folder):
        here = Path(current)
        folders[:] = sorted(
            name for name in folders if not is_hidden(name) and _stays(folder, here / name, skipped)
        )
        for name in sorted(files):
            path = here / name
            if is_hidden(name) or not name.lower().endswith(endings):
                continue
            if (path.is_symlink() and not _stays(folder, path, skipped)) or not path.is_file():
                continue
            count += 1
            if count > MOST_FILES:
                raise too_large(
                    str(folder), f"more than {MOST_FILES:,} files", "that many", "Choose a part of it."
                )
            yield path


def _stays(folder: Path, path: Path, skipped: list[Skipped]) -> bool:
    """Return whether a path leads to something in the folder; if it does not, it is skipped."""
    if not leads_out(folder, path):
        return True
    name = path.relative_to(folder).as_posix()
    message = f"{name} is a link to something outside the folder."
    skipped.append(Skipped.because(name, SearchError(message, code="link-outside", remedy=REMEDY)))
    return False


def _from_file(path: Path, name: str, skipped: list[Skipped], options: ReadOptions) -> Iterator[Source]:
    file = _file(path, name, skipped)
    if file is not None:
        yield from expand(file, skipped, options=options)


def _file(path: Path, name: str, skipped: list[Skipped]) -> File | None:
    try:
        budget = DocumentBudget(name)
        budget.allow("packed", path.stat().st_size)
        return File.open(path, budget, name)  # which may have grown, or be no ordinary file
    except SearchError as error:
        skipped.append(Skipped.because(name, error))
    except OSError as error:
        reason = SearchError(f"{name} cannot be read: {error.strerror or error}.", code="file-missing")
        skipped.append(Skipped.because(name, reason))
    return None


def _from_site(folder: Path, skipped: list[Skipped]) -> Iterator[Source]:
    """Yield the pages of a built site."""
    for path in _files(folder, skipped, endings=(".html", ".htm")):
        name = path.relative_to(folder).as_posix()
        file = _file(path, name, skipped)
        if file is not None and not _is_copy(folder, path, file):
            yield from _page(file, _INDEX.sub(r"\1", name), skipped)


def _is_copy(folder: Path, path: Path, file: File) -> bool:
    """Return whether a page names another one of its site as the one to be known, as older versions do.

    The folder does not say where the site will be, so that the longest end of the address counts that is a
    page. The start page is none of these: in some sites all pages name it.
    """
    named = canonical(file)
    if not named:
        return False
    own = path.relative_to(folder).as_posix()
    address = urlsplit(_resolved(f"https://site/{own}", named)).path
    parts = [part for part in _INDEX.sub(r"\1", address).split("/") if part][-_DEEPEST:]
    for first in range(len(parts)):
        end = "/".join(parts[first:])
        for page in (end, f"{end}/index.html", f"{end}.html"):
            if os.path.isfile(folder / page):  # unlike Path.is_file it takes any text
                return page != own
    return False


def _page(file: File, address: str, skipped: list[Skipped]) -> Iterator[Source]:
    if _NO_CONTENT.search(file.name):
        return
    try:
        yield source(file, address=address)
    except SearchError as error:
        skipped.append(Skipped.because(file.name, error))


def _from_address(address: str, skipped: list[Skipped]) -> Iterator[Source]:
    """Yield the pages of a site: those in its sitemap, otherwise those that its pages link to."""
    base = urljoin(address, ".")
    listed = _sitemap(base)
    waiting, seen = list(listed) or [address], set(listed) or {address}
    while waiting:
        page = waiting.pop(0)
        try:
            data, kind, final = _fetch(page)
        except SearchError as error:
            if page == address:
                raise
            skipped.append(Skipped.because(page, error))
            continue
        if "html" not in kind or not final.startswith(base):
            continue
        relative = final[len(base) :]
        file = given_file(relative or "index.html", data)
        if not listed:
            links = [link for link in _links(file, final, base) if link not in seen]
            links = links[: MOST_PAGES - len(seen)]
            seen.update(links)
            waiting += links
        known = _INDEX.sub(r"\1", _resolved(final, canonical(file)))
        if known not in (base, _INDEX.sub(r"\1", final)) and known in seen:
            continue  # an older version, perhaps
        yield from _page(file, relative, skipped)


def _fetch(address: str) -> tuple[bytes, str, str]:
    """Return a resource's bytes, its type and its address after redirections."""
    request = urllib.request.Request(
        address, headers={"User-Agent": "goosequill", "Accept": "text/html, */*"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            data = answer.read(MOST_FILE + 1)
            DocumentBudget(address, MOST_FILE).allow("packed", len(data))
            return data, answer.headers.get_content_type(), urldefrag(answer.url)[0]
    except urllib.error.HTTPError as error:
        message = f"{address} answered {error.code} {error.reason}."
        raise SearchError(message, code="place-unreachable") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise SearchError(f"{address} cannot be reached: {reason}.", code="place-unreachable") from error


def _sitemap(base: str) -> dict[str, None]:
    """Return the pages that a site's sitemap lists below its address, in that order."""
    maps, pages = [urljoin(base, "sitemap.xml")], dict[str, None]()
    for index, address in enumerate(maps):  # grows while it runs
        try:
            text = _fetch(address)[0].decode("utf-8", "replace")
        except SearchError:
            continue
        found = [_resolved(address, unescape(match[1])) for match in _LOCATION.finditer(text)]
        for location in found:
            if not location.startswith(base):
                continue
            if "<sitemapindex" in text:
                maps += [location] if len(maps) < _MOST_MAPS and location not in maps else []
            elif len(pages) < MOST_PAGES and not _NOT_PAGES.search(urlsplit(location).path):
                pages[location] = None
        if index >= _MOST_MAPS:
            break
    return pages


def _resolved(base: str, reference: str) -> str:
    """Return an address without its fragment and without dots that lead upwards; "" if it is none."""
    try:
        address = urldefrag(urljoin(base, reference))[0]
        parts = urlsplit(address)
        return urljoin(address, parts.path + (f"?{parts.query}" if parts.query else ""))
    except ValueError:
        return ""


def _links(file: File, page: str, base: str) -> list[str]:
    """Return the addresses below `base` that a page links to, each once."""
    found = dict[str, None]()
    for token in tokens(file.bytes(MOST_FILE).decode("utf-8", "replace")):
        if token.name == "a" and (target := token.attributes.get("href")):
            address = _resolved(page, target.strip())
            if address.startswith(base) and not _NOT_PAGES.search(urlsplit(address).path):
                found[address] = None
    return list(found)
