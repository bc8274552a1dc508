/**
 * Reads rows with named columns (CSV, JSONL, a JSON list of objects). One column is the prompt; the others
 * are either `model` and `output`, or one column of outputs for each model.
 */

import { inLine } from "../ui/unseen.js";
import { t } from "../ui/words.js";
import { Gatherer } from "./gatherer.js";
import { checkLimit } from "./limits.js";
import { ImportError, mismatch, scalar, textOf } from "./report.js";

/** What has none of the formats of formats.js; its title and shape are listed with theirs. */
export const rows = {
  title: () => t("CSV or JSONL with a prompt and an output column"),
  shape: "a column for the prompt and at least one for outputs; in TSV and a list of objects too",
};

const PROMPT = ["prompt", "input", "question", "instruction", "query", "input_text", "user", "source"];
const OUTPUT = [
  "output",
  "response",
  "completion",
  "answer",
  "generation",
  "generated_text",
  "text",
  "prediction",
  "result",
  "outputs",
  "responses",
];
const MODEL = ["model", "model_name", "model_id", "generator", "provider", "system"];
const CONFIG = ["sampling_config", "config", "decoder", "setting"];
const META = new Set([
  "id",
  "index",
  "idx",
  "date",
  "created",
  "category",
  "tags",
  "score",
  "reference",
  "target",
  "seed",
  "temperature",
  "top_p",
  "top_k",
  "tokens",
]);

/** @import { Problems } from "./report.js" */
/** @typedef {{value: Record<string, unknown>, path: string}} Row */

/**
 * @param {Row[]} rows
 * @param {{fallbackName: string, format: string, problems: Problems}} options
 * @returns {import("./report.js").Import}
 */
export function readRows(rows, { fallbackName, format, problems }) {
  const names = [...new Set(rows.slice(0, 50).flatMap(({ value }) => Object.keys(value)))];
  const pick = (/** @type {string[]} */ wanted) =>
    names.find((name) => wanted.includes(name.trim().toLowerCase()));
  const prompt = pick(PROMPT);
  const output = pick(OUTPUT.filter((name) => name !== prompt));
  const listed = inLine(names.slice(0, 12).join(", "), 100);
  const absent = (/** @type {string} */ name) =>
    `${mismatch(`${rows[0]?.path ?? t("row 1")}.${name}`, undefined, "")}.`;
  if (prompt === undefined) {
    throw new ImportError(
      absent("prompt"),
      t("A column must be named “prompt” (or {others}); this file has {listed}.", {
        others: PROMPT.slice(1, 5).join(", "),
        listed,
      }),
    );
  }
  const columns =
    output === undefined
      ? names.filter((name) => name !== prompt && !META.has(name.trim().toLowerCase()))
      : [];
  if (output === undefined && columns.length === 0) {
    throw new ImportError(
      absent("output"),
      t("A column must be named “output” or after a model; this file has {listed}.", { listed }),
    );
  }
  const remedy = t("If a column contains outputs, name it “output”.");
  checkLimit("models", columns.length, { remedy });
  const model = output === undefined ? undefined : pick(MODEL);
  const config = pick(CONFIG);
  /** @type {Map<string, Gatherer>} */
  const models = new Map();
  for (const row of rows) {
    const asked = row.value[prompt];
    if (typeof asked !== "string") {
      problems.add(mismatch(`${row.path}.${prompt}`, asked, t("text")));
      continue;
    }
    const facts = factsOf(row.value);
    for (const column of output === undefined ? columns : [output]) {
      const name =
        output === undefined ? column : textOf(model === undefined ? "" : row.value[model]) || fallbackName;
      for (const text of textsOf(row, column, problems))
        gathererOf(models, name).add(
          asked,
          config ? textOf(row.value[config]) || "default" : "default",
          text,
          facts,
        );
    }
  }
  if (models.size === 0) throw new ImportError(`${problems.list[0] ?? t("The file has no rows")}.`);
  const reports = [...models].map(([name, gatherer]) => ({
    format,
    model: name,
    date: "",
    args: [],
    entries: gatherer.entries,
  }));
  return { reports, problems: problems.done };
}

/** @param {Map<string, Gatherer>} models @param {string} name */
function gathererOf(models, name) {
  let gatherer = models.get(name);
  if (!gatherer) {
    gatherer = new Gatherer();
    models.set(name, gatherer);
  }
  return gatherer;
}

/**
 * @param {Row} row
 * @param {string} column
 * @param {Problems} problems
 * @returns {import("./report.js").Output[]}
 */
function textsOf(row, column, problems) {
  const value = row.value[column];
  if (Array.isArray(value)) return value.map((item) => (typeof item === "string" ? item : textOf(item)));
  if (value === undefined || value === null) {
    problems.add(mismatch(`${row.path}.${column}`, value, t("text")));
    return [null];
  }
  return [textOf(value)];
}

/** @param {Record<string, unknown>} value @returns {[string, import("./report.js").Scalar][]} */
function factsOf(value) {
  return Object.keys(value).flatMap((name) =>
    META.has(name.trim().toLowerCase()) ? [[name, scalar(value[name])]] : [],
  );
}
