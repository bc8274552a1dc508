/**
 * Judges the links in a model's text. Only http, https and mailto survive, and a link whose words do not already show
 * where it leads gets its host shown after it.
 * @module
 */

const ALLOWED = new Set(["http:", "https:", "mailto:"]);

/**
 * @param {string} href
 * @returns {URL | null} the address, or null if it may not become a link
 */
export function safeUrl(href) {
  let url;
  try {
    url = new URL(href);
  } catch {
    return null;
  }
  return ALLOWED.has(url.protocol) ? url : null;
}

/**
 * What must be shown beside the words of a link: nothing if the words are the address itself, else its host
 * (in punycode where the name is not plain ASCII, so that look-alike letters are seen).
 * @param {URL} url
 * @param {string} words
 */
export function shownTarget(url, words) {
  const target = url.protocol === "mailto:" ? url.pathname : url.host;
  const said = words.trim().replace(/^[a-z]+:(\/\/)?/i, "");
  const credentials = url.username !== "" || url.password !== "";
  const plain = said === target || said.startsWith(`${target}/`) || said.startsWith(`${target}?`);
  return plain && !credentials ? "" : target;
}
