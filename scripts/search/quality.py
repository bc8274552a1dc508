"""Measure how well search finds what is asked for, stage by stage, on the sets of quality_data.py.

    PYTHONPATH=.:py python scripts/search/quality.py           print the table
    PYTHONPATH=.:py python scripts/search/quality.py --write   and put it into docs/explanation/search.md
    PYTHONPATH=.:py python scripts/search/quality.py --tune    choose the weights on half of the questions

R@1 and R@10 are the shares of questions whose answer comes first, or among the first ten. The intervals are
bootstraps over the questions. An answer is one passage; "in pieces" splits it as search does with documents.
Whether anything fits at all is measured by fits.py.
Vectors are kept in build/quality/vectors: the first run embeds 36,000 passages, and can be interrupted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scripts.search.minilm_folder import build_minilm
from scripts.search.quality_data import OUTPUT, ROOT
from scripts.sections import with_section

from goosequill.kernels.kernel import Floats
from goosequill.loading.load import load_path
from goosequill.search.bm25 import WordIndex
from goosequill.search.documents.document import Composer
from goosequill.search.embedder import Embedder, fingerprint, unit_rows
from goosequill.search.embedders import VOCABULARY, open_folder
from goosequill.search.fusion import FULL_WEIGHT, STATIC_WEIGHT, fuse, with_neighbours
from goosequill.search.passages import embedded_text, passages
from goosequill.search.rwkv_embedder import RwkvEmbedder
from goosequill.search.static_table import StaticTable
from goosequill.search.vectors import quantize
from goosequill.search.web import DIMENSIONS, Grid, bits_for
from goosequill.tokenizers.wordpiece import load_wordpiece

SETS = ("zaragoza", "debian", "verses")
DOCUMENT = ROOT / "docs" / "explanation" / "search.md"
RESAMPLES, SEED = 2000, 1
MOST_FOR_RWKV = 2000
"""Passages of a set that the language model reads too; it takes a hundred times as long as the table."""
CHUNK = 2000
WEIGHTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
STAGES = {
    "words": "Words alone (BM25)",
    "table": "Static table, both sides",
    "site": f"A static site's first stage ({DIMENSIONS} dimensions, 4 bits, and words)",
    "static": "First stage: static question, MiniLM passages, and words",
    "minilm": "MiniLM alone",
    "full": "Second stage: MiniLM and words",
    "rwkv": "Experiment: the default RWKV model’s outputs, averaged",
}
Ids = NDArray[np.intp]


@dataclass(frozen=True)
class Case:
    """A set of questions with their answers' passages.

    Attributes
    ----------
    passages, owners
        Texts as they are indexed, and the document of each [n].
    questions, gold
        And the document that answers each [q].
    """

    name: str
    passages: list[str]
    owners: Ids
    questions: list[str]
    gold: Ids


@dataclass(frozen=True)
class Scores:
    """The parts of which each stage's scores are made, [questions, passages] each; `sections` [passages]."""

    sections: Ids
    words: Floats
    table: Floats
    site: Floats
    static: Floats
    minilm: Floats
    rwkv: Floats | None = None

    def stage(self, name: str) -> Floats:
        """Return the scores by which a stage ranks passages."""
        if name in ("words", "table", "minilm", "rwkv"):
            plain: Floats = getattr(self, name)
            return plain
        weight = FULL_WEIGHT if name == "full" else STATIC_WEIGHT
        cosines: Floats = self.minilm if name == "full" else getattr(self, name)
        scores = fused(cosines, self.words, weight)
        if name == "site":  # which does not know where sections begin
            return scores
        return with_neighbours(np.arange(len(self.sections)), self.sections.astype(np.int64), scores)


def language_model(path: Path) -> Embedder:
    """Return the embedder that the search page makes of a language model."""
    loaded = load_path(path)
    return RwkvEmbedder(loaded.model, loaded.tokenizer, loaded.description)


def read_case(name: str, *, pieces: bool = False) -> Case:
    """Return a set; `pieces`: its documents are split as search splits them."""
    made = json.loads((OUTPUT / f"{name}.json").read_text(encoding="utf-8"))
    texts, owners = [], []
    for number, document in enumerate(made["documents"]):
        found = _pieces(document["text"]) if pieces else [document["text"]]
        texts += [embedded_text(document["title"], "", text) for text in found]
        owners += [number] * len(found)
    numbers = {document["name"]: number for number, document in enumerate(made["documents"])}
    gold = np.array([numbers[question["document"]] for question in made["questions"]])
    questions = [question["text"] for question in made["questions"]]
    return Case(f"{name}-pieces" if pieces else name, texts, np.array(owners), questions, gold)


def _pieces(text: str) -> list[str]:
    composer = Composer()
    for paragraph in text.split("\n\n"):
        composer.paragraph(paragraph)
    document = composer.document("answer")
    return [document.text[passage.start : passage.end] for passage in passages(document)]


def embed(model: Embedder, texts: Sequence[str]) -> Floats:
    """Return the vectors of texts, kept in files of `CHUNK` between runs, which can be interrupted."""
    parts = []
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start : start + CHUNK]
        digest = hashlib.sha256(json.dumps([model.fingerprint, *chunk]).encode()).hexdigest()
        kept = OUTPUT / "vectors" / f"{digest[:24]}.npy"
        if not kept.is_file():
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept.with_suffix(".new.npy"), model.embed(chunk))
            kept.with_suffix(".new.npy").replace(kept)
        parts.append(np.load(kept))
    vectors: Floats = np.concatenate(parts)
    return vectors


def stored(vectors: Floats) -> Floats:
    """Return vectors as an index keeps them, in 8 bits."""
    values, scales = quantize(vectors)
    return values.astype(np.float32) * scales[:, None]


def site_table(folder: Path, static: StaticTable) -> StaticTable:
    """Return the static table as a static site has it, with fewer dimensions in 4 bits."""
    rows = static.rows[:, :DIMENSIONS]
    tokenizer = load_wordpiece((folder / VOCABULARY).read_bytes())
    kept_as = fingerprint(static.fingerprint, f"4 bits, {DIMENSIONS} dimensions")
    return StaticTable(unpacked(Grid.fitted(rows), rows), tokenizer, fingerprint=kept_as)


def site_cosines(table: StaticTable, questions: Sequence[str], rows: Floats) -> Floats:
    """Return the cosines of a static site, whose passages have 4 bits as well, or 2."""
    short = unit_rows(rows[:, :DIMENSIONS])
    return embed(table, questions) @ unpacked(Grid.fitted(short, bits_for(len(short))), short).T


def unpacked(grid: Grid, rows: Floats) -> Floats:
    """Return rows after they were packed."""
    packed = np.frombuffer(grid.pack(rows), np.uint8).reshape(len(rows), -1)
    most = 2**grid.bits - 1
    levels = np.stack([packed >> shift & most for shift in range(0, 8, grid.bits)], axis=2).reshape(
        rows.shape
    )
    middles: Floats = (levels.astype(np.float32) - np.float32(most / 2)) * grid.steps + grid.means
    return middles


def measure(
    case: Case, static: Embedder, full: Embedder, site: StaticTable, rwkv: Embedder | None = None
) -> Scores:
    """Return every part of the scores of a set; those of the language model only where it is given."""
    index = WordIndex()
    index.add(case.passages)
    words = np.stack([index.scores(question) for question in case.questions])
    rows, asked = stored(embed(full, case.passages)), embed(static, case.questions)
    table = asked @ stored(embed(static, case.passages)).T
    return Scores(
        case.owners,
        words,
        table,
        site_cosines(site, case.questions, rows),
        asked @ rows[:, : static.dimensions].T,
        embed(full, case.questions) @ rows.T,
        None if rwkv is None else embed(rwkv, case.questions) @ stored(embed(rwkv, case.passages)).T,
    )


def fused(cosines: Floats, words: Floats, weight: float) -> Floats:
    """Return the scores of each question by the product's own fusion, a row at a time."""
    return np.stack([fuse(cosine, word, weight) for cosine, word in zip(cosines, words, strict=True)])


def ranks(case: Case, scores: Floats) -> Ids:
    """Return how many documents come before each question's answer; those that tie come before it."""
    starts = np.unique(case.owners, return_index=True)[1]
    best = np.maximum.reduceat(scores, starts, axis=1)  # [q, n] -> [q, documents]
    own = best[np.arange(len(best)), case.gold]
    found: Ids = (best >= own[:, None]).sum(axis=1) - 1
    return found


def recall(found: Ids, most: int) -> tuple[float, float, float]:
    """Return the share of ranks below `most`, and the ends of its interval at 95%."""
    hits = (found < most).astype(np.float64)
    chosen = np.random.default_rng(SEED).integers(0, len(hits), (RESAMPLES, len(hits)))
    low, high = np.quantile(hits[chosen].mean(axis=1), [0.025, 0.975])
    return float(hits.mean()), float(low), float(high)


def ratings(static: Embedder, full: Embedder) -> dict[str, float]:
    """Return each stage's correlation with people's ratings of how similar two news texts are."""
    made = json.loads((OUTPUT / "lee.json").read_text(encoding="utf-8"))
    texts, upper = made["texts"], np.triu_indices(len(made["texts"]), 1)
    index = WordIndex()
    index.add(texts)
    scores = np.stack([index.scores(text) for text in texts])
    words = (scores + scores.T) / 2
    table, minilm = (rows @ rows.T for rows in (embed(static, texts), embed(full, texts)))
    parts = {"words": words, "table": table, "minilm": minilm}
    pairs = {name: part[upper] for name, part in parts.items()}
    pairs["full"] = fuse(pairs["minilm"], pairs["words"], FULL_WEIGHT)
    people = np.array(made["ratings"])[upper]
    return {name: float(np.corrcoef(values, people)[0, 1]) for name, values in pairs.items()}


def tune(measured: Sequence[tuple[Case, Scores]]) -> None:
    """Print the weight that is best on every second question, and what each is worth on the rest."""
    for name, part in (("static", "static"), ("site", "site"), ("full", "minilm")):
        halves = [[_gain(measured, part, weight, half) for weight in WEIGHTS] for half in (0, 1)]
        rest = ", ".join(f"{weight:g}: {gain:.3f}" for weight, gain in zip(WEIGHTS, halves[1], strict=True))
        print(f"{name}: weight {WEIGHTS[int(np.argmax(halves[0]))]:g} on one half; on the other {rest}")


def _gain(measured: Sequence[tuple[Case, Scores]], part: str, weight: float, half: int) -> float:
    """Return the mean of R@1 and R@10 over the sets, for half of the questions."""
    found = [
        ranks(case, fused(getattr(scores, part), scores.words, weight))[half::2] for case, scores in measured
    ]
    return float(np.mean([(each < most).mean() for each in found for most in (1, 10)]))


def table(measured: Sequence[tuple[Case, Scores]], correlations: dict[str, float]) -> list[str]:
    """Return the lines of the table in Markdown."""
    titles = {"zaragoza": "Building FAQ", "debian": "Debian FAQ", "debian-pieces": "Debian FAQ, in pieces"}
    titles["verses"] = "Verses"
    heads = [f"{titles[case.name]} ({len(case.questions):,})" for case, _ in measured]
    lines = [f"| Stage | {' | '.join(heads)} | News, r |", "| --- |" + " --- |" * (len(heads) + 1)]
    for name, title in STAGES.items():
        cells = [_cell(case, scores, name) for case, scores in measured]
        r = f"{correlations[name]:.3f}" if name in correlations else ""
        lines.append(f"| {title} | {' | '.join(cells)} | {r} |")
    return lines


def _cell(case: Case, scores: Scores, name: str) -> str:
    if name == "rwkv" and scores.rwkv is None:
        return ""
    found = ranks(case, scores.stage(name))
    first, ten = recall(found, 1), recall(found, 10)
    shares = f"{first[0]:.3f} / {ten[0]:.3f}"
    return f"{shares} ({first[1]:.3f}–{first[2]:.3f} / {ten[1]:.3f}–{ten[2]:.3f})"


def write_section(lines: Sequence[str], path: Path = DOCUMENT, mark: str = "quality") -> None:
    """Put lines between the marks in a page."""
    path.write_text(with_section(path, mark, "\n".join(["", *lines, ""])), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minilm", type=Path, help="its folder; by default it is built")
    parser.add_argument("--static", type=Path, default=ROOT / "site/models/minilm-static", help="a folder")
    parser.add_argument("--rwkv", type=Path, default=ROOT / "site/models/default", help="a folder")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument(
        "--write", action="store_true", help=f"put the table into {DOCUMENT.relative_to(ROOT)}"
    )
    parser.add_argument("--tune", action="store_true", help="search the best weights of the words")
    options = parser.parse_args(arguments)
    if options.minilm is None:
        build_minilm(OUTPUT / "minilm")
    static, full = open_folder(options.static), open_folder(options.minilm or OUTPUT / "minilm")
    if not isinstance(static, StaticTable):
        raise SystemExit(f"{options.static} is not a static table")
    site = site_table(options.static, static)
    cases = [read_case(name) for name in options.sets]
    split = [read_case("debian", pieces=True)] if "debian" in options.sets else []
    rwkv = language_model(options.rwkv)
    measured = [
        (case, measure(case, static, full, site, rwkv if len(case.passages) <= MOST_FOR_RWKV else None))
        for case in [*cases, *split]
    ]
    lines = table(measured, ratings(static, full))
    print("\n".join(lines))
    if options.tune:
        tune([pair for pair in measured if pair[0] in cases])
    if options.write:
        write_section(lines)


if __name__ == "__main__":
    main()
