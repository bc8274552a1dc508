"""Reads HTML as text: the main content, under its headings, without menus, scripts and forms.

The tokenizer follows the HTML standard as far as text needs it, and reads each character once whatever the
document is like; the standard library's `html.parser` takes quadratic time for some. Nothing is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from goosequill.search.documents.document import Composer, Document
from goosequill.search.documents.limits import MOST_ARCHIVE
from goosequill.search.documents.text import decode, unescape
from goosequill.search.sentences import count_words
from goosequill.support.budget import File

_NAME = re.compile(r"[A-Za-z][^\s/>]*+")
_SPACE = re.compile(r"[\s/]*+")
_ATTRIBUTE = re.compile(r"[^\s/>][^\s/>=]*+")
_EQUALS = re.compile(r"\s*+=\s*+")
_BARE = re.compile(r"[^\s>]*+")
_BOGUS = re.compile(r"[!?]|/[^A-Za-z]")
"""After "<": what the standard takes for a comment."""
_CHARSET = re.compile(rb"<meta\s[^<>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?([\w-]{1,40})", re.IGNORECASE)
_MAIN = {tag: re.compile(rf"<{tag}[\s>]", re.IGNORECASE) for tag in ("article", "main")}
"""What marks a page's content, if it is there once."""
_CANONICAL = re.compile(rb"<link\s[^<>]{0,500}?\brel\s{0,9}=\s{0,9}[\"']?canonical\b[^<>]{0,5000}>", re.I)
_HREF = re.compile(rb"\bhref\s{0,9}=\s{0,9}[\"']?([^\"'\s<>]{1,4000})", re.I)
_ROLE = re.compile(r"<([a-z]{1,20})\s[^<>]{0,300}?\brole\s*+=\s*+[\"']?main\b", re.IGNORECASE)
"""The same in older templates."""
_WHITE = re.compile(r"\s+")
_ASKS = re.compile(r"(\w\w(-\w+)?/)?search(/|\.html?|/index\.html?)?")
"""Where generators put a site's own page for searching."""
_FEW_WORDS = 50
"""A page at such an address that has more of them is about something."""

_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())  # noqa: SIM905
_RAW = frozenset({"noembed", "noframes", "script", "style", "textarea", "title", "xmp"})
"""Elements whose content is text alone."""
_HIDDEN = frozenset(
    "audio button canvas datalist dialog footer form iframe nav noscript object script select "  # noqa: SIM905
    "style svg template textarea video".split()
)
_AROUND = frozenset({"aside", "header"})
"""Elements that are left out unless they are within the main content."""
_FALLBACK = _HIDDEN - {"footer", "form", "nav"}
"""What is left out of a page that has no text elsewhere."""
_ROLES = {"banner": "header", "contentinfo": "footer", "navigation": "nav", "search": "form"}
"""Roles that make an element what another one is."""
_LEFT_OUT = frozenset({"data-nosnippet", "data-pagefind-ignore", "hidden"})
"""Attributes by which a page says that search engines, or readers, have no use for an element."""
_PARAGRAPH = frozenset(
    "address article aside blockquote body caption center details div dl fieldset figcaption "  # noqa: SIM905
    "figure footer form header hr main nav ol p pre section summary table ul".split()
)
_LINE = frozenset({"br", "dd", "dt", "li", "option", "tr"})
_LISTS = frozenset({"dl", "ol", "table", "ul"})
_CELLS = frozenset({"td", "th"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_KEPT = _LEFT_OUT | {
    "alt",
    "aria-hidden",
    "class",
    "content",
    "data-title",
    "href",
    "http-equiv",
    "id",
    "name",
    "role",
}
"""Attributes that are looked at."""
_PERMALINKS = frozenset({"headerlink", "anchor", "anchorjs-link", "hash-link", "header-anchor"})


class Token(NamedTuple):
    """A piece of text, or a tag: its `name` begins with "/" if it closes, and is "" for text."""

    name: str
    text: str = ""
    attributes: dict[str, str] = {}  # noqa: RUF012 (never changed)


def tokens(source: str) -> Iterator[Token]:
    """Yield the text and the tags of a document; comments and declarations are left out.

    What begins and never ends reaches to the document's end, as in the standard, so that no part is searched
    twice.
    """
    at = 0
    while (start := source.find("<", at)) >= 0:
        if start > at:
            yield Token("", source[at:start])
        following = source[start + 1 : start + 2]
        if source.startswith("<!--", start):
            end = source.find("-->", start + 2)
            at = len(source) if end < 0 else end + 3
        elif _BOGUS.match(source, start + 1):
            end = source.find(">", start)
            at = len(source) if end < 0 else end + 1
        elif name := _NAME.match(source, start + 1 + (following == "/")):
            attributes, at = _attributes(source, name.end())
            tag = name[0].lower()
            if following == "/":
                yield Token(f"/{tag}")
            elif at <= len(source):
                yield Token(tag, "", attributes)
                if tag in _RAW and not source.endswith("/>", start, at):
                    text, at = _raw(source, at, tag)
                    yield from (Token("", text), Token(f"/{tag}"))
        else:
            yield Token("", "<")
            at = start + 1
    if at < len(source):
        yield Token("", source[at:])


def _attributes(source: str, at: int) -> tuple[dict[str, str], int]:
    """Return a tag's attributes, and where it ends; beyond the document's end if it does not."""
    found: dict[str, str] = {}
    while at < len(source):
        gap = _SPACE.match(source, at)
        at = gap.end() if gap else at
        if source.startswith(">", at):
            return found, at + 1
        name = _ATTRIBUTE.match(source, at)
        if name is None:
            break
        at, value = name.end(), ""
        if equals := _EQUALS.match(source, at):
            at = equals.end()
            quote = source[at : at + 1]
            if quote in ('"', "'"):
                end = source.find(quote, at + 1)
                if end < 0:
                    break
                value, at = source[at + 1 : end], end + 1
            elif bare := _BARE.match(source, at):
                value, at = bare[0], bare.end()
        if name[0].lower() in _KEPT:
            found.setdefault(name[0].lower(), value)
    return found, len(source) + 1


def _raw(source: str, at: int, tag: str) -> tuple[str, int]:
    """Return an element's text without tags, and where it ends."""
    closing = re.compile(rf"</{tag}(?=[\s/>])[^>]*+>?", re.IGNORECASE).search(source, at)
    return (source[at : closing.start()], closing.end()) if closing else (source[at:], len(source))


def read_html(file: File, *, address: str = "") -> Document:
    """Return a page: its main content if it marks that, without what is around it."""
    return document_of(read_page(file), file.name, address)


def read_site_page(file: File, *, address: str) -> Document:
    """Return a page of a site; without text if it redirects, is for searching, or is not to be indexed."""
    page = read_page(file)
    document = document_of(page, file.name, address)
    asks = _ASKS.fullmatch(file.name) and count_words(document.text) < _FEW_WORDS
    return document if page.indexed and not asks else Composer().document(file.name, address=address)


def canonical(file: File) -> str:
    """Return the address by which a page wants to be known, as it is written; "" if it names none."""
    found = _CANONICAL.search(file.bytes(MOST_ARCHIVE))
    href = found and _HREF.search(found[0])
    return unescape(href[1].decode("utf-8", "replace")) if href else ""


def document_of(page: _Page, name: str, address: str) -> Document:
    """Return a page as a document.

    Its first heading is a better title than that of its window, unless it is one of several of the first
    level and says something else.
    """
    heading = page.composer.first_heading
    first = heading if page.tops < 2 or heading in page.title else ""
    return page.composer.document(name, title=first or page.title or heading, address=address)


def read_page(file: File) -> _Page:
    """Return what a page contains, before it is made a document."""
    charset = _CHARSET.search(file.head)
    source = decode(file, charset[1].decode("ascii") if charset else "")
    main = next((tag for tag, pattern in _MAIN.items() if _once(pattern, source)), "")
    by_role = None if main else _once(_ROLE, source)
    page = _Page(by_role[1].lower() if by_role else main, _HIDDEN, around=_AROUND, by_role=bool(by_role))
    page.read(source)
    return page if page.composer.has_text else _Page("", _FALLBACK).read(source)


def _once(pattern: re.Pattern[str], source: str) -> re.Match[str] | None:
    """Return what a pattern finds if that is there once."""
    found = list(islice(pattern.finditer(source), 2))
    return found[0] if len(found) == 1 else None


class _Page:
    """Takes a page token by token.

    `main` is the element that has its content, "" for all of it; with `by_role` it is the one with this role.
    """

    def __init__(
        self,
        main: str,
        skipped: frozenset[str],
        *,
        around: frozenset[str] = frozenset(),
        by_role: bool = False,
    ) -> None:
        self.composer = Composer()
        self.title = ""
        self.indexed = True
        self.tops = 0
        self._main, self._inside, self._by_role = main, 0, by_role
        self._skipped, self._around = skipped, around
        self._skipping, self._depth = "", 0
        self._text: list[str] = []
        self._lines: list[str] = []
        self._lists = self._preformatted = 0
        self._heading, self._anchor = "", ""
        self._near = ""  # the id of what has just begun, without any text yet
        self._link: int | None = None  # where a heading's link into the page begins in `_text`
        self._in_title = False

    def read(self, source: str) -> _Page:
        """Take the whole page."""
        for token in tokens(source):
            if not token.name:
                self._take(token.text)
            elif self._skipping:
                self._skip(token.name)
            elif token.name.startswith("/"):
                self._close(token.name[1:])
            else:
                self._open(token)
        self._paragraph()
        return self

    def _take(self, text: str) -> None:
        if self._in_title:
            self.title = self.title or _WHITE.sub(" ", unescape(text)).strip()
        elif not self._skipping and (self._inside or not self._main):
            self._text.append(text)
            if not self._heading and not text.isspace():
                self._near = ""

    def _skip(self, name: str) -> None:
        if name.lstrip("/") == self._skipping:
            self._depth += -1 if name.startswith("/") else 1
            if not self._depth:
                self._skipping = ""

    def _open(self, token: Token) -> None:
        name, attributes = token.name, token.attributes
        kind = _ROLES.get(attributes.get("role", ""), name)
        if name in _VOID - {"br", "hr"}:
            self._note(name, attributes)
        elif (
            kind in self._skipped or (kind in self._around and not self._inside) or _hidden(name, attributes)
        ):
            self._skipping, self._depth = name, 1
        elif name == "title":
            self._in_title = True
        else:
            if name == self._main and (self._inside or not self._by_role or attributes.get("role") == "main"):
                self._inside += 1
            self._boundary(name, lists=0)
            self._lists += name in _LISTS
            self._preformatted += name == "pre"
            if name in _HEADINGS:
                self._heading, self._anchor = name, attributes.get("id", "")
                self.tops += name == "h1" and bool(self._inside or not self._main)
            elif self._heading:
                self._anchor = self._anchor or attributes.get("id", "")
                if name == "a" and attributes.get("href", "").startswith("#"):
                    self._link = len(self._text)
            elif _may_stand_for_heading(name, attributes):
                self._near = attributes.get("id") or attributes.get("name") or self._near
            elif name in _CELLS and any(text.strip() for text in self._text):
                self._text.append(" | ")

    def _note(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element without content: a picture's text, or that a page is not to be indexed."""
        if name == "img" and attributes.get("alt"):
            self._take(f" {attributes['alt']} ")
        elif name == "meta" and attributes.get("name", "").lower() == "robots":
            self.indexed = "noindex" not in attributes.get("content", "").lower()
        elif name == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
            self.indexed = False

    def _close(self, name: str) -> None:
        if name == "title":
            self._in_title = False
        elif name == "a" and self._link is not None:
            if not any(map(str.isalnum, unescape("".join(self._text[self._link :])))):
                del self._text[self._link :]  # a sign that stands for "link to this heading"
            self._link = None
        if self._heading and name in _HEADINGS:
            anchor = self._anchor or self._near
            self.composer.heading(self._line(), int(self._heading[1]), anchor=unescape(anchor))
            self._heading = self._near = ""
        else:
            self._boundary(name, lists=1)
        self._lists = max(0, self._lists - (name in _LISTS))
        self._preformatted = max(0, self._preformatted - (name == "pre"))
        self._inside = max(0, self._inside - (name == self._main))

    def _boundary(self, name: str, *, lists: int) -> None:
        """End what a tag ends: a paragraph, or within a list or table only a line.

        `lists` is how many lists are open around the outermost one's tag.
        """
        outer = name in _LISTS and self._lists <= lists
        if name in _HEADINGS or name == "pre" or outer or (name in _PARAGRAPH and not self._lists):
            self._paragraph()
        elif name in _PARAGRAPH or name in _LINE:
            self._end_line()

    def _line(self) -> str:
        """Return the text that is open as one line, and begin anew."""
        text, self._text = unescape("".join(self._text)), []
        return _WHITE.sub(" ", text).strip().removesuffix("¶").strip()

    def _end_line(self) -> None:
        if self._preformatted:
            self._text.append("\n")
        elif line := self._line():
            self._lines.append(line)

    def _paragraph(self) -> None:
        if self._preformatted:
            lines = unescape("".join(self._text)).replace("\r", "").split("\n")
            self._lines += [line.rstrip() for line in lines if line.strip()]
            self._text = []
        else:
            self._end_line()
        self.composer.paragraph("\n".join(self._lines))
        self._lines, self._heading = [], ""


def _hidden(name: str, attributes: dict[str, str]) -> bool:
    """Return whether an element is not for readers: hidden, a heading's link to itself, a label of code."""
    if not attributes:
        return False
    classes = attributes.get("class", "").split()
    if (
        not _LEFT_OUT.isdisjoint(attributes)
        or attributes.get("aria-hidden") == "true"
        or "nosearch" in classes
    ):
        return name not in ("body", "html")
    if name == "a":
        return not _PERMALINKS.isdisjoint(classes)
    # VitePress' names of languages and of the blocks in a group
    return (name == "span" and "lang" in classes) or (name == "label" and "data-title" in attributes)


def _may_stand_for_heading(name: str, attributes: dict[str, str]) -> bool:
    """Return whether an element's id is that of a heading which follows at once and has none."""
    return name in ("a", "section", "span") or (
        name == "div" and "section" in attributes.get("class", "").split()
    )
