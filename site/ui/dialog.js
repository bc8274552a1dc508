/**
 * Asks the visitor a question in a modal dialog. Closing it (Esc) is the safe answer.
 */

import { element } from "./dom.js";

/**
 * @param {{title: string, text: string, confirm: string, cancel: string, parent?: HTMLElement}} words
 *   `confirm` and `cancel` are the labels of the buttons; `cancel` has the focus
 * @returns {Promise<boolean>} whether the visitor confirmed
 */
export function ask({ title, text, confirm, cancel, parent = document.body }) {
  const form = element(
    "form",
    { method: "dialog", class: "action-bar" },
    element("button", { class: "primary", value: "cancel" }, cancel),
    element("button", { value: "confirm" }, confirm),
  );
  const dialog = element(
    "dialog",
    { "aria-label": title },
    element("h2", {}, title),
    element("p", {}, text),
    form,
  );
  parent.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "confirm");
    });
  });
}
