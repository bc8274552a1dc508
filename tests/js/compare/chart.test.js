import assert from "node:assert/strict";
import { test } from "node:test";
import { bars, scaleOf, ticksOf } from "../../../site/compare/chart.js";

test("a scale holds the intervals, and the values but for the farthest", () => {
  const interval = { mean: 5, low: 4, high: 6 };
  const values = [...Array.from({ length: 300 }, (_, index) => index / 100), 1000];
  assert.deepEqual(scaleOf([{ name: "a", interval }]), { from: 4, to: 6 });
  assert.deepEqual(scaleOf([{ name: "a", interval, values }]), { from: 0.03, to: 6 });
  assert.deepEqual(scaleOf([{ name: "a", interval }], 0), { from: 0, to: 6 });
});

test("a scale of one value has a width", () => {
  const { from, to } = scaleOf([{ name: "a", interval: { mean: 2, low: 2, high: 2 }, values: [2, 2] }]);
  assert.ok(from < 2 && to > 2);
});

test("ticks are few, round and within the scale", () => {
  assert.deepEqual(ticksOf({ from: 0, to: 1 }), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticksOf({ from: -3.2, to: 4.9 }), [-2, 0, 2, 4]);
  for (const to of [0.0003, 0.7, 13, 99, 12_345]) {
    const ticks = ticksOf({ from: 0, to });
    assert.ok(ticks.length >= 2 && ticks.length <= 7, `${to}: ${ticks}`);
    assert.ok(ticks.every((tick) => tick >= 0 && tick <= to * 1.0001));
  }
});

test("every value is in a bar, those beyond the ends in the outermost", () => {
  const heights = bars([0, 0.5, 0.5, 1, 9, -9], { from: 0, to: 1 });
  assert.equal(heights[0], 1);
  assert.equal(heights[20], 1);
  assert.equal(heights[39], 1);
  assert.equal(heights.filter(Boolean).length, 3);
});
