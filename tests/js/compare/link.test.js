import assert from "node:assert/strict";
import { test } from "node:test";
import { hostsOf, MOST_FILES, portionOf } from "../../../site/compare/link.js";

const BASE = "https://own.example/compare/";
const many = (count, host) => Array.from({ length: count }, (_, index) => `https://${host}/${index}.json`);

test("a link opens at most twenty files at once, whatever it lists", () => {
  const { now, later } = portionOf(many(10_000, "a.example"), BASE);
  assert.deepEqual([now.length, later.length], [MOST_FILES, 10_000 - MOST_FILES]);
  assert.equal(MOST_FILES, 20);
});

test("they are from at most three other hosts; the page's own does not count", () => {
  const hosts = ["a", "b", "c", "d", "e"].flatMap((name) => many(2, `${name}.example`));
  const { now, later } = portionOf(["own.json", ...hosts, "more.json", "not an address:"], BASE);
  assert.deepEqual(
    [...hostsOf(now, BASE)],
    [
      ["a.example", 2],
      ["b.example", 2],
      ["c.example", 2],
    ],
  );
  assert.deepEqual([...hostsOf(later, BASE).keys()], ["d.example", "e.example"]);
  assert.ok(now.includes("own.json") && now.includes("more.json"));
});

test("the host is the one that is asked: pages about a file lead to another", () => {
  const addresses = ["https://github.com/o/r/blob/main/x.json", "https://user@a.example:8443/x.json"];
  assert.deepEqual([...hostsOf(addresses, BASE).keys()], ["raw.githubusercontent.com", "a.example:8443"]);
});
