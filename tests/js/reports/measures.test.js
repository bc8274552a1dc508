import assert from "node:assert/strict";
import { test } from "node:test";
import {
  figure,
  formatMean,
  formatMeasure,
  inWords,
  labelOf,
  percent,
  withInterval,
} from "../../../site/reports/measures.js";

test("figures have the digits that a reader needs", () => {
  assert.deepEqual(
    [0.123, 12.34, 123.4, -0.001].map((value) => figure(value)),
    ["0.12", "12.3", "123", "0.00"],
  );
  assert.deepEqual(
    [0, 0.0251, 0.3349, 1, -0.0004].map((share) => percent(share)),
    ["0%", "2.5%", "33%", "100%", "0%"],
  );
});

test("a measure has one label and one form, wherever it is shown", () => {
  assert.equal(labelOf("distinct_1"), "Distinct words");
  assert.equal(formatMeasure("distinct_1", 0.125), "13%");
  assert.deepEqual([formatMeasure("words", 1234), formatMeasure("longest_repeat", 1)], ["1,234", "1 word"]);
  assert.equal(formatMeasure("truncated", 1), "yes");
  assert.equal(formatMean("truncated", 0.5), "50%");
  assert.equal(formatMean("words", 4.5), "4.50");
  assert.deepEqual([labelOf("new_measure"), formatMeasure("new_measure", 2)], ["new_measure", "2.00"]);
});

test("a mean and its interval have the same decimals, those of the largest", () => {
  const interval = { mean: 9.5, low: 8.125, high: 12.25 };
  assert.equal(withInterval(interval), "9.5 (8.1 to 12.3)");
  const share = (value, options) => percent(value, options);
  assert.equal(withInterval({ mean: 0.05, low: 0.031, high: 0.08 }, share), "5.0% (3.1% to 8.0%)");
  assert.equal(withInterval({ mean: 0.05, low: 0.031, high: 0.12 }, share), "5% (3% to 12%)");
  assert.equal(withInterval({ mean: 2 }), "2.00 (too few values for an interval)");
});

test("one line for a text leaves out what it has none of", () => {
  const measures = { words: 8, distinct_1: 0.125, looping: 1, truncated: 0, echo: 0 };
  assert.equal(inWords(measures), "8 words · 13% different · 100% looping");
  assert.equal(inWords({ words: 0, distinct_1: null, looping: 0, truncated: 0, echo: null }), "0 words");
});
