/**
 * What the visitor wrote on the home page, if a link there led here: the prompt, the temperature, and the
 * text that was generated, as that page keeps them for its tab (home/home.js). So nothing that was typed has
 * to be in an address.
 */

import { ROOT } from "../engine/root.js";
import { isReturn } from "../ui/tab-state.js";
import { TabStore } from "../ui/tab-store.js";
import { packTexts, unpackTexts } from "./texts-file.js";

/** @import { Text } from "./texts.js" */

/**
 * @returns {Promise<{values: Map<string, string>, text: Text | null} | null>} `values` as an address has them
 */
export async function fromHome() {
  if (isReturn() || !document.referrer || new URL(".", document.referrer).href !== ROOT) return null;
  const kept = /** @type {any} */ (await new TabStore("home").read())?.demo;
  if (typeof kept?.prompt !== "string") return null;
  const { tag, prompt, temperature, made } = kept;
  const values = new Map([
    ["prompt", `${tag}${prompt}`],
    ["temperature", String(temperature)],
  ]);
  return { values, text: made && textOf(made) };
}

/** @param {any} made @returns {Text | null} null if another version of that page kept it */
function textOf({ prompt, settings, seed, steps }) {
  try {
    const tokens = steps.map((/** @type {any} */ { token, text, logprob }) => ({ token, text, logprob }));
    const text = { id: 1, parent: null, prompt, settings, seed, given: 0, tokens, tail: "", finish: "" };
    return unpackTexts(packTexts([text], text)).current;
  } catch {
    return null;
  }
}
