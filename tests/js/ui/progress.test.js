import assert from "node:assert/strict";
import { test } from "node:test";
import { documentPhases } from "../../../site/ui/document-phases.js";
import { Estimate, inWords, ProgressView, timeLeft } from "../../../site/ui/progress.js";
import { window } from "../dom.js";

test("a step of progress is one short line, with its share where the total is known", () => {
  assert.equal(inWords({ status: "model", file: "a", loaded: 1, total: 3 }), "Loading the model, 33%…");
  assert.equal(inWords({ status: "start", file: "", loaded: 0, total: 0 }), "Starting the engine…");
});

test("the time left follows from the speed so far, and each phase has its own", () => {
  const estimate = new Estimate();
  assert.equal(estimate.left("engine", 10, 100, 0), null, "nothing is known at first");
  assert.equal(estimate.left("engine", 20, 100, 900), null, "a second has not passed");
  assert.equal(estimate.left("engine", 40, 100, 2000), 4);
  assert.equal(estimate.left("engine", 95, 100, 3000), null, "it is nearly done");
  assert.equal(estimate.left("engine", 95, 0, 4000), null, "the total is unknown");
  assert.equal(estimate.left("weights", 1, 100, 5000), null, "a phase has begun");
  assert.equal(estimate.left("weights", 11, 100, 7000), 17.8);
});

test("the recent speed counts, not that of the beginning", () => {
  const estimate = new Estimate();
  for (let second = 0; second <= 30; second++) estimate.left("passages", 10 * second, 1000, 1000 * second);
  let left = null;
  for (let second = 31; second <= 60; second++)
    left = estimate.left("passages", 300 + (second - 30), 1000, 1000 * second);
  assert.equal(left, 670);
});

test("the bar and the time left follow the share of the work, the words count what is done", () => {
  const [box, bar, label] = ["div", "progress", "p"].map((tag) => window.document.createElement(tag));
  const view = new ProgressView({ box, bar, label }, () => {}, documentPhases);
  view.show({ status: "passages", file: "", loaded: 30, total: 40, share: 0.25 });
  assert.equal(bar.value / bar.max, 0.25);
  assert.equal(label.textContent, "30 of 40 passages");
  view.show({ status: "rows", file: "a.csv", loaded: 30, total: 40 });
  assert.equal(bar.value / bar.max, 0.75);
  assert.equal(label.textContent, "30 of 40 rows");
});

test("time is written in seconds, and in minutes when there are many", () => {
  assert.equal(timeLeft(17.8), "about 18 s left");
  assert.equal(timeLeft(200), "about 3 min left");
});
