/** What the page "reading" says of its readings, and how it prepares a visitor's picture. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import "../dom.js";

const { figures, marked, prepare, summary } = await import("../../../site/lab/reading.js");
const { shadesOf, wrapped } = await import("../../../site/lab/reading-inputs.js");

const LETTERS = Array(9).fill({ box: [0, 0, 1, 1], line: 0, word: 0, choices: [["A", 1]] });
const FOUND = {
  readings: { none: "A COLO WIND", corrected: "A COLD WIND", words: "A COLD WIND" },
  rates: { none: [1 / 11, 1 / 3], corrected: [0, 0], words: [0, 0] },
  letters: LETTERS,
  wanted: "A COLD WIND",
  words: 22008,
  nodes: 50000,
};

test("the best readings are named, or that nothing reads better", () => {
  assert.equal(
    summary(FOUND),
    "By its best letters alone, 9.1% of the characters are wrong; by Norvig’s corrector and word list, 0%. " +
      "The list has 22,008 words; its trie has 50,000 nodes.",
  );
  assert.match(
    summary({ ...FOUND, rates: { none: [0, 0], corrected: [0, 0], words: [0.2, 0.3] } }),
    /nothing reads better/,
  );
  assert.match(summary({ ...FOUND, wanted: "", rates: {} }), /^9 letters were found/);
});

test("wrong words are marked, if they can be told apart", () => {
  const marks = (/** @type {(string | HTMLElement)[]} */ parts) =>
    parts.flatMap((part) => (typeof part === "string" ? [] : [part.textContent]));
  assert.deepEqual(marks(marked("A COLO wind", "A COLD WIND")), ["COLO"]);
  assert.deepEqual(marks(marked("AC OLD WIND X", "A COLD WIND")), []);
});

test("the study is drawn, and a figure is drawn once", async () => {
  await prepare();
  const file = new URL("../../../py/goosequill/lab/data/reading-study.json", import.meta.url);
  const data = { study: JSON.parse(readFileSync(file, "utf8")) };
  for (const [part, charts, rows] of [
    ["study", 1, 2 * 10],
    ["spacing", 1, 0],
  ]) {
    const place = document.createElement("div");
    const drawing = { data, element: place, settings: {}, run: () => {}, partial: false };
    figures[part](drawing);
    assert.equal(place.querySelectorAll("figure.chart").length, charts);
    assert.ok(place.querySelectorAll("tbody tr").length >= rows);
    const before = place.firstChild;
    figures[part](drawing);
    assert.equal(place.firstChild, before);
  }
});

test("a text is wrapped, and a word that is too long is cut", () => {
  assert.deepEqual(wrapped("  THE QUICK BROWN FOX JUMPS OVER THE DOG "), [
    "THE QUICK BROWN FOX JUMPS",
    "OVER THE DOG",
  ]);
  assert.deepEqual(wrapped("A".repeat(40)), ["A".repeat(26)]);
  assert.deepEqual(wrapped(" "), []);
});

test("shades are the brightness of the colours", () => {
  const colours = new Uint8ClampedArray([255, 255, 255, 255, 0, 0, 0, 255, 255, 0, 0, 255]);
  assert.deepEqual([...shadesOf(colours)], [255, 0, 76]);
});
