import assert from "node:assert/strict";
import { test } from "node:test";
import { likeness, wordDiff } from "../../../site/compare/diff.js";
import { pluck } from "../pluck.js";

const { diffArrays } = await import(new URL("../../../site/vendor/diff/array.js", import.meta.url).href);
const compare = (before, after, options = {}) => wordDiff(before, after, { diffArrays, ...options });
const sides = (pieces) => [
  pieces
    .filter(({ kind }) => kind !== "added")
    .map(({ text }) => text)
    .join(""),
  pieces
    .filter(({ kind }) => kind !== "removed")
    .map(({ text }) => text)
    .join(""),
];

test("words that changed, and no others", () => {
  const { pieces } = compare("the quick brown fox", "the slow brown fox");
  assert.deepEqual(pieces, [
    { kind: "same", text: "the " },
    { kind: "removed", text: "quick" },
    { kind: "added", text: "slow" },
    { kind: "same", text: " brown fox" },
  ]);
});

test("changes with only a space between them are one change", () => {
  const { pieces } = compare("we think an old car runs", "some people buy cheap bicycles, car runs");
  assert.deepEqual(pluck(pieces, "kind"), ["removed", "added", "same"]);
  const kept = compare("one two three", "one 2 three").pieces.map(({ kind }) => kind);
  assert.deepEqual(kept, ["same", "removed", "added", "same"]);
  const lines = compare("a\nb", "c\nd").pieces;
  assert.deepEqual(lines[2], { kind: "same", text: "\n" });
});

test("Chinese and Japanese have words too", () => {
  const { pieces } = compare("我喜欢红色的苹果", "我喜欢绿色的苹果");
  assert.deepEqual(sides(pieces), ["我喜欢红色的苹果", "我喜欢绿色的苹果"]);
  assert.equal(pieces.at(-1).kind, "same");
  assert.ok(pieces.at(-1).text.endsWith("苹果"));
  assert.ok(
    compare("私は東京に住んでいます", "私は京都に住んでいます").pieces.filter(({ kind }) => kind === "same")
      .length >= 2,
  );
});

test("the pieces always make up both texts", () => {
  for (const [before, after] of [
    ["", ""],
    ["a", ""],
    ["", "b"],
    ["a b", "a b"],
    ["a\n\nb c", "b\n c a"],
    ["👍🏽 x", "👍 x"],
  ]) {
    assert.deepEqual(sides(compare(before, after).pieces), [before, after]);
  }
});

test("texts whose time runs out are shown as replaced, and say so", () => {
  const text = (seed) => Array.from({ length: 6000 }, (_, index) => `w${(index * seed) % 7919}`).join(" ");
  const { pieces, complete } = compare(text(31), text(57), { timeout: 0 });
  assert.equal(complete, false);
  assert.deepEqual(sides(pieces), [text(31), text(57)]);
});

test("likeness is the share of what stayed", () => {
  assert.equal(likeness(compare("same", "same").pieces), 1);
  assert.equal(likeness(compare("", "").pieces), 1);
  assert.equal(likeness(compare("a", "b").pieces), 0);
});
