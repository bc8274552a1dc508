/** Names of a model's files; the cases are shared with tests/py/weights/test_file_names.py. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { isLegal, weightFiles } from "../../../site/engine/file-names.js";

const cases = JSON.parse(readFileSync(new URL("../../data/file-names.json", import.meta.url), "utf8"));

test("plain names are legal", () => {
  for (const name of cases.legal) assert.ok(isLegal(name), name);
});

test("names that lead elsewhere are illegal, “..” among them", () => {
  for (const name of [...cases.illegal, "a".repeat(201), 7, null]) assert.ok(!isLegal(name), String(name));
});

test("weights are recognised by name", () => {
  for (const { names, weights } of cases.weights) assert.deepEqual(weightFiles(names), weights);
});
