/**
 * Small JSON files that describe something: the decoder, a model, the engine's parts. A page that needs one
 * at once carries it in its HTML (scripts/frames.py): WebKit fetches what `<link rel="preload">` names a
 * second time if the server wants it revalidated, as most do.
 */

/**
 * An empty object where the file cannot be fetched: a page then shows less.
 * @param {string | URL} url
 * @returns {Promise<any>}
 */
export async function fetchDescription(url) {
  try {
    const carried = carriedBy(url, globalThis.document);
    if (carried) return JSON.parse(carried);
    const response = await fetch(url);
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}

/**
 * The text of a file that the page carries; "" if it does not.
 * @param {string | URL} url
 * @param {Document | undefined} page none in a worker and under Node
 */
function carriedBy(url, page) {
  for (const carrier of page?.querySelectorAll("script[data-file]") ?? []) {
    const file = carrier.getAttribute("data-file") ?? "";
    if (new URL(file, page?.baseURI).href === String(url)) return carrier.textContent ?? "";
  }
  return "";
}
