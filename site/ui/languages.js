/**
 * The languages of the interface besides English, by tag, with their own names: one line each, and a file in
 * languages/. The build reads this list, too.
 */

/** @type {Record<string, string>} */
export const LANGUAGES = {
  de: "Deutsch",
};
