/** The words for what reading and indexing documents report: what a `ProgressView` shows besides its own. */

import { t } from "./words.js";

const reading = () => t("Reading documents");
const passages = (/** @type {Record<string, number>} */ counts) => t("{loaded} of {total} passages", counts);

/** @type {import("./progress.js").Phases} */
export const documentPhases = {
  documents: { phase: reading, count: (counts) => t("{loaded} of {total} files", counts) },
  rows: { phase: reading, count: (counts) => t("{loaded} of {total} rows", counts) },
  words: { phase: () => t("Indexing words"), count: passages },
  passages: { phase: () => t("Reading passages for better answers"), count: passages },
};
