/**
 * The comparer's view, and how it is written in the page's address (the whole view, so that a link shows what
 * its sender saw) and among the settings that the browser remembers. Values from outside are checked: an
 * unknown one becomes the default. No access to the page.
 */

import { readAddress } from "../ui/address.js";
import { MEASURES } from "./measures.js";

/**
 * @typedef {Object} View
 * @property {string[]} files addresses of reports
 * @property {string} config one sampling configuration, "" for all
 * @property {number} sample one sample, from 1; 0 for all
 * @property {boolean} markdown
 * @property {boolean} params
 * @property {"strip" | "show"} tokens special tokens
 * @property {"side" | "stack"} layout
 * @property {boolean} group identical samples as one, with a count
 * @property {boolean} clip long outputs are shortened to a fixed height
 * @property {boolean} fold prompts are collapsed
 * @property {string} q what to search for
 * @property {boolean} re q is a regular expression
 * @property {boolean} differ only prompts where the columns differ
 * @property {string} coverage "any", "all" (prompts in every column), "some" (not in every column), or the
 *   letter of a column (only prompts that it lacks)
 * @property {string} sort the order of the prompts: "" as in the table, "difference", "votes", or a measure,
 *   with "-" before it for the lowest values first
 * @property {string} base letter of the baseline column, "" for none
 * @property {string[]} hide letters of hidden columns
 * @property {"read" | "metrics" | "coverage" | "vote" | "write"} page
 * @property {number} at number of the current prompt, 0 for the top
 */

/** @type {Readonly<View>} */
export const DEFAULTS = Object.freeze({
  files: [],
  config: "",
  sample: 0,
  markdown: true,
  params: false,
  tokens: "strip",
  layout: "side",
  group: true,
  clip: true,
  fold: false,
  q: "",
  re: false,
  differ: false,
  coverage: "any",
  sort: "",
  base: "",
  hide: [],
  page: "read",
  at: 0,
});

/** What the browser remembers: how the visitor likes to read, not what. */
export const REMEMBERED = /** @type {const} */ ([
  "markdown",
  "params",
  "tokens",
  "layout",
  "group",
  "clip",
  "fold",
]);

/** @type {Partial<Record<Name, readonly string[]>>} */
const CHOICES = {
  tokens: ["strip", "show"],
  layout: ["side", "stack"],
  page: ["read", "metrics", "coverage", "vote", "write"],
  sort: ["", "difference", "votes", ...MEASURES, ...MEASURES.map((name) => `-${name}`)],
};
const LETTER = /^[A-Z]\d*$/;

/** @typedef {keyof typeof DEFAULTS} Name */

/**
 * The view of an address, `#f=...&v=1` or the older `?f=...`.
 * @param {import("../ui/address.js").Address} address
 * @param {unknown} [remembered] what `memory` returned earlier
 * @returns {View}
 */
export function fromAddress(address, remembered) {
  const values = readAddress(address);
  const complete = values.has("v"); // the address contains every setting that differs from its default
  const view = { ...DEFAULTS, ...(complete ? {} : recalled(remembered)) };
  view.files = filesOf(address);
  for (const name of /** @type {Name[]} */ (Object.keys(DEFAULTS))) {
    const value = values.get(name);
    if (name !== "files" && value !== undefined) Object.assign(view, { [name]: checked(name, value) });
  }
  return view;
}

/**
 * Addresses of reports: old links have several `f`, or several lines in one.
 * @param {{search: string, hash: string}} address
 */
function filesOf({ search, hash }) {
  const [behindHash, behindQuery] = [hash.replace(/^#/, ""), search].map((text) =>
    new URLSearchParams(text).getAll("f"),
  );
  return splitFiles((behindHash?.length ? behindHash : (behindQuery ?? [])).join("\n"));
}

/** @param {string} text one address a line */
export function splitFiles(text) {
  const lines = text.split(/[\n\r]+/).map((line) => line.trim());
  return [...new Set(lines.filter(Boolean))];
}

/** Whether a text in the field for URLs is a report itself. @param {string} text */
export function isPasted(text) {
  return /^\s*[[{]/.test(text);
}

/**
 * The first line that cannot be meant as a URL: relative ones have no spaces, quotes or braces.
 * @param {readonly string[]} lines
 * @returns {string | undefined}
 */
export function notUrl(lines) {
  return lines.find(
    (line) => !/^(https?|blob|data):/i.test(line) && (line.length > 2048 || /[\s"{}<>|]/.test(line)),
  );
}

/**
 * The values of an address, for `writeAddress`: what differs from the defaults.
 * @param {View} view
 * @returns {Map<string, string>}
 */
export function toAddress(view) {
  /** @type {Map<string, string>} */
  const values = new Map();
  if (view.files.length) values.set("f", view.files.join("\n"));
  for (const name of /** @type {Name[]} */ (Object.keys(DEFAULTS))) {
    const text = written(view[name]);
    if (name !== "files" && text !== written(DEFAULTS[name])) values.set(name, text);
  }
  if (values.size > 0) values.set("v", "1");
  return values;
}

/** @param {string | number | boolean | readonly string[]} value */
function written(value) {
  if (typeof value === "boolean") return value ? "1" : "0";
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** @param {Name} name @param {string} text @returns {unknown} */
function checked(name, text) {
  const standard = DEFAULTS[name];
  if (typeof standard === "boolean") return asBoolean(text) ?? standard;
  if (typeof standard === "number") return /^\d{1,7}$/.test(text) ? Number(text) : standard;
  if (Array.isArray(standard)) return text.split(",").filter((letter) => LETTER.test(letter));
  if (name === "base") return LETTER.test(text) ? text : "";
  if (name === "coverage") return /^(any|all|some)$/.test(text) || LETTER.test(text) ? text : standard;
  const choices = CHOICES[name];
  return !choices || choices.includes(text) ? text : standard;
}

/** @param {string} text */
function asBoolean(text) {
  if (["1", "true", "yes", ""].includes(text)) return true;
  return ["0", "false", "no"].includes(text) ? false : undefined;
}

/** The settings to remember. @param {View} view @returns {Record<string, unknown>} */
export function memory(view) {
  return Object.fromEntries(REMEMBERED.map((name) => [name, view[name]]));
}

/** @param {unknown} remembered @returns {Partial<View>} */
function recalled(remembered) {
  if (typeof remembered !== "object" || remembered === null) return {};
  const found = /** @type {Record<string, unknown>} */ (remembered);
  return Object.fromEntries(
    REMEMBERED.flatMap((name) => {
      const value = Object.hasOwn(found, name) ? found[name] : undefined;
      if (typeof value !== typeof DEFAULTS[name]) return [];
      return [[name, typeof value === "string" ? checked(name, value) : value]];
    }),
  );
}
