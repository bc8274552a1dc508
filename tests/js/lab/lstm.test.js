/**
 * The page of the LSTM: curves, the choice of a gate, words for results, and the text that a network writes.
 */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { window } from "../dom.js";
import { rowsOf } from "./page.js";

const { figures, handWords, rightWords, outcome, prepare, render } = await import(
  "../../../site/lab/lstm.js"
);
const text = await import("../../../site/lab/lstm-text.js");

before(prepare);

const SETTINGS = { task: "adding", updates: 20, forget_bias: 1, strength: 15 };

function network(loss, accuracy) {
  return { hidden: 2, weights: 1531, loss: [1, loss], accuracy: [0.2, accuracy] };
}

function result() {
  const gates = Object.fromEntries(
    [..."ifogch"].map((name, index) => [
      name,
      [
        [0.1, index / 10, 0.3],
        [1, 0, 0],
      ],
    ]),
  );
  const hand = { steps: [1, 5], value: [1, 0.9], wanted: [1, 1], wrong: 0, error: 0.0001234 };
  return {
    updates: [0, 20],
    networks: { lstm: network(0.0021, 0.96), rnn: network(0.16, 0.2), delta: network(0.0001, 1) },
    gates,
    start: gates,
    labels: ["0.25", "0.50*", "0.75*"],
    answer: [1.2345],
    wanted: [1.25],
    idle: { loss: 1 / 6, accuracy: 0.19 },
    decay: { ages: [1, 1000], kept: { untrained: [0.5, 1e-12], start: [0.73, 1e-12], latch: [1, 0.99] } },
    latch: hand,
    counter: { ...hand, wrong: 1, error: 12 },
    checks: [
      { name: "gradient-lstm", measured: 7.123e-10, bound: 1e-6, passed: true },
      { name: "gradient-rnn", measured: 0.1, bound: 1e-6, passed: false },
      { name: "latch", measured: 1e-11, bound: 1e-6, passed: true },
    ],
    study: {
      command: "python -m something",
      first_seed: 100,
      seeds: 3,
      tasks: {
        "adding 32": { lstm: [0.2, 0.9, 0.95], rnn: [0.1, 0.2, 0.15], delta: [0.2, 1, 1] },
        "adding 60": { lstm: [0.2], rnn: [0.2], delta: [0.2] },
        "copy 16": { lstm: [1, 1, 1], rnn: [1, 1, 1], delta: [1, 1, 1] },
      },
    },
  };
}

function draw(drawing, { data = result(), partial = false, place = makePlace() } = {}) {
  drawing({ data, element: place, settings: SETTINGS, partial, run: () => {} });
  return place;
}

function makePlace() {
  const place = document.createElement("div");
  document.body.replaceChildren(place);
  return place;
}

test("the main figure has a curve and a row for each network, and a map of the input gate", () => {
  const place = draw(render);
  const legend = [...place.querySelectorAll(".chart-legend li")].map((item) => item.textContent);
  assert.deepEqual(legend, ["LSTM", "Plain network", "Delta rule"]);
  assert.deepEqual(rowsOf(place)[0], ["LSTM", "2", "1,531", "0.0021", "96%"]);
  assert.match(place.textContent, /Input gate i of each unit/);
  assert.match(place.textContent, /At the end it answers 1\.23; the sum is 1\.25\./);
});

test("the chosen gate is drawn, and stays chosen when another result is drawn", () => {
  const place = draw(render);
  const choice = place.querySelector("select");
  assert.ok(choice);
  choice.value = "f";
  choice.dispatchEvent(new window.Event("change"));
  assert.match(place.textContent, /Forget gate f of each unit/);
  draw(render, { place, partial: true });
  assert.equal(place.querySelector("select"), choice);
  assert.match(place.textContent, /Forget gate f of each unit/);
  assert.equal(place.querySelectorAll("figure").length, 2);
});

test("the answer to copying is in symbols", () => {
  const shown = { answer: [0, 3], wanted: [0, 2], labels: ["A", "C", "·", "?", "·"] };
  assert.equal(outcome(shown), "After the cue it answers AD; right is AC.");
});

test("each figure draws what it is named for", () => {
  assert.equal(draw(figures.loss).querySelectorAll(".chart-legend li").length, 3);
  assert.equal(draw(figures.untrained).querySelectorAll("figure").length, 1);
  assert.match(draw(figures.decay).textContent, /bias 15: the latch/);
  assert.equal(draw(figures.hand).querySelectorAll("figure").length, 2);
});

test("cells that are set by hand are judged in words", () => {
  const { latch, counter } = result();
  assert.equal(
    handWords(latch, "bit", 15),
    "With a forget bias of 15, the bit is right at all 1,000 steps; it is never off by more than 0.00012.",
  );
  assert.match(
    handWords(counter, "count", 5),
    /bias of 5, the count is lost at 1 of 1,000 steps; .* up to 12\./,
  );
});

test("checks have a name, and a mark that is not only a color", () => {
  assert.deepEqual(rowsOf(draw(figures.checks)), [
    ["Gradient of the LSTM against finite differences, both tasks", "7.1e-10", "1e-6", "✓ passed"],
    ["Gradient of the plain network against finite differences, both tasks", "0.1", "1e-6", "✗ failed"],
    ["Largest error of the latch in 1,000 steps, forget bias 30", "1e-11", "1e-6", "✓ passed"],
  ]);
});

const WRITTEN = {
  prompt: "It ",
  text: "is <b>",
  surprise: [0, 3, 0, 6, 6, 0],
  memory: [
    [0, 1, 0, -1, 0.5, 0],
    [1, 1, 1, -1, 0.5, 0],
  ],
  units: [3, 9],
  characters: 70,
  hidden: 144,
  weights: 133990,
};

test("the written text is text, with its surprises underlined", () => {
  const place = draw(text.render, { data: WRITTEN });
  const shown = place.querySelector("[data-testid=text]");
  assert.equal(shown?.textContent, "It is <b>");
  assert.equal(shown?.querySelector(".lstm-surprise-1")?.textContent, "s");
  assert.equal(shown?.querySelector(".lstm-surprise-2")?.textContent, "<b");
  assert.match(place.textContent, /133,990 weights of 8 bits, 70 characters.* cost 2\.50 bits a character/);
});

test("a text that is being written has no surprises yet", () => {
  const place = draw(text.render, { data: { prompt: "It ", text: "is" }, partial: true });
  assert.equal(place.querySelector("[data-testid=text]")?.textContent, "It is");
  assert.equal(place.querySelectorAll("span, figure").length, 0);
});

test("the map of the memory names spaces and units", () => {
  const place = draw(text.render, { data: WRITTEN });
  place.querySelector("details")?.dispatchEvent(new window.Event("toggle"));
  const rows = rowsOf(place, ".chart-table tbody tr");
  assert.equal(rows.length, 2);
  assert.match(place.querySelector(".chart-table thead").textContent, /is␣<b>/);
});

test("chains are compared with the network, by their best", () => {
  const chain = (seen, bits) => ({ seen, bits, half_width: 0.06, numbers: 10 ** seen });
  const comparison = (lstm) => ({
    ...{ command: "python -m x", windows: 64, characters: 64, weights: 100_000, lstm },
    chains: [chain(0, 4.4), chain(4, 1.73)],
  });
  assert.match(
    text.chainVerdict(comparison(2.03)),
    /sees 4 characters needs fewer bits than .* 1\.73 ± 0\.06/,
  );
  assert.match(text.chainVerdict(comparison(1.5)), /needs more bits than .* against 1\.50/);
  assert.match(text.chainVerdict(comparison(1.75)), /needs as many bits as/);
  const place = draw(text.figures.chains, { data: { chains: comparison(2.03) } });
  assert.match(place.textContent, /counts 10,000 pieces of text, and the network has 100,000 weights/);
  assert.match(place.textContent, /Computed by python -m x: 64 pieces of 64 characters/);
});

test("the study shows every seed, and its table names the networks that fail", () => {
  const place = draw(figures.adding);
  assert.deepEqual(rowsOf(place), [
    ["32 numbers", "90% (20–95), 1 below 50%", "15% (10–20), 3 below 50%", "100% (20–100), 1 below 50%"],
  ]);
  place.querySelector(".chart details")?.dispatchEvent(new window.Event("toggle"));
  assert.equal(rowsOf(place, ".chart-table tbody tr").length, 9 + 3, "seeds and medians of what is complete");
  assert.match(place.textContent, /seeds 100 to 102, none of which/);
  assert.equal(rowsOf(draw(figures.copying)).length, 1);
  assert.equal(rightWords([0.5, 0.976]), "74% (50–98)");
});
