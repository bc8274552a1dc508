"""Measure search on collections that nothing was tuned on, with questions that avoid the documents' words.

    PYTHONPATH=.:py python -m scripts.search.held_out           print the tables
    PYTHONPATH=.:py python -m scripts.search.held_out --write   and put them into docs/explanation/search.md

held_out.json has the questions, their answers' sections, and where the documents come from: FAQs and manuals
of Debian's packages, which apt-get fetches into build/quality/packages and whose SHA-256 is checked. An
answer is a section; its passages are those that search makes of it. Hit@1 and hit@3 are the shares of
questions whose section comes first, or among the first three. The second table counts what a page lists: the
best passage of each document, without and with the further ones below it.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
from scripts.search.minilm_folder import build_minilm
from scripts.search.quality import STAGES, Case, Ids, measure, ranks, recall, site_table, write_section
from scripts.search.quality_data import OUTPUT, ROOT
from scripts.train.corpus import fetch, read_members
from scripts.train.documents import Package

from goosequill.kernels import load_kernel
from goosequill.search.collection import embed_pending
from goosequill.search.documents.document import Document
from goosequill.search.documents.html import read_html
from goosequill.search.documents.limits import given_file
from goosequill.search.documents.markdown import read_markdown
from goosequill.search.embedder import Embedder
from goosequill.search.embedders import open_folder
from goosequill.search.index import Index
from goosequill.search.passages import SEPARATOR, embedded_text, passages
from goosequill.search.searcher import Searcher
from goosequill.search.static_table import StaticTable
from goosequill.search.storage import MemoryStorage

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
                yield read_markdown(given_file(name, text.encode()))
            else:
                yield read_html(given_file(name, data))


def read_case(name: str) -> Case:
    """Return the passages of a set, each owned by its section, and the questions."""
    made, texts, owners = MADE["sets"][name], [], []
    sections: list[str] = []
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


def models() -> tuple[StaticTable, Embedder]:
    """Return the static table, and MiniLM, built where it is not yet."""
    build_minilm(OUTPUT / "minilm")
    static = open_folder(ROOT / "site/models/minilm-static")
    assert isinstance(static, StaticTable)
    return static, open_folder(OUTPUT / "minilm", load_kernel())


def found_ranks(case: Case, static: StaticTable, full: Embedder) -> dict[str, Ids]:
    """Return the rank of each question's section by every stage, and by bm25s with its defaults."""
    scores = measure(case, static, full, site_table(ROOT / "site/models/minilm-static", static))
    index = bm25s.BM25()
    index.index(bm25s.tokenize(case.passages, show_progress=False), show_progress=False)
    asked = bm25s.tokenize(case.questions, return_ids=False, show_progress=False)
    peer = np.stack([index.get_scores(words) if words else np.zeros(len(case.passages)) for words in asked])
    found = {name: ranks(case, scores.stage(name)) for name in STAGES if name != "rwkv"}
    return {"bm25s": ranks(case, peer.astype(np.float32))} | found


def table(found: dict[str, dict[str, Ids]]) -> list[str]:
    """Return hit@1 and hit@3 with their intervals in Markdown; the last column has all questions of tests."""
    tests = [name for name in found if MADE["sets"][name]["use"] == "test"]
    columns = {
        **found,
        "tests": {stage: np.concatenate([found[name][stage] for name in tests]) for stage in found[tests[0]]},
    }
    heads = [
        f"{MADE['sets'][name]['title']}, {MADE['sets'][name]['use']}" if name in found else "All tests"
        for name in columns
    ]
    lines = [
        "| Stage | "
        + " | ".join(
            f"{head} ({len(next(iter(each.values())))})"
            for head, each in zip(heads, columns.values(), strict=True)
        )
        + " |"
    ]
    lines.append("| --- |" + " --- |" * len(columns))
    for stage in columns["tests"]:
        cells = [cell(each[stage]) for each in columns.values()]
        lines.append(f"| {STAGES.get(stage, stage)} | {' | '.join(cells)} |")
    return lines


def cell(found: Ids) -> str:
    """Return both shares, and their intervals at 95%."""
    first, three = recall(found, 1), recall(found, 3)
    return f"{first[0]:.2f} / {three[0]:.2f} ({first[1]:.2f}–{first[2]:.2f} / {three[1]:.2f}–{three[2]:.2f})"


def listed_ranks(name: str, case: Case, static: StaticTable, full: Embedder) -> dict[str, Ids]:
    """Return the rank of each question's section in what a page lists, by stage, without and with more."""
    index = Index.create(MemoryStorage(), load_kernel().search, name="")
    for document in documents(MADE["sets"][name]):
        index.add(document)
    list(embed_pending(index, full))
    found: dict[str, list[int]] = {}
    for stage, model in ((STAGES["static"], None), (STAGES["full"], full)):
        searcher = Searcher(index, load_kernel().search, static=static, full=model)
        for question, gold in zip(case.questions, case.gold, strict=True):
            hits = searcher.ask(question).hits
            for way, listed in (
                ("one passage a document", hits),
                ("with further passages", [each for hit in hits for each in (hit, *hit.more)]),
            ):
                owners = case.owners[[each.passage for each in listed]].tolist()
                rank = owners.index(gold) if gold in owners else len(index)
                found.setdefault(f"{stage}, {way}", []).append(rank)
    return {key: np.array(ranked) for key, ranked in found.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the tables into the documentation")
    options = parser.parse_args(arguments)
    static, full = models()
    cases = {name: read_case(name) for name in MADE["sets"]}
    for mark, found in (
        ("held-out", {name: found_ranks(case, static, full) for name, case in cases.items()}),
        ("listed", {name: listed_ranks(name, case, static, full) for name, case in cases.items()}),
    ):
        print("\n".join(lines := table(found)))
        if options.write:
            write_section(lines, mark=mark)


if __name__ == "__main__":
    main()
