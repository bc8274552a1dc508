import assert from "node:assert/strict";
import { test } from "node:test";
import { matcher, matchRanges, passes } from "../../../site/compare/filter.js";

test("all words must occur, in any order and case; quotes keep words together", () => {
  const text = "The Quick (brown) fox";
  assert.ok(matcher("fox quick", { expression: false })(text));
  assert.ok(!matcher("fox slow", { expression: false })(text));
  assert.ok(!matcher('"fox quick"', { expression: false })(text));
  assert.ok(matcher("(brown", { expression: false })(text));
  assert.ok(matcher('"quick (br"', { expression: false })(text));
});

test("a regular expression heeds case only if it has a capital", () => {
  assert.ok(matcher("^b\\w+$", { expression: true })("a\nBEE"));
  assert.ok(!matcher("Bee", { expression: true })("bee"));
  assert.ok(matcher("\\W\\S", { expression: true })(" x"));
  assert.throws(() => matcher("(", { expression: true }), SyntaxError);
});

test("what was found is marked, even where the words hold signs", () => {
  assert.deepEqual(matchRanges("a+b A+B c", "a+b", { expression: false }), [
    [0, 3],
    [4, 7],
  ]);
  assert.deepEqual(matchRanges("xx yy", "x*", { expression: true }), [[0, 2]]);
});

test("coverage filters", () => {
  const columns = ["A", "B"].map((letter) => ({ id: letter, letter }));
  const row = (...ids) => ({ number: 1, prompt: "p", cells: new Map(ids.map((id) => [id, []])) });
  const view = { columns, config: "", sample: 0, differ: false };
  assert.ok(passes(row("A"), { ...view, coverage: "any" }));
  assert.ok(!passes(row(), { ...view, coverage: "any" }));
  assert.ok(!passes(row("A"), { ...view, coverage: "all" }));
  assert.ok(passes(row("A"), { ...view, coverage: "some" }));
  assert.ok(passes(row("A"), { ...view, coverage: "B" }));
  assert.ok(!passes(row("A", "B"), { ...view, coverage: "B" }));
});
