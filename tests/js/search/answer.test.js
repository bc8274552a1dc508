import assert from "node:assert/strict";
import { test } from "node:test";
import { answerNodes, checkWords } from "../../../site/search/answer.js";
import { window } from "../dom.js";

const hits = [
  { title: "Reflux", name: "a.md" },
  { title: "", name: "b.md" },
];

const sentence = (start, end, passage, unsupported = []) => ({
  start,
  end,
  passage,
  score: 0.5,
  unsupported,
});

test("each sentence is followed by its passage, which opens", () => {
  const text = "😀 Eat less. Sleep upright.";
  const opened = [];
  const box = window.document.createElement("div");
  const sentences = [sentence(0, 11, 0), sentence(12, 26, 1, [[18, 25]])];
  box.append(...answerNodes(text, sentences, hits, (hit) => opened.push(hit)));
  assert.equal(box.textContent, "😀 Eat less.1 Sleep upright.2");
  assert.equal(box.querySelector(".unsupported")?.textContent, "upright");
  const buttons = [...box.querySelectorAll("button")];
  const labels = buttons.map((button) => button.getAttribute("aria-label"));
  assert.deepEqual(labels, ["Passage 1: Reflux", "Passage 2: b.md"]);
  buttons[1].click();
  assert.deepEqual(opened, [hits[1]]);
});

test("a sentence that rests on nothing, or on a passage that is not there, says so", () => {
  const box = window.document.createElement("div");
  box.append(...answerNodes("No. Never.", [sentence(0, 3, null), sentence(4, 10, 9)], hits, () => {}));
  assert.equal(box.querySelectorAll(".none").length, 2);
});

test("the check is put into words", () => {
  assert.match(checkWords([sentence(0, 3, 0)]), /Every word/);
  assert.match(checkWords([sentence(0, 3, null)]), /^1 sentence is not based on any passage/);
  assert.match(checkWords([sentence(0, 3, undefined)]), /^1 sentence is not based on any passage. Check it /);
  assert.match(
    checkWords([
      sentence(0, 3, 0, [
        [0, 1],
        [2, 3],
      ]),
    ]),
    /^2 underlined words are neither in a passage.*Check them/,
  );
});
