// Small helpers for pages: elements by test id, elements made, times and sizes said.

/**
 * The element that a page is known to have.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {string} id
 * @param {T} tag
 * @param {ParentNode} [root]
 * @returns {HTMLElementTagNameMap[T]}
 */
export function byId(id, tag, root = document) {
  const found = root.querySelector(`${tag}#${CSS.escape(id)}`);
  if (!found) throw new Error(`the page has no <${tag} id="${id}">`);
  return /** @type {HTMLElementTagNameMap[T]} */ (found);
}

/**
 * A new element; text goes in as text, never as markup.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/** A size in megabytes, or in gigabytes if there are many. @param {number} bytes */
export function megabytes(bytes) {
  const size = bytes / 1e6;
  if (size >= 1000) return `${(size / 1000).toFixed(1)} GB`;
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} MB`;
}

/**
 * Calls a function once, a while after the last of several requests.
 * @param {() => void} action
 * @param {number} wait milliseconds
 */
export function later(action, wait) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, wait);
  };
}
