import assert from "node:assert/strict";
import { test } from "node:test";
import { addressWith, readAddress, redirectQuery, withoutSlash } from "../../../site/ui/address.js";

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
  /** @type {string[]} */
  const written = [];
  /** @type {any} */
  const page = globalThis;
  page.history = { state: null, replaceState: (/** @type {any[]} */ ...[, , url]) => written.push(url) };
  page.location = { pathname: "/compare/", search: "?f=https%3A%2F%2Fa.org%2Fx.json&kernel=plain", hash: "" };
  redirectQuery();
  page.location = { pathname: "/compare/", search: "?kernel=plain", hash: "#seed=1" };
  redirectQuery();
  delete page.history;
  delete page.location;
  assert.deepEqual(written, ["/compare/?kernel=plain#f=https://a.org/x.json"]);
});

test("slashes at the end of an address are removed, however many there are elsewhere", () => {
  assert.equal(withoutSlash("http://a.example/b//"), "http://a.example/b");
  assert.equal(withoutSlash("//"), "");
  const many = `${"/".repeat(1_000_000)}a`;
  assert.equal(withoutSlash(many), many);
});
