"""How soon the right name is found, and how fast: the study of the page "Scribble to launch".

    PYTHONPATH=py:. python scripts/lab_data/launcher_study.py [--writers 20] [--targets 12]

It writes ``py/goosequill/lab/data/launcher-study.json``. Each of the 20 people of Omniglot writes the first
letters of names; her own letters are not among the templates. Her letters are set side by side, because the
drawings are of single letters. The search is that of the page, run by Node. Prices were chosen before, not
fitted. It prints how long a stroke takes with 1,000 names. On one core it takes a few minutes.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

import numpy as np

from goosequill.lab import experiments, handwriting, launcher, paired
from goosequill.lab.launcher_search import KEPT, spelled
from goosequill.lab.strokes import Strokes

ROOT = Path(__file__).resolve().parents[2]
TARGET = experiments.DATA / "launcher-study.json"
SEARCH = ROOT / "scripts/lab_data/launcher_search.js"
LETTERS = 5
FRAME = 16
"""Milliseconds of a frame; those of the study are of the processor."""

Text = Callable[[str], str]


def beginning(name: str) -> str:
    """The first letters of a name."""
    return "".join(letter for letter, _ in spelled(name))[:LETTERS]


def initials(name: str) -> str:
    """The first letters of a name's words."""
    return "".join(letter for letter, begins in spelled(name) if begins)


def plain(strokes: Strokes) -> list[Any]:
    return [stroke.tolist() for stroke in strokes]


def searched(templates: Any, names: Sequence[str], queries: list[Any]) -> list[Any]:
    """What the page's search answers."""
    task = {"templates": templates, "names": names, "kept": KEPT, "full": False, "queries": queries}
    result = subprocess.run(
        ["node", SEARCH], input=json.dumps(task), capture_output=True, text=True, check=True
    )
    answers: list[Any] = json.loads(result.stdout)
    return answers


def queries_of(
    letters: dict[str, Strokes], names: Sequence[str], targets: Sequence[int], text: Text
) -> list[Any]:
    """What a writer writes of each name, and after which stroke a letter is complete."""
    found = []
    for target in targets:
        wanted = text(names[target])
        marks: list[int] = []
        for letter in wanted:
            marks.append((marks[-1] if marks else 0) + len(letters[letter]))
        found.append({"strokes": plain(launcher.written(letters, wanted)), "marks": marks, "target": target})
    return found


def writable(name: str, text: Text) -> bool:
    return text(name).isalpha() and 2 <= len(text(name)) <= launcher.MOST_LETTERS


def interval(values: Sequence[float]) -> list[float]:
    """The mean with its 95% interval, by Student's t."""
    found = paired.curve_of(np.array([values]))
    return [float(found[name][0]) for name in ("mean", "low", "high")]


def summed(ranks: Sequence[Sequence[Sequence[int]]]) -> dict[str, Any]:
    """Of each number of letters: the geometric mean rank and the shares found among the first 1 and 8.

    Each writer counts as one value. Only the best 50 names are ranked; what is not among them counts as 51st.
    """
    found: dict[str, Any] = {"rank": [], "first": [], "eight": []}
    for letters in range(max(len(each) for writer in ranks for each in writer)):
        of_writers = [
            [each[letters] or KEPT + 1 for each in writer if len(each) > letters] for writer in ranks
        ]
        logs = interval([fmean(map(math.log, each)) for each in of_writers])
        found["rank"].append([round(math.exp(value), 3) for value in logs])
        for name, most in (("first", 1), ("eight", 8)):
            shares = [fmean(rank <= most for rank in each) for each in of_writers]
            found[name].append([round(value, 4) for value in interval(shares)])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--writers", type=int, default=20)
    parser.add_argument("--targets", type=int, default=12)
    options = parser.parse_args()
    fonts, people, listed = (
        experiments.path_of(name).read_bytes() for name in (launcher.FONTS, launcher.WRITERS, launcher.NAMES)
    )
    lists: dict[str, list[str]] = json.loads(listed)
    writers = handwriting.writers(people)
    runs: list[tuple[str, str, Text]] = [
        *((name, name, beginning) for name in lists),
        ("initials", "contacts", initials),
    ]
    ranks: dict[str, list[Any]] = {run: [] for run, *_ in runs}
    steps: list[Any] = []
    for writer in range(options.writers):
        bank = launcher.letters_of(fonts, writers, writer)
        templates = [(label, plain(strokes)) for label, strokes in bank]
        for run, name, text in runs:
            names = lists[name]
            possible = [index for index, each in enumerate(names) if writable(each, text)]
            targets = Random(writer).sample(possible, min(options.targets, len(possible)))
            queries = queries_of(writers[writer], names, targets, text)
            answers = searched(templates, names, queries)
            ranks[run].append([each["ranks"] for each in answers])
            if run == "contacts":
                steps += [step for each in answers[1:] for step in each["steps"]]  # the first one warms up
        print(f"writer {writer + 1} of {options.writers}", flush=True)
    times = sorted(step["milliseconds"] for step in steps)
    share = {name: times[int(part * (len(times) - 1))] for name, part in (("median", 0.5), ("most", 0.99))}
    found = {
        "command": "scripts/lab_data/launcher_study.py",
        "seeds": options.writers,
        "first_seed": 1,
        "targets": options.targets,
        "lists": {run: {"count": len(lists[name]), **summed(ranks[run])} for run, name, _ in runs},
        "strokes": len(times),
        "milliseconds": {name: round(value, 2) for name, value in (share | {"longest": times[-1]}).items()},
        "within": round(fmean(time < FRAME for time in times), 4),
        "distances": round(fmean(step["distances"] for step in steps), 1),
        "everything": round(fmean(step["everything"] for step in steps), 1),
        "comparisons": round(fmean(step["comparisons"] for step in steps), 1),
    }
    TARGET.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for run, each in found["lists"].items():
        print(
            f"{run:10}",
            *(
                f"{rank:7.2f} {100 * first:3.0f}%"
                for (rank, *_), (first, *_) in zip(each["rank"], each["first"], strict=True)
            ),
        )
    print(
        f"a stroke with 1,000 names: {found['milliseconds']} ms,",
        f"{100 * found['within']:.1f}% within {FRAME} ms",
    )
    print({name: found[name] for name in ("strokes", "distances", "everything", "comparisons")})


if __name__ == "__main__":
    main()
