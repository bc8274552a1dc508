import assert from "node:assert/strict";
import { test } from "node:test";
import { TEXT_KINDS, withinLimits } from "../../../site/ui/control-kinds.js";
import { same } from "../../../site/ui/controls.js";

test("a number is brought within its limits, and integers are rounded", () => {
  const temperature = { kind: "number", minimum: 0, maximum: 100, default: 1 };
  assert.equal(withinLimits(temperature, 9e9), 100);
  assert.equal(withinLimits(temperature, -1), 0);
  assert.equal(withinLimits(temperature, Number.NaN), 1);
  assert.equal(withinLimits(temperature, 0.1 + 0.2), 0.3);
  assert.equal(withinLimits(temperature, 2e-6), 2e-6); // a learning rate may be small
  assert.equal(withinLimits({ kind: "integer", minimum: 1, maximum: null, default: 1 }, 2.6), 3);
});

test("every kind of text is read back as it was written", () => {
  const values = {
    text: " two\nlines",
    json: { type: "object" },
    texts: ["\n\nUser:", "a\\n", "b"],
    tokens: [0, 17],
    biases: { 5: -1.5, 70: 2 },
  };
  for (const [kind, value] of Object.entries(values)) {
    const { read, write } = TEXT_KINDS[kind];
    assert.deepEqual(read(write(value)), value, kind);
  }
});

test("text that is not JSON is passed on unchanged, and no text is no value", () => {
  const { read, write } = TEXT_KINDS.json;
  assert.equal(read("{"), "{");
  assert.equal(write("{"), "{");
  assert.equal(read(" "), null);
  assert.equal(write(null), "");
});

test("records are the same whatever the order of their names", () => {
  assert.ok(same({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }));
  assert.ok(!same({ a: 1 }, { a: 1, b: 0 }));
  assert.ok(!same({ a: [1, 2] }, { a: [2, 1] }));
});
