import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { window } from "../dom.js";

const lattice = await import("../../../site/lab/lattice.js");

before(lattice.prepare);

const FREE = {
  values: [
    [0, 0.3],
    [0.2, 0.1],
  ],
  surface: [
    [0, 0.3],
    [0.2, 0.1],
  ],
  along_x: [[0, 1]],
  along_y: [[0], [1]],
  pairs: 2,
  cells: [[1]],
  negative: 1,
  rmse: 0.1234,
};
const FIXED = {
  ...FREE,
  along_x: [[0, 0]],
  along_y: [[0], [0]],
  pairs: 0,
  cells: [[0]],
  negative: 0,
  values: [
    [0, 0.2],
    [0.2, 1],
  ],
};
const DATA = {
  x: [0],
  y: [1],
  z: [0.5],
  axis: [-3, 3],
  truth: [
    [0, 0.1],
    [0.1, 1],
  ],
  vertices: [-3, 3],
  lattices: { none: FREE, monotone: { ...FIXED, cells: [[1]], negative: 1 }, distribution: FIXED },
  comparisons: 4,
  study: {
    none: { runs: 200, rmse: 0.1, rmse_half_width: 0.01, rmse_median: 0.09, errors: [0.08, 0.12] },
    monotone: { runs: 200, rmse: 0.07, rmse_half_width: 0.01, rmse_median: 0.06, errors: [0.06] },
  },
};

let place;

beforeEach(() => {
  place = document.createElement("div");
  document.body.replaceChildren(place);
});

function draw(data) {
  lattice.render({ data, element: place, settings: {}, run: () => {}, partial: false });
}

const panel = (name) => place.querySelector(`[data-lattice="${name}"]`);

test("each violation has its mark, and the words count them", () => {
  draw(DATA);
  const bars = (name) => panel(name).querySelectorAll("line").length / 2;
  const rings = (name) => panel(name).querySelectorAll('circle[fill="none"]').length / 2;
  assert.deepEqual(["none", "monotone", "distribution"].map(bars), [2, 0, 0]);
  assert.deepEqual(["none", "monotone", "distribution"].map(rings), [1, 1, 0]);
  assert.match(panel("none").textContent, /2 of 4 pairs fall, error 0.123/);
  assert.match(panel("monotone").textContent, /1 negative cells/);
  assert.match(panel("distribution").textContent, /no violation/);
});

test("a bar is between the two vertices whose values fall, y upward", () => {
  draw(DATA);
  const ends = [...panel("none").querySelectorAll('line[stroke="var(--chart-2)"]')].map((line) =>
    ["x1", "y1", "x2", "y2"].map((name) => Number(line.getAttribute(name))),
  );
  const [top, right] = ends;
  assert.equal(top[1], top[3], "values fall along x at the greater y: a level bar");
  assert.ok(top[0] < top[2]);
  assert.equal(right[0], right[2], "values fall along y at the greater x: an upright bar");
  assert.ok(right[1] > right[3]);
  assert.ok(top[1] < right[1], "and the greater y is further up");
});

test("arrow keys read every vertex with what is wrong there", () => {
  draw(DATA);
  const drawing = place.querySelector(".chart-drawing");
  const read = (key) => {
    drawing.dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    return place.querySelector(".chart-read-out")?.textContent;
  };
  assert.equal(read("ArrowRight"), "No constraint, x -3, y 3: 0.3");
  assert.equal(read("ArrowRight"), "No constraint, x 3, y 3: 0.1, falls from the left and from below");
  assert.equal(read("ArrowDown"), "No constraint, x 3, y -3: 0.2");
});

test("the study of no runs asks for some", () => {
  const options = { element: place, settings: {}, run: () => {}, partial: false };
  lattice.figures.errors({ data: { ...DATA, study: {} }, ...options });
  assert.match(place.textContent, /at least 10 runs/);
  lattice.figures.errors({ data: DATA, ...options });
  assert.equal(place.querySelector("figcaption")?.textContent, "Distance from the truth, over 200 data sets");
});
