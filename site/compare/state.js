/**
 * The view's state, and its two homes: the page's address (the whole view, so that a link shows what its sender saw) and the settings
 * that the browser remembers. Pure. Values from outside are checked: an unknown one becomes the default.
 * @module
 */

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
 * @property {boolean} clip long outputs are cut to a height
 * @property {boolean} fold prompts are collapsed
 * @property {string} q what to search for
 * @property {boolean} re q is a regular expression
 * @property {boolean} differ only prompts where the columns differ
 * @property {string} coverage "any", "all" (every column has the prompt), "some" (not every), or a column's letter (only those that it lacks)
 * @property {string} base letter of the baseline column, "" for none
 * @property {string[]} hide letters of hidden columns
 * @property {"read" | "metrics" | "coverage" | "vote"} page
 * @property {number} at number of the prompt in view, 0 for the top
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
  base: "",
  hide: [],
  page: "read",
  at: 0,
});

/** What the browser remembers: how one likes to read, not what one reads. */
export const REMEMBERED = /** @type {const} */ ([
  "markdown",
  "params",
  "tokens",
  "layout",
  "group",
  "clip",
  "fold",
]);

const CHOICES = /** @type {const} */ ({
  tokens: ["strip", "show"],
  layout: ["side", "stack"],
  page: ["read", "metrics", "coverage", "vote"],
});

/** @typedef {keyof typeof DEFAULTS} Name */

/**
 * @param {string} search the address from "?" on
 * @param {unknown} [remembered] what `memory` returned earlier
 * @returns {View}
 */
export function fromUrl(search, remembered) {
  const params = new URLSearchParams(search);
  const whole = params.has("v");
  const view = { ...DEFAULTS, ...(whole ? {} : recalled(remembered)) };
  view.files = params.getAll("f").flatMap(splitFiles);
  for (const name of /** @type {Name[]} */ (Object.keys(DEFAULTS))) {
    const value = params.get(name);
    if (name !== "files" && value !== null) Object.assign(view, { [name]: checked(name, value) });
  }
  return view;
}

/** @param {string} text one address a line */
export function splitFiles(text) {
  return [
    ...new Set(
      text
        .split(/[\n\r]+/)
        .map((line) => line.trim())
        .filter(Boolean),
    ),
  ];
}

/**
 * @param {View} view
 * @returns {string} "" or "?..."
 */
export function toUrl(view) {
  const params = new URLSearchParams();
  if (view.files.length) params.set("f", view.files.join("\n"));
  const names = /** @type {Name[]} */ (Object.keys(DEFAULTS)).filter((name) => name !== "files");
  for (const name of names) {
    const text = written(view[name]);
    if (text !== written(DEFAULTS[name])) params.set(name, text);
  }
  if (params.size > 0) params.set("v", "1");
  const query = params.toString().replaceAll("%2F", "/").replaceAll("%3A", ":");
  return query ? `?${query}` : "";
}

/** @param {string | number | boolean | readonly string[]} value */
function written(value) {
  return typeof value === "boolean"
    ? value
      ? "1"
      : "0"
    : Array.isArray(value)
      ? value.join(",")
      : String(value);
}

/** @param {Name} name @param {string} text @returns {unknown} */
function checked(name, text) {
  const standard = DEFAULTS[name];
  if (typeof standard === "boolean")
    return ["1", "true", "yes", ""].includes(text)
      ? true
      : ["0", "false", "no"].includes(text)
        ? false
        : standard;
  if (typeof standard === "number") return /^\d{1,7}$/.test(text) ? Number(text) : standard;
  if (Array.isArray(standard)) return text.split(",").filter((letter) => /^[A-Z]\d*$/.test(letter));
  if (name === "base") return /^[A-Z]\d*$/.test(text) ? text : "";
  if (name === "coverage") return /^(any|all|some|[A-Z]\d*)$/.test(text) ? text : standard;
  if (name in CHOICES)
    return /** @type {readonly string[]} */ (CHOICES[/** @type {keyof typeof CHOICES} */ (name)]).includes(
      text,
    )
      ? text
      : standard;
  return text;
}

/** @param {View} view @returns {Record<string, unknown>} */
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
