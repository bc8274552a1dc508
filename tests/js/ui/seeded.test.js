import assert from "node:assert/strict";
import { test } from "node:test";
import { chance, shuffled } from "../../../site/ui/seeded.js";

test("an order follows from the seed and the words, and from nothing else", () => {
  const items = Array.from({ length: 20 }, (_, at) => `${at}`);
  const order = (seed, words) => shuffled(items, (item) => item, { seed, words });
  assert.deepEqual(order(1, ["a"]), order(1, ["a"]));
  assert.notDeepEqual(order(1, ["a"]), order(2, ["a"]));
  assert.notDeepEqual(order(1, ["a"]), order(1, ["b"]));
  assert.deepEqual(order(1, ["a"]).sort(), items.toSorted());
  const draws = Array.from({ length: 1000 }, (_, at) => chance(at));
  assert.ok(draws.every((draw) => draw >= 0 && draw < 1));
  assert.ok(Math.abs(draws.reduce((sum, draw) => sum + draw) / 1000 - 0.5) < 0.05);
});
