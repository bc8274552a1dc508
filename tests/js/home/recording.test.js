/** The recordings that the page replays have what it needs, and the engine's explanations the same form. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { ROWS, readRecording, stepOf } from "../../../site/home/recording.js";
import { shareWords } from "../../../site/home/text-view.js";

const FOLDER = new URL("../../../site/home/recordings/", import.meta.url);

for (const name of readdirSync(FOLDER)) {
  const file = readFileSync(new URL(name, FOLDER));
  const recording = readRecording(JSON.parse(String(file)));

  test(`${name} is small, and another text at each temperature`, () => {
    assert.ok(gzipSync(file).length < 9_000);
    assert.deepEqual([...recording.runs.keys()], [0, 0.3, 0.6, 0.9, 1.2]);
    const texts = [...recording.runs.values()].map((steps) => steps.map(({ text }) => text).join(""));
    assert.equal(new Set(texts).size, texts.length);
  });

  test(`${name} has the chosen token among its candidates, with probabilities`, () => {
    for (const steps of recording.runs.values()) {
      assert.ok(steps.length >= 20);
      for (const { text, chosen, candidates } of steps) {
        assert.equal(candidates.length, ROWS);
        assert.equal(candidates[chosen].text, text);
        assert.ok(
          candidates.every(({ model, decoder }) => model >= 0 && model <= 1 && decoder >= 0 && decoder <= 1),
        );
        assert.ok(candidates.reduce((sum, { model }) => sum + model, 0) <= 1.003);
      }
    }
  });
}

test("only greedy decoding is certain, and what is rounded to nothing or everything is not", () => {
  const steps = [
    [
      " a",
      0,
      [
        [" a", 1000, 1000],
        [" b", 0, 0],
      ],
    ],
  ];
  const file = {
    tag: "",
    prompt: "",
    seed: 1,
    runs: [0, 0.4].map((temperature) => ({ temperature, steps })),
  };
  const shares = [...readRecording(file).runs.values()].map(([{ candidates }]) =>
    candidates.map(({ model, decoder }) => [model, decoder].map(shareWords)),
  );
  assert.deepEqual(shares, [
    [
      ["> 99%", "100%"],
      ["< 1%", "0%"],
    ],
    [
      ["> 99%", "> 99%"],
      ["< 1%", "< 1%"],
    ],
  ]);
});

test("a chosen token below the likeliest ones takes the last row", () => {
  const candidates = Array.from({ length: 10 }, (_, index) => ({
    token: index,
    text: `t${index}`,
    probabilities: [0.2 - index / 100, 0.3 - index / 100],
  }));
  const step = stepOf("t8", { token: 8, candidates });
  assert.deepEqual([step.candidates.length, step.chosen, step.candidates[4].text], [ROWS, 4, "t8"]);
  assert.deepEqual(step.candidates[0], { token: 0, text: "t0", model: 0.2, decoder: 0.3 });
  assert.equal(stepOf("t2", { token: 2, candidates }).chosen, 2);
});
