/**
 * Reads a file's text as reports. The content decides the format, never the name: many `.jsonl` files are one
 * JSON object.
 */

import { readCsv } from "./csv.js";
import * as formats from "./formats.js";
import { baseName, ImportError, isObject, kindOf, Problems } from "./report.js";
import { readRows } from "./rows.js";
import { salvage } from "./salvage.js";

/** @typedef {import("./report.js").Import} Import */
/** @typedef {import("./report.js").DocumentOptions} DocumentOptions */
/** @typedef {{value: unknown, path: string}} Item */

/** @type {readonly import("./report.js").Format[]} */
const FORMATS = Object.values(formats);
const KNOWN = `Known formats are ${FORMATS.map(({ title }) => title).join(", ")}, and CSV or JSONL with a prompt and an output column.`;

/**
 * @param {string} text
 * @param {{fileName: string}} options
 * @returns {Import}
 * @throws {ImportError}
 */
export function readReports(text, { fileName }) {
  const bare = text.replace(/^\ufeff/, "").trim();
  const options = { fallbackName: baseName(fileName) };
  if (bare === "") throw new ImportError("The file is empty.");
  if (bare.startsWith("<"))
    throw new ImportError(
      "This is a web page, not a report.",
      "Use the address of the file itself, not of the page about it (on GitHub: Raw).",
    );
  if (bare.startsWith("version https://git-lfs"))
    throw new ImportError(
      "This is a Git LFS pointer, not the report itself.",
      "Fetch the file with git lfs pull.",
    );
  if (!/^[[{]/.test(bare)) {
    if (/^["\d]|^(true|false|null)$/.test(bare) && isJson(bare))
      throw new ImportError("This is JSON, but a single value, not a report.", KNOWN);
    return readCsv(bare, options);
  }
  const parsed = parse(bare);
  if (parsed.ok) return readValue(parsed.value, options);
  const lines = jsonLines(bare);
  if (lines) {
    const read = readList(lines.objects, options);
    return { reports: read.reports, problems: [...lines.problems, ...read.problems] };
  }
  return readCorrupt(bare, options);
}

/** @param {string} text @returns {{ok: true, value: unknown} | {ok: false}} */
function parse(text) {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}

/** @param {string} text */
function isJson(text) {
  return parse(text).ok;
}

/** Reads one JSON value. @param {unknown} value @param {DocumentOptions} options @returns {Import} */
function readValue(value, options) {
  const format = documentFormatOf(value);
  if (format) return format.read(value, options);
  if (Array.isArray(value)) {
    if (value.length === 0) throw new ImportError("This is an empty list, not a report.", KNOWN);
    return readList(
      value.map((item, index) => ({ value: item, path: `[${index}]` })),
      options,
    );
  }
  if (isObject(value) && (lineFormatOf(value) || Object.hasOwn(value, "prompt")))
    return readObjects([{ value, path: "line 1" }], options);
  const names = Object.keys(/** @type {object} */ (value)).map((name) => JSON.stringify(name.slice(0, 20)));
  const more = names.length > 3 ? " ..." : "";
  const shape = names.length ? `an object with ${names.slice(0, 3).join(", ")}${more}` : "an empty object";
  throw new ImportError(`prompts is missing: this is JSON of another shape, ${shape}.`, KNOWN);
}

/**
 * Several documents of one format, or objects that are one report together.
 * @param {Item[]} items
 * @param {DocumentOptions} options
 * @returns {Import}
 */
function readList(items, options) {
  const format = documentFormatOf(items[0]?.value);
  if (format && items.every(({ value }) => format.matches(value)))
    return merge(items.map(({ value }) => format.read(value, options)));
  return readObjects(items, options);
}

/** @param {Item[]} items @param {DocumentOptions} options @returns {Import} */
function readObjects(items, { fallbackName }) {
  const problems = new Problems();
  /** @type {import("./report.js").Line[]} */
  const lines = [];
  for (const { value, path } of items) {
    if (isObject(value)) lines.push({ value, path });
    else problems.add(`${path} is ${kindOf(value)}, not an object`);
  }
  const [first] = lines;
  if (!first) throw new ImportError(`${problems.list[0] ?? "The file contains no object"}.`);
  const format = lineFormatOf(first.value);
  if (format) return format.read(lines, { fallbackName, problems });
  return readRows(lines, { fallbackName, problems, format: "JSONL" });
}

/** @param {unknown} value @returns {import("./report.js").DocumentFormat | undefined} */
function documentFormatOf(value) {
  for (const format of FORMATS) if (format.kind === "document" && format.matches(value)) return format;
  return undefined;
}

/** @param {Record<string, unknown>} value @returns {import("./report.js").LineFormat | undefined} */
function lineFormatOf(value) {
  for (const format of FORMATS) if (format.kind === "lines" && format.matches(value)) return format;
  return undefined;
}

/** @param {Import[]} imports @returns {Import} */
function merge(imports) {
  const problems = new Problems();
  for (const one of imports) for (const problem of one.problems) problems.add(problem);
  return { reports: imports.flatMap((one) => one.reports), problems: problems.done };
}

/**
 * The objects of a file with one per line, or null if it is not such a file. Incomplete lines are reported.
 * @param {string} text
 */
function jsonLines(text) {
  const lines = text.split("\n");
  const first = salvage((lines[0] ?? "").trim());
  if (first.fault || !isObject(first.value) || lines.length < 2) return null;
  /** @type {{value: unknown, path: string}[]} */
  const objects = [];
  const problems = new Problems();
  lines.forEach((line, index) => {
    if (line.trim() === "") return;
    const result = parse(line);
    const repaired = result.ok ? { value: result.value, fault: null } : salvage(line);
    if (!repaired.fault) objects.push({ value: repaired.value, path: `line ${index + 1}` });
    else problems.add(`line ${index + 1} is not complete JSON (${repaired.fault.what}); it is left out`);
  });
  return { objects, problems: problems.done };
}

/**
 * Reads what comes before the first fault.
 * @param {string} text
 * @param {DocumentOptions} options
 * @returns {Import}
 */
function readCorrupt(text, options) {
  const { value, fault } = salvage(text);
  if (!fault) return readValue(value, options);
  const where = `line ${fault.line}, column ${fault.column}`;
  const cut = fault.position >= text.length || /ends/.test(fault.what);
  const what = cut
    ? `The file is cut off at ${where} (${fault.what})`
    : `The file is corrupt at ${where} (${fault.what})`;
  let saved;
  try {
    saved = readValue(value, { ...options, truncated: true });
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    throw new ImportError(`${what}, and nothing before that could be saved: ${error.message}`);
  }
  const prompts = saved.reports.reduce((most, { entries }) => Math.max(most, entries.length), 0);
  const outputs = saved.reports
    .flatMap((report) => report.entries)
    .flatMap((entry) => entry.results)
    .reduce((sum, result) => sum + result.outputs.length, 0);
  if (outputs === 0) throw new ImportError(`${what}, and it has no output before that.`);
  return {
    reports: saved.reports,
    problems: [
      `${what}. What comes before is shown: ${prompts} prompts, ${outputs} outputs`,
      ...saved.problems,
    ],
  };
}
