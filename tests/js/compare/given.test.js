import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { TabStore } from "../../../site/ui/tab-store.js";
import { empty } from "../collections/indexed-db.js";

/** @type {Map<string, string>} */
const session = new Map();
globalThis.sessionStorage = /** @type {any} */ ({
  getItem: (/** @type {string} */ key) => session.get(key) ?? null,
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => void session.set(key, value),
});
const { givenReports } = await import("../../../site/compare/given.js");

beforeEach(() => {
  session.clear();
  empty();
});

test("reports of another page are given once, as files", async () => {
  assert.deepEqual(await givenReports(), []);
  const reports = [
    { name: "before.json", text: "{}" },
    { name: "after.json", text: "[]" },
  ];
  await new TabStore("reports").writeNow({ reports });
  const given = await givenReports();
  assert.deepEqual(
    given.map(({ name }) => name),
    ["before.json", "after.json"],
  );
  assert.deepEqual(await Promise.all(given.map(({ blob }) => blob.text())), ["{}", "[]"]);
  assert.deepEqual(await givenReports(), []);
});

test("what is not a list of reports gives none", async () => {
  for (const value of [null, "reports", { reports: "two" }, { reports: [null, 3, { name: "a" }] }]) {
    await new TabStore("reports").writeNow(value);
    assert.deepEqual(await givenReports(), [], JSON.stringify(value));
  }
});
