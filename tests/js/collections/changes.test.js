import assert from "node:assert/strict";
import { test } from "node:test";

import { Changes } from "../../../site/collections/changes.js";

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

test("rows that a table lost are replaced", () => {
  const changes = new Changes(BEFORE);
  changes.read("notes/table.csv", "notes/table.csv#1");
  assert.deepEqual(changes.replaced("notes/table.csv"), ["notes/table.csv#2"]);
  assert.deepEqual(changes.replaced("notes/new.csv"), []);
});

test("what is gone from a folder was neither read, nor unchanged, nor unreadable", () => {
  const changes = new Changes(BEFORE);
  changes.read("notes/a.md", "notes/a.md");
  changes.saw("notes/table.csv");
  assert.deepEqual(changes.gone("notes"), ["notes/b.md"]);
  assert.deepEqual(changes.gone("note"), []);
});

test("a source of which only a part was replaced is read again", () => {
  const { known } = new Changes([
    { name: "table.csv#1", hash: "old" },
    { name: "table.csv#2", hash: "new" },
  ]);
  assert.equal(known["table.csv"], undefined);
  assert.equal(known["table.csv#2"], "new");
});

test("a table whose rows have hashes of their own is known by its own", () => {
  const rows = [
    { name: "table.csv#1", hash: "one" },
    { name: "table.csv#2", hash: "two" },
  ];
  const changes = new Changes(rows, { "table.csv": "table", "gone.csv": "gone" });
  assert.deepEqual(changes.known, { "table.csv#1": "one", "table.csv#2": "two", "table.csv": "table" });
  assert.ok(changes.had("table.csv") && !changes.had("gone.csv"));
});

test("rows, and a document that takes the place of rows, are parts of a replacement", () => {
  const changes = new Changes(BEFORE);
  assert.ok(changes.isPartial("notes/table.csv", "notes/table.csv#1"));
  assert.ok(changes.isPartial("notes/table.csv", "notes/table.csv"));
  assert.ok(changes.isPartial("notes/new.csv", "notes/new.csv#1"));
  assert.ok(!changes.isPartial("notes/a.md", "notes/a.md"));
  assert.ok(!changes.isPartial("notes/new.md", "notes/new.md"));
});
