import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DEFAULTS,
  fromAddress,
  isPasted,
  memory,
  notUrl,
  splitFiles,
  toAddress,
} from "../../../site/reports/view.js";
import { addressWith } from "../../../site/ui/address.js";

const query = (search) => ({ search, hash: "" });
/** The parts of an address that the comparer writes. */
const linkTo = (view) => {
  const { search, hash } = new URL(
    addressWith(toAddress(view), { pathname: "/", search: "" }),
    "https://here.org",
  );
  return { search, hash };
};

test("old links work: ?f= with addresses separated by line ends, or several of them, relative too", () => {
  const files = ["https://a.org/x.json", "reports/y.json"];
  assert.deepEqual(fromAddress(query("?f=https%3A%2F%2Fa.org%2Fx.json%0Areports%2Fy.json")).files, files);
  assert.deepEqual(fromAddress(query("?f=https://a.org/x.json&f=reports/y.json")).files, files);
  const view = fromAddress(query("?f=a.json&v=1&config=k50&page=metrics"), { markdown: false });
  assert.deepEqual(view, { ...DEFAULTS, files: ["a.json"], config: "k50", page: "metrics" });
  assert.deepEqual(splitFiles(" a \r\n\n b\na"), ["a", "b"]);
});

test("a link carries the whole view, whatever the reader's settings", () => {
  const view = {
    ...DEFAULTS,
    files: ["a.json", "b c&d.json"],
    config: "k50",
    sample: 2,
    params: true,
    tokens: "show",
    layout: "stack",
    q: 'a+b & "c"',
    re: true,
    differ: true,
    coverage: "B",
    base: "A",
    hide: ["C", "A2"],
    page: "coverage",
    at: 17,
    fold: true,
  };
  const link = linkTo(view);
  assert.equal(link.search, "");
  assert.deepEqual(fromAddress(link, { markdown: false, layout: "side" }), view);
  assert.equal(toAddress({ ...DEFAULTS }).size, 0);
});

test("settings are remembered where the link says nothing", () => {
  const kept = memory({ ...DEFAULTS, markdown: false, layout: "stack", q: "secret" });
  assert.equal("q" in kept, false);
  assert.equal(fromAddress(query("?f=a"), kept).markdown, false);
  assert.equal(fromAddress(query("?f=a"), kept).layout, "stack");
});

test("nonsense from outside becomes the default", () => {
  const view = fromAddress(
    query(
      "?sample=-3&markdown=maybe&layout=%3Cscript%3E&base=constructor&hide=__proto__,A&at=1e9&coverage=Z9x&page=admin&tokens=",
    ),
    { layout: 7, markdown: "no", __proto__: null, clip: null },
  );
  assert.deepEqual(view, { ...DEFAULTS, hide: ["A"] });
  assert.deepEqual(fromAddress(query(""), "rubbish"), { ...DEFAULTS });
  assert.deepEqual(fromAddress(query(""), null), { ...DEFAULTS });
});

test("a pasted report is told from URLs, and what cannot be a URL from relative ones", () => {
  assert.ok(isPasted(' \n{"prompts": []}') && isPasted("[1]"));
  assert.ok(!isPasted("reports/a.json") && !isPasted(""));
  const pasted = notUrl(["reports/a.json", "https://x.example/a b.json", "data:application/json,{}"]);
  assert.equal(pasted, undefined);
  assert.equal(notUrl(["a.json", "some words"]), "some words");
  assert.equal(notUrl([`a".json`]), `a".json`);
  assert.equal(notUrl(["x".repeat(2049)])?.length, 2049);
});
