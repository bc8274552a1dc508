import assert from "node:assert/strict";
import { test } from "node:test";
import { window } from "../dom.js";

globalThis.Element = window.Element;
const { constraintNote, constraintPart, constraintSummary } = await import(
  "../../../site/decoder/constraint-view.js"
);
const { TokenText, tokenTable } = await import("../../../site/decoder/tokens.js");

const token = (masked, changed) => ({
  token: 1,
  text: "a",
  logprob: -1,
  constraint: { allowed: 12, masked, changed },
});
const plain = { token: 2, text: "b", logprob: -2 };

test("a text is summed up: how many tokens changed, and how much probability went on average", () => {
  assert.equal(constraintSummary([plain]), "");
  assert.equal(constraintSummary([]), "");
  assert.equal(
    constraintSummary([token(0.5, true), token(0.1, false), token(0.3, false), plain]),
    "The constraint changed 1 of 3 tokens and removed 30% of the probability on average. " +
      "The changed ones are underlined.",
  );
  assert.match(constraintSummary([token(0.9996, true)]), /removed > 99% of/);
  const single = constraintSummary([token(0.25, false)]);
  assert.equal(single, "The constraint changed 0 of 1 token and removed 25% of the probability on average.");
});

test("the tokens that the constraint changed are marked, and the table has its numbers", () => {
  const box = document.createElement("div");
  const text = new TokenText(box, () => {});
  for (const one of [token(0.5, true), token(0.1, false), plain]) text.add(one);
  const marked = [...box.children].map((span) => span.classList.contains("changed"));
  assert.deepEqual(marked, [true, false, false]);
  const table = tokenTable({ prompt: [plain], written: text.tokens }, "All");
  const rows = [...table.querySelectorAll("tbody tr")].map((row) =>
    [...row.children].slice(-3).map((cell) => cell.textContent),
  );
  assert.deepEqual(rows, [
    ["", "", ""],
    ["12", "50.0%", "yes"],
    ["12", "10.0%", "no"],
    ["", "", ""],
  ]);
  assert.equal(tokenTable({ prompt: [], written: [plain] }, "All").querySelectorAll("th").length, 5);
});

test("a token's explanation says what the model would have written", () => {
  const without = [{ token: 3, text: " the", probability: 0.4 }];
  const part = constraintPart({ ...token(0.9, true).constraint, without }, 5000);
  assert.match(part.textContent, /allowed 12 of 5,000 tokens and removed 90.0% of the probability/);
  assert.match(part.textContent, /It changed the most probable choice/);
  assert.equal(part.querySelector("li")?.textContent, "␣the 40.0%");
  assert.equal(constraintNote(token(0.9, true).constraint), "90.0% masked");
});
