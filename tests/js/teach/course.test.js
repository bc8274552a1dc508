import assert from "node:assert/strict";
import { test } from "node:test";
import "../dom.js";

const { curveOf } = await import("../../../site/teach/course.js");

/** @param {number} at @param {number | null} loss @param {number | null} heldBack @returns {any} */
const step = (at, loss, heldBack, right = null, rate = at && 0.01) => ({
  ...{ done: at, step: at, rate, loss, heldBack, right, sample: "" },
});

test("the curve has a value for each step that has one, and marks the best", () => {
  const { series, rules, y } = curveOf([
    step(0, null, 3),
    step(1, 2.75, null),
    step(2, 2.5, 2),
    step(3, 2.25, 2),
    step(4, 2, 2.5),
  ]);
  assert.deepEqual(
    series.map(({ x, y }) => [x, y]),
    [
      [
        [0, 1, 2, 3, 4],
        [null, 2.75, 2.5, 2.25, 2],
      ],
      [
        [0, 2, 3, 4],
        [3, 2, 2, 2.5],
      ],
    ],
  );
  assert.deepEqual(
    rules?.map(({ x }) => x),
    [2],
  );
  assert.equal(y.label, "bits per byte");
});

test("trials of two learning rates are lines of their own, which begin where nothing was learned", () => {
  const trial = (/** @type {number} */ rate, /** @type {number} */ last) => [
    step(1, 2.5, null, null, rate),
    step(2, 2, last, null, rate),
  ];
  const { series, rules } = curveOf([step(0, null, 3), ...trial(0.01, 2.5), ...trial(0.003, 2.75)]);
  assert.deepEqual(
    series.map(({ x, y }) => [x, y]),
    [
      [
        [0, 1, 2],
        [null, 2.5, 2],
      ],
      [
        [0, 2],
        [3, 2.75],
      ],
      [
        [0, 2],
        [3, 2.5],
      ],
    ],
  );
  assert.deepEqual(
    rules?.map(({ x }) => x),
    [2],
  );
});

test("the loss of preferences is not in bits, also when the model agrees with none", () => {
  assert.equal(curveOf([step(0, null, 0.69, /** @type {any} */ (0))]).y.label, "loss");
});

test("where nothing was measured or done, nothing is marked", () => {
  assert.deepEqual(curveOf([]).rules, []);
  assert.deepEqual(curveOf([step(1, 2, null)]).rules, []);
});
