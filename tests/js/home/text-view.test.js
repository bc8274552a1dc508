/** The text token by token with its candidates: what is shown, chosen and kept in place. */

import assert from "node:assert/strict";
import test from "node:test";
import { window } from "../dom.js";

globalThis.Element = window.Element;
const { ROWS } = await import("../../../site/home/recording.js");
const { shareWords, shownToken, TextView } = await import("../../../site/home/text-view.js");

const STEPS = [
  {
    text: " quill",
    chosen: 1,
    candidates: [
      { text: " pen", model: 0.5, decoder: 0.6 },
      { text: " quill", model: 0.25, decoder: 0.2 },
    ],
  },
  { text: "ed", chosen: 0, candidates: [{ text: "ed", model: 1, decoder: 1 }] },
];

function make() {
  const box = document.createElement("div");
  const list = document.createElement("ol");
  const selected = [];
  const view = new TextView({ box, list, onSelect: (index, step) => selected.push([index, step.text]) });
  for (const step of STEPS) view.add(step);
  return { view, box, list, selected };
}

test("a selected token is marked and its candidates are listed with their probabilities", () => {
  const { view, box, list } = make();
  assert.equal(box.textContent, "quilled");
  view.select(0);
  assert.equal(box.querySelector("[aria-current]").textContent, "quill");
  const rows = [...list.children];
  assert.equal(rows.length, ROWS);
  assert.equal(rows[0].textContent, "pen60%");
  assert.equal(rows[1].textContent, "quill (chosen) 20%");
  assert.equal(rows[1].className, "is-chosen");
  assert.equal(rows[1].querySelector(".demo-fill").style.inlineSize, "20%");
  assert.equal(rows[1].querySelector(".demo-mark").style.insetInlineStart, "25%");
});

test("the rows stay when there is nothing to list, so that nothing moves", () => {
  const { view, list } = make();
  view.clear();
  assert.equal(list.children.length, ROWS);
  assert.equal(list.textContent, "");
});

test("arrow keys and clicks select, and stay within the text", () => {
  const { view, box, selected } = make();
  view.select(1);
  const press = (key) => box.dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true }));
  press("ArrowRight");
  press("ArrowLeft");
  press("ArrowLeft");
  press("x");
  box.children[1].click();
  assert.deepEqual(selected, [
    [1, "ed"],
    [0, " quill"],
    [0, " quill"],
    [1, "ed"],
  ]);
});

test("markup in a token is text", () => {
  const { view, box, list } = make();
  const text = "<img src=x onerror=alert(1)>";
  view.add({ text, chosen: 0, candidates: [{ text, model: 1, decoder: 1 }] });
  view.select(2);
  assert.equal(box.querySelector("img") ?? list.querySelector("img"), null);
});

test("tokens are shown as a reader understands them alone", () => {
  const shown = {
    " quill": "quill",
    ed: "…ed",
    ",": ",",
    "\n": "⏎",
    "\n\n": "⏎",
    " ": "␣",
    "": "∅",
    KING: "KING",
  };
  for (const [text, expected] of Object.entries(shown)) assert.equal(shownToken(text), expected);
});

test("a small probability is not shown as none", () => {
  assert.deepEqual([0, 0.004, 0.123, 1].map(shareWords), ["0%", "< 1%", "12%", "100%"]);
  assert.equal(shareWords(0.9996), "> 99%");
});
