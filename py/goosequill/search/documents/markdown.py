"""Reads Markdown as text: headings, paragraphs, lists, tables and code, without making HTML of it.

It knows CommonMark's blocks and the extensions of GitHub and MkDocs that documentation uses. What it does
not know stays in the text as it was written.
"""

from __future__ import annotations

import re

from goosequill.search.documents.document import Composer, Document
from goosequill.search.documents.text import decode, unescape
from goosequill.support.budget import File

_FRONT = re.compile(r"---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_HEADING_END = re.compile(r"[ \t]#+$|\{[^{}]*\}$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*+){3,}+|(?:-[ \t]*+){3,}+|(?:_[ \t]*+){3,}+)$")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_QUOTE = re.compile(r"^ {0,3}(?:>[ \t]?)++(?:\[!\w+\])?")
_TABLE_RULE = re.compile(r"[ \t]*+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-*+:?[ \t]*+)*+$")
_DEFINITION = re.compile(r" {0,3}\[[^\[\]]+\]:[ \t]+\S|\{:?[^{}]*\}$|\*\[[^\[\]]+\]:")
_ADMONITION = re.compile(
    r"(?:!!!|\?\?\?\+?|===\+?)[ \t]++(?:[\w-]++[ \t]*+)*+(?:\"([^\"]*)\")?|:::+[ \t]*+\w*+[ \t]*+(.*)"
)
_TAG = re.compile(r"</?[A-Za-z][^<>]*+>")
_AUTOLINK = re.compile(r"<((?:https?|mailto):[^<>\s]+)>")
_CODE = re.compile(r"(?<!`)(?:``(?!`)((?:[^`]|`(?!`))++)``|`([^`]++)`)(?!`)")
_KEPT = re.compile("\0([0-9]+)\0")
"""Stands for a piece of code while the marks around it are removed."""
_LINK = re.compile(r"!?\[([^\[\]]*+)\](?:\([^()]*+(?:\([^()]*+\)[^()]*+)?+\)|\[[^\[\]]*+\])(?:\{[^{}]*+\})?+")
_NOTE = re.compile(r"\[\^[^\[\]\s]+\]:?")
_EMPHASIS = re.compile(
    r"(?<![\w*_~\\])(?:\*{1,3}|_{1,3}|~~)(?=[^\s*_~])|(?<=[^\s*_~\\])(?:\*{1,3}|_{1,3}|~~)(?![\w*_~])"
)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_MARKED = re.compile(r"[`\[<\\*_~&]")


def read_markdown(file: File) -> Document:
    """Return a Markdown document; its title is the front matter's, otherwise its first heading."""
    source = decode(file).replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    title = ""
    if front := _FRONT.match(source):
        source = source[front.end() :]
        if found := _TITLE.search(front[1]):
            title = found[1].strip().strip("\"'")
    reader = _MarkdownReader()
    for line in _without_comments(source).split("\n"):
        reader.line(line.expandtabs(4))
    reader.end()
    return reader.composer.document(file.name, title=title)


def _without_comments(source: str) -> str:
    """Return the source without HTML comments; one that never ends is text."""
    parts, at = [], 0
    while (start := source.find("<!--", at)) >= 0 and (end := source.find("-->", start + 4)) >= 0:
        parts.append(source[at:start])
        at = end + 3
    return "".join(parts) + source[at:]


def inline(text: str) -> str:
    """Return a line's text without its marks: emphasis, links and images, code, tags, escapes, entities."""
    if not _MARKED.search(text):
        return text  # as most cells of a table
    codes: list[str] = []

    def keep(match: re.Match[str]) -> str:
        codes.append((match[1] or match[2]).strip())
        return f"\0{len(codes) - 1}\0"

    text = _plain(_CODE.sub(keep, text)) if "`" in text else _plain(text)
    return _KEPT.sub(lambda match: codes[int(match[1])], text) if codes else text


def _plain(text: str) -> str:
    if "[" in text:
        for _ in range(2):  # an image within a link
            text = _LINK.sub(r"\1", text)
        text = _NOTE.sub("", text)
    if "<" in text:
        text = _TAG.sub("", _AUTOLINK.sub(r"\1", text))
    text = _ESCAPE.sub(r"\1", _EMPHASIS.sub("", text))
    return unescape(text)


class _MarkdownReader:
    """Takes a document line by line."""

    def __init__(self) -> None:
        self.composer = Composer()
        self._lines: list[str] = []  # of the block that is open, finished
        self._has_bar = False  # the last of them, which may be long and is not searched for each that follows
        self._run: list[str] = []  # of its last line, to be joined
        self._fence = ""
        self._indented = False
        self._list = False
        self._inset = False  # within an admonition, whose lines are indented

    def end(self) -> None:
        """End the block that is open."""
        self._break()
        self.composer.paragraph("\n".join(self._lines))
        self._lines, self._list, self._has_bar = [], False, False

    def _break(self) -> None:
        """End the line that is open."""
        if self._run:
            self._add(inline(" ".join(self._run)))
        self._run = []

    def _add(self, line: str) -> None:
        """Add a finished line to the block."""
        self._lines.append(line)
        self._has_bar = "|" in line

    def line(self, line: str) -> None:
        """Take the next line."""
        if self._fence:
            self._code(line)
        elif not line.strip():
            self._break()
            if not self._list:
                self.end()
            self._indented = False
        else:
            self._text(self._dedented(line))

    def _code(self, line: str) -> None:
        text = line.strip()
        if len(text) >= len(self._fence) and set(text) == {self._fence[0]}:
            self._fence = ""
            self.end()
        else:
            self._lines.append(line)

    def _dedented(self, line: str) -> str:
        """Return a line without an admonition's indentation."""
        if self._inset and line.startswith("    "):
            return line[4:]
        if not line.startswith(" "):
            self._inset = False
        return line

    def _text(self, line: str) -> None:
        if fence := _FENCE.match(line.lstrip() if self._list else line):
            self.end()
            self._fence = fence[1]
        elif heading := _HEADING.match(line):
            self.end()
            self._heading(line[heading.end() :], len(heading[1]))
        elif self._run and not self._list and not self._lines and (under := _UNDERLINE.match(line)):
            text, self._run = " ".join(self._run), []
            self._heading(text, 1 if under[1][0] == "=" else 2)
        elif note := _ADMONITION.match(line):
            self.end()
            self._inset = not line.startswith(":::")
            self._run = [title] if (title := note[1] or note[2] or "") else []
            self.end()
        elif _RULE.match(line):
            self.end()
        elif not _DEFINITION.match(line):
            self._paragraph(line)

    def _heading(self, text: str, level: int) -> None:
        self.composer.heading(inline(_HEADING_END.sub("", text.strip()).strip()), level)

    def _paragraph(self, line: str) -> None:
        if not self._run and not self._list and (self._indented or line.startswith("    ")):
            self._indented = True
            self._add(line.strip())  # indented code
        elif item := _ITEM.match(line):
            if not self._list:
                self.end()
            self._break()
            self._list, self._run = True, [line[item.end() :].strip()]
        elif "|" in line and (line.lstrip().startswith("|") or self._has_bar):
            self._row(line)
        else:
            if self._list and not self._run and not line.startswith(" "):
                self.end()  # text after a list
            quoted = _QUOTE.sub("", line, count=1)
            self._run.append(quoted.strip())
            if quoted.endswith(("  ", "\\")):
                self._run[-1] = self._run[-1].removesuffix("\\")
                self._break()

    def _row(self, line: str) -> None:
        self._break()
        if not _TABLE_RULE.match(line):
            cells = line.strip().removeprefix("|").removesuffix("|").split("|")
            self._add(f"| {' | '.join(inline(cell.strip()) for cell in cells)} |")
