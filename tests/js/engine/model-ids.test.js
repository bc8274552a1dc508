/** Ids of models; the cases are shared with the Python package. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { HUB, looksLikeId, resolveId } from "../../../site/engine/model-ids.js";

const cases = JSON.parse(readFileSync(new URL("../../data/model-ids.json", import.meta.url), "utf8"));

test("an id is resolved to the address of its file, on the hub or on another host", () => {
  assert.equal(HUB, cases.host);
  for (const { id, host, address, sha256 } of cases.valid) {
    assert.ok(looksLikeId(id), id);
    assert.deepEqual(resolveId(id, host), { address, ...(sha256 && { sha256 }) });
  }
});

test("addresses, paths and folders are not ids", () => {
  for (const text of cases.not_ids) assert.ok(!looksLikeId(text), text);
});

test("an invalid id is an error that says how one is written", () => {
  for (const id of [...cases.invalid, `a/b:${"c".repeat(1000)}`]) {
    assert.ok(looksLikeId(id), id);
    assert.throws(
      () => resolveId(id),
      { name: "EngineError", code: "model-id", remedy: /owner\/repo:path/ },
      id,
    );
  }
});

test("a host must be an address without a query or a password", () => {
  for (const host of cases.invalid_hosts)
    assert.throws(() => resolveId("a/b:c", host), { code: "model-id" }, host);
});
