"""What guides and tutorials call a control is what it says.

In them, **bold** is what to press and *italic* is what a page shows. A text with a capital letter has to be
one of the interface's, as the catalogues have them, or of an experiment. Bold that opens a paragraph may be
a heading, as in an item of a list.
"""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

import goosequill.lab
from tests.samples import ROOT

CODE = re.compile(r"^( *)```.*?^\1```|`[^`\n]*`", re.M | re.S)
MARKED = re.compile(r"(?<![\w*\\])(\*{1,2})(?![\s*])([^*|]+?)(?<!\s)\1(?![\w*])")
OPENS = re.compile(r"(^|\n\s*\n|\n\s*([-*]|\d+\.) +|\| *)$")
PLACE = re.compile(r"\\{\w+\\}")
BEGUN = re.compile(r"([^{}]+?)[,:.;]( |$)")
GIVEN = r"(\\d[\\d.,]*%?|[A-Z]+|…)"
"""What an article writes where a page puts something in."""
NOT_OURS = {"Add to home screen", "G0", "GitHub Actions", "Install", "MiniLM", "Pages", "RWKV-4 Raven"}
"""Menus of browsers and of GitHub, and names of models."""


def interface() -> Iterator[str]:
    """Every text of the pages, without the numbers of steps and the marks of elements."""
    catalogue = json.loads((ROOT / "site/ui/languages/de.json").read_text(encoding="utf-8"))
    for text in chain.from_iterable(each.split("|") for each in catalogue):
        yield re.sub(r"^\d+\. |</?\d+/?>", "", text)
    for module in pkgutil.iter_modules(goosequill.lab.__path__, "goosequill.lab."):
        description = getattr(importlib.import_module(module.name), "DESCRIPTION", None)
        yield from (each.label for each in description.parameters) if description else ()


def label_pattern() -> re.Pattern[str]:
    """Matches a whole text, or what it begins with up to a mark."""
    forms = {PLACE.sub(GIVEN, re.escape(text)) for text in interface()}
    begun = {found[1] for text in interface() if (found := BEGUN.match(text))}
    return re.compile("|".join(forms | {re.escape(each) for each in begun}))


def labels(article: str) -> Iterator[str]:
    text = CODE.sub("`", article)
    for found in MARKED.finditer(text):
        if found[1] == "**" and OPENS.search(text[: found.start()]):
            continue
        label = re.sub(r"<[^>]*>", "", " ".join(found[2].split()))
        if label[0].isupper() and "`" not in label:
            yield from re.split(r"(?<=\.) ", label)


@pytest.mark.parametrize("folder", ["how-to", "tutorials"])
def test_every_label_is_a_text_of_the_interface(folder: str) -> None:
    pattern = label_pattern()
    files: list[Path] = sorted((ROOT / "docs" / folder).glob("*.md"))
    missing = {
        f"{path.name}: {label}"
        for path in files
        for label in labels(path.read_text(encoding="utf-8"))
        if label not in NOT_OURS and not pattern.fullmatch(label)
    }
    assert missing == set()


def test_a_label_that_no_page_has_is_found() -> None:
    article = "Press **Bring back**.\n\n**A heading** and *a term*, then *Send* and `**Code**`."
    assert list(labels(article)) == ["Bring back", "Send"]
    assert label_pattern().fullmatch("Send") and not label_pattern().fullmatch("Bring back")
