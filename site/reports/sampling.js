/**
 * Sampling reports, as Open Assistant's sampling script and `goosequill report` write them:
 * {model_name, date, args, prompts: [{prompt, results: [{sampling_config, sampling_params, outputs:
 * [text]}]}]}
 * `sampling` reads them; `writeSampling` is the only place in JavaScript that writes them.
 */

import { t } from "../ui/words.js";
import { ImportError, isObject, member, mismatch, Problems, pairs, textOf } from "./report.js";

/** @import { Entry, Result } from "./report.js" */

/** @type {import("./report.js").DocumentFormat} */
export const sampling = {
  kind: "document",
  title: () => t("sampling reports"),
  shape: "an object with `prompts`",
  matches: (value) => isObject(value) && Object.hasOwn(value, "prompts") && !Object.hasOwn(value, "results"),
  read: readSampling,
};

/**
 * @param {unknown} value
 * @param {import("./report.js").DocumentOptions} options
 * @returns {import("./report.js").Import}
 */
function readSampling(value, { fallbackName, truncated = false }) {
  const prompts = member(value, "prompts");
  if (!Array.isArray(prompts)) throw new ImportError(`${mismatch("prompts", prompts, t("a list"))}.`);
  const problems = new Problems();
  const entries = prompts.flatMap((item, index) => {
    const last = truncated && index === prompts.length - 1;
    return readEntry(item, `prompts[${index}]`, last ? new Problems() : problems);
  });
  if (entries.length === 0 && prompts.length > 0) {
    throw new ImportError(
      `${problems.list[0] ?? t("{path} is incomplete", { path: "prompts[0]" })}.`,
      t("No prompt in the file could be read."),
    );
  }
  if (prompts.length === 0) problems.add(t("{path} is an empty list", { path: "prompts" }));
  const name = member(value, "model_name");
  if (typeof name !== "string" || name === "")
    problems.add(
      t("{problem}; the file's name is shown instead", { problem: mismatch("model_name", name, t("text")) }),
    );
  const report = {
    format: t("sampling report"),
    model: typeof name === "string" && name !== "" ? name : fallbackName,
    date: textOf(member(value, "date") ?? member(value, "datetime")),
    args: pairs(member(value, "args")),
    entries,
  };
  return { reports: [report], problems: problems.done };
}

/** @param {unknown} item @param {string} path @param {Problems} problems @returns {Entry[]} */
function readEntry(item, path, problems) {
  if (!isObject(item)) {
    problems.add(mismatch(path, item, t("an object")));
    return [];
  }
  const prompt = member(item, "prompt");
  const results = member(item, "results");
  if (typeof prompt !== "string") {
    problems.add(mismatch(`${path}.prompt`, prompt, t("text")));
    return [];
  }
  if (!Array.isArray(results)) {
    problems.add(mismatch(`${path}.results`, results, t("a list")));
    return [{ prompt, results: [] }];
  }
  return [
    {
      prompt,
      results: results.flatMap((result, i) => readResult(result, `${path}.results[${i}]`, problems)),
    },
  ];
}

/** @param {unknown} item @param {string} path @param {Problems} problems @returns {Result[]} */
function readResult(item, path, problems) {
  if (!isObject(item)) {
    problems.add(mismatch(path, item, t("an object")));
    return [];
  }
  const outputs = member(item, "outputs");
  if (!Array.isArray(outputs)) {
    problems.add(mismatch(`${path}.outputs`, outputs, t("a list")));
    return [];
  }
  const config = member(item, "sampling_config");
  if (typeof config !== "string")
    problems.add(
      t('{problem}; shown as "unnamed"', { problem: mismatch(`${path}.sampling_config`, config, t("text")) }),
    );
  const texts = outputs.map((output, i) => {
    if (typeof output === "string") return output;
    problems.add(mismatch(`${path}.outputs[${i}]`, output, t("text")));
    return null;
  });
  return [
    {
      config: typeof config === "string" ? config : "unnamed",
      params: pairs(member(item, "sampling_params")),
      outputs: texts,
    },
  ];
}

/**
 * A report as the object of a sampling report; reading it gives the same report back.
 * @param {import("./report.js").Report} report
 */
export function writeSampling({ model, date, args, entries }) {
  return {
    model_name: model,
    date,
    args: Object.fromEntries(args), // as own members, even one called __proto__
    prompts: entries.map(({ prompt, results }) => ({
      prompt,
      results: results.map(({ config, params, outputs }) => ({
        sampling_config: config,
        sampling_params: Object.fromEntries(params),
        outputs,
      })),
    })),
  };
}

/** The same as the text of a file. @param {import("./report.js").Report} report */
export function samplingText(report) {
  return `${JSON.stringify(writeSampling(report), null, 2)}\n`;
}
