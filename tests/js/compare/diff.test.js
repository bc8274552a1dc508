import assert from "node:assert/strict";
import { test } from "node:test";
import { likeness, wordDiff } from "../../../site/compare/diff.js";

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
