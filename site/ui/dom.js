// Small helpers for pages: elements by id, elements made, files saved, sizes said.

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

/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Properties */

/**
 * A new element; text goes in as text, never as markup.
 * `element("button", { class: "quiet", onclick: close }, "×")`: true is an attribute without a value, or
 * "true" for ARIA's; what is false, null or undefined is left out, among the children too.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Properties} [properties]
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") made.addEventListener(name.replace(/^on/, ""), value);
    else if (value !== false && value !== null && value !== undefined)
      made.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Saves a file. @param {string} name @param {string | Uint8Array<ArrayBuffer>} content @param {string} type */
export function download(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
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
