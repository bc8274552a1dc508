/** The ready sets of examples, and plain English that none of them teaches: sets.json. */

import { FILES } from "../engine/root.js";
import { t } from "../ui/words.js";

/** @typedef {{name: string, title: string, note: string, answers: string[]}} ReadySet to the same prompts */
/** @typedef {{prompts: string[], sets: ReadySet[], neutral: string}} Sets */

/** @type {Promise<Sets> | null} */
let reading = null;

/** @throws {Error} if they cannot be fetched; then they can be asked for again */
export function readSets() {
  reading ??= fetchSets().catch((error) => {
    reading = null;
    throw error;
  });
  return reading;
}

/** @returns {Promise<Sets>} */
async function fetchSets() {
  const response = await fetch(new URL("teach/sets.json", FILES));
  if (!response.ok) throw new Error(t("The ready sets could not be loaded."));
  return response.json();
}
