/**
 * The catalogue of the page's language, once it has come: language.js has asked for it in the page's head,
 * and translates the page's own text first. Every module that shows words imports this one through
 * words.js, so none runs before the catalogue is there. An element in another site's page has none to wait
 * for: where the builds leave out the condition, nothing is awaited.
 */

/** @type {import("./words.js").Catalogue | null} */
let found = null;
if (globalThis.goosequillWords) found = await globalThis.goosequillWords;

export const catalogue = found;
