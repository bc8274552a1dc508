import assert from "node:assert/strict";
import { test } from "node:test";
import { window } from "../dom.js";

globalThis.HTMLTextAreaElement ??= window.HTMLTextAreaElement;
const { draftOf, labelForm, rankForm, textForm } = await import("../../../site/chat/task-forms.js");

/** @param {unknown} [draft] */
function options(draft) {
  /** @type {string[]} */
  const complaints = [];
  return {
    draft,
    changed: () => {},
    complain: (/** @type {string} */ words) => complaints.push(words),
    complaints,
  };
}

/** What JSON leaves of a draft. @param {unknown} draft */
const kept = (draft) => JSON.parse(JSON.stringify(draft));

const replies = ["a", "b", "c"].map((id) => ({
  ...{ id, parent: "p", role: /** @type {const} */ ("assistant"), text: id, rank: 2, fields: {} },
}));

test("a text that was begun is still there, and an empty one is refused", () => {
  const form = textForm("", options());
  /** @type {HTMLTextAreaElement} */ (form.box).value = " half ";
  const again = textForm("", options(kept(form.draft())));
  assert.equal(again.draft(), " half ");
  assert.equal(again.answer(), "half");
  const empty = options("  ");
  assert.equal(textForm("", empty).answer(), null);
  assert.equal(empty.complaints.length, 1);
});

test("places that were given are still there, and each reply needs one", () => {
  const begun = rankForm(replies, {
    ...options([
      ["b", 2],
      ["gone", 1],
    ]),
    turn: 3,
  });
  assert.deepEqual(begun.draft(), [["b", 2]]);
  const half = options(kept(begun.draft()));
  assert.equal(rankForm(replies, { ...half, turn: 3 }).answer(), null);
  assert.equal(half.complaints.length, 1);
  const whole = rankForm(replies, { ...options(draftOf([["b"], ["a", "c"]])), turn: 3 });
  assert.deepEqual(whole.answer(), [["b"], ["a", "c"]]);
  assert.equal(rankForm(replies, { ...options(), turn: 3 }).answer(), null, "it began with the ranks");
  const orders = [1, 2, 3, 4, 5, 6].map((turn) => rankForm(replies, { ...options(), turn }).box.textContent);
  assert.ok(new Set(orders).size > 1, "the order is always the same");
});

test("every tick is an answer, and a slider once it was moved", () => {
  const form = labelForm(options(kept({ spam: 1, quality: 0.5 })));
  assert.deepEqual(form.draft(), { spam: 1, quality: 0.5 });
  const answer = /** @type {Record<string, number>} */ (form.answer());
  assert.equal(Object.keys(answer).length, 10);
  assert.deepEqual([answer.spam, answer.pii, answer.quality], [1, 0, 0.5]);
  assert.equal("humor" in answer, false);
  assert.deepEqual(labelForm(options(draftOf(answer))).answer(), answer);
});
