"""Measure the first answers of a static site's search, as the page's JavaScript gives them.

    PYTHONPATH=.:py python scripts/search/static_stage.py [--models build/search-models]

For each set that scripts/search/quality_data.py made: R@1 and R@10 of the same search in Python, with the
whole table in 8 bits and 256 dimensions, beside those of the JavaScript, with 192 dimensions in 4 bits, and
in 2 as if there were many; and the bytes of a first answer. Whether anything fits is measured by fits.py.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from goosequill.kernels.kernel import Floats
from goosequill.search import web
from goosequill.search.bm25 import STOP_WORDS, WordIndex
from goosequill.search.embedders import open_folder
from goosequill.search.fusion import STATIC_WEIGHT, fuse
from goosequill.search.static_table import StaticTable
from goosequill.search.web import Postings, WebPassage, stages, web_files

ROOT = Path(__file__).resolve().parents[2]
SETS = ("zaragoza", "debian")
PROBE = Path(__file__).with_name("static_probe.js")


@dataclass
class Data:
    """Documents, of one passage each, and questions with the index of the document that answers."""

    texts: list[str]
    questions: list[str]
    answers: list[int]

    @classmethod
    def read(cls, name: str) -> Data:
        found = json.loads((ROOT / "build" / "quality" / f"{name}.json").read_text(encoding="utf-8"))
        documents, questions = found["documents"], found["questions"]
        numbers = {document["name"]: number for number, document in enumerate(documents)}
        texts = [" ".join(filter(None, (each["title"], each["text"]))) for each in documents]
        return cls(
            texts, [each["text"] for each in questions], [numbers[each["document"]] for each in questions]
        )


def recall(found: list[list[int]], answers: list[int]) -> str:
    first = np.mean([row[:1] == [answer] for row, answer in zip(found, answers, strict=True)])
    ten = np.mean([answer in row[:10] for row, answer in zip(found, answers, strict=True)])
    return f"{first:.3f}/{ten:.3f}"


def whole(data: Data, vectors: Floats, words: WordIndex, table: StaticTable) -> list[list[int]]:
    """Rank as the full static stage does: the best ten of each question."""
    found = []
    for question in data.questions:
        vector = table.question(question)
        scores = fuse(vectors[:, : len(vector)] @ vector, words.scores(question), STATIC_WEIGHT)
        found.append([int(each) for each in np.argsort(-scores, kind="stable")[:10]])
    return found


def write_index(folder: Path, data: Data, vectors: Floats, words: WordIndex, table: StaticTable) -> None:
    (folder / "web").mkdir()
    for name, content in web_files(
        [WebPassage("", "", "", text) for text in data.texts],
        [1] * len(data.texts),
        vectors,
        postings=(Postings(*each) for each in words.terms()),
        pieces=table.pieces,
        rows=table.rows,
        facts={"words": {"stop": sorted(STOP_WORDS)}, "stages": stages("minilm-l6")},
    ):
        (folder / "web" / name).write_bytes(content)


def ask(folder: Path, questions: list[str]) -> list[dict[str, Any]]:
    given = json.dumps({"questions": questions, "count": 10, "stages": "cold"})
    command = ["node", str(PROBE), str(folder)]
    result = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure the static site's first answers.")
    parser.add_argument("--models", type=Path, default=ROOT / "build" / "search-models")
    models = parser.parse_args(arguments).models
    full, table = open_folder(models / "minilm"), open_folder(models / "minilm-static")
    assert isinstance(table, StaticTable)
    sets = {name: Data.read(name) for name in SETS}
    print("set        8 bits, 256    bits  192            first answer")
    for name, data in sets.items():
        vectors, words = full.embed(data.texts), WordIndex()
        words.add(data.texts)
        expected = recall(whole(data, vectors, words, table), data.answers)
        for web.MANY in (len(data.texts), 0):
            with tempfile.TemporaryDirectory() as folder:
                write_index(Path(folder), data, vectors, words, table)
                found = ask(Path(folder), data.questions)
            ranked = [[hit["passage"] for hit in each["results"][-1]["hits"]] for each in found]
            sizes = [each["bytes"] for each in found]
            print(
                f"{name:<10} {expected:<14} {web.bits_for(len(data.texts))}     "
                f"{recall(ranked, data.answers):<14} {statistics.median(sizes) / 1000:.0f} kB, at most "
                f"{max(sizes) / 1000:.0f}"
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
