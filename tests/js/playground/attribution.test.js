/** What is drawn of an attribution: signs, shades, the strongest words, and text that stays text. */

import assert from "node:assert/strict";
import { test } from "node:test";
import "../dom.js";

const { chartOf, shadedText, shadeOf, signed, wordsAsCsv, wordTable } = await import(
  "../../../site/playground/attribution-view.js"
);

const instead = { token: 5, text: " dog", logprob: Math.log(0.25) };
const word = (text, bits) => ({ start: 0, end: 1, text, bits, logprob: Math.log(0.5), instead });

test("a contribution has its sign, and none if it rounds to nothing", () => {
  assert.deepEqual([1.254, -0.4, 0.04, -0.04].map(signed), ["+1.3", "−0.4", "0.0", "0.0"]);
});

test("shades grow with the size of a contribution, on both sides of 0", () => {
  const shades = [-9, -1, -0.05, 0, 0.05, 0.1, 0.7, 1.5, 3, 9].map(shadeOf);
  assert.deepEqual(shades, [-5, -3, 0, 0, 0, 1, 2, 3, 4, 5]);
  assert.ok(Object.is(shadeOf(-0.01), 0));
});

test("the text has all words in their order, then the token, and markup stays text", () => {
  const text = shadedText([word("<b>Once", 1.2), word(" upon", -0.2), word(" a", 0)], " time");
  assert.equal(text.textContent, "<b>Once upon a time");
  assert.equal(text.querySelector("b"), null);
  const kinds = [...text.querySelectorAll("span")].map((span) => span.getAttribute("class"));
  assert.deepEqual(kinds, ["helped-3", "hindered-1", null]);
  assert.equal(text.querySelector("mark")?.textContent, " time");
});

test("the table has the strongest word first, whatever its sign", () => {
  const box = wordTable([word("Once", 0.5), word(" upon", -3), word(" a", 1)]);
  const rows = [...box.querySelectorAll("tbody tr")].map((row) =>
    [...row.children].map((cell) => cell.textContent),
  );
  assert.deepEqual(rows[0], ["␣upon", "−3.0", "50.0%", "␣dog 25.0%"]);
  const words = rows.map((row) => row[0]);
  assert.deepEqual(words, ["␣upon", "␣a", "Once"]);
});

test("the file has every word in the order of the text, with all digits", () => {
  const text = wordsAsCsv([word("Once", 1 / 3), word(" <b>, ", -3)]);
  const [head, first, second] = text.trim().split(/\r?\n/);
  assert.equal(head, "word,bits,logprob without it,first choice without it,its logprob");
  assert.match(first ?? "", /^Once,0\.3333333333333333,-0\.69314/);
  assert.match(second ?? "", /^" <b>, ",-3,/);
});

test("the chart has the twelve strongest words in the order of the text, in the colour of what they did", () => {
  const words = Array.from({ length: 20 }, (_, index) => word(" the", index === 3 ? -100 : index + 0.04));
  const spec = chartOf({
    token: 1,
    text: "x",
    position: 20,
    logprob: -1,
    likeliest: instead,
    words,
    before: 0,
  });
  const [helped, hindered] = spec.series;
  assert.deepEqual(hindered?.x, [-100]);
  assert.deepEqual(helped?.x, [9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  assert.notEqual(helped?.color, hindered?.color);
  assert.equal(new Set(spec.y.domain).size, 12);
  assert.equal(spec.y.domain[0], "4 ␣the");
});
