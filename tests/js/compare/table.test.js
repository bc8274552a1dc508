import assert from "node:assert/strict";
import { test } from "node:test";
import "../dom.js";
import { inChunks } from "../../../site/compare/table.js";

const row = (number, ...cells) => ({
  number,
  prompt: `p${number}`,
  cells: new Map(cells.map((count, id) => [`${id}`, [{ outputs: Array(count).fill("text") }]])),
});

test("a group of rows is bounded by its rows and by its outputs", () => {
  const sizes = (rows) => [...inChunks(rows)].map((chunk) => chunk.length);
  assert.deepEqual(sizes([]), []);
  assert.deepEqual(sizes(Array.from({ length: 45 }, (_, at) => row(at, 1))), [20, 20, 5]);
  assert.deepEqual(sizes(Array.from({ length: 5 }, (_, at) => row(at, 30, 10))), [2, 2, 1]);
  assert.deepEqual(sizes(Array.from({ length: 3 }, (_, at) => row(at, ...Array(100).fill(1)))), [1, 1, 1]);
});

test("groups are made one by one, as they are asked for", () => {
  const rows = Array.from({ length: 100_000 }, (_, at) => row(at, 1));
  let read = 0;
  const counted = (function* () {
    for (const each of rows) {
      read++;
      yield each;
    }
  })();
  const groups = inChunks(counted);
  groups.next();
  assert.ok(read <= 21, `${read} rows were read for the first group`);
});
