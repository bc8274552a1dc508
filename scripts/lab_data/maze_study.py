"""How well students learn to find a goal by three ways of teaching: the study of the page "maze".

    OMP_NUM_THREADS=1 PYTHONPATH=py:. nice -n 10 python scripts/lab_data/maze_study.py [--seeds 20]

It writes ``py/goosequill/lab/data/maze-study.json``: each way of teaching with each seed, after the last
lesson, for goals that walls hide, for those seen over the walls, and in two controls in one maze, in which
students are taught and measured: by pixels, and with numbers of its own for each state instead of a view, so
that no two look the same. Seeds that the file has already are kept; delete it to compute all again. On one
core it takes about ten minutes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from goosequill.lab import maze, maze_students
from goosequill.lab.maze_world import Indices, Worlds
from goosequill.lab.paired import compare, student_quantile

TARGET = Path(__file__).resolve().parents[2] / "py/goosequill/lab/data" / maze.STUDY
GOALS = ("hidden", "beacon", "known", "told")
ONE_MAZE = ("known", "told")
MEASURES = ("drawn", "likeliest", "detour")


def worlds_of(goal: str, seed: int) -> tuple[maze.Settings, Worlds, Worlds, Indices]:
    """Return the settings, the mazes of the lessons, those of the measures, and where walks begin there."""
    settings = maze.Settings(seed=seed, beacon=goal == "beacon", memory=1 if goal == "told" else 4)
    practice, unseen, states = maze.worlds_of(settings)
    if goal in ONE_MAZE:
        rng, one = np.random.default_rng([seed, 4]), practice.only([0])
        codes = rng.random(one.views.shape).astype(np.float32)
        one = one._replace(views=codes) if goal == "told" else one
        practice = unseen = one.only(np.zeros(maze.UNSEEN, int))
        states = maze_students.begin(unseen, np.arange(maze.UNSEEN), rng)
    return settings, practice, unseen, states


def taught(goal: str, seed: int) -> Iterator[tuple[str, list[float]]]:
    """Yield what is measured of each way of teaching, and of rules that learn nothing."""
    settings, practice, unseen, states = worlds_of(goal, seed)
    for way in maze_students.WAYS:
        chosen = settings.replace(way=way)
        pupil = maze.pupil_of(chosen, practice)
        for _ in range(settings.lessons):
            for _ in pupil.teach():
                pass
        yield way, list(maze.judged(pupil.handed_out(), unseen, states, chosen))
    if goal in ONE_MAZE:
        return
    rng = np.random.default_rng([settings.seed, 3])
    chance = maze_students.measured(unseen, states, lambda place: rng.integers(3, size=len(place.mazes)))
    yield "chance", [chance[0], chance[0], chance[1]]
    share, detour = maze_students.measured(unseen, states, maze_students.follower(unseen))
    yield "follower", [share, share, detour]
    for memory in (1, settings.memory):
        found = maze.alike(unseen, memory)
        yield f"alike {memory}", [found["share"], found["errors"]]


def mean_of(values: Any) -> dict[str, float]:
    """Return the mean of each seed's value with half of its 95% interval."""
    array = np.asarray(values, float)
    half = student_quantile(0.975, len(array) - 1) * array.std(ddof=1) / np.sqrt(len(array))
    return {"mean": round(float(array.mean()), 4), "half_width": round(float(half), 4)}


def summary(runs: dict[str, Any]) -> dict[str, Any]:
    """Return means, and the differences between the ways by the same seeds."""
    found: dict[str, Any] = {}
    ways = maze_students.WAYS
    pairs = [("dagger", "clone"), ("near", "clone"), ("dagger", "near")]
    for goal in GOALS:
        by = {name: np.array(values) for name, values in runs[goal].items()}
        means = {
            name: {measure: mean_of(values[:, index]) for index, measure in enumerate(MEASURES)}
            for name, values in by.items()
            if not name.startswith("alike")
        }
        alike = {
            name.removeprefix("alike "): {"share": mean_of(values[:, 0]), "errors": mean_of(values[:, 1])}
            for name, values in by.items()
            if name.startswith("alike")
        }
        differences = [
            {"name": one, "against": other, "looks": len(pairs)}
            | {
                key: round(value, 4) if isinstance(value, float) else value
                for key, value in compare(by[one][:, 0], by[other][:, 0], looks=len(pairs)).items()
                if key != "values"  # `each` has them
            }
            for one, other in pairs
        ]
        each = {way: np.round(by[way][:, 0], 4).tolist() for way in ways}
        found[goal] = {"means": means, "alike": alike, "differences": differences, "each": each}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    runs: dict[str, Any] = {goal: {} for goal in GOALS}
    if TARGET.is_file():
        runs |= json.loads(TARGET.read_text(encoding="utf-8"))["runs"]
    for seed in range(seeds):
        for goal in GOALS:
            if len(runs[goal].get("clone", [])) > seed:
                continue
            for name, values in taught(goal, seed):
                runs[goal].setdefault(name, []).append([round(value, 4) for value in values])
                print(seed, goal, name, *runs[goal][name][-1], flush=True)
        if seed:
            about = {"command": "scripts/lab_data/maze_study.py", "first_seed": 0, "seeds": seed + 1}
            about |= {"lessons": maze.Settings().lessons}
            found = about | {"goals": summary(runs), "runs": runs}
            TARGET.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
