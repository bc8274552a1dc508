/** Names of a model's files; the cases are shared with tests/py/weights/test_file_names.py. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import {
  isLegal,
  listsShards,
  looksLikeWeights,
  shardsIn,
  weightFiles,
} from "../../../site/engine/file-names.js";

const cases = JSON.parse(readFileSync(new URL("../../data/file-names.json", import.meta.url), "utf8"));

test("plain names are legal", () => {
  for (const name of cases.legal) assert.ok(isLegal(name), name);
});

test("names that lead elsewhere are illegal, “..” among them", () => {
  for (const name of [...cases.illegal, "a".repeat(201), 7, null]) assert.ok(!isLegal(name), String(name));
});

test("weights are recognized by name", () => {
  for (const { names, weights } of cases.weights) assert.deepEqual(weightFiles(names), weights);
});

test("the file that lists shards leads to each of them once", () => {
  assert.ok(listsShards("model.safetensors.index.json") && looksLikeWeights("model.safetensors.index.json"));
  assert.ok(!listsShards("model.index.json") && !listsShards("index.safetensors"));
  const list = (names) =>
    JSON.stringify({ weight_map: Object.fromEntries(names.map((name, i) => [i, name])) });
  assert.deepEqual(shardsIn(list(["b.safetensors", "a.safetensors", "b.safetensors"])), [
    "a.safetensors",
    "b.safetensors",
  ]);
  const many = Array.from({ length: 1001 }, (_, i) => `${i}.safetensors`);
  assert.equal(shardsIn(list(many.slice(1)))?.length, 1000);
  for (const names of [[], ["../a.safetensors"], ["a.bin"], ["https://a.b/c.safetensors"], [7], many]) {
    assert.equal(shardsIn(list(names)), null);
  }
  for (const text of ["", "[]", "null", "{}", '{"weight_map": null}', '{"weight_map": 3}']) {
    assert.equal(shardsIn(text), null);
  }
});
