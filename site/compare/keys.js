/**
 * Keys for everything, listed in the dialog behind `?`. Single letters can be switched off (they get in the way of speech input).
 * @module
 */

import { byId, h } from "./dom.js";

/** @typedef {{keys: string[], does: string, run: () => void, page?: string}} Command page: only there; else everywhere but on "vote" */

/**
 * @param {Command[]} commands
 * @param {{enabled: boolean, onEnabled: (enabled: boolean) => void, page: () => string}} options
 */
export function setUpKeys(commands, { enabled, onEnabled, page }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("keys"));
  const box = /** @type {HTMLInputElement} */ (byId("keys-on"));
  box.checked = enabled;
  box.addEventListener("change", () => onEnabled(box.checked));
  const open = () => dialog.showModal();
  byId("keys-button").addEventListener("click", open);
  const all = [...commands, { keys: ["?"], does: "Show these keys", run: open }];
  const list = byId("keys-list");
  for (const { keys, does, page: only } of all) {
    const where = only === "vote" ? `Judge: ${does}` : does;
    list.append(h("div", {}, h("dt", {}, ...keys.map((key) => h("kbd", {}, key))), h("dd", {}, where)));
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]") || (!box.checked && event.key !== "?")) return;
    const command = all.find((one) => one.keys.includes(event.key) && isFor(one, page()));
    if (!command) return;
    event.preventDefault();
    command.run();
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return !["checkbox", "radio", "button", "file"].includes(target.type);
  return target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName);
}

/** @param {Command} command @param {string} page */
function isFor(command, page) {
  return command.page === undefined ? page !== "vote" || command.keys.includes("?") : command.page === page;
}
