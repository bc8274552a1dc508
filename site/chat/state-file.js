/**
 * Files of saved states, which a conversation can start from.
 */

import { download } from "../ui/dom.js";
import { problem } from "../ui/status.js";
import { megabytes, t } from "../ui/words.js";

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
  if (file.size > STATE_LIMIT) {
    throw problem(
      t("{name} is not a state: no state is larger than {size}.", {
        name: file.name,
        size: megabytes(STATE_LIMIT),
      }),
      t("Choose models under “Use your own model”."),
    );
  }
  return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
}
