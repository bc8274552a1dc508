/** In the place of the site's module: a package has no page whose catalogue it could wait for. */

/** @type {import("./words.js").Catalogue | null} */
export const catalogue = null;
