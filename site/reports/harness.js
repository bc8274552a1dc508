/**
 * Samples of lm-evaluation-harness, one JSON object per line:
 * {doc_id, doc, target, arguments, resps: [[text]], filtered_resps: [text], ...metrics}
 */

import { t } from "../ui/words.js";
import { Gatherer } from "./gatherer.js";
import { ImportError, isObject, member, mismatch, textOf } from "./report.js";

/** @type {import("./report.js").LineFormat} */
export const harness = {
  kind: "lines",
  title: () => t("lm-evaluation-harness samples"),
  shape: "a JSON object a line, with `resps` or `filtered_resps`",
  matches: (value) => Object.hasOwn(value, "resps") || Object.hasOwn(value, "filtered_resps"),
  read: readHarness,
};

/**
 * @param {import("./report.js").Line[]} lines
 * @param {import("./report.js").LineOptions} options
 * @returns {import("./report.js").Import}
 */
function readHarness(lines, { fallbackName, problems }) {
  const gatherer = new Gatherer();
  for (const { value, path } of lines) {
    const prompt = harnessPrompt(value);
    if (prompt === null) {
      problems.add(mismatch(`${path}.arguments`, undefined, ""));
      continue;
    }
    const responses = value.resps ?? value.filtered_resps;
    if (!Array.isArray(responses)) {
      problems.add(mismatch(`${path}.resps`, responses, t("a list")));
      continue;
    }
    const facts = /** @type {[string, import("./report.js").Scalar][]} */ (
      ["target", "exact_match", "acc", "acc_norm", "f1", "bleu"].flatMap((name) =>
        Object.hasOwn(value, name) ? [[name, textOf(value[name])]] : [],
      )
    );
    const config = typeof value.filter === "string" ? value.filter : "default";
    for (const text of responses.flatMap((response) => responseTexts(response)))
      gatherer.add(prompt, config, text, facts);
  }
  if (gatherer.size === 0) throw new ImportError(`${problems.list[0] ?? t("No sample has a response")}.`);
  const model = fallbackName.replace(/^samples_/, "").replace(/\.jsonl(\.gz)?$/, "");
  return {
    reports: [{ format: "lm-evaluation-harness", model, date: "", args: [], entries: gatherer.entries }],
    problems: problems.done,
  };
}

/**
 * Choices of a multiple-choice task come as [log-likelihood, is greedy].
 * @param {unknown} response
 * @param {number} [depth]
 * @returns {string[]}
 */
function responseTexts(response, depth = 0) {
  if (!Array.isArray(response) || depth > 8) return [textOf(response)];
  if (response.length === 2 && typeof response[0] !== "string" && !Array.isArray(response[0]))
    return [`log-likelihood ${textOf(response[0])}`];
  return response.flatMap((part) => responseTexts(part, depth + 1));
}

/** @param {Record<string, unknown>} value @returns {string | null} */
function harnessPrompt(value) {
  const args = value.arguments;
  let first = Array.isArray(args) ? args[0] : args;
  if (isObject(first))
    first = member(first, "arg_0") ?? member(member(first, "gen_args_0"), "arg_0") ?? Object.values(first)[0];
  if (Array.isArray(first)) first = first[0];
  if (isObject(first)) first = member(first, "arg_0");
  if (typeof first === "string") return first;
  const doc = value.doc;
  const found = ["question", "query", "prompt", "input", "text"]
    .map((name) => member(doc, name))
    .find((text) => typeof text === "string");
  return typeof found === "string" ? found : doc === undefined ? null : textOf(doc);
}
