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
 */
export function showFieldProblem(field, words) {
  shown.get(field)?.remove();
  shown.delete(field);
  field.toggleAttribute("aria-invalid", false);
  field.removeAttribute("aria-errormessage");
  if (!words) return;
  const note = element("p", { class: "field-problem", id: `${field.id}-problem` }, words);
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-errormessage", note.id);
  field.after(note);
  shown.set(field, note);
  field.addEventListener("input", () => showFieldProblem(field, ""), { once: true });
}
