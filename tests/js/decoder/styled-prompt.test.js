import assert from "node:assert/strict";
import test from "node:test";

import "../dom.js";

const { StyledPrompt } = await import("../../../site/decoder/styled-prompt.js");

const STYLES = [
  { name: "speech", tag: "<speech>\n" },
  { name: "letter", tag: "<letter>\n" },
];

function makePrompt() {
  const [field, box, select] = ["textarea", "div", "select"].map((name) => document.createElement(name));
  document.body.replaceChildren(field, box, select);
  field.focus();
  return { field, select, prompt: new StyledPrompt({ field, box, select, onChange() {} }) };
}

/** What a browser does with a key: the selection becomes the letters. */
function type(field, letters) {
  field.setRangeText(letters, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input"));
}

test("what was selected before the styles are known is still replaced by what is typed", () => {
  const { field, prompt } = makePrompt();
  prompt.value = "<speech>\nFellow citizens";
  field.select();
  prompt.offer(STYLES);
  assert.equal(field.value, "Fellow citizens");
  type(field, "<letter>\nDear friend");
  assert.deepEqual([field.value, prompt.value], ["Dear friend", "<letter>\nDear friend"]);
});

test("the caret stays between the same letters when a tag leaves the field and returns", () => {
  const { field, prompt } = makePrompt();
  prompt.value = "<speech>\nFellow citizens";
  field.setSelectionRange(15, 15);
  prompt.offer(STYLES);
  assert.equal(field.selectionStart, 6);
  prompt.isList = true;
  assert.deepEqual([field.value, field.selectionStart], ["<speech>\nFellow citizens", 15]);
});

test("a style stays when another text replaces the one that brought it along", () => {
  const { field, prompt } = makePrompt();
  prompt.offer(STYLES);
  prompt.value = "<speech>\nFellow citizens";
  field.select();
  type(field, "The captain looked at the sea");
  assert.equal(prompt.value, "<speech>\nThe captain looked at the sea");
  assert.equal(prompt.styled("A dropped file"), "<speech>\nA dropped file");
  assert.equal(prompt.styled("<letter>\nDear friend"), "<letter>\nDear friend", "a text may have its own");
});

test("a style that another model does not have goes, and its tag is not text", () => {
  const { field, prompt } = makePrompt();
  prompt.offer(STYLES);
  prompt.value = "<speech>\nFellow citizens";
  prompt.offer([]);
  assert.deepEqual([field.value, prompt.value], ["Fellow citizens", "Fellow citizens"]);
});

test("a field that a visitor is not in does not take the focus", () => {
  const { field, select, prompt } = makePrompt();
  prompt.value = "<speech>\nFellow citizens";
  select.focus();
  prompt.offer(STYLES);
  assert.equal(document.activeElement, select);
  assert.equal(field.value, "Fellow citizens");
});

test("a text that is typed over before the styles are known keeps the style of the one that was there", () => {
  const { field, prompt } = makePrompt();
  prompt.value = "<speech>\nFellow citizens";
  field.select();
  type(field, "The captain looked at the sea");
  prompt.offer(STYLES);
  const typed = "The captain looked at the sea";
  assert.deepEqual([field.value, prompt.value], [typed, `<speech>\n${typed}`]);
  prompt.offer([]);
  prompt.offer(STYLES);
  assert.equal(prompt.value, typed, "a style that went does not come back");
});

test("a style that is typed before the styles are known is the one that counts", () => {
  const { field, prompt } = makePrompt();
  prompt.value = "<speech>\nFellow citizens";
  field.select();
  type(field, "<letter>\nDear friend");
  prompt.offer(STYLES);
  assert.deepEqual([field.value, prompt.value], ["Dear friend", "<letter>\nDear friend"]);
});
