/**
 * Small helpers over the DOM. Texts only ever become text nodes.
 * @module
 */

export { element as h } from "../ui/dom.js";

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element #${id}`);
  return /** @type {T} */ (element);
}

const numbers = new Intl.NumberFormat("en");

/** @param {number} count */
export function number(count) {
  return numbers.format(count);
}

/** @param {number} count @param {string} one @param {string} [many] */
export function counted(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}
