/**
 * What search may download: asked once, with the sizes, and remembered. Nothing is fetched before that.
 */

import { MODELS } from "../collections/session.js";
import { ROOT } from "../engine/root.js";
import { byId, element } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";
import { focusIfLost } from "../ui/keep-focus.js";
import { recall, remember } from "../ui/memory.js";
import { megabytes, phrase, t } from "../ui/words.js";

const KEY = "search.models";
/** Bytes to show where a description cannot be fetched. */
const USUAL = { engine: 18e6, static: 7e6, embedder: 22e6 };

/** @typedef {{engine: number, static: number, embedder: number}} Sizes */

/** The visitor did not agree to the download. */
export class Declined extends DOMException {
  constructor() {
    super("The download was declined.", "AbortError");
  }
}

/** What the visitor agreed to; null if they have not been asked. @returns {{full: boolean} | null} */
export function consent() {
  const stored = /** @type {any} */ (recall(KEY));
  return stored && typeof stored === "object" ? { full: stored.full === true } : null;
}

/** @param {{full: boolean}} choice */
export function rememberConsent({ full }) {
  remember(KEY, { full });
}

/** Bytes of each download. @returns {Promise<Sizes>} */
export async function sizes() {
  const addresses = ["engine/parts.json", `${MODELS.static}config.json`, `${MODELS.embedder}config.json`];
  const found = await Promise.all(addresses.map((address) => fetchDescription(new URL(address, ROOT))));
  const sum = (/** @type {{bytes?: number}[]} */ files = []) =>
    files.reduce((total, { bytes = 0 }) => total + bytes, 0);
  return {
    engine: sum(found[0].parts) || USUAL.engine,
    static: sum(found[1].files) || USUAL.static,
    embedder: sum(found[2].files) || USUAL.embedder,
  };
}

/**
 * Asks, and remembers the answer if it is yes.
 * @param {Sizes} bytes
 * @returns {Promise<boolean>}
 */
export function askConsent(bytes) {
  const full = element("input", {
    type: "checkbox",
    id: "collection-consent-full",
    checked: true,
    "data-testid": "agree-full",
  });
  const dialog = element(
    "dialog",
    { "aria-labelledby": "collection-consent-title", class: "search-dialog" },
    element("h2", { id: "collection-consent-title" }, t("Download what search needs?")),
    element(
      "p",
      {},
      t(
        "Search runs in this page. It needs Python ({engine}) and a table of what words mean ({table}), from " +
          "this site. Both are kept in this browser for your next visit.",
        { engine: megabytes(bytes.engine), table: megabytes(bytes.static) },
      ),
    ),
    element(
      "label",
      { class: "search-check", for: "collection-consent-full" },
      full,
      element(
        "span",
        {},
        ...phrase(
          "{title} also download the model MiniLM ({size}). It understands whole sentences, and takes a while " +
            "to read large collections.",
          { title: element("strong", {}, t("Better answers:")), size: megabytes(bytes.embedder) },
        ),
      ),
    ),
    element(
      "form",
      { method: "dialog", class: "row search-dialog-buttons" },
      element("button", { class: "primary", value: "confirm", "data-testid": "agree" }, t("Download")),
      element("button", { value: "cancel" }, t("Not now")),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      focusIfLost(byId("status", "p")); // the button that opened it may be drawn again
      const isGiven = dialog.returnValue === "confirm";
      if (isGiven) rememberConsent({ full: full.checked });
      resolve(isGiven);
    });
  });
}
