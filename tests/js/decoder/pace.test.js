import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "../../../site/decoder/pace.js";

/** What is shown after tokens that arrived at these times, in milliseconds. */
function shown(times) {
  const line = { textContent: "" };
  let now = 0;
  const pace = new Pace(line, () => now);
  for (const time of times) {
    now = time;
    pace.add();
  }
  pace.show("");
  return line.textContent;
}

test("ten tokens that arrive together have no speed, where 3,913 a second was shown", () => {
  assert.equal(shown(Array.from({ length: 10 }, (_, at) => 1000 + at / 4)), "10 tokens");
});

test("the speed is that of the tokens after the first batch", () => {
  const batches = Array.from({ length: 5 }, (_, at) => Array(10).fill(1000 + 100 * at)).flat();
  assert.equal(shown(batches), "50 tokens · 100.0 tokens a second");
});

test("tokens that arrive one by one are timed from the first", () => {
  assert.equal(shown([1000, 1200, 1400, 1600]), "4 tokens · 5.0 tokens a second");
});

test("at the end it says how many guessed tokens were right, if any were guessed", () => {
  const line = { textContent: "" };
  const pace = new Pace(line, () => 0);
  pace.add();
  pace.showEnd(["seed 7"], { guessed: 9, guessed_right: 4 });
  assert.equal(line.textContent, "1 token · seed 7 · 4 of 9 guessed tokens right");
  pace.showEnd(["seed 7"], { guessed: 0, guessed_right: 0 });
  assert.equal(line.textContent, "1 token · seed 7");
});
