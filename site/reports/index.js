/**
 * Reads a file's text as reports. The content decides the format, never the name: many `.jsonl` files are one
 * JSON object.
 */

import { t, tn } from "../ui/words.js";
import { readCsv } from "./csv.js";
import * as formats from "./formats.js";
import { baseName, ImportError, isObject, mismatch, Problems } from "./report.js";
import { readRows, rows } from "./rows.js";
import { salvage } from "./salvage.js";

/** @import { DocumentOptions, Import } from "./report.js" */
/** @typedef {{value: unknown, path: string}} Item */

/** @type {readonly import("./report.js").Format[]} */
const FORMATS = Object.values(formats);
/** Everything that is read: for messages, the page and the articles (scripts/report_formats.js). */
export const LISTED = [...FORMATS, rows];

/** Which formats there are, for a file that has none of them. */
function known() {
  return t("Known formats are {formats}.", { formats: LISTED.map(({ title }) => title()).join(", ") });
}

/**
 * @param {string} text
 * @param {{fileName: string}} options
 * @returns {Import}
 * @throws {ImportError}
 */
export function readReports(text, { fileName }) {
  const bare = text.replace(/^\ufeff/, "").trim();
  const options = { fallbackName: baseName(fileName) };
  if (bare === "") throw new ImportError(t("The file is empty."));
  if (bare.startsWith("<"))
    throw new ImportError(
      t("This is a web page, not a report."),
      t("Use the address of the file itself, not of the page about it (on GitHub: Raw)."),
    );
  if (bare.startsWith("version https://git-lfs"))
    throw new ImportError(
      t("This is a Git LFS pointer, not the report itself."),
      t("Fetch the file with git lfs pull."),
    );
  if (!/^[[{]/.test(bare)) {
    if (/^["\d]|^(true|false|null)$/.test(bare) && isJson(bare))
      throw new ImportError(t("This is JSON, but a single value, not a report."), known());
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
    if (value.length === 0) throw new ImportError(t("This is an empty list, not a report."), known());
    return readList(
      value.map((item, index) => ({ value: item, path: `[${index}]` })),
      options,
    );
  }
  if (isObject(value) && (lineFormatOf(value) || Object.hasOwn(value, "prompt")))
    return readObjects([{ value, path: t("line {line}", { line: "1" }) }], options);
  const names = Object.keys(/** @type {object} */ (value)).map((name) => JSON.stringify(name.slice(0, 20)));
  const some = `${names.slice(0, 3).join(", ")}${names.length > 3 ? " ..." : ""}`;
  const message =
    names.length > 0
      ? t("prompts is missing: this is JSON of another shape, an object with {names}.", { names: some })
      : t("prompts is missing: this is JSON of another shape, an empty object.");
  throw new ImportError(message, known());
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
    else problems.add(mismatch(path, value, t("an object")));
  }
  const [first] = lines;
  if (!first) throw new ImportError(`${problems.list[0] ?? t("The file contains no object")}.`);
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
    const number = String(index + 1);
    if (!repaired.fault) objects.push({ value: repaired.value, path: t("line {line}", { line: number }) });
    else
      problems.add(
        t("line {line} is not complete JSON ({fault}); it is left out", {
          line: number,
          fault: repaired.fault.what,
        }),
      );
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
  const where = { line: String(fault.line), column: String(fault.column), fault: fault.what };
  const what =
    fault.position >= text.length || fault.atEnd
      ? t("The file is cut off at line {line}, column {column} ({fault})", where)
      : t("The file is corrupt at line {line}, column {column} ({fault})", where);
  let saved;
  try {
    saved = readValue(value, { ...options, truncated: true });
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    const reason = error.message;
    throw new ImportError(
      t("{what}, and nothing before that could be recovered: {reason}", { what, reason }),
    );
  }
  const prompts = saved.reports.reduce((most, { entries }) => Math.max(most, entries.length), 0);
  const outputs = saved.reports
    .flatMap((report) => report.entries)
    .flatMap((entry) => entry.results)
    .reduce((sum, result) => sum + result.outputs.length, 0);
  if (outputs === 0) throw new ImportError(t("{what}, and it has no output before that.", { what }));
  const counts = {
    what,
    prompts: tn(prompts, "{n} prompt", "{n} prompts"),
    outputs: tn(outputs, "{n} output", "{n} outputs"),
  };
  const shown = t("{what}. What comes before is shown: {prompts}, {outputs}", counts);
  return { reports: saved.reports, problems: [shown, ...saved.problems] };
}
