/** Style sheets that a page loads when it first needs them, such as those of charts. */

import { FILES } from "../engine/root.js";
import { element } from "./dom.js";

/**
 * Loads style sheets, each once. Without them the page is plain, but there: a failure is not an error.
 * @param {...string} files their paths, such as "ui/chart.css"
 */
export async function loadStyles(...files) {
  await Promise.all(files.map((file) => load(new URL(file, FILES).href)));
}

/** @param {string} href @returns {Promise<unknown>} */
async function load(href) {
  if (document.querySelector(`link[href="${CSS.escape(href)}"]`)) return null;
  return new Promise((resolve) => {
    const onerror = () => {
      link.remove(); // so that the next call tries again
      resolve(null);
    };
    const link = element("link", { rel: "stylesheet", href, onload: resolve, onerror });
    document.head.append(link);
  });
}
