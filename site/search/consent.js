/**
 * What search may download: asked once, with the sizes, and remembered. Nothing is fetched before that.
 */

import { MINILM_MULTIPLIED } from "../collections/embedders.js";
import { MODELS } from "../collections/session.js";
import { FILES, ROOT } from "../engine/root.js";
import { element } from "../ui/dom.js";
import { fetchDescription } from "../ui/fetch.js";
import { forecastWords } from "../ui/forecast.js";
import { recall, remember } from "../ui/memory.js";
import { megabytes, phrase, t } from "../ui/words.js";
import { show } from "./dialogs.js";

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
  const models = [MODELS.static, MODELS.embedder].map((folder) => new URL(`${folder}config.json`, ROOT));
  const found = await Promise.all([new URL("engine/parts.json", FILES), ...models].map(fetchDescription));
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
export async function askConsent(bytes) {
  const full = element("input", {
    type: "checkbox",
    id: "collection-consent-full",
    checked: true,
    "data-testid": "agree-full",
  });
  const here = element("p", { class: "note search-forecast" });
  const needs = { download: bytes.embedder, multiplied: MINILM_MULTIPLIED };
  forecastWords(needs).then((words) => (here.textContent = words));
  const confirm = element(
    "button",
    { class: "primary", value: "confirm", "data-testid": "agree" },
    t("Download"),
  );
  const isGiven = await show(
    { title: t("Download what search needs?"), confirm, cancel: t("Not now") },
    element(
      "p",
      {},
      t(
        "Search runs in this page. It needs Python ({engine}) and a table of word meanings ({table}), " +
          "from this site. Both are kept in this browser for your next visit.",
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
    here,
  );
  if (isGiven) rememberConsent({ full: full.checked });
  return isGiven;
}
