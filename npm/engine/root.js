/**
 * In the place of the site's module: the address of each of the engine's files, written so that bundlers find
 * the file, copy it and put its new address here. Without a bundler they are the package's own files.
 * scripts/npm.py fills in the list. The default model's files are added by default-model.js.
 */

/**
 * Vite's development server moves this code into its cache, but serves the package's files as well. Next.js
 * puts objects here that have a path for their `href`, and evaluates this module on the server too, where no
 * address is used.
 * @param {URL} url
 */
export function at({ href }) {
  const moved = href.replace("/node_modules/.vite/", "/node_modules/goosequill/");
  return globalThis.location ? new URL(moved, globalThis.location.href).href : moved;
}

/** @type {Record<string, string>} */
export const ADDRESSES = {
  // FILES
};

/** The files have no folder in common. */
export const [ROOT, FILES] = ["", ""];
