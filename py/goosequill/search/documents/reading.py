"""From a file's name and bytes to documents: which reader it needs, and what a zip contains.

A `Source` is one readable file: of its own, in a folder, in a zip, or a page of a site. Its hash is known
before it is read, so that an index can pass over what has not changed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

from goosequill.errors import GoosequillError, SearchError
from goosequill.search.documents.archive import walk
from goosequill.search.documents.document import Document
from goosequill.search.documents.html import read_html, read_site_page
from goosequill.search.documents.limits import (
    MOST_ARCHIVE,
    MOST_FILE,
    MOST_NESTING,
    MOST_PDF,
    given_file,
    too_large,
)
from goosequill.search.documents.markdown import read_markdown
from goosequill.search.documents.pdf import read_pdf
from goosequill.search.documents.table import read_table
from goosequill.search.documents.text import read_text
from goosequill.search.documents.word import read_word
from goosequill.support.budget import File

VERSION = 3
"""Raised when the same bytes give another text than before; then everything is read again."""

_ENDINGS = {
    **dict.fromkeys(("md", "markdown", "mdx", "mkd"), "markdown"),
    **dict.fromkeys(("htm", "html", "xhtml"), "html"),
    **dict.fromkeys(("csv", "tsv"), "table"),
    **dict.fromkeys(("docx", "docm", "dotx"), "word"),
    **dict.fromkeys(("zip", "epub"), "zip"),
    "pdf": "pdf",
}
_OFFICE = frozenset({"key", "numbers", "odp", "ods", "odt", "pages", "pptx", "xlsx"})
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML = re.compile(rb"\s*(?:<\?xml[^<>]*>\s*)?<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_LARGEST = {"pdf": MOST_PDF, "zip": MOST_ARCHIVE}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How files are read.

    Parameters
    ----------
    column
        The header, or the number from 1, of a CSV file's column that has the text; "" for the one with most
        text.
    """

    column: str = ""


DEFAULTS = ReadOptions()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not read, and why; the fields of the error."""

    name: str
    code: str
    message: str
    remedy: str

    @classmethod
    def because(cls, name: str, error: GoosequillError) -> Skipped:
        """Return what an error says of a file."""
        return cls(name, error.code, error.message, error.remedy)

    def to_dict(self) -> dict[str, str]:
        """Return the fields."""
        return asdict(self)

    def has(self, name: str) -> bool:
        """Return whether a document is of this file, and is kept as it was last read.

        What a link out of the folder leads to was never the folder's, and is not kept.
        """
        within = name == self.name or name.startswith((f"{self.name}#", f"{self.name}/"))
        return within and self.code != "link-outside"


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read.

    Parameters
    ----------
    file
        Its name is its path; the names of its documents are this, or begin with it and ``#``. Its budget is
        that of the outermost file, which all files in a zip share.
    kind
        "text", "markdown", "html", "table", "word", "pdf", or "site" for a page of a site.
    hash
        SHA-256 in hexadecimal of its bytes, the reader's version, and the options that change its text.
    address
        Where a site has it.
    """

    file: File = field(repr=False)
    kind: str
    hash: str
    options: ReadOptions
    address: str = ""

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.file.name

    def documents(self) -> Iterator[Document]:
        """Yield what is in it: one document, or each row of a CSV file.

        Raises
        ------
        SearchError
            A code of the reader's, or ``document-empty``: there is no text in it.
        """
        found = False
        for document in self._read():
            if document.blocks:
                found = True
                yield document
        if not found and self.kind != "site":
            raise SearchError(f"{self.name} has no text.", code="document-empty")

    @property
    def has_rows(self) -> bool:
        """Whether its documents are rows, each with a hash of its own."""
        return self.kind == "table"

    def digest(self, document: Document) -> str:
        """Return the hash by which a document of it is known to be unchanged: its own, if it is a row."""
        if not self.has_rows:
            return self.hash
        fields = f"goosequill {VERSION} row {len(document.title)}\n{document.title}{document.text}"
        return hashlib.sha256(fields.encode("utf-8", "surrogatepass")).hexdigest()

    def _read(self) -> Iterator[Document]:
        if self.has_rows:
            yield from read_table(self.file, column=self.options.column)
        elif self.kind == "site":
            yield read_site_page(self.file, address=self.address)
        else:
            yield _READERS[self.kind](self.file)


_READERS: dict[str, Callable[[File], Document]] = {
    "html": read_html,
    "markdown": read_markdown,
    "pdf": read_pdf,
    "text": read_text,
    "word": read_word,
}


def kind_of(file: File) -> str:
    """Return which reader a file needs, by its first bytes and its ending.

    Raises
    ------
    SearchError
        ``document-format``: no reader reads it. ``document-encrypted``, ``document-corrupt``.
    """
    name, head = file.name, file.head[:1024]
    ending = name.rpartition(".")[2].lower()
    if b"%PDF-" in head:
        return "pdf"
    if head.startswith(_ZIP) and ending not in _OFFICE:
        return "word" if _ENDINGS.get(ending) == "word" else "zip"
    if head.startswith(_OLE) and _ENDINGS.get(ending) == "word":
        raise SearchError(f"{name} is protected with a password.", code="document-encrypted")
    if head.startswith((_OLE, *_ZIP, b"{\\rtf")):
        raise SearchError(f"Goosequill does not read .{ending} files such as {name}.", code="document-format")
    kind = _ENDINGS.get(ending, "text")
    if kind in ("pdf", "word", "zip"):
        raise SearchError(
            f"{name} is damaged: it does not begin like a .{ending} file.", code="document-corrupt"
        )
    return "html" if kind == "text" and _HTML.match(head) else kind


def source(file: File, *, options: ReadOptions = DEFAULTS, address: str | None = None) -> Source:
    """Return a file as a source; with an `address`, though it be "", it is a page of a site.

    Raises
    ------
    SearchError
        Those of `kind_of`, and ``document-too-large``.
    """
    kind = kind_of(file) if address is None else "site"
    column = options.column if kind == "table" else ""
    digest = hashlib.sha256(f"goosequill {VERSION} {kind} {column}\n".encode())
    digest.update(file.bytes(_LARGEST.get(kind, MOST_FILE)))
    return Source(file, kind, digest.hexdigest(), options, address or "")


def expand(
    file: File, skipped: list[Skipped], *, options: ReadOptions = DEFAULTS, nesting: int = 1
) -> Iterator[Source]:
    """Yield a file, or the files of a zip; what cannot be read is added to `skipped`."""
    try:
        whole = source(file, options=options)
        if whole.kind != "zip":
            yield whole
            return
        if nesting > MOST_NESTING:
            around = "too many zips around it"
            raise too_large(file.name, around, f"{MOST_NESTING} within each other", "Unpack it.")
        for entry in walk(file):
            file.budget.check()  # what came before may have spent it
            try:
                inner = entry.read(MOST_PDF)
            except SearchError as error:
                skipped.append(Skipped.because(entry.name, error))
                continue
            yield from expand(inner, skipped, options=options, nesting=nesting + 1)
    except SearchError as error:
        skipped.append(Skipped.because(file.name, error))


def read(
    name: str,
    data: bytes,
    skipped: list[Skipped] | None = None,
    *,
    options: ReadOptions = DEFAULTS,
) -> Iterator[Document]:
    """Yield the documents of a file, or of all files in a zip.

    Raises
    ------
    SearchError
        What cannot be read, unless there is a list `skipped` to add it to; then the rest is still read.
    """
    reasons: list[Skipped] = []
    for each in expand(given_file(name, data), reasons, options=options):
        try:
            yield from each.documents()
        except SearchError as error:
            reasons.append(Skipped.because(each.name, error))
        if reasons and skipped is None:
            break
    if skipped is not None:
        skipped += reasons
    elif reasons:
        first = reasons[0]
        raise SearchError(first.message, code=first.code, remedy=first.remedy)
