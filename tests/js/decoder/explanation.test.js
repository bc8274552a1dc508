import assert from "node:assert/strict";
import { test } from "node:test";
import { pluck } from "../pluck.js";
import "../dom.js";

const { showExplanation } = await import("../../../site/decoder/explanation.js");

function shown(changes = {}) {
  const steps = ["model", "guidance", "temperature"].map((name, step) => ({
    name,
    label: name,
    sentence: name,
    kept: 20 - step,
  }));
  const candidates = [
    { token: 1, text: " a", rank: 1, probabilities: [0.99995, 0.3, 0.00002], cut_by: undefined },
    { token: 2, text: " b", rank: 2, probabilities: [0.00003, 0.2, 0], cut_by: 2 },
    { token: 3, text: " c", rank: 17, probabilities: [0.00002, 0.5, 0.99998], cut_by: undefined },
  ];
  const explanation = { token: 3, text: " c", logprob: Math.log(0.99995), rank: 17, steps, candidates };
  const box = document.createElement("div");
  box.append(...showExplanation({ ...explanation, ...changes }, { title: "Token 1: " }));
  return box;
}

const texts = (box, selector) => [...box.querySelectorAll(selector)].map((one) => one.textContent);

test("candidates have the model's rank, and none looks certain or impossible that is not", () => {
  const box = shown();
  assert.deepEqual(texts(box, ".rank"), ["Rank 17", "Rank 1", "Rank 2"]);
  assert.deepEqual(texts(box, ".share"), [
    "< 0.1% → > 99.9%",
    "> 99.9% → < 0.1%",
    "< 0.1%, removed by temperature",
  ]);
  assert.match(texts(box, "p")[0] ?? "", /gave it > 99\.9%: rank 17 of 20/);
  assert.doesNotMatch(box.textContent, /100\.0%/);
});

test("a token that the decoder would not have chosen is said to be of another origin", () => {
  const words = /would not have chosen this token/;
  assert.match(shown({ reproduced: false }).textContent, words);
  for (const reproduced of [true, undefined]) assert.doesNotMatch(shown({ reproduced }).textContent, words);
});

test("beam search shows the texts that it ranked", () => {
  const option = { chosen: false, logprob: Math.log(0.25), outcome: "continued" };
  const options = [
    { ...option, rank: 1, text: " b", total: -3.25 },
    { ...option, rank: 2, text: " c", total: -4, chosen: true },
    { ...option, rank: 3, text: " d", total: -5, outcome: "dropped" },
  ];
  const box = shown({ search: { kind: "beam", beams: 2, compared: 8, options } });
  assert.match(box.textContent, /follows 2 texts.*ranked 2 of 8/);
  const rows = [...(box.querySelector(".scroller tbody")?.children ?? [])];
  assert.deepEqual(
    rows.map((row) => texts(row, "th, td")),
    [
      ["1", "␣b", "25.0%", "-3.25"],
      ["2", "␣c chosen", "25.0%", "-4.00"],
      ["3", "␣d dropped", "25.0%", "-5.00"],
    ],
  );
  assert.deepEqual(pluck(rows, "className"), ["", "taken", ""]);
});

test("contrastive search shows confidence, penalty and score of its candidates", () => {
  const options = [
    { rank: 1, chosen: true, text: " c", confidence: 0.25, similarity: -0.5, score: 0.4 },
    { rank: 2, chosen: false, text: " a", confidence: 0.75, similarity: 0.9, score: -0.24 },
  ];
  const box = shown({ search: { kind: "contrastive", penalty_alpha: 0.6, compared: 2, options } });
  assert.match(box.textContent, /0\.40 × confidence − 0\.60 × degeneration penalty/);
  assert.deepEqual(
    [...(box.querySelector(".scroller tbody")?.children ?? [])].map((row) => texts(row, "th, td")),
    [
      ["1", "␣c chosen", "25.0%", "-0.500", "0.400"],
      ["2", "␣a", "75.0%", "0.900", "-0.240"],
    ],
  );
});
