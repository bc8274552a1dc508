import assert from "node:assert/strict";
import { test } from "node:test";
import { Estimate, inWords, timeLeft } from "../../../site/ui/progress.js";

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

test("time is written in seconds, and in minutes when there are many", () => {
  assert.equal(timeLeft(17.8), "about 18 s left");
  assert.equal(timeLeft(200), "about 3 min left");
});
