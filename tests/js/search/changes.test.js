import assert from "node:assert/strict";
import { test } from "node:test";

import { Changes } from "../../../site/search/changes.js";

const BEFORE = [
  { name: "notes/a.md", hash: "1" },
  { name: "notes/b.md", hash: "2" },
  { name: "notes/table.csv#1", hash: "3" },
  { name: "notes/table.csv#2", hash: "3" },
  { name: "other/c#.md", hash: "4" },
];

test("sources are known by their hash, the rows of a table by their file", () => {
  const { known } = new Changes(BEFORE);
  assert.equal(known["notes/a.md"], "1");
  assert.equal(known["notes/table.csv"], "3");
  assert.equal(known["other/c#.md"], "4");
});

test("rows that a table lost are replaced, and an unchanged table keeps all", () => {
  const changes = new Changes(BEFORE);
  changes.read("notes/table.csv", "notes/table.csv#1");
  assert.deepEqual(changes.replaced(), ["notes/table.csv#2"]);
  const others = new Changes(BEFORE);
  others.saw("notes/table.csv");
  assert.deepEqual(others.replaced(), []);
});

test("what is gone from a folder was neither read, nor unchanged, nor unreadable", () => {
  const changes = new Changes(BEFORE);
  changes.read("notes/a.md", "notes/a.md");
  changes.saw("notes/table.csv");
  assert.deepEqual(changes.gone("notes"), ["notes/b.md"]);
  assert.deepEqual(changes.gone("note"), []);
});
