/**
 * A file's text -> reports. The format is told by the content, never by the name: a `.jsonl` in the wild is often one JSON object.
 */

import { isComparator, readComparator } from "./comparator.js";
import { readCsv } from "./csv.js";
import { readLines } from "./lines.js";
import { isPromptfoo, readPromptfoo } from "./promptfoo.js";
import { baseName, ImportError, isObject } from "./report.js";
import { salvage } from "./salvage.js";
import { isSampling, readSampling } from "./sampling.js";

/** @typedef {import("./report.js").Import} Import */

const KNOWN =
  "Known are sampling reports ({model_name, prompts: [...]}), LLM Comparator and promptfoo JSON, lm-evaluation-harness samples, FastChat answers, and CSV or JSONL with a prompt and an output column.";

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
      "Perhaps the address of the page about the file was given; ask for the file itself (on GitHub: Raw).",
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
    const values = lines.objects.map(({ value }) => value);
    const read = values.every(isSampling)
      ? merge(values.map((value) => readSampling(value, options)))
      : readLines(lines.objects, options);
    return { reports: read.reports, problems: [...lines.problems, ...read.problems] };
  }
  return readDamaged(bare, options);
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

/** @param {unknown} value @param {{fallbackName: string, truncated?: boolean}} options @returns {Import} */
function readValue(value, options) {
  if (isSampling(value)) return readSampling(value, options);
  if (isComparator(value)) return readComparator(value);
  if (isPromptfoo(value)) return readPromptfoo(value);
  if (Array.isArray(value)) {
    if (value.length === 0) throw new ImportError("This is an empty list, not a report.", KNOWN);
    if (value.every(isSampling)) return merge(value.map((item) => readSampling(item, options)));
    return readLines(
      value.map((item, index) => ({ value: item, path: `[${index}]` })),
      options,
    );
  }
  if (isObject(value) && ["resps", "question_id", "prompt"].some((name) => Object.hasOwn(value, name)))
    return readLines([{ value, path: "line 1" }], options);
  const names = Object.keys(/** @type {object} */ (value));
  const shown = names.length
    ? `an object with ${names
        .slice(0, 6)
        .map((name) => JSON.stringify(name.slice(0, 40)))
        .join(", ")}${names.length > 6 ? " ..." : ""}`
    : "an empty object";
  throw new ImportError(`prompts is missing: this is JSON of another shape, ${shown}.`, KNOWN);
}

/** @param {Import[]} imports @returns {Import} */
function merge(imports) {
  return { reports: imports.flatMap((one) => one.reports), problems: imports.flatMap((one) => one.problems) };
}

/**
 * The objects of a file that has one a line, or null if it is not such a file. A last line cut off is named.
 * @param {string} text
 */
function jsonLines(text) {
  const lines = text.split("\n");
  const first = salvage((lines[0] ?? "").trim());
  if (first.fault || !isObject(first.value) || lines.length < 2) return null;
  /** @type {{value: unknown, path: string}[]} */
  const objects = [];
  /** @type {string[]} */
  const problems = [];
  lines.forEach((line, index) => {
    if (line.trim() === "") return;
    const result = parse(line);
    const repaired = result.ok ? { value: result.value, fault: null } : salvage(line);
    if (!repaired.fault) objects.push({ value: repaired.value, path: `line ${index + 1}` });
    else problems.push(`line ${index + 1} is not complete JSON (${repaired.fault.what}); it is left out`);
  });
  return {
    objects,
    problems:
      problems.length > 6
        ? [...problems.slice(0, 5), `${problems.length - 5} more lines like these`]
        : problems,
  };
}

/** @param {string} text @param {{fallbackName: string}} options @returns {Import} */
function readDamaged(text, options) {
  const { value, fault } = salvage(text);
  if (!fault) return readValue(value, options);
  const where = `line ${fault.line}, column ${fault.column}`;
  const cut = fault.position >= text.length || /ends/.test(fault.what);
  const what = cut
    ? `The file is cut off at ${where} (${fault.what})`
    : `The file is damaged at ${where} (${fault.what})`;
  let saved;
  try {
    saved = readValue(value, { ...options, truncated: true });
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    throw new ImportError(`${what}, and nothing before that could be saved: ${error.message}`);
  }
  const prompts = Math.max(0, ...saved.reports.map((report) => report.entries.length));
  const outputs = saved.reports
    .flatMap((report) => report.entries)
    .flatMap((entry) => entry.results)
    .reduce((sum, result) => sum + result.outputs.length, 0);
  if (outputs === 0) throw new ImportError(`${what}, and it holds no output before that.`);
  return {
    reports: saved.reports,
    problems: [
      `${what}. What stands before it is shown: ${prompts} prompts, ${outputs} outputs`,
      ...saved.problems,
    ],
  };
}
