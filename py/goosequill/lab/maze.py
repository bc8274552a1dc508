"""Teacher and student: one who knows the map of a maze teaches one who sees pixels. Nothing is drawn here.

The mazes are in `maze_world`, the student and the ways to teach it in `maze_students`.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from functools import partial
from typing import Any, Literal

import numpy as np

from goosequill.errors import SettingsError
from goosequill.lab import maze_students, maze_world
from goosequill.lab.classifier import Layer
from goosequill.lab.maze_students import Lessons
from goosequill.lab.maze_world import ACTIONS, Floats, Indices, Worlds
from goosequill.parameters import ParameterSet, setting
from goosequill.support.progress import Progress, in_steps

STUDY = "maze-study.json"
PRACTICE, UNSEEN = 60, 100
"""Mazes in which students are taught, and mazes in which they are measured."""
SHOWN = 8
"""Mazes of each kind that a page gets."""
MOST_WALKS, MOST_MOVES = 50, 400
"""Of the visitor's own lesson."""
EVERY = 20
"""Steps of learning from one report of progress to the next."""


class Settings(ParameterSet):
    """The settings of the experiment."""

    way: Literal["clone", "dagger", "near"] = setting(
        "How it is taught",
        "Who walks in the lessons: the teacher, the student, or a teacher that is held near the student.",
        default="clone",
    )
    beacon: bool = setting("Goal seen over the walls", "Whether walls do not hide the goal.", default=False)
    memory: int = setting(
        "Views it remembers", "The last views, with the present one.", default=4, range=(1, 4)
    )
    lessons: int = setting("How often it is taught.", default=10, range=(1, 40))
    labels: int = setting(
        "Steps per lesson", "How many steps of a lesson it learns from.", default=1000, range=(100, 3000, 100)
    )
    leash: float = setting(
        "Held how near",
        "How many steps more a teacher that is held near walks to be one nat nearer to the student.",
        default=1.0,
        range=(0.2, 10.0, 0.2),
    )
    rooms: int = setting("Rooms along a side", "How large the mazes are.", default=4, range=(3, 6))
    loops: int = setting("Walls taken away", "How many loops a maze has.", default=3, range=(0, 6))
    seed: int = setting("Which mazes, students and walks.", default=0, range=(0, 2**31 - 1))


DESCRIPTION = Settings.describe(
    "maze",
    "Teacher and student",
    "A teacher plans on the map of a maze; a student learns from it what to do with what it sees.",
    "minimize sum(-log p(teacher's action | last views))",
    "Ross, Gordon & Bagnell 2011 (DAgger); Levine & Koltun 2013 (guided policy search)",
)


def files(settings: Settings) -> tuple[str, ...]:
    """Return the names of the data files that a run needs."""
    return (STUDY,)


def compute(
    settings: Settings, *, lesson: Any = None, files: Mapping[str, bytes]
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Teach a student lesson by lesson, and measure it in mazes that it has not seen.

    Parameters
    ----------
    lesson
        The visitor's own first lesson: walks through the first practice mazes, each a dict with ``maze``, the
        ``state`` it begins in, and ``moves``, a list of actions.

    Yields
    ------
    The result so far.

    Returns
    -------
    dict
        ``lessons`` [n], from 1; ``drawn`` and ``likeliest``, the share of goals reached if the student draws
        its actions from its probabilities and if it does what is likeliest, ``detour``, how many times the
        shortest way its drawn walks were, [n] each; ``student``, its layers ``hidden`` and ``output`` with
        ``weights`` and ``bias``, rounded to 3 digits; ``mazes`` and ``practice``, some unseen mazes and some
        of the lessons, see `told`; ``follower``, the share and the detour of one who keeps the right hand at
        the wall; ``alike``, by views remembered, the ``share`` of aliased cases and the least share of
        ``errors``; ``size``, ``own``, the visitor's labelled steps; ``study``, what
        scripts/lab_data/maze_study.py found.
    """
    yield Progress("mazes", 0, 0)
    practice, unseen, states = worlds_of(settings)
    own = read_lesson(lesson, practice, settings.memory)
    pupil = pupil_of(settings, practice)
    curves: dict[str, list[float]] = {"lessons": [], "drawn": [], "likeliest": [], "detour": []}
    found: dict[str, Any] = {}
    for number in range(1, settings.lessons + 1):
        for step in pupil.teach(own if number == 1 else None):
            if step % EVERY == 0:
                done = (number - 1) * maze_students.STEPS + step
                yield Progress("steps", done, settings.lessons * maze_students.STEPS)
        layers = pupil.handed_out()
        measures = (number, *judged(layers, unseen, states, settings))
        for values, value in zip(curves.values(), measures, strict=True):
            values.append(value)
        found = {name: np.array(values) for name, values in curves.items()}
        found["student"] = dict(zip(("hidden", "output"), [each._asdict() for each in layers], strict=True))
        yield found
    memories = {str(many): partial(alike, unseen, many) for many in sorted({1, settings.memory})}
    return found | {
        "alike": (yield from in_steps("memories", memories)),
        "mazes": told(unseen, states),
        "practice": told(practice, maze_students.begin(practice, np.arange(SHOWN), pupil.rng)),
        "follower": maze_students.measured(unseen, states, maze_students.follower(unseen)),
        "size": unseen.walls.shape[1],
        "own": 0 if own is None else len(own[1]),
        "study": {name: value for name, value in json.loads(files[STUDY]).items() if name != "runs"},
    }


def worlds_of(settings: Settings) -> tuple[Worlds, Worlds, Indices]:
    """Return mazes to practise in and mazes to be measured in, and where walks in the latter begin."""
    rng = np.random.default_rng([settings.seed, 0])
    chosen: dict[str, Any] = {name: getattr(settings, name) for name in ("rooms", "loops", "beacon")}
    practice = maze_world.make(PRACTICE, rng, **chosen)
    unseen = maze_world.make(UNSEEN, rng, **chosen)
    return practice, unseen, maze_students.begin(unseen, np.arange(UNSEEN), rng)


def pupil_of(settings: Settings, practice: Worlds) -> Lessons:
    """Return a student that has learned nothing."""
    rng = np.random.default_rng([settings.seed, 1])
    chosen = {name: getattr(settings, name) for name in ("way", "labels", "memory", "leash")}
    return Lessons(practice, rng=rng, **chosen)


def judged(
    layers: list[Layer], unseen: Worlds, states: Indices, settings: Settings
) -> tuple[float, float, float]:
    """Return the shares of goals reached by drawn actions and by the likeliest, and the detour."""
    rng = np.random.default_rng([settings.seed, 2])
    walkers = maze_students.student(layers, rng), maze_students.student(layers)
    (drawn, detour), (likeliest, _) = (
        maze_students.measured(unseen, states, each, memory=settings.memory) for each in walkers
    )
    return drawn, likeliest, detour


def alike(worlds: Worlds, memory: int) -> dict[str, float]:
    """Return the counts of `maze_world.aliased` without the states."""
    found = maze_world.aliased(worlds, memory)
    return {"share": found["share"], "errors": found["errors"]}


def told(worlds: Worlds, states: Indices) -> list[dict[str, Any]]:
    """Return the first mazes as a page needs them.

    Each has ``rows``, of "#" and "."; the ``goal``'s cell; the ``state`` in which a walk begins, turned to
    where one sees farthest; and by state a digit of ``best``, the sum of 1, 2 and 4 for best actions forward,
    left and right, and of ``alike``, 1 where another state of the maze looks the same and needs another move.
    """
    corners = [4 * (int(state) // 4) + np.arange(4) for state in states[:SHOWN]]
    turned = [four[worlds.views[maze, four].sum(-1).argmin()] for maze, four in enumerate(corners)]
    return [_told(worlds.only([index]), turned[index]) for index in range(SHOWN)]


def _told(world: Worlds, state: int) -> dict[str, Any]:
    kinds = world.best[0] @ (1 << np.arange(ACTIONS))
    return {
        "rows": ["".join(".#"[wall] for wall in row) for row in world.walls[0].astype(int)],
        "goal": int(world.goals[0]),
        "state": int(state),
        "best": "".join(map(str, kinds)),
        "alike": "".join(map(str, maze_world.aliased(world)["states"][0].astype(int))),
    }


def read_lesson(lesson: Any, practice: Worlds, memory: int) -> tuple[Floats, Indices] | None:
    """Return the inputs and actions of a visitor's walks; None if there are none.

    Raises
    ------
    SettingsError
        ``setting-type``: it is not a list of at most 50 walks with at most 400 moves each, as `compute` wants
        them.
    """
    if lesson is None:
        return None
    inputs, actions = [], []
    for one in _walks(lesson, practice):
        found = maze_students.walk(
            practice,
            np.array([one["maze"]]),
            np.array([one["state"]]),
            _following(one["moves"]),
            memory=memory,
            limit=len(one["moves"]),
        )
        inputs.append(found.places.inputs)
        actions.append(found.actions)
    return np.concatenate(inputs), np.concatenate(actions)


def _following(moves: list[int]) -> maze_students.Choose:
    """Return a walker that makes these moves."""
    rest = iter(moves)
    return lambda _: np.array([next(rest)])


def _walks(lesson: Any, practice: Worlds) -> list[dict[str, Any]]:
    """Return the walks, every number in them checked."""
    if not isinstance(lesson, list) or not 1 <= len(lesson) <= MOST_WALKS:
        raise _refused()
    states = practice.steps.shape[1]
    for one in lesson:
        if not isinstance(one, dict) or not isinstance(moves := one.get("moves"), list):
            raise _refused()
        maze, state = one.get("maze"), one.get("state")
        numbers = [(maze, SHOWN), (state, states), *((move, ACTIONS) for move in moves)]
        if not 1 <= len(moves) <= MOST_MOVES or not all(
            type(number) is int and 0 <= number < limit for number, limit in numbers
        ):
            raise _refused()
        if not practice.starts()[maze, state]:
            raise _refused()
    return lesson


def _refused() -> SettingsError:
    return SettingsError(
        "These are not walks through the practice mazes.",
        code="setting-type",
        remedy=f"Give up to {MOST_WALKS} dicts with maze, state and up to {MOST_MOVES} moves of 0 to 2.",
    )
