import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { isRemembering, Memory, recall, remember, setRemembering } from "../../../site/ui/memory.js";

const page = globalThis;

/** A localStorage that keeps strings in a Map. */
function fakeStorage() {
  const kept = new Map();
  page.localStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, text) => void kept.set(key, text),
    removeItem: (key) => void kept.delete(key),
  };
  return kept;
}

afterEach(() => delete page.localStorage);

test("values are stored under the site's prefix and come back as they were", () => {
  const kept = fakeStorage();
  assert.ok(remember("side", { blind: true }));
  assert.deepEqual([...kept.keys()], ["goosequill.side"]);
  assert.deepEqual(recall("side"), { blind: true });
  remember("side", undefined);
  assert.equal(kept.size, 0);
});

test("a browser that stores nothing is not an error", () => {
  page.localStorage = undefined;
  assert.equal(remember("side", 1), false);
  assert.equal(recall("side"), undefined);
  const memory = new Memory("side");
  memory.write(new Map([["seed", "1"]]));
  assert.equal(memory.read().size, 0);
});

test("settings are read as strings, whatever is stored", () => {
  const kept = fakeStorage();
  const memory = new Memory("playground");
  memory.write(new Map([["seed", "1"]]));
  assert.deepEqual([...memory.read()], [["seed", "1"]]);
  for (const text of ["{", "7", "null", '[1, ["seed", 2]]']) {
    kept.set("goosequill.playground", text);
    assert.deepEqual([...memory.read()], text.startsWith("[") ? [["seed", "2"]] : []);
  }
});

test("one setting forgets what was typed on all pages and keeps it from being stored", () => {
  const kept = fakeStorage();
  const values = new Map([
    ["seed", "1"],
    ["prompt", "Dear diary"],
    ["system", "Be kind."],
  ]);
  for (const page of ["playground", "side"]) new Memory(page).write(values);
  assert.ok(isRemembering() && [...kept.values()].join().includes("diary"));
  assert.ok(setRemembering(false));
  assert.equal(isRemembering(), false);
  assert.doesNotMatch([...kept.values()].join(), /diary|kind/);
  new Memory("side").write(values);
  assert.deepEqual([...new Memory("side").read()], [["seed", "1"]]);
  setRemembering(true);
  new Memory("side").write(values);
  assert.equal(new Memory("side").read().get("prompt"), "Dear diary");
});

test("a page starts with its address, and with the last texts only where that has settings alone", () => {
  fakeStorage();
  const memory = new Memory("side");
  memory.write(
    new Map([
      ["seed", "1"],
      ["prompt", "last"],
    ]),
  );
  const start = (...pairs) => Object.fromEntries(memory.complete(new Map(pairs)));
  assert.deepEqual(start(), { seed: "1", prompt: "last" });
  assert.deepEqual(start(["seed", "2"]), { seed: "2", prompt: "last" });
  assert.deepEqual(start(["seed", "2"], ["prompt", "link"]), { seed: "2", prompt: "link" });
});
