import assert from "node:assert/strict";
import test from "node:test";

import { excerpt, linkTo } from "../../../../site/search/static/excerpt.js";

test("a short text is shown whole, with its words marked", () => {
  const pieces = excerpt("Set the temperature to 0.7.", [[8, 19]]);
  assert.deepEqual(pieces, [
    { text: "Set the ", matched: false },
    { text: "temperature", matched: true },
    { text: " to 0.7.", matched: false },
  ]);
});

test("a long text is cut at spaces around its first match", () => {
  const text = `${"before ".repeat(100)}needle ${"after ".repeat(100)}`;
  const at = text.indexOf("needle");
  const pieces = excerpt(text, [[at, at + 6]]);
  const shown = pieces.map((piece) => piece.text).join("");
  assert.ok(shown.startsWith("… before ") && shown.endsWith("after …"), shown);
  assert.ok(shown.length < 280);
  const marks = pieces.filter((piece) => piece.matched);
  assert.deepEqual(marks, [{ text: "needle", matched: true }]);
});

test("cells of a table stand apart by points, and words keep their places", () => {
  const text = "Above.\n| Key | Value |\n| heap | 5 |\nshell | pipe";
  const at = text.indexOf("heap");
  const pieces = excerpt(text, [[at, at + 4]]);
  const shown = pieces.map(({ text }) => text).join("");
  assert.equal(shown.replace(/\s+/g, " "), "Above. Key · Value heap · 5 shell | pipe");
  assert.deepEqual(
    pieces.filter(({ matched }) => matched),
    [{ text: "heap", matched: true }],
  );
});

test("one endless word is cut all the same", () => {
  const shown = excerpt("x".repeat(5000), [])
    .map(({ text }) => text)
    .join("");
  assert.ok(shown.length < 280);
});

test("a link marks the passage in the page", () => {
  assert.equal(
    linkTo("https://a.example/p/#b", "One-two three four."),
    "https://a.example/p/#b",
    "too few words to be sure",
  );
  assert.equal(
    linkTo("https://a.example/p/#b", "One-two three, four & five."),
    "https://a.example/p/#b:~:text=One%2Dtwo%20three%2C%20four%20%26%20five.",
  );
  const long = Array.from({ length: 40 }, (_, at) => `w${at}`).join(" ");
  assert.equal(
    linkTo("https://a.example/p/", long),
    "https://a.example/p/#:~:text=w0%20w1%20w2%20w3%20w4,w35%20w36%20w37%20w38%20w39",
  );
  assert.equal(linkTo("", long), "");
});
