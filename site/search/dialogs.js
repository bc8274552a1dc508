/** Small dialogs of the search page that ask for a name or a text. Closing one (Esc) gives null. */

import { byId, element } from "../ui/dom.js";
import { focusIfLost } from "../ui/keep-focus.js";
import { t } from "../ui/words.js";

const LONGEST_NAME = 100;

/**
 * @param {{title: string, confirm: string, value: string}} words
 * @returns {Promise<string | null>}
 */
export async function askName({ title, confirm, value }) {
  const input = element("input", { id: "collection-name", required: true, maxlength: LONGEST_NAME, value });
  const isGiven = await show({ title, confirm }, field(t("Name"), input));
  return isGiven ? input.value.trim() || null : null;
}

/** @returns {Promise<{title: string, text: string} | null>} */
export async function askText() {
  const title = element("input", {
    id: "collection-paste-title",
    required: true,
    maxlength: LONGEST_NAME,
    value: t("Pasted text"),
  });
  const text = element("textarea", {
    id: "collection-paste-text",
    rows: 10,
    required: true,
    "data-testid": "paste-text",
  });
  const words = { title: t("Paste text"), confirm: t("Add it") };
  const isGiven = await show(words, field(t("Title"), title), field(t("Text"), text));
  return isGiven && text.value.trim()
    ? { title: title.value.trim() || t("Pasted text"), text: text.value }
    : null;
}

/**
 * Asks which column of a table has the text; "" for the one with most of it.
 * @param {string} file
 * @param {string[]} columns
 * @returns {Promise<string | null>}
 */
export async function askColumn(file, columns) {
  const options = columns.map((name) => element("option", { value: name }, name));
  const choice = element(
    "select",
    { id: "collection-column", "data-testid": "column" },
    element("option", { value: "" }, t("The one with the most text")),
    ...options,
  );
  const words = { title: t("The columns of {file}", { file }), confirm: t("Add it") };
  const isGiven = await show(words, field(t("Column with the text"), choice));
  return isGiven ? choice.value : null;
}

/** @param {string} label @param {HTMLElement} control */
export function field(label, control) {
  return element("div", { class: "search-field" }, element("label", { for: control.id }, label), control);
}

/**
 * @param {{title: string, confirm: string | HTMLElement, cancel?: string}} words `confirm`: the words of the
 *   button, or what has them
 * @param {...HTMLElement | null} fields
 * @returns {Promise<boolean>} whether it was confirmed
 */
export function show({ title, confirm, cancel = t("Cancel") }, ...fields) {
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", { id: "collection-dialog-title" }, title),
    ...fields,
    element(
      "div",
      { class: "row search-dialog-buttons" },
      typeof confirm === "string"
        ? element("button", { class: "primary", value: "confirm" }, confirm)
        : confirm,
      element("button", { value: "cancel", formnovalidate: true }, cancel),
    ),
  );
  const dialog = element(
    "dialog",
    { class: "search-dialog", "aria-labelledby": "collection-dialog-title" },
    form,
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      focusIfLost(byId("status", "p")); // the button that opened it may be drawn again
      resolve(dialog.returnValue === "confirm");
    });
  });
}
