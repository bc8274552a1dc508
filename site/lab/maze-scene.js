/**
 * Pictures of a maze: in first person, from above, and as the student sees it. They are SVG, so that the
 * build draws the first ones, too. Colours of the scene are those of a lantern, in both themes.
 */

import { svgElement } from "../ui/svg.js";
import { COLUMNS, cast, light, poseOf, RADIUS, shortestWay } from "./maze-world.js";

/** @import { Hit, Maze, Pose } from "./maze-world.js" */

const [WIDTH, HEIGHT] = [480, 288];
/** Strips of wall, each with a shade of its own. */
const STRIPS = 96;
/** How far strips reach over the next one, so that no seams are seen. */
const OVERLAP = 2;
/**
 * The half of a joint between two blocks of a wall, in cells: it is there to see movement, not for the
 * student.
 */
const JOINT = 0.03;
/** How far behind the walker the picture is taken, so that a wall right ahead does not fill it. */
const BEHIND = 0.38;
/** The height of walls and of the goal, in pixels at a distance of one cell. */
const WALL = 190;
const PILLAR = 130;
const BANDS = 12;

const STONE = [238, 194, 136];
const GOLD = [255, 196, 48];
const DARK = [17, 23, 40];
const CEILING = [58, 76, 112];
const FLOOR = [104, 92, 82];

/** @param {number[]} color @param {number} share from 0, the dark, to 1 */
function lit(color, share) {
  const part = Math.min(1, Math.max(0, share));
  return `rgb(${color.map((value, index) => Math.round(DARK[index] + part * (value - DARK[index]))).join(" ")})`;
}

/** The maze as its walker sees it. */
export class Scene {
  #walls;
  #goals;
  element = svgElement("svg", {
    class: "maze-scene",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "xMidYMid slice",
    role: "img",
    "aria-label": "What the walker sees",
  });

  constructor() {
    this.#walls = Array.from({ length: STRIPS }, () => svgElement("polygon"));
    this.#goals = Array.from({ length: STRIPS }, () => svgElement("rect"));
    const bands = Array.from({ length: 2 * BANDS }, (_, index) => {
      const near = Math.abs(index + 0.5 - BANDS) / BANDS;
      const [y, height] = [(index * HEIGHT) / (2 * BANDS), HEIGHT / (2 * BANDS) + 0.5];
      return svgElement("rect", {
        y: y.toFixed(1),
        width: WIDTH,
        height: height.toFixed(1),
        fill: lit(index < BANDS ? CEILING : FLOOR, near),
      });
    });
    this.element.append(...bands);
    for (let strip = 0; strip < STRIPS; strip++) this.element.append(this.#goals[strip], this.#walls[strip]);
  }

  /** @param {Maze} maze @param {Pose} walker @param {boolean} beacon */
  draw(maze, walker, beacon) {
    const pose = behind(walker);
    const slope = (/** @type {number} */ edge) => (2 * edge) / STRIPS - 1;
    const width = WIDTH / STRIPS;
    let left = cast(maze, pose, slope(0));
    for (let strip = 0; strip < STRIPS; strip++) {
      const right = cast(maze, pose, slope(strip + 1));
      const middle = cast(maze, pose, slope(strip + 0.5));
      const flat = left.side !== right.side || left.plane !== right.plane;
      const [from, to] = flat ? [middle.depth, middle.depth] : [left.depth, right.depth];
      const [x, end] = [strip * width, (strip + 1) * width + OVERLAP];
      const points = [
        [x, HEIGHT / 2 - WALL / 2 / from],
        [end, HEIGHT / 2 - WALL / 2 / to],
        [end, HEIGHT / 2 + WALL / 2 / to],
        [x, HEIGHT / 2 + WALL / 2 / from],
      ];
      const wall = this.#walls[strip];
      wall.setAttribute(
        "points",
        points.map((point) => point.map((value) => value.toFixed(1)).join()).join(" "),
      );
      wall.setAttribute(
        "fill",
        lit(
          STONE,
          1.45 * light(middle.depth) * (middle.side ? 0.72 : 1) * joint(pose, middle, slope(strip + 0.5)),
        ),
      );
      this.#drawGoal(strip, middle, beacon);
      left = right;
    }
  }

  /**
   * A pillar, before the wall or, as a beam of light, behind it.
   * @param {number} strip
   * @param {Hit} hit
   * @param {boolean} beacon
   */
  #drawGoal(strip, { depth, goal }, beacon) {
    const [rect, wall] = [this.#goals[strip], this.#walls[strip]];
    const isBefore = goal < depth;
    const isSeen = isBefore || (beacon && goal < Infinity);
    rect.setAttribute("display", isSeen ? "inline" : "none");
    if (!isSeen) return;
    if (isBefore) wall.after(rect);
    else wall.before(rect);
    const bottom = HEIGHT / 2 + WALL / 2 / goal;
    const top = beacon ? 0 : bottom - PILLAR / goal;
    rect.setAttribute("x", ((strip * WIDTH) / STRIPS).toFixed(1));
    rect.setAttribute("y", top.toFixed(1));
    rect.setAttribute("width", (WIDTH / STRIPS + OVERLAP).toFixed(1));
    rect.setAttribute("height", (bottom - top).toFixed(1));
    rect.setAttribute("fill", lit(GOLD, 0.35 + 1.2 * light(goal)));
  }
}

/** A place behind the walker, in the same cell. @param {Pose} pose @returns {Pose} */
function behind({ x, y, angle }) {
  const turn = (angle * Math.PI) / 2;
  return { x: x - BEHIND * Math.sin(turn), y: y + BEHIND * Math.cos(turn), angle };
}

/**
 * How much darker a wall is where two blocks meet.
 * @param {Pose} pose
 * @param {Hit} hit
 * @param {number} slope
 */
function joint({ x, y, angle }, { depth, side }, slope) {
  const turn = (angle * Math.PI) / 2;
  const [ahead, down] = [Math.sin(turn), -Math.cos(turn)];
  const along = side ? y + depth * (down + slope * ahead) : x + depth * (ahead - slope * down);
  return Math.abs(along - Math.round(along)) < JOINT ? 0.72 : 1;
}

/**
 * The last views as the student gets them, the newest on top.
 * @param {ArrayLike<number>[]} views
 */
export function pixels(views) {
  const tall = 3;
  const svg = svgElement("svg", {
    class: "maze-pixels",
    viewBox: `0 0 ${COLUMNS} ${views.length * tall}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": `The last ${views.length} views, in ${COLUMNS} columns each`,
  });
  views.forEach((seen, row) => {
    for (let column = 0; column < COLUMNS; column++) {
      const gold = seen[COLUMNS + column];
      svg.append(
        svgElement("rect", {
          x: column,
          y: row * tall,
          width: 1.2,
          height: tall - 0.3,
          fill: gold ? lit(GOLD, 0.35 + 1.2 * gold) : lit(STONE, 1.45 * seen[column]),
        }),
      );
    }
  });
  return svg;
}

/** The maze from above. */
export class Plan {
  #trail = svgElement("polyline", { class: "maze-trail" });
  #walker = svgElement("path", { class: "maze-walker", d: "M -0.26 0.26 L 0 -0.36 L 0.26 0.26 L 0 0.14 Z" });
  #ground = svgElement("g");
  /** @type {Maze | null} */
  #maze = null;
  element = svgElement("svg", { class: "maze-plan", role: "img", "aria-label": "The map" });

  constructor() {
    this.element.append(this.#ground, this.#trail, this.#walker);
  }

  /** @param {Maze} maze @param {Pose} pose @param {number[]} trail states */
  draw(maze, pose, trail) {
    if (maze !== this.#maze) this.#drawGround(maze);
    this.#trail.setAttribute("points", line(maze, trail, pose));
    const turn = ((90 * pose.angle) % 360).toFixed(0);
    this.#walker.setAttribute(
      "transform",
      `translate(${pose.x.toFixed(2)} ${pose.y.toFixed(2)}) rotate(${turn})`,
    );
  }

  /** Walls, the states that pixels cannot tell apart, the shortest way and the goal. @param {Maze} maze */
  #drawGround(maze) {
    this.#maze = maze;
    const size = maze.rows.length;
    const walls = maze.rows.flatMap((row, y) =>
      [...row].map((mark, x) => (mark === "#" ? `M${x} ${y}h1v1h-1z` : "")),
    );
    const alike = [...maze.alike].map((mark, state) => (mark === "1" ? wedge(maze, state) : ""));
    const goal = poseOf(maze, 4 * maze.goal);
    this.element.setAttribute("viewBox", `0 0 ${size} ${size}`);
    this.#ground.replaceChildren(
      svgElement("path", { class: "maze-walls", d: walls.join("") }),
      svgElement("path", { class: "maze-alike", d: alike.join("") }),
      svgElement("polyline", { class: "maze-way", points: line(maze, shortestWay(maze)) }),
      svgElement("circle", { class: "maze-goal", cx: goal.x, cy: goal.y, r: RADIUS }),
    );
  }
}

/** @param {Maze} maze @param {number[]} states @param {Pose[]} poses */
function line(maze, states, ...poses) {
  const points = [...states.map((state) => poseOf(maze, state)), ...poses];
  return points.map(({ x, y }) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
}

/** The quarter of a cell in a state's heading. @param {Maze} maze @param {number} state */
function wedge(maze, state) {
  const { x, y } = poseOf(maze, state);
  const corners = [
    [-0.42, -0.46],
    [0.42, -0.46],
    [0, -0.08],
  ];
  const turned = corners.map(([across, down]) => {
    for (let turn = 0; turn < state % 4; turn++) [across, down] = [-down, across];
    return `${(x + across).toFixed(2)} ${(y + down).toFixed(2)}`;
  });
  return `M${turned.join("L")}z`;
}
