/** The page of the maze: rays by hand, the walk's buttons and keys, noted moves, and the words of a run. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./page.js";

const { document } = openPage("", "http://localhost/lab/maze/");
globalThis.matchMedia = () => ({ matches: true });
const { cast, COLUMNS, draw, next, poseOf, shortestWay, view, Walker } = await import(
  "../../../site/lab/maze-world.js"
);
const { walkOf } = await import("../../../site/lab/maze-walk.js");
const { summary } = await import("../../../site/lab/maze.js");

const best = Array(60).fill("0");
for (const [state, digit] of [
  [24, "4"],
  [25, "1"],
  [26, "2"],
  [27, "6"],
  [28, "4"],
  [29, "1"],
  [30, "2"],
  [31, "6"],
])
  best[state] = digit;
/** A corridor; the goal is at its east end, and the walk begins at its west end, facing south. */
const SQUARE = {
  rows: ["#####", "#...#", "#####", "#####", "#####"],
  goal: 8,
  state: 26,
  best: best.join("").padEnd(100, "0"),
  alike: "1".padStart(25, "0").padEnd(100, "0"),
};
const LAYERS = [
  { weights: Array(2 * COLUMNS).fill([0]), bias: [1] },
  { weights: [[0, 2, 0]], bias: [0, 0, 0] },
];

test("rays meet walls and the goal where they stand", () => {
  const east = poseOf(SQUARE, 25);
  const hit = cast(SQUARE, east, 0);
  assert.deepEqual([hit.depth, hit.side, hit.plane], [2.5, 1, 4]);
  assert.ok(Math.abs(hit.goal - 1.7) < 1e-9);
  assert.equal(cast(SQUARE, poseOf(SQUARE, 27), 0).goal, Infinity);
  assert.ok(Math.abs(cast(SQUARE, { ...east, angle: 1.0001 }, 0).depth - 2.5) < 1e-3);
  const seen = view(SQUARE, 25, false);
  assert.ok(seen[COLUMNS + 11] > 0 && seen[COLUMNS] === 0);
});

test("a wall stops who goes forward, and turns go round", () => {
  assert.deepEqual([next(SQUARE, 26, 0), next(SQUARE, 25, 0)], [26, 29]);
  assert.deepEqual([next(SQUARE, 24, 1), next(SQUARE, 27, 2)], [27, 24]);
  assert.deepEqual(shortestWay(SQUARE), [26, 25, 29, 33]);
});

test("moves are drawn by their probability, and the same again", () => {
  const counts = [0, 0, 0];
  for (let step = 0; step < 3000; step++) counts[draw([0.2, 0.5, 0.3], 1, step)]++;
  for (const [action, wanted] of [600, 1500, 900].entries()) {
    assert.ok(Math.abs(counts[action] - wanted) < 100, `${counts}`);
  }
  assert.equal(draw([0.2, 0.5, 0.3], 7, 7), draw([0.2, 0.5, 0.3], 7, 7));
});

test("the visitor walks by keys and buttons, and teaches what was noted", () => {
  const place = document.createElement("div");
  document.body.append(place);
  const walk = walkOf(place);
  place.append(walk.element);
  const taught = [];
  const options = { layers: LAYERS, mazes: [SQUARE], practice: [SQUARE, SQUARE], memory: 1, beacon: false };
  walk.update({ ...options, seed: 0, lessons: 2, teach: (lesson) => taught.push(lesson) });
  const line = () => place.querySelector("[role=status]").textContent;
  const press = (key) =>
    place
      .querySelector(".maze-window")
      .dispatchEvent(new window.KeyboardEvent("keydown", { key, cancelable: true, bubbles: true }));
  assert.match(line(), /Unseen maze 1 of 1, student after 2 lessons: step 0; the shortest way has 3/);
  assert.match(place.querySelector(".maze-bars").textContent, /Left79%✓/);
  assert.equal(press("ArrowLeft"), false);
  assert.equal(press("Tab"), true);
  for (const _ of [1, 2]) place.querySelector("[aria-label='Go forward']").click();
  assert.match(line(), /arrived after 3 steps; the shortest way has 3/);
  const details = place.querySelector("details");
  details.open = true;
  details.dispatchEvent(new window.Event("toggle"));
  assert.match(line(), /Practice maze 1 of 2/);
  press("ArrowRight");
  press("ArrowUp");
  [...details.querySelectorAll("button")][0].click();
  assert.deepEqual(taught, [[{ maze: 0, state: 26, moves: [2, 0] }]]);
  [...details.querySelectorAll("button")][1].click();
  assert.equal(taught[1], null);
});

test("a walk ends after its steps, and remembers its last views", () => {
  const walker = new Walker(SQUARE, { memory: 3, beacon: false });
  walker.move(1);
  assert.deepEqual([...walker.views[0]], [...view(SQUARE, 25, false)]);
  assert.deepEqual([...walker.views[2]], [...view(SQUARE, 26, false)]);
  for (let step = 1; step < 60; step++) walker.move(1);
  assert.ok(walker.ended && !walker.arrived);
});

test("a run is summed up with its numbers", () => {
  const alike = { 1: { share: 0.8, errors: 0.4 }, 4: { share: 0.5, errors: 0.2 } };
  const data = {
    lessons: [1, 2],
    drawn: [0.2, 0.75],
    likeliest: [0.1, 0.3],
    detour: [2, 2.51],
    alike,
    own: 0,
  };
  assert.match(
    summary(data),
    /75\.0% of the goals .* 2\.5 times .* 30\.0% .* 50\.0% of all cases even from its last 4/,
  );
  assert.match(summary({ ...data, own: 12 }), /the first of them yours with 12 moves/);
});
