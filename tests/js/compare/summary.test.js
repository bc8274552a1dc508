import assert from "node:assert/strict";
import test from "node:test";

import "../dom.js";
import { tellingRows } from "../../../site/compare/summary.js";

const [base, other] = ["A", "B"].map((letter) => ({ letter, label: "m" }));
const rows = ["p", "q", "r"].map((prompt, at) => ({ number: at + 1, prompt }));

/** Values of a measure for each row, in both columns. */
function measuredAs(measures) {
  return Object.entries(measures).flatMap(([name, values]) =>
    [base, other].flatMap((column, side) =>
      rows.map((row, at) => ({ column, row, text: "", measures: { [name]: values[side][at] } })),
    ),
  );
}

const telling = (means, measures) =>
  tellingRows(
    { differences: [{ name: "B · m", means }] },
    { names: Object.keys(means), measured: measuredAs(measures), base, others: [other] },
  ).map(({ measure, row, values }) => [measure, row.prompt, ...values]);

test("the surest differences come first, each with the prompt that shows it most, in its direction", () => {
  const means = { words: { mean: 2, adjusted: 0.4 }, looping: { mean: -0.1, adjusted: 0.01 } };
  const measures = {
    words: [
      [1, 5, 9],
      [9, 6, 2],
    ],
    looping: [
      [1, 0.5, 0],
      [0, 0.1, 1],
    ],
  };
  assert.deepEqual(telling(means, measures), [
    ["looping", "p", 1, 0],
    ["words", "q", 5, 6],
  ]);
});

test("one measure alone names its three largest, and equal reports name none", () => {
  const means = { words: { mean: 2, adjusted: 0.4 } };
  const values = [
    [1, 1, 1],
    [2, 4, 3],
  ];
  assert.deepEqual(
    telling(means, { words: values }).map(([, prompt]) => prompt),
    ["q", "r", "p"],
  );
  assert.deepEqual(telling({ words: { mean: 0, adjusted: 1 } }, { words: values }), []);
});
