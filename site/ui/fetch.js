/**
 * Small JSON files that describe something: the decoder, a model, the engine's parts.
 */

/**
 * An empty object where the file cannot be fetched: a page then shows less.
 * @param {string | URL} url
 * @returns {Promise<any>}
 */
export async function fetchDescription(url) {
  try {
    const response = await fetch(url);
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}
