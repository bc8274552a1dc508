import assert from "node:assert/strict";
import test from "node:test";

import { distinct, longestRepeat, meanSurprise } from "../../../site/playground/measures.js";

test("distinct-n is the share of different runs, whatever the case", () => {
  assert.equal(distinct("The cat. the cat.", 1), 3 / 6);
  assert.equal(distinct("a b a b a", 2), 2 / 4);
  assert.equal(distinct("alone", 2), null);
  assert.equal(distinct("", 1), null);
});

test("the longest repeat counts words, overlapping itself or not", () => {
  assert.equal(longestRepeat("one two three"), 0);
  assert.equal(longestRepeat("the goose and the goose, the swan"), 2);
  assert.equal(longestRepeat("ha ha ha ha"), 3);
  assert.equal(longestRepeat(""), 0);
});

test("mean surprise is in bits", () => {
  assert.ok(Math.abs(/** @type {number} */ (meanSurprise([Math.log(0.5), Math.log(0.125)])) - 2) < 1e-12);
  assert.equal(meanSurprise([]), null);
});
