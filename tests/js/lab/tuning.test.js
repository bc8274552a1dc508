/** What the experiment "tuning" says of its curves, and which manners it names. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import "../dom.js";

const { labels, summary } = await import("../../../site/lab/tuning.js");
const { sets } = JSON.parse(readFileSync(new URL("../../../site/teach/sets.json", import.meta.url), "utf8"));

const CURVES = { steps: [0, 5, 10], learned: [3.5, 1, 0.012], other: [1.47, 1.5, 1.9912] };

test("what was cheapest is said, and what came after it", () => {
  assert.equal(
    summary({ ...CURVES, held: [3.3, 2.03, 2.7], best: 5 }),
    "At step 5 the answers held back were cheapest: 2.03 bits per byte instead of 3.3 bits per byte. From there on it learned its examples by heart: at step 10 they cost 0.012 bits per byte, those held back 2.7 bits per byte, and other English 1.99 bits per byte instead of 1.47 bits per byte.",
  );
  assert.match(summary({ ...CURVES, held: [3.3, 2.03, 2], best: 10 }), /2 bits.*still getting better\.$/);
});

test("the manners have the titles of the ready sets", () => {
  const titles = sets.map((/** @type {any} */ { name, title }) => [name, title]);
  assert.deepEqual(Object.entries(labels.manner), titles);
});
