"""Remove the rules of Material's style sheet that no page of ours can use, about half of it.

A rule is kept if one of its selectors names only classes and ids that occur in a page or in a script.
Whatever the parser does not understand is kept too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|url\([^)"\']*\)')
NEGATION = re.compile(r":(?:not|is|where|has|host)\([^()]*\)")
NAME = re.compile(r"[.#]((?:[\w-]|\\.)+)")


def names_in(pages: list[str], scripts: list[str]) -> set[str]:
    """Return every class and id of the pages, and every word of the scripts, since it may be one."""
    names = {word for text in scripts for word in re.findall(r"[\w-]+", text)}
    for html in pages:
        for value in re.findall(r'\b(?:class|id)="([^"]*)"', html):
            names.update(value.split())
    return names


def blocks(css: str) -> Iterator[tuple[str, str | None]]:
    """Yield each statement of a style sheet: the text before its braces and inside them, or None."""
    plain = STRING.sub(lambda found: "_" * len(found[0]), css)  # braces in strings do not open blocks
    start, depth, opened = 0, 0, 0
    for found in re.finditer(r"[{};]", plain):
        at = found.start()
        if found[0] == "{":
            if depth == 0:
                opened = at
            depth += 1
        elif found[0] == "}":
            depth -= 1
            if depth == 0:
                yield css[start:opened], css[opened + 1 : at]
                start = at + 1
        elif depth == 0:
            yield css[start : at + 1], None
            start = at + 1
    yield css[start:], None


def selectors(text: str) -> list[str]:
    """Split a selector list at its commas, except those in parentheses or brackets."""
    return re.split(r",(?![^(]*\))(?![^\[]*\])", text)


def usable(selector: str, names: set[str]) -> bool:
    while NEGATION.search(selector):
        selector = NEGATION.sub("", selector)
    return all(name.replace("\\", "") in names for name in NAME.findall(STRING.sub("", selector)))


def trim(css: str, names: set[str]) -> str:
    """Return the style sheet without the rules that name a class or an id not in `names`."""
    kept = []
    for head, body in blocks(css):
        if body is None:
            kept.append(head)
        elif head.lstrip().startswith(("@media", "@supports")):
            if inner := trim(body, names):
                kept.append(f"{head}{{{inner}}}")
        elif head.lstrip().startswith("@"):
            kept.append(f"{head}{{{body}}}")
        elif left := [selector for selector in selectors(head) if usable(selector, names)]:
            kept.append(f"{','.join(left)}{{{body}}}")
    return "".join(kept)


def without_unused_variables(css: str, others: str) -> str:
    """Return the style sheet without the custom properties that neither it nor `others` uses."""
    used = set(re.findall(r"var\((--[\w-]+)", css + others))
    definition = re.compile(r"(--[\w-]+):((?:\"[^\"]*\"|'[^']*'|url\([^)]*\)|[^;{}\"'])*)(;|(?=\}))")
    return definition.sub(lambda found: found[0] if found[1] in used else "", css)


def trim_styles(folder: Path) -> None:
    """Trim the style sheets of assets/stylesheets/ to the rules that the built documentation uses."""
    pages = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.html"))]
    scripts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("assets/**/*.js"))]
    names = names_in(pages, scripts)
    others = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("assets/*.css")))
    for sheet in folder.glob("assets/stylesheets/*.css"):
        css = trim(sheet.read_text(encoding="utf-8"), names)
        sheet.write_text(without_unused_variables(css, others), encoding="utf-8")
