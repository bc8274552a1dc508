import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { openPage } from "./page.js";

/** What Python returns, by counting paths. */
function computed(dilations, width = 3) {
  let level = new Map([[0, 1]]);
  const levels = [[0]];
  for (const dilation of [...dilations].reverse()) {
    const below = new Map();
    for (const [cell, paths] of level)
      for (let weight = 0; weight < width; weight++) {
        const reached = cell + weight * dilation;
        below.set(reached, (below.get(reached) ?? 0) + paths);
      }
    level = below;
    levels.push([...below.keys()].sort((one, other) => one - other));
  }
  const total = dilations.reduce((sum, dilation) => sum + dilation, 0);
  const field = 1 + (width - 1) * total;
  const influence = Array.from(
    { length: field },
    (_, cell) => (level.get(cell) ?? 0) / width ** dilations.length,
  );
  let sum = 0;
  const fields = dilations.map((dilation) => {
    sum += dilation;
    return 1 + (width - 1) * sum;
  });
  const touched = [...fields.keys()].map((index) => (index === dilations.length - 1 ? level.size : 0));
  return { dilations, width, fields, spans: fields, touched, levels, influence, deviation: 4, central: 17 };
}

let window;
let experiment;
let place;

beforeEach(async () => {
  ({ window } = openPage("<div></div>"));
  for (const name of ["KeyboardEvent", "SVGElement", "MutationObserver", "getComputedStyle"])
    Object.defineProperty(globalThis, name, { value: window[name], configurable: true });
  experiment = await import("../../../site/lab/dilation-stack.js");
  place = document.querySelector("div");
});

before(async () => {
  openPage();
  await (await import("../../../site/ui/chart.js")).loadPlot();
});

function draw(dilations, width = 3) {
  experiment.render({ data: computed(dilations, width), element: place });
  return place;
}

function press(key) {
  const tree = place.querySelector("[data-testid=stack]");
  tree.dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  return place.querySelector(".stack-words")?.textContent;
}

test("gridding is counted", () => {
  draw([2, 2, 2, 2, 2, 2]);
  const verdict = place.querySelector("[data-testid=verdict]")?.textContent;
  assert.equal(
    verdict,
    "With 6 layers, one output spans 25 inputs and touches 13: 12 inputs in between are never read.",
  );
  draw([1, 2]);
  assert.match(place.querySelector("[data-testid=verdict]").textContent, /spans 7 inputs and touches 7\.$/);
});

test("the table has the field of each layer by formula and by count", () => {
  draw([1, 2, 4, 8, 16, 32]);
  const rows = [...place.querySelectorAll("tbody tr")].map((row) =>
    [...row.children].map((cell) => cell.textContent),
  );
  assert.equal(rows.length, 6);
  assert.deepEqual(rows[5], ["6", "32", "1 + 2 × 63 = 127", "127", "127"]);
  assert.deepEqual(rows[1].slice(0, 4), ["2", "2", "1 + 2 × 3 = 7", "7"]);
});

test("every cell that is read is drawn, with a line to each that it reads", () => {
  for (const [dilations, width] of [
    [[2, 2, 2], 3],
    [[1, 3], 4],
    [[32, 32, 32, 32, 32, 32, 32, 32], 5],
  ]) {
    draw(dilations, width);
    const { levels } = computed(dilations, width);
    const count = (path) => (path.getAttribute("d")?.match(/M/g) ?? []).length;
    const cells = [...place.querySelectorAll(".s-read:not(.is-chosen)")].map(count);
    assert.deepEqual(
      cells,
      levels.map(({ length }) => length),
    );
    const edges = [...place.querySelectorAll(".s-edges:not(.is-chosen)")].map(count);
    assert.deepEqual(
      edges,
      levels.slice(0, -1).map(({ length }) => width * length),
    );
  }
});

test("arrow keys walk through the layers and say what a cell reads", () => {
  draw([1, 2, 4]);
  assert.equal(
    press("Home"),
    "The output reads 15 inputs within a span of 15, through 3 cells one layer below.",
  );
  assert.equal(
    press("ArrowDown"),
    "Cell 5 of 9 after layer 2 reads 7 inputs within a span of 7, through 3 cells one layer below.",
  );
  assert.match(press("ArrowRight") ?? "", /^Cell 9 of 9 after layer 2 /);
  assert.match(press("ArrowRight") ?? "", /^Cell 9 of 9 after layer 2 /);
  assert.match(press("ArrowDown") ?? "", /^Cell 11 of 13 after layer 1 reads 3 inputs within a span of 3/);
  assert.equal(press("ArrowDown"), "Input 12 of 15.");
  assert.equal(press("ArrowDown"), "Input 12 of 15.");
  assert.match(press("ArrowUp") ?? "", /^Cell 11 of 13 after layer 1 /);
  const words = place.querySelector("[aria-live]")?.textContent;
  assert.equal(words, place.querySelector(".stack-words")?.textContent);
});

test("buttons ask for known stacks", () => {
  const requests = [];
  experiment.inputs({ element: place, run: (request) => requests.push(request) });
  for (const button of place.querySelectorAll("button")) button.click();
  assert.equal(requests.length, 4);
  for (const { settings } of requests) assert.match(settings.dilations, /^\d+( \d+)+$/);
});

test("the square field multiplies the shares of both axes", () => {
  const data = computed([2, 2]);
  experiment.figures.field({ data, element: place });
  const strips = (selector) =>
    [...place.querySelectorAll(selector)].map((strip) => [
      Number(strip.getAttribute(selector.includes("mask") ? "y" : "x")),
      Number(strip.getAttribute("fill-opacity")) ** 2,
    ]);
  const expected = data.influence.flatMap((share, cell) => (share ? [[cell, share / (3 / 9)]] : []));
  for (const selector of [".field-svg mask rect", ".field-svg g rect"]) {
    const found = strips(selector);
    const cells = found.map(([cell]) => cell);
    assert.deepEqual(
      cells,
      expected.map(([cell]) => cell),
    );
    for (const [index, [, share]] of found.entries()) assert.ok(Math.abs(share - expected[index][1]) < 1e-3);
  }
  const used = place.querySelector(".field-svg g")?.getAttribute("mask");
  assert.equal(used, `url(#${place.querySelector("mask")?.id})`);
  assert.match(place.textContent, /9 × 9 inputs, of which 25 are read/);
});
