import assert from "node:assert/strict";
import { test } from "node:test";
import "../dom.js";
import { promptShown } from "../../../site/compare/row.js";

const shown = (prompt) =>
  promptShown(prompt).map((part) => (typeof part === "string" ? part : [part.className, part.textContent]));

test("the style that a prompt's tag names stands before the prompt", () => {
  assert.deepEqual(shown("<speech>\nFellow citizens"), [["prompt-style", "speech"], " ", "Fellow citizens"]);
});

test("what only looks like a tag is part of the prompt", () => {
  for (const prompt of [
    "<b>bold</b>",
    "<speech>",
    "<speech>\n",
    "<speech>\n\nx",
    "<Speech>\nx",
    "a <b>\nx",
    "<>\nx",
  ])
    assert.deepEqual(shown(prompt), [prompt]);
});

test("a very long prompt is cut, and says so", () => {
  const [chip, space, text] = shown(`<verse>\n${"x".repeat(6000)}`);
  assert.deepEqual([chip, space], [["prompt-style", "verse"], " "]);
  assert.ok(
    text.startsWith("x".repeat(5000)) && text.endsWith("… (the first of 6,000 characters)"),
    "it is cut",
  );
});
