/**
 * Checks the links in model text. Only http, https and mailto are allowed, and a link whose text does not
 * show where it leads is followed by its host.
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
 * What must be shown after a link's text: nothing if the text is the address itself, otherwise the host (in
 * punycode if it is not plain ASCII, so that look-alike letters are visible).
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
