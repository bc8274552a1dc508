/**
 * A maze in the page: its states, what is seen from them, and how a student chooses. The same rules as in
 * py/goosequill/lab/maze_world.py, to which a test holds them. It draws nothing.
 */

import { chance } from "../ui/seeded.js";
import { shares } from "./classify.js";

/** @import { Layer } from "./classify.js" */

/**
 * @typedef {{rows: string[], goal: number, state: number, best: string, alike: string}} Maze see `told` in
 *   goosequill.lab.maze
 * @typedef {{x: number, y: number, angle: number}} Pose in cells and quarter turns to the right from north
 * @typedef {{depth: number, side: 0 | 1, plane: number, goal: number}} Hit distances along the heading; a
 *   goal that the ray misses is at Infinity. `side` is 1 for walls that face east or west, `plane` where that
 *   face is
 */

export const FORWARD = 0;
export const LEFT = 1;
export const RIGHT = 2;
export const COLUMNS = 24;
/** How bright walls are that face east or west. */
export const SIDE = 0.75;
/** Of the goal, in cells. */
export const RADIUS = 0.3;
/** A walk ends after so many steps for each cell of the maze's side. */
export const PATIENCE = 12;

/** North, east, south, west: columns and rows. */
const HEADINGS = [
  [0, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
];

/** @param {Maze} maze @param {number} column @param {number} row */
function isWall({ rows }, column, row) {
  return rows[row]?.[column] !== ".";
}

/** The state that an action leads to. @param {Maze} maze @param {number} state @param {number} action */
export function next(maze, state, action) {
  const heading = state % 4;
  if (action === LEFT) return state - heading + ((heading + 3) % 4);
  if (action === RIGHT) return state - heading + ((heading + 1) % 4);
  const size = maze.rows.length;
  const cell = (state - heading) / 4;
  const column = (cell % size) + HEADINGS[heading][0];
  const row = Math.floor(cell / size) + HEADINGS[heading][1];
  return isWall(maze, column, row) ? state : 4 * (row * size + column) + heading;
}

/** @param {Maze} maze @param {number} state */
export function isGoal(maze, state) {
  return state >> 2 === maze.goal;
}

/** @param {Maze} maze @param {number} state @returns {Pose} */
export function poseOf({ rows }, state) {
  const cell = state >> 2;
  return { x: (cell % rows.length) + 0.5, y: Math.floor(cell / rows.length) + 0.5, angle: state % 4 };
}

/**
 * What a ray meets.
 * @param {Maze} maze
 * @param {Pose} pose
 * @param {number} slope how far it goes to the right for each cell ahead, from -1 to 1
 * @returns {Hit}
 */
export function cast(maze, { x, y, angle }, slope) {
  const turn = (angle * Math.PI) / 2;
  const whole = Number.isInteger(angle);
  const ahead = whole ? HEADINGS[((angle % 4) + 4) % 4] : [Math.sin(turn), -Math.cos(turn)];
  const ray = [ahead[0] - slope * ahead[1], ahead[1] + slope * ahead[0]];
  const cell = [Math.floor(x), Math.floor(y)];
  const steps = ray.map(Math.sign);
  const each = ray.map((part) => 1 / Math.abs(part));
  const until = [x, y].map((at, axis) => {
    const inside = at - cell[axis];
    return ray[axis] ? (ray[axis] > 0 ? 1 - inside : inside) * each[axis] : Infinity;
  });
  let axis = 0;
  let depth = 0;
  do {
    axis = until[0] < until[1] ? 0 : 1;
    depth = until[axis];
    until[axis] += each[axis];
    cell[axis] += steps[axis];
  } while (!isWall(maze, cell[0], cell[1]));
  const plane = cell[axis] + (steps[axis] < 0 ? 1 : 0);
  return { depth, side: axis ? 0 : 1, plane, goal: goalDepth(maze, { x, y }, ahead, slope) };
}

/**
 * Where a ray enters the goal's circle.
 * @param {Maze} maze
 * @param {{x: number, y: number}} at
 * @param {number[]} ahead
 * @param {number} slope
 */
function goalDepth({ rows, goal }, { x, y }, ahead, slope) {
  const [dx, dy] = [(goal % rows.length) + 0.5 - x, Math.floor(goal / rows.length) + 0.5 - y];
  const forward = dx * ahead[0] + dy * ahead[1];
  const aside = dy * ahead[0] - dx * ahead[1];
  const square = 1 + slope * slope;
  const half = forward + aside * slope;
  const inside = half * half - square * (forward ** 2 + aside ** 2 - RADIUS ** 2);
  const depth = (half - Math.sqrt(inside)) / square;
  return depth > 0 ? depth : Infinity;
}

/** How bright something is at a distance in cells. @param {number} depth */
export function light(depth) {
  return 1 / (1 + depth);
}

/**
 * What is seen from a state: of each column how bright the wall is, then of each how bright the goal.
 * @param {Maze} maze @param {number} state @param {boolean} beacon whether walls do not hide the goal
 */
export function view(maze, state, beacon) {
  const pose = poseOf(maze, state);
  const seen = new Float32Array(2 * COLUMNS);
  for (let column = 0; column < COLUMNS; column++) {
    const { depth, side, goal } = cast(maze, pose, (2 * column + 1 - COLUMNS) / COLUMNS);
    seen[column] = light(depth) * (side ? SIDE : 1);
    seen[COLUMNS + column] = goal < Infinity && (beacon || goal < depth) ? light(goal) : 0;
  }
  return seen;
}

/** One who walks through a maze, with the last views. */
export class Walker {
  /** The newest first. @type {Float32Array[]} */
  views;
  steps = 0;
  /** States since the start, the first one included. @type {number[]} */
  trail;

  /** @param {Maze} maze @param {{memory: number, beacon: boolean}} options */
  constructor(maze, { memory, beacon }) {
    this.maze = maze;
    this.state = maze.state;
    this.beacon = beacon;
    this.trail = [maze.state];
    this.views = Array(memory).fill(view(maze, maze.state, beacon));
  }

  get arrived() {
    return isGoal(this.maze, this.state);
  }

  /** Whether the walk has come to its end. */
  get ended() {
    return this.arrived || this.steps >= PATIENCE * this.maze.rows.length;
  }

  /** The best actions, as digits of `best` have them; 0 at the goal. */
  get best() {
    return Number(this.maze.best[this.state] ?? 0);
  }

  /** @param {number} action */
  move(action) {
    this.state = next(this.maze, this.state, action);
    this.steps++;
    this.trail.push(this.state);
    this.views = [view(this.maze, this.state, this.beacon), ...this.views.slice(0, -1)];
  }

  /** The student's probabilities here. @param {readonly Layer[]} layers */
  ask(layers) {
    return shares(
      layers,
      this.views.flatMap((each) => [...each]),
    );
  }
}

/**
 * An action by its probability: the same at the same step of a walk.
 * @param {number[]} found
 * @param {...number} words
 */
export function draw(found, ...words) {
  let rest = chance(...words);
  for (let action = 0; action < found.length - 1; action++) {
    rest -= found[action];
    if (rest < 0) return action;
  }
  return found.length - 1;
}

/** What the teacher does. @param {Maze} maze @param {number} state */
export function firstBest(maze, state) {
  const best = Number(maze.best[state]);
  return best & 1 ? FORWARD : best & 2 ? LEFT : RIGHT;
}

/** The states of the teacher's walk, from where walks begin to the goal. @param {Maze} maze */
export function shortestWay(maze) {
  const way = [maze.state];
  while (!isGoal(maze, way[way.length - 1]) && way.length < maze.best.length) {
    const state = way[way.length - 1];
    way.push(next(maze, state, firstBest(maze, state)));
  }
  return way;
}
