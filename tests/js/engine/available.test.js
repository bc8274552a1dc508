import assert from "node:assert/strict";
import { test } from "node:test";

import { bitsThatFit } from "../../../site/engine/available.js";

test("a model is offered with 8 bits if they fit, else with 4, else not", () => {
  const memory = { 16: 400, 8: 200, 4: 100 };
  assert.equal(bitsThatFit(memory, 200), 8);
  assert.equal(bitsThatFit(memory, 199), 4);
  assert.equal(bitsThatFit(memory, 100), 4);
  assert.equal(bitsThatFit(memory, 99), 0);
});
