import assert from "node:assert/strict";
import { test } from "node:test";
import { promptsOf, readPrompts, textOf } from "../../../site/playground/prompts.js";

test("a text has a prompt on each line, and a list turns into such a text and back", () => {
  const prompts = ["A goose", "One\nday"];
  assert.equal(textOf(prompts), "A goose\nOne\\nday");
  assert.deepEqual(promptsOf(`${textOf(prompts)}\n\nA goose\n`), prompts);
});

test("files of every kind give the same prompts", () => {
  const prompts = ["A", "B\nC"];
  const items = prompts.map((prompt) => ({ prompt }));
  assert.deepEqual(readPrompts("list.JSON", JSON.stringify(prompts)), prompts);
  assert.deepEqual(readPrompts("report.json", JSON.stringify({ prompts: items })), prompts);
  assert.deepEqual(readPrompts("list.jsonl", items.map((item) => JSON.stringify(item)).join("\n")), prompts);
  assert.deepEqual(readPrompts("list.txt", "A\nB\\nC\n"), prompts);
});

test("a file without prompts is refused, whatever it contains", () => {
  for (const text of ["", "{}", "null", "[]", "[1]", "[null]", '{"prompts": 5}', "{"]) {
    assert.throws(() => readPrompts("list.json", text), /list\.json does not contain a list of prompts/);
  }
});
