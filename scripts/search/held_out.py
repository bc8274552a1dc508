"""Measure search on collections that nothing was tuned on, with questions that avoid the documents' words.

    PYTHONPATH=.:py python -m scripts.search.held_out           print the tables
    PYTHONPATH=.:py python -m scripts.search.held_out --write   and put them into docs/explanation/search.md

held_out.json has the questions, their answers' sections, and where the documents come from: FAQs and manuals
of Debian's packages, which apt-get fetches into build/quality/packages and whose SHA-256 is checked. An answer
is a section; its passages are those that search makes of it. Hit@1 and hit@3 are the shares of questions
whose section comes first, or among the first three.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
from scripts.search.quality import Case
from scripts.search.quality_data import OUTPUT
from scripts.train.corpus import fetch, read_members
from scripts.train.documents import Package

from goosequill.search.documents.document import Document
from goosequill.search.documents.html import read_html
from goosequill.search.documents.markdown import read_markdown
from goosequill.search.passages import SEPARATOR, embedded_text, passages

QUESTIONS = Path(__file__).with_name("held_out.json")
MADE: dict[str, Any] = json.loads(QUESTIONS.read_text(encoding="utf-8"))
CHAPTER = re.compile(r"(?m)^-{60,}\n\w+\.\s+(.*)\n-{60,}$")
UNDERLINED = re.compile(r"(?m)^(\S.*)\n[=-]{10,}$")
"""The headings of the game's manual, which is plain text."""


def documents(made: dict[str, Any]) -> Iterator[Document]:
    """Yield the documents of a set, as search reads them."""
    name, version, licence, digest = (made[key] for key in ("package", "version", "licence", "sha256"))
    package = Package(name, version, "apt", f"{name}_*.deb", licence, made["title"], digest)
    for path, data in sorted(read_members(fetch(package, OUTPUT / "packages")).items()):
        if fnmatch(path, made["files"]):
            name = Path(path).name
            if name.endswith(".txt"):
                text = UNDERLINED.sub(r"## \1", CHAPTER.sub(r"# \1", data.decode("utf-8")))
                yield read_markdown(name, text.encode())
            else:
                yield read_html(name, data)


def read_case(name: str) -> Case:
    """Return the passages of a set, each owned by its section, and the questions."""
    made, texts, owners, sections = MADE["sets"][name], [], [], []
    for document in documents(made):
        for passage in passages(document):
            trail = SEPARATOR.join([document.name, document.title, passage.heading])
            if not sections or sections[-1] != trail:
                sections.append(trail)
            texts.append(
                embedded_text(document.title, passage.heading, document.text[passage.start : passage.end])
            )
            owners.append(len(sections) - 1)
    gold = [section_of(answer, sections) for _, answer in made["questions"]]
    return Case(name, texts, np.array(owners), [text for text, _ in made["questions"]], np.array(gold))


def section_of(answer: str, sections: list[str]) -> int:
    """Return the one section whose trail ends with an answer's, or else has it in its last heading."""
    found = [at for at, trail in enumerate(sections) if trail.endswith(SEPARATOR + answer)]
    found = found or [at for at, trail in enumerate(sections) if answer in trail.rpartition(SEPARATOR)[2]]
    if len(found) != 1:
        raise SystemExit(
            f"{answer!r} is the heading of {len(found)} sections: {[sections[at] for at in found]}"
        )
    return found[0]
