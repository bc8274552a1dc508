/** What was written in a tab is kept when its page may end without another word. */

import assert from "node:assert/strict";
import test from "node:test";

/** @type {any} */
const page = globalThis;
/** @type {Map<string, string>} */
const session = new Map();
page.sessionStorage = {
  getItem: (/** @type {string} */ key) => session.get(key) ?? null,
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => session.set(key, value),
};
page.addEventListener = () => {};
page.document = new EventTarget();
const { TabState } = await import("../../../site/ui/tab-state.js");

test("a tab that is frozen keeps what it has at that moment, since it may be discarded next", async () => {
  let text = "";
  const state = new TabState("page", { text: { toValue: () => text, fromValue: () => {} } });
  await state.restore();
  text = "the last words";
  page.document.dispatchEvent(new Event("freeze"));
  assert.match([...session.values()].join(), /the last words/);
});
