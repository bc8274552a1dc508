/**
 * What the site keeps for reading letters in a page: a network that was trained when the site was made, and
 * the training letters. Each file is fetched when it is first needed.
 */

import { FILES } from "../engine/root.js";
import { readLetters } from "./letters-file.js";

/** @import { Layer, Letters } from "./classify.js" */

/**
 * @typedef {{network: () => Promise<Layer[]>, letters: () => Promise<Letters>}} Sources
 */

/** @param {string} name */
async function fetchData(name) {
  const response = await fetch(new URL(`lab/data/${name}`, FILES)).catch(() => null);
  if (response?.ok) return response;
  throw Object.assign(new Error(`The file ${name} could not be loaded.`), {
    remedy: "Check the connection and draw again.",
  });
}

/** Calls `make` once, and again only after it has failed. @template T @param {() => Promise<T>} make */
function once(make) {
  /** @type {Promise<T> | null} */
  let made = null;
  return () => {
    made ??= make();
    made.catch(() => {
      made = null;
    });
    return made;
  };
}

/** @type {Sources} */
export const SOURCES = {
  network: once(async () => (await (await fetchData("training-network.json")).json()).layers),
  letters: once(async () => readLetters(await (await fetchData("letters-a-j.npz")).arrayBuffer())),
};
