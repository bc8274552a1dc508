/**
 * promptfoo's JSON output: {results: {version, results: [{provider, prompt: {raw, label}, response: {output},
 * vars, success, score}]}}
 * (older files have the list at `results` itself). One report for each provider.
 */

import { t } from "../ui/words.js";
import { Gatherer } from "./gatherer.js";
import { ImportError, isObject, member, mismatch, Problems, pairs, textOf } from "./report.js";

/** @type {import("./report.js").DocumentFormat} */
export const promptfoo = {
  kind: "document",
  title: () => t("promptfoo JSON"),
  shape: "an object with `results`, a list or an object that has such a list or a `table`",
  matches: isPromptfoo,
  read: readPromptfoo,
};

/** @param {unknown} value */
function isPromptfoo(value) {
  const results = member(value, "results");
  const list = Array.isArray(results) ? results : member(results, "results");
  return Array.isArray(list) || isObject(member(results, "table"));
}

/**
 * @param {unknown} value
 * @returns {import("./report.js").Import}
 */
function readPromptfoo(value) {
  const results = member(value, "results");
  const inner = member(results, "results");
  const [list, base] = Array.isArray(results) ? [results, "results"] : [inner, "results.results"];
  if (!Array.isArray(list)) throw new ImportError(`${mismatch("results.results", list, t("a list"))}.`);
  const problems = new Problems();
  /** @type {Map<string, Gatherer>} */
  const providers = new Map();
  list.forEach((row, index) => {
    readRow(row, `${base}[${index}]`, { providers, problems });
  });
  if (providers.size === 0)
    throw new ImportError(`${problems.list[0] ?? t("{path} is an empty list", { path: base })}.`);
  const date = textOf(member(results, "timestamp") ?? member(value, "createdAt"));
  const reports = [...providers].map(([model, gatherer]) => ({
    format: "promptfoo",
    model,
    date,
    args: [],
    entries: gatherer.entries,
  }));
  return { reports, problems: problems.done };
}

/**
 * @param {unknown} row
 * @param {string} path
 * @param {{providers: Map<string, Gatherer>, problems: Problems}} into
 */
function readRow(row, path, { providers, problems }) {
  if (!isObject(row)) return problems.add(mismatch(path, row, t("an object")));
  const prompt = member(row, "prompt");
  const raw = typeof prompt === "string" ? prompt : member(prompt, "raw");
  if (typeof raw !== "string") return problems.add(mismatch(`${path}.prompt.raw`, raw, t("text")));
  const provider = member(row, "provider");
  const model =
    typeof provider === "string"
      ? provider
      : textOf(member(provider, "label") || member(provider, "id")) || "unnamed provider";
  const output = member(member(row, "response"), "output") ?? member(row, "output");
  const failure = member(row, "error") ?? member(member(row, "response"), "error");
  if (output === undefined || output === null)
    problems.add(
      `${mismatch(`${path}.response.output`, output, t("text"))}${failure ? ` (${textOf(failure).slice(0, 200)})` : ""}`,
    );
  let gatherer = providers.get(model);
  if (!gatherer) {
    gatherer = new Gatherer();
    providers.set(model, gatherer);
  }
  const named = ["score", "success", "latencyMs"].filter((name) => Object.hasOwn(row, name));
  const facts = pairs(Object.fromEntries(named.map((name) => [name, row[name]])));
  gatherer.add(raw, "default", output === undefined || output === null ? null : textOf(output), facts);
}
