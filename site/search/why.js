/** Why a passage was found, in a sentence or two without figures, as search/hits.py says it in English. */

import { listed, t, tn } from "../ui/words.js";

const NAMED = 4;

/** @type {Record<string, string>} by closeness in meaning */
const LEVELS = {
  "very close": t("Very close in meaning."),
  close: t("Close in meaning."),
  loose: t("Loosely related in meaning."),
  distant: t("Distant in meaning."),
};

/** @param {import("./inquiry.js").Hit} hit */
export function whyFound({ closeness, shared, common }) {
  return [LEVELS[closeness], sharedWords(shared, common)].filter(Boolean).join(" ");
}

/** @param {string[]} words @param {boolean} common whether others are shared, which tell nothing */
function sharedWords(words, common) {
  if (words.length === 0) return common ? t("Shares only common words.") : t("Shares none of your words.");
  const named = words.slice(0, NAMED).map((word) => t("‘{word}’", { word }));
  const count = words.length - named.length;
  if (count > 0) named.push(t("{count} more", { count }));
  return tn(words.length, "Shares the word {words}.", "Shares the words {words}.", { words: listed(named) });
}
