/**
 * The interface's words in the language of the page. The English text stays in the code and is the key, as in
 * gettext: `t("Copy link")`, `t("{count} results from {of}", { count, of })`, `tn(n, "{n} file", "{n}
 * files")`. What a language's catalogue lacks is shown in English. scripts/words.py collects the texts.
 */

import { catalogue } from "./page-words.js";

/**
 * English texts and their translations; an empty one is missing. A key of `tn` is both its forms with "|"
 * between them, and its translation has one for each plural category of the language, in the order of
 * `FORMS`.
 * @typedef {{language: string, words: Record<string, string>}} Catalogue
 * @typedef {Record<string, string | number>} Values numbers are written as the language writes them
 */

const FORMS = ["zero", "one", "two", "few", "many", "other"];
/** Longer messages are shown as they are, so that a hostile one costs nothing. */
const MOST_MESSAGE = 4_000;

const ENGLISH = spokenWith(null);
let spoken = catalogue ? spokenWith(catalogue) : ENGLISH;

/** What is needed to speak a language. @param {Catalogue | null} catalogue null is English */
function spokenWith(catalogue) {
  const language = catalogue?.language ?? "en";
  const words = new Map(Object.entries(catalogue?.words ?? {}).filter(([, text]) => text));
  const plurals = new Intl.PluralRules(language);
  const { pluralCategories } = plurals.resolvedOptions();
  const forms = FORMS.filter((form) => pluralCategories.some((category) => category === form));
  /** @type {Map<string, Intl.NumberFormat>} */
  const formats = new Map();
  // Made when the first message needs them.
  const templates = /** @type {{parts: string[], to: string}[] | null} */ (null);
  const list = new Intl.ListFormat(language);
  return { catalogue, language, words, plurals, forms, formats, templates, list };
}

/** Uses another catalogue; null is English. @param {Catalogue | null} next */
export function setWords(next) {
  spoken = next ? spokenWith(next) : ENGLISH;
}

/** The catalogue in use, for a worker that writes words of the page; null is English. */
export function shownWords() {
  return spoken.catalogue;
}

/**
 * What `make` returns, with all words and numbers in English, for files that are saved.
 * @template T
 * @param {() => T} make not asynchronous: the page speaks its own language again afterwards
 * @returns {T}
 */
export function inEnglish(make) {
  const own = spoken;
  spoken = ENGLISH;
  try {
    return make();
  } finally {
    spoken = own;
  }
}

/** The language in which words are shown, for `Intl`: "en". */
export function shownLanguage() {
  return spoken.language;
}

/**
 * A text in the page's language.
 * @param {string} text English, with the names of values in braces
 * @param {Values} [values]
 */
export function t(text, values) {
  return insert(spoken.words.get(text) ?? text, values);
}

/**
 * A text with a count, in the form that the language has for it; `{n}` is the count.
 * @param {number} n
 * @param {string} one English for one
 * @param {string} many English for any other number
 * @param {Values} [values]
 */
export function tn(n, one, many, values) {
  const { words, plurals, forms } = spoken;
  const found = words.get(`${one}|${many}`)?.split("|");
  const form = found?.length === forms.length && found[forms.indexOf(plurals.select(n))];
  return insert(form || (n === 1 ? one : many), { n, ...values });
}

/**
 * A text in which some values are elements, for `append`: `phrase("See {link}.", { link })`.
 * @param {string} text
 * @param {Record<string, string | number | Node>} values
 * @returns {(string | Node)[]}
 */
export function phrase(text, values) {
  return (spoken.words.get(text) ?? text).split(/(\{\w+\})/).map((part) => {
    const value = values[part.slice(1, -1)];
    return part.startsWith("{") && typeof value === "object"
      ? value
      : insert(part, /** @type {Values} */ (values));
  });
}

/**
 * A message of the engine, or what a setting says about itself, in the page's language. The engine writes
 * English, with names and numbers in it; names stay as they are.
 * @param {string} message
 */
export function translated(message) {
  const { words } = spoken;
  const found = words.get(message);
  if (found || words.size === 0 || message.length > MOST_MESSAGE) return found ?? message;
  spoken.templates ??= messageTemplates();
  for (const { parts, to } of spoken.templates) {
    const values = valuesIn(message, parts);
    if (values) return insert(to, values);
  }
  return message;
}

/**
 * A number that the engine wrote in English, "1,024", "35%" or "p = 0.031", as the page's language writes it;
 * any other text as it is.
 * @param {string} text
 */
export function localNumber(text) {
  const [, before = "", digits, sign] = /^(p [=<] )?(\d{1,3}(?:,\d{3})*(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  if (!digits) return text;
  const value = Number(digits.replaceAll(",", ""));
  const decimals = digits.split(".")[1]?.length ?? 0;
  return before + (sign ? percent(value / 100, decimals) : decimal(value, decimals));
}

/** Every template of an engine's message, "… {0} …", that with the longest beginning first. */
function messageTemplates() {
  return [...spoken.words]
    .filter(([from]) => from.includes("{0}"))
    .map(([from, to]) => ({ parts: from.split(/\{\d+\}/), to }))
    .sort((a, b) => b.parts[0].length - a.parts[0].length || literal(b.parts) - literal(a.parts));
}

/** @param {string[]} parts */
function literal(parts) {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/**
 * What stands between the parts of a template; null if the message is not made from it. Each part is looked
 * for once, from the end of the one before it: no going back, whatever the message contains.
 * @param {string} message
 * @param {string[]} parts
 * @returns {Values | null}
 */
function valuesIn(message, parts) {
  const last = parts[parts.length - 1];
  if (!message.startsWith(parts[0]) || !message.endsWith(last)) return null;
  const end = message.length - last.length;
  /** @type {Values} */
  const values = {};
  let from = parts[0].length;
  for (const [index, part] of parts.slice(1, -1).entries()) {
    const at = part ? message.indexOf(part, from) : from;
    if (at < 0 || at + part.length > end) return null;
    values[index] = localNumber(message.slice(from, at));
    from = at + part.length;
  }
  if (from > end) return null;
  values[parts.length - 2] = localNumber(message.slice(from, end));
  return values;
}

/** @param {string} text @param {Values} [values] */
function insert(text, values) {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (name, key) => {
    if (!Object.hasOwn(values, key)) return name;
    return typeof values[key] === "number" ? number(values[key]) : String(values[key]);
  });
}

/** @param {string} key @param {Intl.NumberFormatOptions} options */
function format(key, options) {
  const { formats, language } = spoken;
  const found = formats.get(key) ?? new Intl.NumberFormat(language, options);
  formats.set(key, found);
  return found;
}

/** A number with thousands separators: 12,345. @param {number} value */
export function number(value) {
  return format("", {}).format(value);
}

/**
 * A count with its English noun, for articles: "1 token", "1,200 tokens". What is translated takes `tn`.
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** A number with so many decimals: 0.50. @param {number} value @param {number} digits */
export function decimal(value, digits) {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return format(String(digits), options).format(value);
}

/** A share of 1 in percent: 12.5%. @param {number} share @param {number} [digits] decimals */
export function percent(share, digits = 0) {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return format(`%${digits}`, { style: "percent", ...options }).format(share);
}

/**
 * A probability in percent. One that only comes near 0 or 1 does not look like it: "< 0.1%", "> 99.9%".
 * @param {number} share
 * @param {number} [digits] decimals
 */
export function probability(share, digits = 1) {
  if (share === 0 || share === 1) return percent(share);
  const least = 10 ** -(digits + 2);
  if (share < least) return `< ${percent(least, digits)}`;
  return share > 1 - least ? `> ${percent(1 - least, digits)}` : percent(share, digits);
}

/**
 * A number with so many significant digits at most: 0.4217, 12,350.
 * @param {number} value
 * @param {number} digits
 * @param {"decimal" | "percent"} [style]
 */
export function significant(value, digits, style = "decimal") {
  return format(`${style}${digits}`, { style, maximumSignificantDigits: digits }).format(value);
}

/** A size in megabytes, or in gigabytes from 1000 MB up. @param {number} bytes */
export function megabytes(bytes) {
  const size = bytes / 1e6;
  if (size >= 1000) return `${decimal(size / 1000, 1)} GB`;
  return `${decimal(size, size < 10 ? 1 : 0)} MB`;
}

/** A day with its time: "Jan 2, 2026, 10:15 AM". @param {number} time in milliseconds */
export function moment(time) {
  // English is written as in the visitor's own country.
  const own = spoken === ENGLISH ? undefined : spoken.language;
  return new Date(time).toLocaleString(own, { dateStyle: "medium", timeStyle: "short" });
}

/** Names in a row: "a, b, and c". @param {string[]} names */
export function listed(names) {
  return spoken.list.format(names);
}
