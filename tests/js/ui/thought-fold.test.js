import assert from "node:assert/strict";
import { test } from "node:test";
import "../dom.js";
import { ThoughtFold } from "../../../site/ui/thought-fold.js";

const look = ({ box }) => ({ hidden: box.hidden, open: box.open, words: box.textContent });

test("a thought is open and says that the model thinks while it is written, and folded by the answer", () => {
  const fold = new ThoughtFold();
  fold.add("");
  assert.equal(fold.box.hidden, true, "there is no thought yet");
  fold.add("Hm");
  fold.add(", <b>well");
  assert.deepEqual(look(fold), { hidden: false, open: true, words: "Thinking…Hm, <b>well" });
  fold.end({ fold: true });
  assert.deepEqual(look(fold), { hidden: false, open: false, words: "ThoughtHm, <b>well" });
  assert.equal(fold.text, "Hm, <b>well");
  assert.equal(fold.box.firstElementChild?.tagName, "SUMMARY", "the keyboard could not open it");
});

test("a thought without an answer stays open, and one that the reader has folded stays folded", () => {
  const fold = new ThoughtFold();
  fold.add("Hm");
  fold.end({ fold: false });
  assert.equal(fold.box.open, true);
  fold.box.open = false;
  fold.add(".");
  fold.end({ fold: false });
  assert.equal(fold.box.open, false);
});
