/**
 * The language of the elements of a page: that of the first one, which is its `lang` or that of what is
 * around it. The catalogue has the elements' own words only.
 */

import { assetsIn } from "../engine/assets.js";
import { LANGUAGES } from "../ui/languages.js";
import { setWords } from "../ui/words.js";

/** @type {Promise<void> | null | undefined} */
let asked;

/**
 * Fetches the words, once; without them, or in English, the elements are English.
 * @param {Element} element the first of the page
 * @returns {Promise<void> | null} when there are other words to show
 */
export function speak(element) {
  if (asked === undefined) {
    const tag = element.closest("[lang]")?.getAttribute("lang")?.toLowerCase().split("-")[0] ?? "";
    asked = Object.hasOwn(LANGUAGES, tag) ? load(tag) : null;
  }
  return asked;
}

/** @param {string} language */
async function load(language) {
  try {
    const response = await fetch(assetsIn().locate(`embed/languages/${language}.json`));
    if (response.ok) setWords({ language, words: await response.json() });
  } catch {
    // no network: English
  }
}
