import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addressWith,
  readAddress,
  redirectQuery,
  shareAddress,
  withoutSlash,
  writeAddress,
} from "../../../site/ui/address.js";

test("state is read behind ? and behind #, and the latter counts", () => {
  const read = readAddress({ search: "?seed=1&top_p=0.5&kernel=numpy", hash: "#top_p=0.9&prompt=a+%26%20b" });
  assert.deepEqual(Object.fromEntries(read), { seed: "1", top_p: "0.9", prompt: "a & b" });
});

test("a value that went back to its default does not return from the query", () => {
  const address = { pathname: "/playground/", search: "?top_p=0.5&kernel=numpy" };
  assert.equal(addressWith(new Map([["seed", "1"]]), address), "/playground/?kernel=numpy#seed=1");
  assert.equal(addressWith(new Map(), { ...address, search: "?top_p=0.5" }), "/playground/");
});

test("threads is an option of the page and stays in the query", () => {
  const address = { pathname: "/playground/", search: "?threads=1", hash: "" };
  assert.equal(readAddress(address).size, 0);
  assert.equal(addressWith(new Map([["seed", "1"]]), address), "/playground/?threads=1#seed=1");
});

test("an older link is rewritten so that its state is behind #", () => {
  const written = [];
  globalThis.history = { state: null, replaceState: (...[, , url]) => written.push(url) };
  globalThis.location = {
    pathname: "/compare/",
    search: "?f=https%3A%2F%2Fa.org%2Fx.json&kernel=plain",
    hash: "",
  };
  redirectQuery();
  globalThis.location = { pathname: "/compare/", search: "?kernel=plain", hash: "#seed=1" };
  redirectQuery();
  delete globalThis.history;
  delete globalThis.location;
  assert.deepEqual(written, ["/compare/?kernel=plain#f=https://a.org/x.json"]);
});

test("slashes at the end of an address are removed, however many there are elsewhere", () => {
  assert.equal(withoutSlash("http://a.example/b//"), "http://a.example/b");
  assert.equal(withoutSlash("//"), "");
  const many = `${"/".repeat(1_000_000)}a`;
  assert.equal(withoutSlash(many), many);
});

test("what was typed is in the tab's entry and not in the address, until it is shared", (t) => {
  globalThis.location = { pathname: "/", search: "", hash: "" };
  globalThis.history = {
    state: { other: 1 },
    replaceState: (...[state, , url]) => {
      globalThis.history.state = structuredClone(state);
      globalThis.location.hash = url.includes("#") ? url.slice(url.indexOf("#")) : "";
      globalThis.location.href = `https://a.example${url}`;
    },
  };
  t.after(() => {
    delete globalThis.history;
    delete globalThis.location;
  });
  const values = new Map([
    ["seed", "1"],
    ["prompt", "Dear diary"],
    ["q", "my illness"],
    ["collection", "Letters"],
  ]);
  writeAddress(values);
  assert.equal(globalThis.location.hash, "#seed=1");
  assert.equal(globalThis.history.state.other, 1);
  assert.deepEqual(Object.fromEntries(readAddress()), Object.fromEntries(values), "a reload finds all");
  assert.equal(
    shareAddress(values),
    "https://a.example/#seed=1&prompt=Dear+diary&q=my+illness&collection=Letters",
  );
  writeAddress(new Map([...values, ["prompt", "Dear"]]));
  assert.equal(globalThis.location.hash, "#seed=1");
  assert.equal(readAddress().get("prompt"), "Dear");
});

test("what a link says counts more than what was typed, and a foreign entry cannot add settings", () => {
  const typed = [["prompt", "typed"], ["q", 7], ["seed", "9"], "x", null];
  const read = readAddress({ search: "", hash: "#prompt=link", typed });
  assert.deepEqual(Object.fromEntries(read), { prompt: "link", q: "7" });
  assert.equal(readAddress({ search: "", hash: "", typed: { prompt: "x" } }).size, 0);
});
