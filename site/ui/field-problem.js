/**
 * What is wrong with a field, shown below it and announced with it, until it is edited. The page's status
 * line may repeat it.
 */

import { element } from "./dom.js";

/** @type {WeakMap<HTMLElement, HTMLElement>} */
const shown = new WeakMap();

/**
 * @param {HTMLElement} field an input, select or textarea with an id
 * @param {string} words "" removes what was shown
 * @param {{isMended?: boolean}} [options] `isMended`: what the field has now is valid
 */
export function showFieldProblem(field, words, { isMended = false } = {}) {
  const before = shown.get(field);
  const descriptions = (field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
  const others = descriptions.filter((id) => id !== before?.id);
  before?.remove();
  shown.delete(field);
  describe(field, others);
  field.toggleAttribute("aria-invalid", false);
  field.removeAttribute("aria-errormessage");
  if (!words) return;
  const note = element("p", { class: "field-problem", id: `${field.id}-problem` }, words);
  if (!isMended) {
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-errormessage", note.id);
  }
  describe(field, [...others, note.id]); // not every screen reader knows error messages
  field.after(note);
  shown.set(field, note);
  field.addEventListener("input", () => showFieldProblem(field, ""), { once: true });
}

/** @param {HTMLElement} field @param {string[]} ids */
function describe(field, ids) {
  if (ids.length) field.setAttribute("aria-describedby", ids.join(" "));
  else field.removeAttribute("aria-describedby");
}
