/** Documents to try search with. They lie beside the page and are fetched when the visitor asks for them. */

import { ROOT } from "../engine/root.js";
import { english } from "../ui/english.js";
import { problem } from "../ui/status.js";
import { t } from "../ui/words.js";

/** @import { Picked } from "./indexing.js" */
/** @typedef {{name: string, title: string, note: string, folder: string}} Sample */
/** What a sample's files.json has. @typedef {{files: string[], questions?: string[]}} Contents */

/** @type {Sample[]} */
export const SAMPLES = [
  {
    name: "Made-up medical texts",
    title: english("Made-up medical texts"),
    note: english("A dozen invented leaflets about common complaints. They are not medical advice."),
    folder: "search/examples/medical/",
  },
];

/** @param {Sample} sample @returns {Promise<{files: Picked[], questions: string[]}>} */
export async function fetchSample({ folder }) {
  const base = new URL(folder, ROOT);
  /** @type {Contents} */
  const { files, questions = [] } = await (await get(new URL("files.json", base))).json();
  const picked = files.map(async (name) => ({ name, blob: await (await get(new URL(name, base))).blob() }));
  return { files: await Promise.all(picked), questions };
}

/** @param {URL} url */
async function get(url) {
  const response = await fetch(url).catch(() => null);
  if (response?.ok) return response;
  throw problem(t("The examples could not be fetched."), t("Check the connection and try again."));
}
