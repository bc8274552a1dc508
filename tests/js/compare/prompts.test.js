import assert from "node:assert/strict";
import { test } from "node:test";
import { promptsOf, readPrompts, textOf } from "../../../site/compare/prompts.js";

test("a text has a prompt on each line, and a list turns into such a text and back", () => {
  const prompts = ["A goose", "One\nday"];
  assert.equal(textOf(prompts), "A goose\nOne\\nday");
  assert.deepEqual(promptsOf(`${textOf(prompts)}\n\nA goose\n`), prompts);
});

test("files of every kind give the same prompts", () => {
  const prompts = ["A", "B\nC"];
  const items = prompts.map((prompt) => ({ prompt }));
  const read = { prompts, replaced: false };
  assert.deepEqual(readPrompts("list.JSON", JSON.stringify(prompts)), read);
  assert.deepEqual(readPrompts("report.json", JSON.stringify({ prompts: items })), read);
  assert.deepEqual(readPrompts("list.jsonl", items.map((item) => JSON.stringify(item)).join("\n")), read);
  assert.deepEqual(readPrompts("list.txt", "A\nB\\nC\n"), read);
});

test("Windows line ends are replaced in every kind of file, and that is reported", () => {
  const read = { prompts: ["A", "B\nC"], replaced: true };
  assert.deepEqual(readPrompts("list.txt", "A\r\nB\\nC\r\n"), read);
  assert.deepEqual(readPrompts("list.txt", "A\rB\\nC"), read);
  assert.deepEqual(readPrompts("list.json", '["A", "B\\r\\nC", "B\\rC"]'), read);
  const lines = '"A"\r\n{"prompt": "B\\nC"}\r\n';
  assert.deepEqual(readPrompts("list.jsonl", lines), { ...read, replaced: false }); // none in a prompt
});

test("a file without prompts is refused, whatever it contains", () => {
  for (const text of ["", "{}", "null", "[]", "[1]", "[null]", '{"prompts": 5}', "{"]) {
    assert.throws(() => readPrompts("list.json", text), /list\.json does not contain a list of prompts/);
  }
});
