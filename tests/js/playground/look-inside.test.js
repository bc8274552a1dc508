/** What is drawn of layers and states: which rows, which titles, which cell is chosen. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { textsOf } from "../pluck.js";
import "../dom.js";

const { loadPlot } = await import("../../../site/ui/chart.js");
const { lensParts } = await import("../../../site/playground/look-inside-lens.js");
const { decayParts, mapParts, memoryParts, rowsOf } = await import(
  "../../../site/playground/look-inside-state.js"
);

before(loadPlot);

const array = (...shape) => {
  const size = shape.reduce((product, length) => product * length, 1);
  return { shape, dtype: "float32", data: Float32Array.from({ length: size }, (_, index) => index - 3) };
};
const matrices = {
  tokens: 9,
  kind: "matrices",
  layer: 1,
  head: 2,
  map: array(2, 4),
  memory: array(3, 3),
  half_lives: array(12),
};
const averages = { ...matrices, kind: "averages", head: 0, map: array(2, 6), memory: array(4, 5) };

const figureOf = (parts) => parts.find((part) => part.matches("figure"));
const tableOf = (figure) => {
  const details = figure.querySelector("details");
  details.dispatchEvent(new Event("toggle"));
  return [...figure.querySelectorAll("tbody tr")].map((row) =>
    [...row.children].map((cell) => cell.textContent),
  );
};

test("rows are views of an array's own data", () => {
  const two = array(2, 3);
  const values = rowsOf(two).map((row) => [...row]);
  assert.deepEqual(values, [
    [-3, -2, -1],
    [0, 1, 2],
  ]);
  assert.equal(rowsOf(two)[1].buffer, two.data.buffer);
});

test("the map has a row for each layer and a column for each head, counted from 1", () => {
  const figure = figureOf(mapParts(matrices, () => {}));
  assert.deepEqual(tableOf(figure), [
    ["1", "-3", "-2", "-1", "0"],
    ["2", "1", "2", "3", "4"],
  ]);
});

test("Enter chooses the cell under the cursor, by layer and head", () => {
  const chosen = [];
  for (const view of [matrices, averages]) {
    const drawing = figureOf(mapParts(view, (choice) => chosen.push(choice))).querySelector(".chart-drawing");
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "Enter"])
      drawing?.dispatchEvent(new KeyboardEvent("keydown", { key }));
  }
  assert.deepEqual(chosen, [
    { layer: 1, head: 1 },
    { layer: 1, head: 0 },
  ]);
});

test("a head's memory is its matrix, and RWKV-4's the vector that is chosen", () => {
  const matrix = figureOf(memoryParts(matrices, 0));
  assert.match(matrix.textContent, /Layer 2, head 3/);
  assert.deepEqual(tableOf(matrix)[0], ["0", "-3", "-2", "-1"]);
  const vector = figureOf(memoryParts(averages, 2));
  assert.match(vector.textContent, /Denominator b in layer 2/);
  const values = tableOf(vector).map(([, value]) => value);
  assert.deepEqual(values, ["7", "8", "9", "10", "11"]);
});

test("half-lives have a point for each channel", () => {
  assert.equal(tableOf(figureOf(decayParts({ ...matrices, half_lives: array(12) }))).length, 12);
});

test("half-lives of RWKV-7 are said to be of the decay alone, with what the delta rule removed", () => {
  const words = (view) =>
    decayParts(view)
      .map(({ textContent }) => textContent)
      .join(" ");
  const removed = { shape: [4], data: new Float32Array([0.5, 0.25, 0.125, 0]) };
  assert.match(words({ ...matrices, removed }), /describe the decay alone.* 12\.5% of head 3's memory/);
  assert.doesNotMatch(words(matrices), /delta rule/);
});

test("the lens has a row for each layer with its candidates, and the token itself is marked", () => {
  const candidate = (token, text) => ({ token, text, logprob: -1 });
  const lens = {
    token: 2,
    text: " cat",
    position: 4,
    layers: [
      { logprob: Math.log(0.01), rank: 40, candidates: [candidate(1, "<i>"), candidate(3, " a")] },
      { logprob: Math.log(0.5), rank: 1, candidates: [candidate(2, " cat"), candidate(1, "<i>")] },
    ],
  };
  const parts = lensParts(lens);
  const box = parts.at(-1);
  const rows = [...box.querySelectorAll("tbody tr")].map((row) =>
    [...row.children].map((cell) => cell.textContent),
  );
  assert.deepEqual(rows, [
    ["0", "1.0%, rank 40", "<i> ␣a "],
    ["1", "50.0%, rank 1", "␣cat <i> "],
  ]);
  assert.deepEqual(textsOf(box.querySelectorAll("mark")), ["␣cat"]);
  assert.deepEqual(tableOf(figureOf(parts)), [
    ["0", "0.01"],
    ["1", "0.5"],
  ]);
});
