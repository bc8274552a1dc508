import assert from "node:assert/strict";
import { test } from "node:test";
import "../dom.js";

const { explained } = await import("../../../site/chat/token-dialog.js");

const top_logprobs = [
  { token: 1, text: " a", logprob: Math.log(0.5) },
  { token: 2, text: " b", logprob: Math.log(0.25) },
];

test("a token that is not among the likeliest is listed with them, at its own rank", () => {
  const scored = { token: 7, text: " z", logprob: Math.log(0.01), rank: 40, top_logprobs };
  const { candidates, steps, rank } = explained(scored, 4096);
  assert.deepEqual(
    candidates.map((one) => [one.token, one.rank]),
    [
      [1, 1],
      [2, 2],
      [7, 40],
    ],
  );
  assert.ok(Math.abs(candidates[2].probabilities[0] - 0.01) < 1e-9);
  assert.deepEqual([steps.length, steps[0].kept, rank], [1, 4096, 40]);
});

test("a token among the likeliest is listed once", () => {
  const scored = { ...top_logprobs[1], rank: 2, top_logprobs };
  assert.equal(explained(scored, 4096).candidates.length, 2);
});
