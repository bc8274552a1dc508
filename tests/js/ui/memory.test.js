import assert from "node:assert/strict";
import { test } from "node:test";
import { addressWith, readAddress } from "../../../site/ui/memory.js";

test("an address says its values behind ? or #, and the latter counts", () => {
  const read = readAddress({ search: "?seed=1&top_p=0.5&kernel=numpy", hash: "#top_p=0.9&prompt=a+%26%20b" });
  assert.deepEqual(Object.fromEntries(read), { seed: "1", top_p: "0.9", prompt: "a & b" });
});

test("a value that went back to its default does not come again from the query", () => {
  const address = { pathname: "/playground/", search: "?top_p=0.5&kernel=numpy" };
  assert.equal(addressWith(new Map([["seed", "1"]]), address), "/playground/?kernel=numpy#seed=1");
  assert.equal(addressWith(new Map(), { ...address, search: "?top_p=0.5" }), "/playground/");
});
