/**
 * The question in a link: what was asked, of which collection, and the document that is open. Anybody
 * can write an address; it only ever fills the field, names a collection of this browser, and opens a
 * document that the question finds.
 */

import { addressWith, readAddress, writeAddress } from "../ui/address.js";
import { copyLink } from "../ui/clipboard.js";

/** Characters of a question. */
export const LONGEST_QUESTION = 1000;

/** @typedef {{question: string, collection: string, document: string}} Link "" for what is not named */

/** @param {import("../ui/address.js").Address} [address] @returns {Link} */
export function readLink(address) {
  const values = readAddress(address);
  const value = (/** @type {string} */ name) => (values.get(name) ?? "").slice(0, LONGEST_QUESTION);
  return { question: value("q").trim(), collection: value("collection"), document: value("document") };
}

/** @param {Link} link @returns {Map<string, string>} */
function valuesOf({ question, collection, document }) {
  const values = new Map([
    ["q", question],
    ["collection", collection],
    ["document", document],
  ]);
  for (const [name, value] of values) if (!value) values.delete(name);
  return values;
}

/** Keeps what is asked for a reload. @param {Link} link */
export function writeLink(link) {
  writeAddress(valuesOf(link));
}

/** The address of a question or a result. @param {Link} link */
export function linkTo(link) {
  return addressWith(valuesOf(link));
}

/** Copies a link to what is asked. @param {Link} link @param {(words: string) => void} say */
export function copyQuestion(link, say) {
  return copyLink(valuesOf(link), { say });
}
