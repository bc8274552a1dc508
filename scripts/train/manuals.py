"""Technical manuals for the training text: the prose of HTML pages in Debian's documentation packages.

A page becomes its headings and paragraphs. Code blocks, tables, signatures and menus are left out, and so is
what is mostly identifiers: a small model learns English from it, not an interface.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from scripts.train.documents import Document, Package, plain

from goosequill.search.documents.html import tokens
from goosequill.search.documents.text import unescape


@dataclass(frozen=True)
class Manual:
    """A package of HTML pages: the pattern of the paths that are prose, below its documentation."""

    package: Package
    pages: re.Pattern[str]


def _manual(name: str, version: str, licence: str, content: str, sha256: str, pages: str) -> Manual:
    package = Package(name, version, "apt", f"{name}_*.deb", licence, content, sha256)
    return Manual(package, re.compile(pages))


MANUALS = (
    _manual(
        "postgresql-doc-17",
        "17.12-0+deb13u1",
        "PostgreSQL",
        "the manual of PostgreSQL",
        "d2bcd368b73c1a908043f337f794dd1b0aaf6062724313b1211d9edd0e6289c3",
        r"html/(?!bookindex|release-)[^/]+\.html$",
    ),
    _manual(
        "sqlite3-doc",
        "3.46.1-7+deb13u2",
        "public domain",
        "the documentation of SQLite",
        "67d28cb8ec314c609a6b3bd9d91315276843251635ac7fba52247859e58f742f",
        r"sqlite3/(?!changes|hlr|keyword_index|doclist|toc|sitemap)(?:c3ref/|session/)?[^/]+\.html$",
    ),
    _manual(
        "python3.13-doc",
        "3.13.5-2+deb13u5",
        "PSF-2.0",
        "the documentation of Python",
        "a8a924637eeb25e666df5bbf7660ae09eb280be9effa39f9f6929e7a452bf65c",
        r"html/(?!genindex|py-modindex|search|contents|download|license|copyright)"
        r"(?:[a-z-]+/)?[^/]+\.html$",
    ),
    _manual(
        "rust-doc",
        "1.85.1+dfsg1-1+deb13u1",
        "MIT or Apache-2.0",
        "The Rust Programming Language and Rust's other books",
        "a30c905cfd69a0d37c863a1447b86b2af37008e06eb4d5ba7cbd8b3ce9a07fbe",
        r"html/(?:book|reference|nomicon|edition-guide|embedded-book|rustc|rustdoc|rust-by-example|clippy|"
        r"style-guide|error_codes|unstable-book)/(?!.*print\.html)(?!book/print).*\.html$",
    ),
    _manual(
        "python-django-doc",
        "3:4.2.30-0+deb13u1",
        "BSD-3-Clause",
        "the documentation of Django",
        "25e2b8b0032a465059a94b735469f3daa164e2bfc039c1051c7593295fba3e76",
        r"html/(?:topics|howto|intro|ref|faq|internals|misc)/.*\.html$",
    ),
    _manual(
        "python-sqlalchemy-doc",
        "2.0.40+ds1-1",
        "MIT",
        "the documentation of SQLAlchemy",
        "715be7ca412315bb53375697152eec4a41830b11a16369bd1894bb048795057a",
        r"html/(?:orm|core|tutorial|faq|dialects)/.*\.html$",
    ),
    _manual(
        "python-numpy-doc",
        "1:2.2.4+ds-1",
        "BSD-3-Clause",
        "the documentation of NumPy",
        "c995ee833e55da051faba4acc151a50f2c90a7ec6d7eafc868d294cbdea34952",
        r"html/(?:user|dev|f2py|building|reference)/(?!generated)(?!.*generated/)[^_].*\.html$",
    ),
    _manual(
        "python-scipy-doc",
        "1.15.3-1",
        "BSD-3-Clause",
        "the documentation of SciPy",
        "27cab5010a6f182fcb9b29bf84b446f5f0e6c5664cb6c409a06fc4d901cb4da5",
        r"html/(?:tutorial|dev|building|reference)/(?!.*generated/).*\.html$",
    ),
    _manual(
        "nodejs-doc",
        "20.19.2+dfsg-1+deb13u3",
        "MIT",
        "the documentation of Node.js",
        "330defda9cac8dde1a26d4bcba07f9789a4d65ba080fc9e1bdfb9b247010870e",
        r"api/(?!all\.html|index\.html)[^/]+\.html$",
    ),
    _manual(
        "llvm-19-doc",
        "1:19.1.7-3",
        "Apache-2.0 with LLVM exception",
        "the documentation of LLVM",
        "3b77e2ad825b496437b9cd9db90f36d63ffb2e4817f96b04796eb8f589a86fca",
        r"html/(?:[A-Z][^/]*|tutorial/.*|CommandGuide/.*|GlobalISel/.*|PDB/.*)\.html$",
    ),
    _manual(
        "libboost1.83-doc",
        "1.83.0-4.2",
        "BSL-1.0",
        "the documentation of Boost",
        "1e3244f6942822ea5e4257a42ab45d5a58e65161c7daf1a4be005b165a6a7013",
        r"doc/html/.*\.html$",
    ),
)

_SKIPPED = frozenset(
    "pre table script style nav head footer svg form button select aside math noscript".split()  # noqa: SIM905
)
_KINDS = {"p": "p", "li": "p", "dd": "p", **dict.fromkeys(("h1", "h2", "h3", "h4"), "heading")}
_BLOCKS = frozenset("div section article ul ol dl dt blockquote main body hr h5 h6 td".split()) | {*_KINDS}  # noqa: SIM905
_MARK = re.compile(r"\s*[#\u00b6\u00a7\uf0c1]+\s*$")
_NUMBER = re.compile(r"^(?:Chapter |Appendix )?(?:[A-Z](?:\.\d+)*\.|\d+(?:\.\d+)*\.?)\s+")
_CODE = re.compile(r"[^\s]*[_<>{}()\[\]=\\/|@`~^*+&%$#:;]+[^\s]*")
_MENUS = frozenset({"navheader", "navfooter", "sphinxsidebar", "related", "footer", "toc", "breadcrumbs"})
_TOPIC = re.compile(r"[A-Za-z'-]+(?: [A-Za-z'-]+){1,6}")
ASKING = (
    "Tell me about {}.",
    "What can you tell me about {}?",
    "Please explain {}.",
    "I have a question about {}.",
)
SHORTEST = 60
"""Characters of the shortest paragraph that is kept."""


def read_manual(manual: Manual, members: dict[str, bytes]) -> Iterator[Document]:
    """The pages of a manual, each a document and a group of its own."""
    name = manual.package.name
    for path, body in sorted(members.items()):
        if found := manual.pages.search(path):
            text = "\n\n".join(prose(body.decode("utf-8", "replace")))
            if len(text) > 400:
                yield Document("manual", f"{name}/{found[0]}", text)


def prose(page: str) -> list[str]:
    """The headings and paragraphs of a page; a heading without a paragraph below it is left out."""
    kept: list[str] = []
    heading = ""
    for kind, text in _blocks(page):
        if kind == "heading":
            heading = _NUMBER.sub("", _MARK.sub("", text))
        elif is_prose(text):
            kept += [heading, text] if heading and len(heading) < 80 else [text]
            heading = ""
    return kept


def dialogues(document: Document) -> Iterator[Document]:
    """Questions about a page's headings, answered by the sentences below them that use the same words."""
    turns = []
    for heading, paragraph in pairwise(document.text.split("\n\n")):
        answer = _first_sentences(paragraph)
        words = {*re.findall(r"[a-z]{4,}", heading.lower())}
        told = {*re.findall(r"[a-z]{4,}", answer.lower())}
        if not _TOPIC.fullmatch(heading) or len(words & told) * 2 < len(words) + 1:
            continue
        topic = " ".join(word if word[1:] != word[1:].lower() else word.lower() for word in heading.split())
        ask = ASKING[len(heading) % len(ASKING)].format(topic)
        turns.append(f"User: {ask}\n\nAssistant: {answer}")
    for start in range(0, len(turns), 4):
        yield Document("dialogue", document.group, "\n\n".join(turns[start : start + 4]))


def _first_sentences(paragraph: str) -> str:
    """As many sentences from the start as fit into 200 characters; "" if not even one does."""
    ends = [match.end() for match in re.finditer(r"[a-z)][.!?](?= [A-Z]|$)", paragraph) if match.end() <= 200]
    return paragraph[: ends[-1]] if ends else ""


def is_prose(text: str) -> bool:
    """Whether a paragraph is mostly words in sentences."""
    if len(text) < SHORTEST or text[-1] not in ".!?:)" or not text[0].isalnum():
        return False
    code = sum(len(match[0]) for match in _CODE.finditer(text))
    letters = sum(character.isalpha() or character == " " for character in text)
    return code < 0.2 * len(text) and letters > 0.9 * len(text) and text.isascii()


def _blocks(page: str) -> Iterator[tuple[str, str]]:
    """The kind and the text of each block that has one of `_KINDS`."""
    kind, parts, hidden, skipping = "", [""], 0, ""
    for token in tokens(page):
        name = token.name
        if skipping:
            hidden += (name == skipping) - (name == f"/{skipping}")
            skipping = skipping if hidden else ""
        elif name in _SKIPPED or (name == "div" and _MENUS & {*token.attributes.get("class", "").split()}):
            skipping, hidden = name, 1
        elif not name:
            parts.append(token.text)
        elif name.lstrip("/") in _BLOCKS:
            if kind and (text := _joined(parts)):
                yield kind, text
            kind, parts = _KINDS.get(name, "") if name[0] != "/" else "", []


def _joined(parts: list[str]) -> str:
    return _MARK.sub("", " ".join(plain(unescape("".join(parts)), emphasis=False).split()))
