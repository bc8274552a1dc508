// The manners of writing that a model was trained on: each is begun by a tag at the head of the prompt.
// The chooser puts the tag there, in place of another one; the browser's own undo takes it away again.

import { byId, element } from "../ui/dom.js";

/** @typedef {{name: string, tag: string}} Register */

const box = byId("register-box", "div");
const chooser = byId("register", "select");
const prompt = byId("prompt", "textarea");

/** @type {Register[]} */
let offered = [];

/** Offers a model's registers; anybody can write a description. @param {unknown} registers */
export function offerRegisters(registers) {
  const list = Array.isArray(registers) ? registers : [];
  offered = list.filter((one) => typeof one?.name === "string" && typeof one?.tag === "string" && one.tag);
  box.hidden = offered.length === 0;
  const options = offered.map(({ name }, index) => element("option", { value: index }, name));
  chooser.replaceChildren(element("option", { value: "" }, "None: the prompt as it stands"), ...options);
  showRegister();
}

/** Lets the chooser say which tag the prompt has. */
export function showRegister() {
  const index = offered.indexOf(/** @type {Register} */ (registerOf(prompt.value)));
  chooser.value = index < 0 ? "" : String(index);
}

/** The register whose tag stands at the head of a text. @param {string} text @param {Register[]} [registers] */
export function registerOf(text, registers = offered) {
  return registers.find(({ tag }) => text.startsWith(tag)) ?? null;
}

chooser.addEventListener("change", () => {
  const { length } = registerOf(prompt.value)?.tag ?? "";
  replaceHead(length, offered[Number(chooser.value || Number.NaN)]?.tag ?? "");
  showRegister();
});
prompt.addEventListener("input", showRegister);

/** Replaces the first characters of the prompt as if somebody had typed it. @param {number} length @param {string} text */
function replaceHead(length, text) {
  prompt.focus();
  prompt.setSelectionRange(0, length);
  // The only way that the browser's undo knows of; where it is gone, the text is put in all the same.
  const typed = document.execCommand(text ? "insertText" : "delete", false, text);
  if (!typed) {
    prompt.setRangeText(text, 0, length, "end");
    prompt.dispatchEvent(new Event("input"));
  }
  prompt.setSelectionRange(prompt.value.length, prompt.value.length);
}
