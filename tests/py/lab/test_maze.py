"""Students in mazes: plans against networkx and scipy, views against marching rays and the page's script."""

from __future__ import annotations

import json
import subprocess
from itertools import islice
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pytest
from scipy.sparse import coo_array, eye_array
from scipy.sparse.linalg import spsolve

from goosequill.errors import SettingsError
from goosequill.lab import classifier, experiments, maze, maze_students, maze_world
from goosequill.lab.maze_world import COLUMNS, HEADINGS, Worlds
from goosequill.support.progress import Progress, finish

SCRIPT = Path(__file__).resolve().parents[3] / "site/lab/maze-world.js"
SMALL = {"lessons": 2, "labels": 200, "memory": 2, "rooms": 3}


@pytest.fixture(scope="module")
def worlds() -> Worlds:
    return maze_world.make(12, np.random.default_rng(5), rooms=4, loops=2)


def graph_of(walls: np.ndarray) -> networkx.DiGraph:
    """The states of a maze, written down cell by cell."""
    found, size = networkx.DiGraph(), len(walls)
    for row, column in np.argwhere(~walls).tolist():
        for heading, (down, across) in enumerate(HEADINGS.tolist()):
            state = 4 * (row * size + column) + heading
            for turned in ((heading - 1) % 4, (heading + 1) % 4):
                found.add_edge(state, state - heading + turned)
            if not walls[row + down, column + across]:
                found.add_edge(state, 4 * ((row + down) * size + column + across) + heading)
    return found


def test_the_teachers_plan_is_the_shortest_way(worlds: Worlds) -> None:
    for walls, goal, steps in zip(worlds.walls, worlds.goals, worlds.steps, strict=True):
        graph = graph_of(walls)
        ends = {4 * int(goal) + heading for heading in range(4)}
        wanted = networkx.multi_source_dijkstra_path_length(graph.reverse(), ends)
        assert {state: value for state, value in enumerate(steps) if np.isfinite(value)} == wanted


def test_best_actions_are_those_that_come_nearer(worlds: Worlds) -> None:
    for maze_index, state in np.argwhere(worlds.starts()).tolist():
        after = worlds.steps[maze_index, worlds.next[maze_index, state]]
        wanted = after == worlds.steps[maze_index, state] - 1
        assert worlds.best[maze_index, state].tolist() == wanted.tolist() and wanted.any()


@pytest.mark.parametrize("loops", [0, 3])
def test_every_room_can_be_reached_and_loops_are_counted(loops: int) -> None:
    for seed in range(20):
        walls = maze_world.carve(np.random.default_rng(seed), 4, loops)
        grid = networkx.grid_2d_graph(*walls.shape).subgraph(map(tuple, np.argwhere(~walls).tolist()))
        assert networkx.is_connected(grid)
        assert grid.number_of_edges() - grid.number_of_nodes() + 1 == loops
        assert walls[[0, -1]].all() and walls[:, [0, -1]].all()


def marched(walls: np.ndarray, goal: int, state: int, beacon: bool) -> list[float]:
    """A view by small steps along each ray."""
    cell, heading = divmod(state, 4)
    at = np.array(divmod(cell, len(walls))) + 0.5
    middle = np.array(divmod(goal, len(walls))) + 0.5
    bright, golden = [], []
    for column in range(COLUMNS):
        ray = HEADINGS[heading] + ((column + 0.5) / COLUMNS * 2 - 1) * HEADINGS[(heading + 1) % 4]
        depths = np.arange(0, 2.0 * len(walls), 1e-3)
        points = at + depths[:, None] * ray
        cells = np.clip(points.astype(int), 0, len(walls) - 1)
        first = int(walls[cells[:, 0], cells[:, 1]].argmax())
        crossed = cells[first] - cells[first - 1]
        bright.append((0.75 if crossed[1] else 1.0) / (1 + depths[first]))
        near = np.hypot(*(points - middle).T) < maze_world.RADIUS
        met = int(near.argmax())
        golden.append(1 / (1 + depths[met]) if near.any() and (beacon or met < first) else 0.0)
    return bright + golden


@pytest.mark.parametrize("beacon", [False, True])
def test_views_are_what_small_steps_along_the_rays_meet(beacon: bool) -> None:
    worlds = maze_world.make(3, np.random.default_rng(2), rooms=3, loops=1, beacon=beacon)
    for index in range(3):
        for state in np.flatnonzero(worlds.starts()[index])[::7].tolist():
            wanted = marched(worlds.walls[index], int(worlds.goals[index]), state, beacon)
            found = worlds.views[index, state]
            assert np.abs(found - wanted).max() < 2e-3
            assert ((found[COLUMNS:] > 0) == (np.array(wanted[COLUMNS:]) > 0)).all()


def test_aliased_states_are_those_that_a_comparison_of_all_pairs_finds() -> None:
    worlds = maze_world.make(2, np.random.default_rng(1), rooms=3, loops=1)
    found = maze_world.aliased(worlds)
    cases = np.argwhere(worlds.starts()).tolist()
    wanted = np.zeros_like(found["states"])
    for one in cases:
        wanted[tuple(one)] = any(
            np.array_equal(worlds.views[*one], worlds.views[*other])
            and not (worlds.best[*one] & worlds.best[*other]).any()
            for other in cases
        )
    assert (found["states"] == wanted).all() and 0 < wanted.sum() < len(cases)
    assert found["share"] == wanted.sum() / len(cases) and 0 < found["errors"] < found["share"]


def test_a_longer_memory_tells_more_apart_and_states_of_their_own_tell_all(worlds: Worlds) -> None:
    errors = [maze_world.aliased(worlds, memory)["errors"] for memory in (1, 2, 3)]
    assert errors == sorted(errors, reverse=True) and errors[0] > errors[2] > 0
    codes = np.random.default_rng(0).random(worlds.views.shape).astype(np.float32)
    told = maze_world.aliased(worlds._replace(views=codes))
    assert told["share"] == told["errors"] == 0


def test_the_plan_of_a_teacher_held_near_solves_its_linear_equations(worlds: Worlds) -> None:
    leads, goal, leash = worlds.next[:1], worlds.goals[:1], 2.0
    states = leads.shape[1]
    shares = np.random.default_rng(3).dirichlet([1, 1, 1], (1, states))
    ends = np.arange(states) // 4 == goal[0]
    rows = np.repeat(np.arange(states), 3)
    matrix = coo_array(
        (shares.ravel() * np.exp(-1 / leash) * ~ends[rows], (rows, leads.ravel())), (states, states)
    )
    wanted = spsolve((eye_array(states) - matrix).tocsc(), ends.astype(float))
    found = maze_students.near_plan(leads, goal, shares, leash)[0]
    assert np.allclose(found, wanted, rtol=1e-2, atol=0)


def test_a_teacher_that_is_hardly_held_walks_shortest_ways(worlds: Worlds) -> None:
    layers = classifier.start((maze_world.PIXELS, 4, 3), np.random.default_rng(0))
    rng, mazes = np.random.default_rng(0), np.arange(12)
    states = maze_students.begin(worlds, mazes, rng)
    near = maze_students.near_teacher(worlds, layers, 0.05, rng)
    assert maze_students.measured(worlds, states, near) == (1.0, 1.0)
    assert maze_students.measured(worlds, states, maze_students.teacher(worlds)) == (1.0, 1.0)
    _, detour = maze_students.measured(worlds, states, maze_students.near_teacher(worlds, layers, 50.0, rng))
    assert not detour < 1.5


def test_a_hand_at_the_wall_finds_every_goal_where_there_are_no_loops() -> None:
    worlds = maze_world.make(30, np.random.default_rng(4), rooms=3, loops=0)
    states = maze_students.begin(worlds, np.arange(30), np.random.default_rng(4))
    share, detour = maze_students.measured(worlds, states, maze_students.follower(worlds))
    assert share == 1.0 and detour > 1.2


def test_the_student_becomes_perfect_where_every_state_looks_different() -> None:
    """The same lessons that leave it lost among pixels: it is the pixels."""
    one = maze_world.make(1, np.random.default_rng(0), rooms=3, loops=1)
    codes = np.random.default_rng(1).random(one.views.shape).astype(np.float32)
    worlds = one._replace(views=codes).only([0] * 20)
    pupil = maze_students.Lessons(worlds, "dagger", np.random.default_rng(2), memory=1)
    for _ in range(5):
        assert list(pupil.teach())[-1] == maze_students.STEPS
    everywhere = np.flatnonzero(one.starts()[0])
    mazes = np.zeros(len(everywhere), int)
    taken = maze_students.walk(worlds, mazes, everywhere, maze_students.student(pupil.layers), memory=1).taken
    assert (taken == one.steps[0, everywhere]).all()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few mazes and short lessons, for speed."""
    monkeypatch.setattr(maze, "PRACTICE", 10)
    monkeypatch.setattr(maze, "UNSEEN", 10)
    monkeypatch.setattr(maze_students, "STEPS", 40)


def run(**settings: Any) -> Any:
    return finish(experiments.run("maze", SMALL | settings))


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("way", maze_students.WAYS)
def test_a_run_is_repeated_by_its_seed(way: str) -> None:
    one, other = run(way=way), run(way=way)
    assert one["drawn"].tolist() == other["drawn"].tolist()
    assert (one["student"]["hidden"]["weights"] == other["student"]["hidden"]["weights"]).all()
    assert ((one["drawn"] >= 0) & (one["drawn"] <= 1)).all() and (one["detour"] >= 1).all()
    assert run(way=way, seed=1)["mazes"] != one["mazes"]


@pytest.mark.usefixtures("few")
def test_a_run_says_how_far_it_is_and_can_be_left() -> None:
    items = experiments.run("maze", SMALL)
    first = list(islice(items, 3))
    items.close()
    assert first == [Progress("mazes", 0, 0), Progress("steps", 20, 80), Progress("steps", 40, 80)]


@pytest.mark.usefixtures("few")
def test_the_visitors_moves_are_the_first_lesson() -> None:
    settings = maze.Settings.from_dict(SMALL)
    practice = maze.worlds_of(settings)[0]
    state = int(np.flatnonzero(practice.starts()[1])[0])
    lesson = [{"maze": 1, "state": state, "moves": [2, 2, 1]}]
    inputs, actions = maze.read_lesson(lesson, practice, 2) or (None, None)
    turned = practice.next[1, state, 2]
    assert actions.tolist() == [2, 2, 1]
    assert (inputs[1] == np.concatenate([practice.views[1, turned], practice.views[1, state]])).all()
    found = finish(experiments.run("maze", SMALL, {"lesson": lesson}))
    assert found["own"] == 3 and found["drawn"].tolist() != run()["drawn"].tolist()


WALK = {"maze": 0, "state": 0, "moves": [0]}


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    "lesson",
    [
        *([], {}, "walk", [None], [{}], [WALK] * 51),
        *([WALK | {"maze": 8}], [WALK | {"maze": -1}], [WALK | {"maze": 0.0}], [WALK | {"state": 10**9}]),
        *(
            [WALK | {"moves": []}],
            [WALK | {"moves": [3]}],
            [WALK | {"moves": [True]}],
            [WALK | {"moves": [0] * 401}],
        ),
        [WALK],  # within a wall
    ],
)
def test_what_is_no_lesson_is_refused(lesson: Any) -> None:
    with pytest.raises(SettingsError, match="not walks"):
        finish(experiments.run("maze", SMALL, {"lesson": lesson}))


IN_THE_PAGE = """
const { Walker, next, view } = await import(process.argv[1]);
const { maze, layers, memory, beacon, actions } = JSON.parse(process.argv[2]);
const walker = new Walker(maze, { memory, beacon });
const found = [];
for (const action of actions) {
  const views = walker.views.map((seen) => [...seen]);
  found.push({ state: walker.state, views, shares: walker.ask(layers) });
  walker.move(action);
}
process.stdout.write(JSON.stringify(found));
"""


@pytest.mark.parametrize("beacon", [False, True])
def test_the_page_walks_sees_and_asks_as_this_module_does(beacon: bool) -> None:
    worlds = maze_world.make(maze.SHOWN, np.random.default_rng(7), rooms=4, loops=3, beacon=beacon)
    mazes = np.arange(maze.SHOWN)
    states = maze_students.begin(worlds, mazes, np.random.default_rng(8))
    pupil = maze_students.Lessons(worlds, "clone", np.random.default_rng(9), labels=200, memory=3)
    list(pupil.teach())
    layers = pupil.handed_out()
    told = json.loads(json.dumps(maze.told(worlds, states)))
    states = np.array([each["state"] for each in told])
    for index in range(3):
        rng = np.random.default_rng(index)
        one = slice(index, index + 1)
        found = maze_students.walk(
            worlds, mazes[one], states[one], lambda _, r=rng: r.integers(3, size=1), memory=3, limit=40
        )
        task = {
            "maze": told[index],
            "layers": [{name: value.tolist() for name, value in layer._asdict().items()} for layer in layers],
            "memory": 3,
            "beacon": beacon,
            "actions": found.actions.tolist(),
        }
        command = ["node", "--input-type=module", "-e", IN_THE_PAGE, str(SCRIPT), json.dumps(task)]
        shown = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        assert [each["state"] for each in shown] == found.places.states.tolist()
        seen = np.array([each["views"] for each in shown]).reshape(len(shown), -1)
        assert np.abs(seen - found.places.inputs).max() < 1e-6
        shares = classifier.probabilities(classifier.forward(layers, found.places.inputs)[1])
        assert np.abs(np.array([each["shares"] for each in shown]) - shares).max() < 1e-4
