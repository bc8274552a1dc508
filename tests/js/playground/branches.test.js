import assert from "node:assert/strict";
import { test } from "node:test";
import { ownFrom, wholeWords } from "../../../site/playground/branches.js";

test("a row of the tree has whole words", () => {
  assert.equal(wholeWords("It was a fine morning", 14), "It was a fine…");
  assert.equal(wholeWords("It was a fine morning", 12), "It was a…");
  assert.equal(wholeWords("It was a fine morning", -10), "… morning");
  assert.equal(wholeWords("short", 10), "short");
  assert.equal(wholeWords("a\nb", 10), "a b");
  assert.equal(wholeWords("鵝毛筆寫字在紙上", 4), "鵝毛筆寫…", "a script without spaces");
});

test("a branch becomes its own at the token that replaces another, or after the shared ones", () => {
  const token = (id) => ({ token: id, text: String(id), logprob: -1 });
  const parent = { parent: null, given: 0, tokens: [1, 2, 3].map(token) };
  assert.equal(ownFrom(parent), 0);
  assert.equal(ownFrom({ parent, given: 2, tokens: [1, 9, 5].map(token) }), 1);
  assert.equal(ownFrom({ parent, given: 2, tokens: [1, 2, 5].map(token) }), 2);
});
