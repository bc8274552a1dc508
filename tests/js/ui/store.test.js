import assert from "node:assert/strict";
import test from "node:test";

import { Store } from "../../../site/ui/store.js";

test("each view hears the events that it listens to, with their details, in the order of the views", () => {
  const store = new Store();
  const heard = [];
  store.on("one", (detail, name) => heard.push(["first", name, detail]));
  store.on(["one", "two"], (detail, name) => heard.push(["second", name, detail]));
  store.announce("one", 1);
  store.announce("two");
  store.announce("three", 3);
  assert.deepEqual(heard, [
    ["first", "one", 1],
    ["second", "one", 1],
    ["second", "two", null],
  ]);
});
