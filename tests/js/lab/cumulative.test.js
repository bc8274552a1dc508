import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { window } from "../dom.js";

Object.assign(globalThis, { SVGElement: window.SVGElement });

const { parseData } = await import("../../../site/lab/cumulative-data.js");
const { CumulativeSession } = await import("../../../site/lab/cumulative-session.js");
const { across, down, pathOf, ticks, valuesAt } = await import("../../../site/lab/cumulative-axes.js");
const cumulative = await import("../../../site/lab/cumulative.js");

before(cumulative.prepare);

const NAMES = ["printed", "polynomial", "bernstein", "isotonic", "pchip", "likelihood"];
const GRID = [-4, -2, 0, 2, 4];

const byFit = (make) => Object.fromEntries(NAMES.map((name, index) => [name, make(name, index)]));

/** A result as Python returns it, smaller. */
function result(changes = {}) {
  const { isotonic: _, ...densities } = byFit(() => [0, 0.2, 0.4, 0.2, 0]);
  return {
    kind: "points",
    x: [-2, 0, 2],
    y: [0.1, 0.5, 0.9],
    grid: GRID,
    truth: [0, 0.02, 0.5, 0.98, 1],
    true_density: [0, 0.05, 0.4, 0.05, 0],
    curves: byFit((_name, index) => [0, 0.1, 0.5, 0.9 + index / 100, 1]),
    densities,
    judgements: byFit((name) => ({
      decreases: name === "printed",
      leaves: name === "printed",
      rmse: name === "bernstein" ? 0.0666 : 0.1,
    })),
    study: byFit((_name, index) => ({
      runs: 1000,
      decreases: index / 10,
      decreases_low: 0,
      decreases_high: 0.9,
      leaves: 0,
      leaves_low: 0,
      leaves_high: 0.1,
      rmse: 0.05 + index / 100,
      rmse_half_width: 0.01,
      rmse_median: 0.04 + index / 100,
      errors: [0.04 + index / 100, 0.06 + index / 100],
      difference: (index - 1) / 100,
      difference_half_width: 0.002,
      difference_sign_flip: 0.0123,
    })),
    ...changes,
  };
}

const SETTINGS = { data: "sums", points: 20, degree: 3, noise: 1 };

// ---- Pasted data ----

test("pairs and samples are told apart, sorted, and may be separated in any usual way", () => {
  assert.deepEqual(parseData("1, 0.5\n0,0.25\n2;0.75"), {
    kind: "points",
    x: [0, 1, 2],
    y: [0.25, 0.5, 0.75],
  });
  assert.deepEqual(parseData("x\ty\n0\t0\n1\t.5\r\n2\t1e0\n"), {
    kind: "points",
    x: [0, 1, 2],
    y: [0, 0.5, 1],
  });
  assert.deepEqual(parseData("# heights\n3\n\n1\n2 # the tallest"), { kind: "samples", samples: [3, 1, 2] });
});

for (const [text, message] of [
  ["", /no numbers/],
  ["words only\nmore words", /no numbers/],
  ["1\n2", /2 lines of numbers; between 3 and 10,000/],
  ["1,2\n3,4\n5", /Line 3 has 1 numbers, and the first has 2/],
  ["1,2,3\n4,5,6\n7,8,9", /Line 1 has 3 numbers/],
  ["1\ntwo\n3", /Line 2: “two” is not a number/],
  ["1,\n2,1\n3,1", /Line 1: “” is not a number/],
  ["1\n2\nInfinity", /Line 3: “Infinity” is not a number/],
  ["1\n2\nNaN", /Line 3: “NaN”/],
  [`1\n2\n${"x".repeat(500)}`, /Line 3: “x{20}…”/],
  ["1,1\n".repeat(401), /401 lines of numbers; between 3 and 400/],
  ["1,0\n2,50\n3,500", /far from 0 to 1/],
  ["1,0\n2,1\n2,1", /fewer than three different x/],
  ["1\n2\n2\n1", /fewer than three different x/],
  ["1\n2\n1e16", /beyond 1e15/],
  ["1\n".repeat(50_000), /10,001 lines of numbers/],
  ["1\n".repeat(600_000), /1,200,000 characters/],
]) {
  test(`data are refused with ${message}`, () => {
    assert.throws(
      () => parseData(text),
      (error) => {
        assert.match(error.message, message);
        assert.ok(error.remedy);
        return true;
      },
    );
  });
}

// ---- CumulativeSession ----

test("a drag is one step back, and so are presses of a key on one point", () => {
  const session = new CumulativeSession(() => {});
  const points = { x: [0, 1], y: [0, 1] };
  for (const y of [0.1, 0.2, 0.3]) session.move(session.points(points), 0, { x: 0, y, cause: "drag 1" });
  session.settle();
  for (const y of [0.8, 0.7]) session.move(session.points(points), 1, { x: 1, y, cause: "key 1" });
  assert.deepEqual(session.points(points).y, [0.3, 0.7]);
  session.undo();
  assert.deepEqual(session.points(points).y, [0.3, 1]);
  session.undo();
  assert.equal(session.own, null);
  assert.equal(session.canUndo, false);
  session.redo();
  session.redo();
  assert.deepEqual(session.points(points).y, [0.3, 0.7]);
  assert.equal(session.canRedo, false);
});

test("every move asks for a fit, and the end of a drag for none", () => {
  const runs = [];
  const session = new CumulativeSession(({ data }) => runs.push(data));
  const points = { x: [0, 1], y: [0, 1] };
  session.moving = 0;
  let changes = 0;
  session.listeners.add(() => changes++);
  for (const y of [0.1, 0.2]) session.move(points, 0, { x: 0, y, cause: "drag 1" });
  session.settle();
  assert.equal(session.moving, -1);
  assert.equal(changes, 3, "the picture is measured again");
  assert.deepEqual(runs, [
    { x: [0, 1], y: [0.1, 1], moved: true },
    { x: [0, 1], y: [0.2, 1], moved: true },
  ]);
});

test("a sample moves with those that are equal to it", () => {
  const runs = [];
  const session = new CumulativeSession(({ data }) => runs.push(data));
  session.move({ kind: "samples", x: [1, 2], y: [0.25, 0.75] }, 0, { x: 1.5, y: 0.9, cause: "key 0" });
  assert.deepEqual(runs.at(-1), { samples: [1.5, 2], moved: true });
  session.use({ kind: "samples", samples: [3, 1, 3, 2] });
  const points = session.points({ x: [], y: [] });
  assert.deepEqual(
    [points.x, points.y],
    [
      [1, 2, 3],
      [0.125, 0.375, 0.75],
    ],
  );
  session.move(points, 2, { x: 4, y: 0, cause: "key 2" });
  assert.deepEqual(runs.at(-1), { samples: [4, 1, 4, 2], moved: false });
});

test("pasted data replace the points, reset brings the settings' data back, and undo the pasted ones", () => {
  const runs = [];
  const session = new CumulativeSession(({ data }) => runs.push(data));
  session.use({ kind: "samples", samples: [1, 2, 3] });
  session.use({ kind: "points", x: [1, 2, 3], y: [0, 0.5, 1] });
  session.reset();
  session.undo();
  assert.deepEqual(runs, [
    { samples: [1, 2, 3], moved: false },
    { x: [1, 2, 3], y: [0, 0.5, 1], moved: false },
    null,
    { x: [1, 2, 3], y: [0, 0.5, 1], moved: false },
  ]);
  session.clear();
  assert.equal(session.own, null);
  assert.equal(session.canUndo || session.canRedo, false);
  assert.equal(runs.length, 4, "a reset of the whole experiment starts its own run");
});

test("points that were pasted are scaled again when one of them is moved", () => {
  const runs = [];
  const session = new CumulativeSession(({ data }) => runs.push(data));
  session.use({ kind: "points", x: [1, 2, 3], y: [0, 0.5, 1] });
  session.move(session.points({ x: [], y: [] }), 1, { x: 2, y: 0.6, cause: "key 1" });
  assert.deepEqual(runs.at(-1), { x: [1, 2, 3], y: [0, 0.6, 1], moved: false });
});

// ---- Picture ----

let place;
let requests;
let run;

beforeEach(() => {
  place = document.createElement("div");
  document.body.replaceChildren(place);
  requests = [];
  const list = requests;
  run = (request) => list.push(request);
});

function draw(data = result(), partial = false) {
  cumulative.render({ data, element: place, settings: SETTINGS, run, partial });
}

const handles = () => [...place.querySelectorAll('[role="slider"]')];

function press(target, key, options = {}) {
  target.dispatchEvent(
    new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options }),
  );
}

test("every fit and the truth are drawn, and the slope of each but isotonic regression", () => {
  draw();
  const [curves, slopes] = [...place.querySelectorAll("svg.plot > svg")];
  const fits = (panel) =>
    [...(panel?.querySelectorAll("path") ?? [])].map((path) => path.getAttribute("data-fit"));
  assert.deepEqual(fits(curves), ["truth", ...NAMES]);
  assert.deepEqual(fits(slopes), ["truth", ...NAMES.filter((name) => name !== "isotonic")]);
});

test("the table says of each fit what is wrong with it", () => {
  draw();
  const words = (name) =>
    [...(place.querySelector(`[data-judgement="${name}"]`)?.children ?? [])].map((cell) => cell.textContent);
  assert.deepEqual(words("printed"), ["Polynomial, as printed", "yes", "yes", "0.100"]);
  assert.deepEqual(words("bernstein"), ["Bernstein, monotone", "no", "no", "0.067"]);
  draw(result({ judgements: byFit(() => ({ decreases: true, leaves: false, rmse: undefined })) }));
  assert.deepEqual(words("bernstein"), ["Bernstein, monotone", "yes", "no", "unknown"]);
});

test("a fit can be switched off, and stays off in the next picture", () => {
  draw();
  const box = place.querySelector('input[data-fit="printed"]');
  box.click();
  assert.equal(place.querySelectorAll('path[data-fit="printed"]').length, 0);
  draw();
  assert.equal(place.querySelectorAll('path[data-fit="printed"]').length, 0);
  box.click();
  assert.equal(place.querySelectorAll('path[data-fit="printed"]').length, 2);
});

test("arrow keys move a point by a hundredth and ask for a fit of all points", () => {
  draw();
  press(handles()[1], "ArrowUp");
  assert.deepEqual(requests.at(-1).data, { x: [-2, 0, 2], y: [0.1, 0.51, 0.9], moved: true });
  assert.equal(handles()[1].getAttribute("aria-valuenow"), "0.51");
  assert.equal(handles()[1].getAttribute("aria-valuetext"), "x 0, probability 0.51");
  press(handles()[1], "PageDown");
  press(handles()[1], "ArrowRight", { shiftKey: true });
  assert.deepEqual(requests.at(-1).data.x, [-2, 0.05, 2]);
  assert.equal(requests.at(-1).data.y[1].toFixed(6), "0.410000");
  press(handles()[1], "z", { ctrlKey: true });
  assert.equal(requests.at(-1).data, null);
  press(handles()[1], "Z", { ctrlKey: true, shiftKey: true });
  assert.deepEqual(requests.at(-1).data.x, [-2, 0.05, 2]);
});

test("arrow keys choose a point, and all points are one stop of the tab key", () => {
  draw();
  const stops = () => handles().map((handle) => handle.getAttribute("tabindex"));
  assert.deepEqual(stops(), ["0", "-1", "-1"]);
  handles()[0].focus();
  press(handles()[0], "ArrowRight");
  assert.equal(document.activeElement, handles()[1]);
  assert.deepEqual(stops(), ["-1", "0", "-1"]);
  press(handles()[1], "End");
  assert.deepEqual(stops(), ["-1", "-1", "0"]);
  draw();
  assert.equal(document.activeElement, handles()[2], "a new picture keeps the focus");
  assert.equal(requests.length, 0);
});

test("a point cannot pass its neighbors or leave the picture", () => {
  draw();
  for (let count = 0; count < 200; count++) press(handles()[1], "ArrowRight", { shiftKey: true });
  assert.equal(requests.at(-1).data.x[1].toFixed(3), "1.992");
  for (let count = 0; count < 50; count++) press(handles()[0], "PageDown");
  const lowest = requests.at(-1).data.y[0];
  press(handles()[0], "ArrowDown");
  assert.ok(lowest < 0);
  assert.ok(Number.isFinite(requests.at(-1).data.y[0]));
});

test("moved points stay where they are while results of older states come", () => {
  draw();
  press(handles()[1], "ArrowUp");
  press(handles()[1], "ArrowUp");
  draw(result({ y: [0.1, 0.51, 0.9] }), true);
  assert.equal(handles()[1].getAttribute("aria-valuenow"), "0.52");
});

test("samples move sideways, by any arrow key that moves", () => {
  draw(result({ kind: "samples" }));
  const handle = () => handles()[1];
  assert.equal(handle().getAttribute("aria-orientation"), "horizontal");
  press(handle(), "ArrowUp");
  assert.deepEqual(requests.at(-1).data, { samples: [-2, 0.05, 2], moved: true });
  assert.equal(handle().getAttribute("aria-valuenow"), "0.05");
  press(handle(), "ArrowLeft", { shiftKey: true });
  assert.deepEqual(requests.at(-1).data.samples, [-2, 0, 2]);
});

test("so many samples that fits cannot follow are dots", () => {
  const x = Array.from({ length: 801 }, (_, index) => index / 800);
  draw(result({ kind: "samples", x, y: x }));
  assert.equal(handles().length, 0);
  assert.equal(place.querySelectorAll("svg.plot > svg circle").length, 267);
});

test("the table has a row for each place and a column for each curve", () => {
  draw();
  const details = place.querySelector(".chart-tools details");
  details.dispatchEvent(new window.Event("toggle"));
  const rows = [...details.querySelectorAll("tr")].map((row) =>
    [...row.children].map((cell) => cell.textContent),
  );
  assert.deepEqual(rows[0]?.slice(0, 3), ["x", "Truth", "Polynomial, as printed"]);
  assert.deepEqual(rows[4]?.slice(0, 3), ["2", "0.98", "0.9"]);
});

// ---- Inputs ----

test("pasted text is fitted, and an error stands beside it", () => {
  const problems = [];
  const inputs = document.createElement("div");
  const made = cumulative.inputs({ element: inputs, run, problem: (error) => problems.push(error) });
  const field = inputs.querySelector("textarea");
  const button = (name) => {
    const found = [...inputs.querySelectorAll("button")].find(({ textContent }) => textContent === name);
    assert.ok(found);
    return found;
  };
  field.value = "1\n2\nx";
  button("Fit these data").click();
  assert.match(problems[0].message, /Line 3/);
  assert.equal(requests.length, 0);
  field.value = "0,0\n1,0.5\n2,1";
  button("Fit these data").click();
  assert.deepEqual(requests, [{ data: { x: [0, 1, 2], y: [0, 0.5, 1], moved: false } }]);
  assert.match(inputs.querySelector('[data-testid="own-data"]').textContent, /These are your data/);
  assert.equal(button("Undo").disabled, false);
  button("Reset points").click();
  assert.deepEqual(requests.at(-1), { data: null });
  assert.equal(button("Reset points").disabled, true);
  made.reset();
  assert.equal(field.value, "");
  assert.equal(button("Undo").disabled, true);
});

test("what is moved in the picture can be undone beside the controls", () => {
  const inputs = document.createElement("div");
  cumulative.inputs({ element: inputs, run, problem: () => {} });
  draw();
  press(handles()[0], "ArrowUp");
  const undo = [...inputs.querySelectorAll("button")].find(({ textContent }) => textContent === "Undo");
  assert.match(inputs.querySelector('[data-testid="own-data"]').textContent, /You moved points/);
  undo?.click();
  assert.deepEqual(requests.at(-1), { data: null });
  assert.equal(handles()[0].getAttribute("aria-valuenow"), "0.1");
});

// ---- Figures of the study ----

function drawFigure(part, data = result()) {
  cumulative.figures[part]({ data, element: place, settings: SETTINGS, run, partial: false });
  return place;
}

for (const [part, title] of [
  ["study", "Fits that are not a distribution: 1,000 data sets of 20 points, degree 3, noise 1"],
  ["errors", "Distance from the truth: 1,000 data sets of 20 points, degree 3, noise 1"],
  ["differences", "Difference from the polynomial as meant: 1,000 data sets of 20 points, degree 3, noise 1"],
]) {
  test(`the figure ${part} says of which data it is, and stays when own data have no study`, () => {
    assert.equal(drawFigure(part).querySelector("figcaption")?.textContent, title);
    const figure = place.querySelector("figure");
    drawFigure(part, result({ study: {} }));
    assert.equal(place.querySelector("figure"), figure);
    place.replaceChildren();
    drawFigure(part, result({ study: {} }));
    assert.match(place.textContent, /press Run/);
  });
}

test("the difference of the polynomial from itself is left out", () => {
  const details = drawFigure("differences").querySelector("details");
  details?.dispatchEvent(new window.Event("toggle"));
  assert.doesNotMatch(details.textContent, /as meant—|Polynomial, as meant-/);
  assert.equal(
    [...(details?.querySelectorAll("tbody tr") ?? [])].length,
    15,
    "a mean and two data sets each",
  );
});

test("the map names the best fit for each kind of data, and those that may be as good", () => {
  const errors = { polynomial: 0.0125, likelihood: 0.0131 };
  const cells = [
    { best: "likelihood", tied: [], errors },
    { best: "polynomial", tied: ["likelihood"], errors },
  ];
  const rows = [3, 9].map((degree) => ({ data: "raw samples", degree, cells }));
  const map = { command: "python -m x", seeds: 200, first_seed: 500, looks: 160, counts: [10, 200], rows };
  const tables = [...drawFigure("map", result({ map })).querySelectorAll("table")];
  assert.deepEqual(
    tables.map((each) => each.caption?.textContent),
    ["3", "9"].map((degree) => `The fit nearest to the truth, and its mean error, at degree ${degree}`),
  );
  const found = [...(tables[0]?.querySelectorAll("tbody td, tbody th") ?? [])].map(
    (each) => each.textContent,
  );
  assert.deepEqual(found, ["raw samples", "Likelihood 0.0131", "Polynomial or Likelihood 0.0125"]);
  assert.match(place.textContent, /corrected for 160 comparisons/);
});

// ---- Axes ----

test("ticks are round and within the range", () => {
  assert.deepEqual(ticks([-4, 4], 8), [-4, -3, -2, -1, 0, 1, 2, 3, 4]);
  assert.deepEqual(ticks([-0.04, 1.04], 6), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks([1000, 9000], 4), [2000, 4000, 6000, 8000]);
});

test("pixels and values are each other's inverse", () => {
  const panel = { box: { left: 40, top: 10, width: 200, height: 100 }, x: [-4, 4], y: [0, 1] };
  assert.equal(across(panel, 0), 140);
  assert.equal(down(panel, 0.25), 85);
  assert.deepEqual(valuesAt(panel, { x: 140, y: 85 }), { x: 0, y: 0.25 });
  assert.equal(pathOf(panel, [-4, 0, 4], [0, 0.5, 1]), "M40.0,110.0L140.0,60.0L240.0,10.0");
  assert.equal(pathOf(panel, [-4, 0], [0, 0.5], true), "M40.0,110.0H140.0V60.0");
  assert.equal(pathOf(panel, [-4, 0], [0, 1e9]), "M40.0,110.0L140.0,-90.0");
});
