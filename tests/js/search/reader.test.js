import assert from "node:assert/strict";
import { test } from "node:test";
import { CodePoints } from "../../../site/search/marking.js";
import { partsOf, quotation } from "../../../site/search/reader.js";

function full(text, blocks = []) {
  return { title: "Title", name: "a.md", address: "", text, blocks };
}

const parts = (document) => partsOf(document, new CodePoints(document.text));

test("paragraphs keep their offsets, and empty lines are left out", () => {
  const text = "\n\nOne.\n\n\n\n  Two,\nsecond line.\n\n";
  const [paragraphs] = parts(full(text));
  const shown = paragraphs.map(({ start, end }) => text.slice(start, end));
  assert.deepEqual(shown, ["One.", "Two,\nsecond line."]);
});

test("headings stand before the first paragraph below them, and only where they change", () => {
  const text = "😀 Start.\n\nA.\n\nB.\n\nC.";
  const block = (start, ...headings) => ({ start, end: start + 2, headings });
  const blocks = [
    block(0, "Title"),
    block(10, "Title", "One", "Deep"),
    block(14, "Title", "One"),
    block(18, "Title", "Two"),
  ];
  const [paragraphs] = parts(full(text, blocks));
  assert.deepEqual(
    paragraphs.map(({ headings }) => headings.map(({ level, text: words }) => `${level} ${words}`)),
    [[], ["1 One", "2 Deep"], [], ["1 Two"]],
  );
});

test("a long document is in parts, without losing a character", () => {
  const text = Array.from({ length: 4000 }, (_, index) => `Paragraph ${index}. ${"word ".repeat(20)}`).join(
    "\n\n",
  );
  const found = parts(full(text));
  assert.ok(found.length > 20);
  const joined = found.flat().map(({ start, end }) => text.slice(start, end));
  assert.deepEqual(
    joined,
    text.split("\n\n").map((paragraph) => paragraph.trim()),
  );
  for (const part of found) assert.ok(part[part.length - 1].end - part[0].start < 30_000);
});

test("a paragraph of a million characters is divided", () => {
  const text = "x".repeat(1_000_000);
  const found = parts(full(text));
  assert.ok(found.length > 50);
  assert.equal(
    found.flat().reduce((sum, { start, end }) => sum + end - start, 0),
    1_000_000,
  );
});

test("a quotation names its source, and only addresses of pages", () => {
  const hit = { text: " Lie down later.\n", heading: "Advice", address: "" };
  const document = { title: "Reflux", name: "reflux.md", address: "" };
  assert.equal(quotation(hit, document), "“Lie down later.”\n— Reflux › Advice (reflux.md)");
  const page = { ...document, address: "https://example.org/reflux" };
  assert.match(quotation(hit, page), /\(https:\/\/example\.org\/reflux\)$/);
  assert.match(quotation(hit, { ...document, address: "javascript:alert(1)" }), /\(reflux\.md\)$/);
});
