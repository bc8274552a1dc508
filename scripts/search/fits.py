"""Measure when search says that something fits a question, fits perhaps, or that nothing does.

    PYTHONPATH=.:py python scripts/search/fits.py           print the tables
    PYTHONPATH=.:py python scripts/search/fits.py --write   and put them into the documentation

The rule and its curves are in goosequill.search.calibration, and for the first stage of a static site in
goosequill.search.web. Questions are asked of the index of their own set, where they have an answer, and as
foreign ones of the others. The curves are fitted to the sets of quality_data.py and to
tests/data/search/regression.json; tests/data/search/hard.json and the sets of held_out.py are left out, to
see what they are worth elsewhere.
The states of a static site are those of the page's JavaScript, which must agree with those of Python.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scripts.search import held_out
from scripts.search.minilm_folder import build_minilm
from scripts.search.quality import embed, write_section
from scripts.search.quality_data import OUTPUT, ROOT

from goosequill.kernels import load_kernel
from goosequill.kernels.kernel import Floats
from goosequill.search.calibration import CURVES, PERHAPS, Curve
from goosequill.search.collection import embed_pending
from goosequill.search.documents.document import Composer, Document
from goosequill.search.embedder import Embedder
from goosequill.search.embedders import open_folder
from goosequill.search.index import Index
from goosequill.search.searcher import Searcher
from goosequill.search.static_table import StaticTable
from goosequill.search.storage import FolderStorage, Storage
from goosequill.search.web import write

PROBE = Path(__file__).with_name("static_probe.js")
SMALL = ROOT / "tests" / "data" / "search"
TITLES = {
    "zaragoza": "Building FAQ",
    "debian": "Debian FAQ",
    "regression": "Short texts",
    "hard": "Hard FAQ, not fitted",
    **{name: f"{made['title']}, not fitted" for name, made in held_out.MADE["sets"].items()},
}
FITTED = ("zaragoza", "debian", "regression")
FOREIGN = "verses"
"""A set of which only questions are used; of its 3,000 as few as of another set."""
THINNED = 6
"""One of so many foreign questions is asked, which leaves two hundred for each set."""
STAGES = {
    "full": "MiniLM",
    "static": "First stage: static question, MiniLM passages",
    "table": "Static table, both sides",
    "site": "First stage",
    "site full": "Better answers (MiniLM)",
    "site table": "First stage, indexed with the static table",
}
STATES = ("fits", "perhaps", "nothing")
MARKS = {
    "fits": ROOT / "docs" / "explanation" / "search.md",
    "site-fits": ROOT / "docs/how-to/site-search.md",
}


@dataclass(frozen=True)
class Set:
    """Documents, questions that they answer, and others."""

    documents: list[Document]
    questions: list[str]
    unanswerable: list[str]

    @classmethod
    def read(cls, name: str) -> Set:
        if given := held_out.MADE["sets"].get(name):
            questions = [text for text, _ in given["questions"]]
            return cls(list(held_out.documents(given)), questions, held_out.MADE["foreign"])
        path = SMALL / f"{name}.json"
        made = json.loads((path if path.is_file() else OUTPUT / f"{name}.json").read_text(encoding="utf-8"))
        documents = []
        for number, each in enumerate(made.get("documents", made.get("passages"))):
            composer = Composer()
            for paragraph in each["text"].split("\n\n"):
                composer.paragraph(paragraph)
            documents.append(composer.document(f"{number}", title=each["title"]))
        return cls(documents, [each["text"] for each in made["questions"]], made.get("unanswerable", []))

    def index(self, embedder: Embedder, storage: Storage) -> Index:
        """Return an index of it, split into passages as documents are."""
        index = Index.create(storage, load_kernel().search, name="")
        for document in self.documents:
            index.add(document)
        list(embed_pending(index, embedder))
        index.commit()
        return index


@dataclass(frozen=True)
class Answers:
    """What questions were answered with: the likelihood of the closest result of each, and the state."""

    curve: Curve
    chances: list[float]
    states: list[str]

    @property
    def cosines(self) -> Floats:
        """The closest result's cosine [q], of which the likelihood was made."""
        chances = np.clip(self.chances, 1e-9, 1 - 1e-9).tolist()
        return np.array([self.curve.cosine(chance) for chance in chances], np.float32)

    def shares(self) -> str:
        return " / ".join(f"{np.mean([each == state for each in self.states]):.0%}" for state in STATES)


def in_python(
    searcher: Searcher, questions: Sequence[str], curve: Curve, vectors: Floats | None = None
) -> Answers:
    """Ask by the stage that the searcher has the models for; with vectors it is the full one."""
    stage: Any = "static" if searcher.full is None else "full"
    asked = [None] * len(questions) if vectors is None else list(vectors)
    found = [
        searcher.ask(question, count=1, stage=stage, vector=vector)
        for question, vector in zip(questions, asked, strict=True)
    ]
    return Answers(curve, [each.likelihood or 0.0 for each in found], [each.state for each in found])


def in_javascript(folder: str, questions: Sequence[str], vectors: Floats | None = None) -> list[Answers]:
    """Ask a static index by its first stage, and by the full one with the questions' vectors from here."""
    given = {"questions": questions, "count": 1, "vectors": None if vectors is None else vectors.tolist()}
    command = ["node", str(PROBE), folder]
    result = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(result.stdout)
    stages = json.loads((Path(folder) / "web" / "search.json").read_text(encoding="utf-8"))["stages"]
    answers = []
    for stage in ("meaning",) if vectors is None else ("meaning", "full"):
        results = [next(each for each in one["results"] if each["stage"] == stage) for one in found]
        curve = Curve(stages[stage]["middle"], stages[stage]["slope"])
        chances, states = ([each[key] for each in results] for key in ("likelihood", "state"))
        answers.append(Answers(curve, chances, states))
    return answers


def measure(made: Set, sides: dict[str, list[str]], static: StaticTable, full: Embedder) -> dict[str, Any]:
    """Return the answers of each stage to own and to foreign questions."""
    search = load_kernel().search
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        index, table = made.index(full, FolderStorage(first)), made.index(static, FolderStorage(second))
        for folder, written in ((first, index), (second, table)):
            write(written, static, FolderStorage(Path(folder) / "web"))
        for side, questions in sides.items():
            vectors = embed(full, questions)
            site, site_full = in_javascript(first, questions, vectors)
            answers = {
                "full": in_python(Searcher(index, search), questions, CURVES[full.name, full.name], vectors),
                "static": in_python(
                    Searcher(index, search, static=static), questions, CURVES[static.name, full.name]
                ),
                "table": in_python(
                    Searcher(table, search, full=static), questions, CURVES[static.name, static.name]
                ),
                "site": site,
                "site full": site_full,
                "site table": in_javascript(second, questions)[0],
            }
            found |= {f"{stage} {side}": answer for stage, answer in answers.items()}
    return found


def foreign_to(name: str, sets: dict[str, Set]) -> list[str]:
    """Return questions that a set does not answer; what is not fitted is only asked of its own."""
    others = [other for key, other in sets.items() if key in FITTED and key != name]
    texts = [text for other in others for text in other.questions]
    texts += [text for key in {*FITTED, name} for text in sets[key].unanswerable]
    return (sorted(texts) + Set.read(FOREIGN).questions[::6])[::THINNED]


def calibrate(own: Sequence[Floats], foreign: Sequence[Floats]) -> tuple[float, float]:
    """Fit a logistic curve to cosines; all sets count alike, and so do own and foreign questions.

    Returns the cosine at which both are as likely, and the slope.
    """
    sides = [(values, label) for label, side in ((1, own), (0, foreign)) for values in side]
    values = np.concatenate([values for values, _ in sides]).astype(np.float64)
    labels = np.concatenate([np.full(len(values), label) for values, label in sides])
    counts = np.concatenate([np.full(len(values), 1 / len(values) / len(sides)) for values, _ in sides])
    rows, weights = np.stack([np.ones_like(values), values], axis=1), np.array([-6.0, 15.0])
    for _ in range(50):  # Newton's method, with a little ridge
        chance = 1 / (1 + np.exp(-rows @ weights))
        gradient = rows.T @ (counts * (chance - labels)) + 1e-5 * weights
        hessian = (rows * (counts * chance * (1 - chance))[:, None]).T @ rows + 1e-5 * np.eye(2)
        weights -= np.linalg.solve(hessian, gradient)
    return float(-weights[0] / weights[1]), float(weights[1])


def table(
    found: dict[str, dict[str, Any]], sizes: dict[str, tuple[int, int]], stages: Sequence[str]
) -> list[str]:
    """Return the shares of the states in Markdown, of questions with an answer and of foreign ones.

    The third row of a stage is the share of foreign questions that would be refused if the threshold were
    chosen for the set, to lose one in twenty of its own.
    """
    heads = [f"{TITLES[name]} ({own:,}; {foreign:,})" for name, (own, foreign) in sizes.items()]
    lines = [f"| Stage | Questions | {' | '.join(heads)} |", "| --- |" * 1 + " --- |" * (len(heads) + 1)]
    for stage in stages:
        for side, title in (("own", "with an answer"), ("foreign", "foreign")):
            cells = [found[name][f"{stage} {side}"].shares() for name in sizes]
            lines.append(f"| {STAGES[stage]} | {title} | {' | '.join(cells)} |")
        cells = [
            refused_at_best(*(found[name][f"{stage} {side}"] for side in ("own", "foreign")))
            for name in sizes
        ]
        lines.append(f"| {STAGES[stage]} | foreign, at best | {' | '.join(cells)} |")
    return lines


def refused_at_best(own: Answers, foreign: Answers) -> str:
    return f"{np.mean(foreign.cosines < np.quantile(own.cosines, 0.05)):.0%}"


def fitted(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the curve of each stage, and how much of what it says is true."""
    for stage in ("full", "static", "table", "site", "site table"):
        own, foreign = ([found[name][f"{stage} {side}"] for name in FITTED] for side in ("own", "foreign"))
        middle, slope = calibrate([each.cosines for each in own], [each.cosines for each in foreign])
        yield f"{stage}: Curve({middle:.3f}, {slope:.1f})"
        for low, high in ((0, PERHAPS), (PERHAPS, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
            shares = [
                float(np.mean([np.mean([low <= x < high for x in each.chances]) for each in side]))
                for side in (own, foreign)
            ]
            yield f"  likelihood {low:.2f} to {high:.2f}: {shares[0] / sum(shares):.2f} are answered"


def agreement(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield how many questions have the same state in Python and in JavaScript."""
    for python, site in (("full", "site full"), ("static", "site"), ("table", "site table")):
        pairs = [
            pair
            for answers in found.values()
            for side in ("own", "foreign")
            for pair in zip(answers[f"{python} {side}"].states, answers[f"{site} {side}"].states, strict=True)
        ]
        same = sum(first == second for first, second in pairs)
        opposite = sum({first, second} == {"fits", "nothing"} for first, second in pairs)
        yield f"{python} and {site}: {same:,} of {len(pairs):,} states are the same, {opposite} opposite"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minilm", type=Path, help="its folder; by default it is built")
    parser.add_argument("--write", action="store_true", help="put the tables into the documentation")
    options = parser.parse_args(arguments)
    if options.minilm is None:
        build_minilm(OUTPUT / "minilm")
    full = open_folder(options.minilm or OUTPUT / "minilm", load_kernel())
    static = open_folder(ROOT / "site/models/minilm-static")
    assert isinstance(static, StaticTable)
    sets = {name: Set.read(name) for name in TITLES}
    sides = {name: {"own": made.questions, "foreign": foreign_to(name, sets)} for name, made in sets.items()}
    found = {name: measure(made, sides[name], static, full) for name, made in sets.items()}
    sizes = {name: (len(side["own"]), len(side["foreign"])) for name, side in sides.items()}
    print("\n".join([*fitted(found), *agreement(found)]))
    for mark, stages in (
        ("fits", ("full", "static", "table")),
        ("site-fits", ("site", "site full", "site table")),
    ):
        lines = table(found, sizes, stages)
        print("\n".join(lines))
        if options.write:
            write_section(lines, MARKS[mark], mark)


if __name__ == "__main__":
    main()
