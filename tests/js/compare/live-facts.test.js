import assert from "node:assert/strict";
import { test } from "node:test";
import { window } from "../dom.js";

const { factsElements, showLoop } = await import("../../../site/compare/live-facts.js");

const loop = { before: " It is ", repeated: "so so", after: ".", words: 1, times: 2 };

test("a text's measures are listed without those that it is too short for", () => {
  // Python's None arrives as undefined from the engine, and as null in a file.
  const measures = { words: 8, distinct_1_50: undefined, compression_50: null };
  const [list] = factsElements({ tokens: 11, seconds: 0, measures, loop: null });
  const cells = [...(list?.children ?? [])].map(({ textContent }) => textContent);
  assert.deepEqual(cells, ["Length", "11 tokens", "Words", "8"]);
  const [words, timed] = factsElements({ tokens: 11, seconds: 2, measures: {}, loop });
  assert.match(words.textContent, /the same word, 2 times in a row/);
  assert.match(timed.textContent, /Speed6 tokens\/s$/);
});

test("what repeats is underlined", () => {
  const bubble = window.document.createElement("div");
  showLoop(bubble, loop);
  assert.equal(bubble.textContent, "It is so so.");
  assert.equal(bubble.querySelector(".loop")?.textContent, "so so");
});
