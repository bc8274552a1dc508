/**
 * Files of saved states, which a conversation can start from.
 */

import { fileBytes } from "../ui/bounded-file.js";
import { download } from "../ui/dom.js";
import { t } from "../ui/words.js";

/** @typedef {{name: string, bytes: Uint8Array}} SavedState */

/** Bytes; the largest models have states of about 60 MB. */
const STATE_LIMIT = 250_000_000;

/** @param {Uint8Array<ArrayBuffer>} bytes */
export function saveState(bytes) {
  download("chat.safetensors", bytes, "application/octet-stream");
}

/**
 * Reads a picked state file; whether it fits the model is for the engine to say.
 * @param {File} file
 * @returns {Promise<SavedState>}
 */
export async function readState(file) {
  const remedy = t("Choose models under “Use your own model”.");
  return { name: file.name, bytes: await fileBytes(file, STATE_LIMIT, remedy) };
}
