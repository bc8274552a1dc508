import assert from "node:assert/strict";
import { test } from "node:test";
import "../dom.js";
import { inPages } from "../../../site/compare/table.js";

const row = (number, ...cells) => ({
  number,
  prompt: `p${number}`,
  cells: new Map(cells.map((count, id) => [`${id}`, [{ outputs: Array(count).fill("text") }]])),
});

test("a page is bounded by its rows and by its outputs", () => {
  const sizes = (rows) => [...inPages(rows)].map((page) => page.length);
  assert.deepEqual(sizes([]), []);
  assert.deepEqual(sizes(Array.from({ length: 120 }, (_, at) => row(at, 1))), [50, 50, 20]);
  assert.deepEqual(sizes(Array.from({ length: 5 }, (_, at) => row(at, 90, 10))), [2, 2, 1]);
  assert.deepEqual(sizes(Array.from({ length: 3 }, (_, at) => row(at, ...Array(300).fill(1)))), [1, 1, 1]);
});
