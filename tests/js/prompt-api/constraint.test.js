/** RegExps as Python's: what Python's `re` matches of the translation, JavaScript matches of the original. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import { pythonOf, spaced } from "../../../site/prompt-api/constraint.js";

/** Classes that the linter refuses in a literal. */
const [ANY, NOTHING] = ["[^]", "[]"];
const PATTERNS = [
  /hello/,
  /^([^,]+,)+[^,]+$/,
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z]+)*$/,
  /^-?\d+\.\d{2}$/,
  /\w+\s\W\S/,
  /[\w.]+[\s,]/,
  /a.c/,
  /a.c/s,
  new RegExp(`${ANY}b`),
  /(?<year>\d{4})-\x30\u0031/,
  /\u{1F600}+/u,
  /a{,3}/,
  /[[&&~~||-]x/,
  /AZe\//,
  /b\0/,
];
const TEXTS = [
  ...[
    "hello",
    "a,b,c",
    "a@b.co",
    "12.50",
    "-3.14",
    "été x",
    "été !x",
    "été ! ",
    "abc ",
    "a.b,",
    "a\nc",
    "axc",
  ],
  ...[
    "a\u2028c",
    "a\rc",
    "\nb",
    "xb",
    "2024-01",
    "😀😀",
    "a{,3}",
    "a",
    "aaa",
    "[x",
    "&x",
    "-x",
    "AZe/",
    "b\0",
  ],
  ...["٣٤.٥٦", "ab !x", "ab\u00a0!x", "ab -\ufeff", "ab -y", "", " "],
];
const CHECK = `
import json, re, sys
patterns, texts = json.load(sys.stdin)
print(json.dumps([[bool(re.fullmatch(p, t)) for t in texts] for p in patterns]))
`;

test("a translated RegExp matches the same texts or fewer", () => {
  const input = JSON.stringify([PATTERNS.map(pythonOf), TEXTS]);
  const options = { input, encoding: "utf8", stdio: ["pipe", "pipe", "ignore"] };
  const found = JSON.parse(execFileSync("python3", ["-c", CHECK], options).toString());
  for (const [at, pattern] of PATTERNS.entries()) {
    const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags);
    const matched = TEXTS.filter((_, text) => found[at][text]);
    assert.ok(matched.length > 0, String(pattern));
    for (const text of matched) assert.match(text, whole);
    // Of these texts the translation leaves out none but those with a rare kind of space.
    const missed = TEXTS.filter((text) => whole.test(text) && !matched.includes(text));
    const ordinary = missed.filter((text) => !/[\u00a0\ufeff]/.test(text));
    assert.deepEqual(ordinary, [], String(pattern));
  }
});

test("what the engine cannot read is refused by name", () => {
  for (const pattern of [/a/i, /a/m, new RegExp(NOTHING), /\p{L}/u, /[\W]/, /[\S]/, /[\D]/, /(?<a>b)\k<a>/]) {
    assert.throws(() => pythonOf(pattern), { name: "NotSupportedError" }, String(pattern));
  }
});

test("the start of a JSON text is spaced as the engine writes it", () => {
  for (const [text, written] of [
    ['{ "Rating": ', '{"Rating": '],
    ['{\n  "a" :1,"b : ,":[ 1,2 ,', '{"a": 1, "b : ,": [1, 2, '],
    ['{"a": "a  \\" : ,b', '{"a": "a  \\" : ,b'],
    ['{"a": "ends \\', '{"a": "ends \\'],
    ["", ""],
  ])
    assert.equal(spaced(text), written);
});
