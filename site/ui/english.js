/**
 * Marks a text that is made and kept in English, for a report or for a worker's answer, and that the page
 * translates where it shows it, with `translated` of words.js. scripts/words.js collects what is marked.
 */

/** @param {string} text @returns {string} the same */
export const english = (text) => text;
