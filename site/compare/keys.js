/**
 * Listens for the keyboard commands and lists them in the dialog behind `?`. Single letters can be switched
 * off, because they interfere with speech input.
 */

import { isComposing, isTyping } from "../ui/composing.js";
import { byId, element } from "../ui/dom.js";
import { t } from "../ui/words.js";

/**
 * @typedef {{keys: string[], does: string, run: () => void, page?: string}} Command page: only there; without
 *   it everywhere but on "vote"
 */

/**
 * @param {Command[]} commands
 * @param {{enabled: boolean, onEnabled: (enabled: boolean) => void, page: () => string}} options
 */
export function setUpKeys(commands, { enabled, onEnabled, page }) {
  const dialog = byId("keys", "dialog");
  const box = byId("keys-on", "input");
  box.checked = enabled;
  box.addEventListener("change", () => onEnabled(box.checked));
  const open = () => dialog.showModal();
  byId("keys-button", "button").addEventListener("click", open);
  const all = [...commands, { keys: ["?"], does: t("Show keyboard shortcuts"), run: open }];
  byId("keys-list", "dl").append(...all.map(describe));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isComposing(event) || isTyping(event.target))
      return;
    if (document.querySelector("dialog[open]") || (!box.checked && event.key !== "?")) return;
    const command = all.find((one) => one.keys.includes(event.key) && isFor(one, page()));
    if (!command) return;
    event.preventDefault();
    command.run();
  });
}

/** @param {Command} command */
function describe({ keys, does, page }) {
  const description = page === "vote" ? t("Judge: {does}", { does }) : does;
  return element(
    "div",
    {},
    element("dt", {}, ...keys.map((key) => element("kbd", {}, key))),
    element("dd", {}, description),
  );
}

/** @param {Command} command @param {string} page */
function isFor(command, page) {
  return command.page === undefined ? page !== "vote" || command.keys.includes("?") : command.page === page;
}
