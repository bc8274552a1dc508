"""Mazes, what is seen in them in first person, and the plan of one who knows the map. Nothing learns here.

A maze is a grid of square cells, walls or free. Whoever walks in it stands in the middle of a cell and looks
north, east, south or west. A state is ``4 * cell + heading``, with cells counted row by row. Three actions
cost one step each: go forward (which a wall prevents), turn left, turn right. Arrays have the axes [mazes,
states, ...]; states within walls are there, too, and lead nowhere.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
Bools = NDArray[np.bool_]
Indices = NDArray[np.integer[Any]]

ACTIONS = 3
FORWARD, LEFT, RIGHT = range(ACTIONS)
HEADINGS = np.array([[-1, 0], [0, 1], [1, 0], [0, -1]])
"""Rows and columns of a step north, east, south and west."""
COLUMNS = 24
"""Columns of pixels in a view, over 90 degrees."""
PIXELS = 2 * COLUMNS
"""Numbers in a view: of each column how bright the wall is, then of each how bright the goal."""
SIDE = 0.75
"""How bright walls are that face east or west, compared with those that face north or south."""
RADIUS = 0.3
"""Of the goal, which is a pillar, in cells."""


class Worlds(NamedTuple):
    """Many mazes of one size, with everything that is known of them."""

    walls: Bools  # [mazes, size, size]
    goals: Indices  # [mazes], cells
    next: Indices  # [mazes, states, 3], where each action leads
    steps: Floats  # [mazes, states], least steps to the goal; inf within walls
    best: Bools  # [mazes, states, 3], whether an action is the first of a shortest way
    views: Floats  # [mazes, states, PIXELS], float32

    def starts(self) -> Bools:
        """Return the states in which a walk can begin, [mazes, states]: all free ones but the goal's."""
        return np.isfinite(self.steps) & (self.steps > 0)

    def only(self, mazes: Any) -> Worlds:
        """Return some of the mazes, as numpy indexes an axis."""
        chosen: list[Any] = [part[mazes] for part in self]
        return Worlds(*chosen)


def make(
    count: int, rng: np.random.Generator, *, rooms: int = 4, loops: int = 3, beacon: bool = False
) -> Worlds:
    """Draw mazes of ``2 * rooms + 1`` cells a side, each with a goal in one of its rooms, and plan in them.

    Parameters
    ----------
    loops
        How many walls between rooms are taken away after every room can be reached, as far as there are any.
    beacon
        Whether the goal is seen over the walls.
    """
    walls = np.stack([carve(rng, rooms, loops) for _ in range(count)])
    size = walls.shape[1]
    row, column = 1 + 2 * rng.integers(rooms, size=(2, count))
    goals = row * size + column
    leads = moves(walls)
    steps = plan(leads, goals)
    seen = np.stack([views(wall, int(goal), beacon) for wall, goal in zip(walls, goals, strict=True)])
    return Worlds(walls, goals, leads, steps, best_actions(leads, steps), seen)


def carve(rng: np.random.Generator, rooms: int, loops: int) -> Bools:
    """Return walls, [size, size], around rooms that form a random tree (depth-first), and some loops."""
    size = 2 * rooms + 1
    walls = np.ones((size, size), bool)
    row, column = 1 + 2 * rng.integers(rooms, size=2)
    walls[row, column] = False
    way = [(int(row), int(column))]
    while way:
        row, column = way[-1]
        ahead = [(row + 2 * r, column + 2 * c) for r, c in HEADINGS.tolist()]
        closed = [(r, c) for r, c in ahead if 0 < r < size and 0 < c < size and walls[r, c]]
        if not closed:
            way.pop()
            continue
        r, c = closed[int(rng.integers(len(closed)))]
        walls[r, c] = walls[(row + r) // 2, (column + c) // 2] = False
        way.append((r, c))
    inner = [(r, c) for r in range(1, size - 1) for c in range(1, size - 1) if (r + c) % 2 and walls[r, c]]
    for index in rng.permutation(len(inner))[:loops].tolist():
        walls[inner[index]] = False
    return walls


def moves(walls: Bools) -> Indices:
    """Return the state that each action leads to, [mazes, states, 3]."""
    count, size, _ = walls.shape
    cells = np.arange(size * size)
    ahead = np.stack(np.divmod(cells, size), -1)[:, None] + HEADINGS  # [cells, 4, 2]
    inside = ((ahead >= 0) & (ahead < size)).all(-1)
    target = np.where(inside, ahead[..., 0] * size + ahead[..., 1], cells[:, None])
    flat = walls.reshape(count, -1)
    stays = flat[:, target] | flat[:, :, None]  # [mazes, cells, 4]
    forward = 4 * np.where(stays, cells[:, None], target) + np.arange(4)
    states = np.arange(4 * size * size).reshape(-1, 4)
    found = [
        forward.reshape(count, -1),
        np.roll(states, 1, axis=1).ravel(),
        np.roll(states, -1, axis=1).ravel(),
    ]
    return np.stack(np.broadcast_arrays(*found), axis=-1)


def plan(leads: Indices, goals: Indices) -> Floats:
    """Return the least number of steps to the goal from every state, [mazes, states], by value iteration.

    V(s) = 0 at the goal, else 1 + min over a of V(next(s, a)) (Bellman 1957); inf where no way leads there.
    """
    count, states, _ = leads.shape
    at_goal = np.arange(states) // 4 == goals[:, None]
    mazes = np.arange(count)[:, None, None]
    values = np.where(at_goal, 0.0, np.inf)
    while True:
        found = np.where(at_goal, 0.0, 1 + values[mazes, leads].min(axis=-1))
        if np.array_equal(found, values):
            return values
        values = found


def best_actions(leads: Indices, steps: Floats) -> Bools:
    """Return whether each action is the first of a shortest way, [mazes, states, 3]; none is at the goal."""
    after = steps[np.arange(len(leads))[:, None, None], leads]
    return np.asarray(np.isfinite(after) & (after == steps[..., None] - 1))


# ---- What is seen ----


@cache
def _rays(size: int) -> tuple[Indices, Floats, Floats]:
    """Return for each heading and column which cells a ray enters, one after the other.

    From the middle of a cell that is the same everywhere: [4, COLUMNS, crossings, 2] cells to add, and
    [4, COLUMNS, crossings] the distance at which it enters each, along the heading and not along the ray,
    which keeps straight walls straight; and how bright the side is that it enters by.
    """
    count = 2 * size
    offsets = np.zeros((4, COLUMNS, count, 2), int)
    depths, lights = np.zeros((2, 4, COLUMNS, count))
    for heading, column in np.ndindex(4, COLUMNS):
        ray = HEADINGS[heading] + (2 * column + 1 - COLUMNS) / COLUMNS * HEADINGS[(heading + 1) % 4]
        crossings = sorted(
            ((0.5 + step) / abs(float(ray[axis])), axis)
            for axis in (0, 1)
            for step in range(size)
            if ray[axis]
        )
        at = np.zeros(2, int)
        for index, (depth, axis) in enumerate(crossings[:count]):
            at[axis] += int(np.sign(ray[axis]))
            offsets[heading, column, index] = at
            depths[heading, column, index] = depth
            lights[heading, column, index] = SIDE if axis else 1.0
    return offsets, depths, lights


def light(depth: Floats) -> Floats:
    """Return how bright something is at a distance in cells."""
    return 1 / (1 + depth)


def views(walls: Bools, goal: int, beacon: bool) -> Floats:
    """Return what is seen from every state of a maze, [states, PIXELS], float32; 0 within walls.

    The distance to a wall is that at which a ray enters its first wall cell (as in Amanatides & Woo 1987);
    the goal is a pillar, met where a ray enters a circle. It hides no wall, and unless it is a beacon, walls
    hide it.
    """
    size = len(walls)
    offsets, depths, lights = _rays(size)
    cells = np.argwhere(~walls)
    entered = cells[:, None, None, None] + offsets  # [free, 4, COLUMNS, crossings, 2]
    hit = walls[tuple(np.clip(np.moveaxis(entered, -1, 0), 0, size - 1))]
    first = hit.argmax(-1)[..., None]  # [free, 4, COLUMNS, 1]
    depth = np.take_along_axis(depths[None], first, -1)[..., 0]
    bright = light(depth) * np.take_along_axis(lights[None], first, -1)[..., 0]
    there = goal_depths(np.array(divmod(goal, size)) - cells)
    shown = np.isfinite(there) & (beacon | (there < depth))
    golden = np.where(shown, light(np.where(shown, there, 0)), 0)
    found = np.zeros((size * size, 4, PIXELS), np.float32)
    found[cells @ [size, 1]] = np.concatenate([bright, golden], axis=-1)
    return found.reshape(-1, PIXELS)


def goal_depths(away: Floats) -> Floats:
    """Return at which distance each ray meets the goal, [n, 4, COLUMNS]; inf if it does not.

    Parameters
    ----------
    away
        Rows and columns from the place of each viewer to the goal, [n, 2].
    """
    ahead = (away @ HEADINGS.T)[..., None]  # [n, 4, 1]
    aside = (away @ np.roll(HEADINGS, -1, axis=0).T)[..., None]
    slope = (2 * np.arange(COLUMNS) + 1 - COLUMNS) / COLUMNS
    square, half = 1 + slope**2, ahead + aside * slope  # |t (1, slope) - (ahead, aside)| = RADIUS
    inside = half**2 - square * (ahead**2 + aside**2 - RADIUS**2)
    depth = (half - np.sqrt(np.maximum(inside, 0))) / square
    return np.where((inside >= 0) & (depth > 0), depth, np.inf)


# ---- What cannot be told apart ----


def aliased(worlds: Worlds, memory: int = 1) -> dict[str, Any]:
    """Count what no rule can get right that sees only the last views, without knowing the maze.

    With a memory of several views, every way of arriving at a state counts as a case of its own.

    Returns
    -------
    dict
        ``states``, whether another case in any of the mazes looks the same and has no best action in common,
        [mazes, states]: for any way of arriving; ``share``, of all cases, that do so; ``errors``, the share
        of cases in which the rule errs that does for each input what is right for most.
    """
    starts = worlds.starts()
    seen = np.zeros(starts.shape, np.int64)
    seen[starts] = np.unique(worlds.views[starts], axis=0, return_inverse=True)[1].ravel()
    kinds_of_views = int(seen.max()) + 1
    maze: Indices
    state: Indices
    maze, state = np.nonzero(starts)
    history = seen[maze, state]  # one number for all views: there are at most 34,000, and 4 of them fit
    for _ in range(memory - 1):
        maze, action = np.repeat(maze, ACTIONS), np.tile(np.arange(ACTIONS), len(maze))
        state = worlds.next[maze, np.repeat(state, ACTIONS), action]
        history = np.repeat(history, ACTIONS) * kinds_of_views + seen[maze, state]
        going = worlds.steps[maze, state] > 0
        maze, state, history = maze[going], state[going], history[going]
    inputs = np.unique(history, return_inverse=True)[1]
    best = worlds.best[maze, state]
    kinds = best @ (1 << np.arange(ACTIONS))  # 1 to 7: a set of best actions
    counts = np.zeros((inputs.max() + 1, 1 << ACTIONS), int)
    np.add.at(counts, (inputs, kinds), 1)
    every = np.arange(1 << ACTIONS)
    apart = (every[:, None] & every) == 0
    conflicts = ((counts > 0) @ apart)[inputs, kinds] > 0
    right = counts @ (every[:, None] >> np.arange(ACTIONS) & 1)  # [inputs, 3]
    found = np.zeros(worlds.steps.shape, bool)
    found[maze[conflicts], state[conflicts]] = True
    return {
        "states": found,
        "share": float(conflicts.mean()),
        "errors": float(1 - right.max(axis=1).sum() / len(inputs)),
    }
