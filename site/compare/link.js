/**
 * What a link may fetch when it is opened: whoever wrote it chose the addresses, not the visitor. A page of
 * links to reports needs a few files from one or two hosts; more could be meant for the hosts' harm. Pure.
 */

import { fetchable } from "./sources.js";

export const MOST_FILES = 20;
export const MOST_HOSTS = 3;

/**
 * @typedef {Object} Portion
 * @property {string[]} now the addresses to open at once, at most `MOST_FILES` from at most `MOST_HOSTS`
 * @property {string[]} later the others, for which the visitor is asked
 */

/**
 * @param {readonly string[]} addresses
 * @param {string} base the page's address
 * @returns {Portion}
 */
export function portionOf(addresses, base) {
  /** @type {Portion} */
  const portion = { now: [], later: [] };
  const allowed = new Set([""]);
  for (const address of addresses) {
    const host = hostOf(address, base);
    const room = portion.now.length < MOST_FILES && (allowed.has(host) || allowed.size <= MOST_HOSTS);
    if (room) allowed.add(host);
    portion[room ? "now" : "later"].push(address);
  }
  return portion;
}

/**
 * The other hosts that addresses lead to, with the number of files, in order of appearance.
 * @param {readonly string[]} addresses
 * @param {string} base
 * @returns {Map<string, number>}
 */
export function hostsOf(addresses, base) {
  /** @type {Map<string, number>} */
  const hosts = new Map();
  for (const address of addresses) {
    const host = hostOf(address, base);
    if (host !== "") hosts.set(host, (hosts.get(host) ?? 0) + 1);
  }
  return hosts;
}

/**
 * The host that an address is fetched from, "" for the page's own or none.
 * @param {string} address
 * @param {string} base
 */
function hostOf(address, base) {
  try {
    const { host } = fetchable(address, base);
    return host === new URL(base).host ? "" : host;
  } catch {
    return "";
  }
}
