/**
 * The state in a page's address. One rule for all pages: settings are written behind `#`, which browsers
 * never send to a server; what a visitor typed (typed.js) only when they copy a link, since addresses are
 * shared, synchronized and kept in the history. Until then it stays with the tab's entry, so that a reload
 * loses nothing. Older links carry state behind `?`; they are read too, and `redirectQuery` rewrites them.
 * Options of the page that no control shows (`?kernel=`, `?threads=`) stay in the query. Anybody can write an
 * address, so readers check every value.
 */

import { TYPED, typedIn, withoutTyped } from "./typed.js";

/** @typedef {{search: string, hash: string, typed?: unknown}} Address `typed` as the tab's entry has it */

const OPTIONS = ["kernel", "threads"];

/** Characters; an address does not carry a longer prompt. */
export const LONGEST_PROMPT = 4000;

/** This page's address, with what was typed here. @returns {Address} */
export function here() {
  return { search: location.search, hash: location.hash, typed: history.state?.typed };
}

/**
 * The state in an address, by name; where several parts name a value, the one behind `#` counts.
 * @param {Address} [address]
 * @returns {Map<string, string>}
 */
export function readAddress({ search, hash, typed } = here()) {
  const query = [...new URLSearchParams(search)].filter(([name]) => !OPTIONS.includes(name));
  return new Map([...pairs(typed), ...query, ...new URLSearchParams(hash.replace(/^#/, ""))]);
}

/** What was typed, of an entry that another page of this origin could have written. @param {unknown} typed */
function pairs(typed) {
  const found = Array.isArray(typed) ? typed.filter(Array.isArray) : [];
  return found
    .map(([name, value]) => /** @type {[string, string]} */ ([String(name), String(value)]))
    .filter(([name]) => TYPED.has(name));
}

/**
 * Replaces the settings in the page's address, without a new entry in the history. What was typed goes into
 * the tab's entry instead.
 * @param {Map<string, string>} values
 */
export function writeAddress(values) {
  replace(withoutTyped(values), typedIn(values));
}

/**
 * Puts everything into the page's address, because the visitor wants to share it.
 * @param {Map<string, string>} values
 * @returns {string} the whole address
 */
export function shareAddress(values) {
  replace(values, typedIn(values));
  return location.href;
}

/** @param {Map<string, string>} values @param {Map<string, string>} typed */
function replace(values, typed) {
  const state = { ...history.state, typed: [...typed] };
  history.replaceState(state, "", addressWith(values));
}

/** Moves the state of an older link from behind `?` to behind `#`. */
export function redirectQuery() {
  const hasState = [...new URLSearchParams(location.search).keys()].some((name) => !OPTIONS.includes(name));
  if (hasState) writeAddress(readAddress());
}

/**
 * This page's address with the given state.
 * @param {Map<string, string>} values
 * @param {{pathname: string, search: string}} [address]
 */
export function addressWith(values, { pathname, search } = location) {
  const options = [...new URLSearchParams(search)].filter(([name]) => OPTIONS.includes(name));
  const query = new URLSearchParams(options).toString();
  // "/" and ":" need no escape behind #, and links to files stay readable
  const text = new URLSearchParams([...values]).toString().replaceAll("%2F", "/").replaceAll("%3A", ":");
  return `${pathname}${query && `?${query}`}${text && `#${text}`}`;
}

/**
 * The engine's options in the page's query, `?kernel=plain&threads=1`, as loadModel takes them.
 * @returns {Pick<import("../engine/choice.js").ModelChoice, "kernel" | "threads">}
 */
export function engineOptions() {
  const query = new URLSearchParams(location.search);
  const kernel = /** @type {any} */ (query.get("kernel")); // the engine says if there is no such one
  const threads = Number(query.get("threads"));
  return { ...(kernel && { kernel }), ...(threads && { threads }) };
}

/** An address without the slashes at its end. @param {string} address */
export function withoutSlash(address) {
  let end = address.length;
  while (address[end - 1] === "/") end--;
  return address.slice(0, end);
}
