import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { copyText } from "../../../site/ui/clipboard.js";

function setClipboard(writeText) {
  Object.defineProperty(globalThis, "navigator", { value: { clipboard: { writeText } }, configurable: true });
}
afterEach(() => delete globalThis.getSelection);

test("a text is copied, in the caller's words where it has any", async () => {
  const [copied, said] = [[], []];
  setClipboard(async (text) => void copied.push(text));
  const say = (words) => said.push(words);
  assert.ok(await copyText("a", { say }));
  assert.ok(await copyText("b", { say, copied: "Link copied." }));
  assert.ok(await copyText("c"));
  assert.deepEqual(
    [copied, said],
    [
      ["a", "b", "c"],
      ["Copied.", "Link copied."],
    ],
  );
});

test("where the browser refuses, the text on the page is selected and focused", async () => {
  setClipboard(() => Promise.reject(new Error("not allowed")));
  const done = [];
  globalThis.getSelection = () => ({ selectAllChildren: (one) => done.push(one) });
  const fallbackElement = { focus: () => done.push("focus") };
  let said = "";
  const say = (words) => (said = words);
  assert.equal(await copyText("a", { say, fallbackElement }), false);
  assert.deepEqual(done, [fallbackElement, "focus"]);
  assert.match(said, /selected/);
  assert.equal(await copyText("a", { say }), false);
  assert.equal(said, "The browser did not allow copying.");
});
