/**
 * Small helpers that every page shares: find and create elements, save files, debounce. Text only ever
 * becomes text nodes. Nothing here looks anything up at import.
 */

/**
 * Finds an element that the page must have.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {string} id
 * @param {T} tag
 * @returns {HTMLElementTagNameMap[T]}
 */
export function byId(id, tag) {
  const found = document.querySelector(`${tag}#${CSS.escape(id)}`);
  if (!found) throw new Error(`the page has no <${tag} id="${id}">`);
  return /** @type {HTMLElementTagNameMap[T]} */ (found);
}

/**
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Properties
 */

/**
 * Creates an element: `element("button", { class: "quiet", onclick: close }, "×")`. Functions become
 * listeners. `true` sets an attribute without a value ("true" for ARIA attributes); `false`, null and
 * undefined are skipped, also among the children.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Properties} [properties]
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, properties = {}, ...children) {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") created.addEventListener(name.replace(/^on/, ""), value);
    else if (value !== false && value !== null && value !== undefined)
      created.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) created.append(child);
  return created;
}

/**
 * Replaces what is in an element. Any number of nodes: as arguments of one call, a hundred thousand would
 * exhaust the stack.
 * @param {Element} box
 * @param {Iterable<Node | string>} nodes
 */
export function fill(box, nodes) {
  const fragment = box.ownerDocument.createDocumentFragment();
  for (const node of nodes) fragment.append(node);
  box.replaceChildren(fragment);
}

/**
 * Saves a file.
 * @param {string} name
 * @param {string | Uint8Array<ArrayBuffer> | Blob} content
 * @param {string} type
 */
export function download(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * Returns a function that runs `action` once, `wait` milliseconds after the last call.
 * @param {() => void} action
 * @param {number} wait
 */
export function debounce(action, wait) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, wait);
  };
}
