/**
 * The report that a live column grows: which outputs are still missing, and where the next one goes. No page.
 */

import { t } from "../ui/words.js";

/** @import { Report, Result, Scalar } from "../reports/report.js" */
/**
 * @typedef {{name: string, title: string, before: string, between: string, after: string, stop: string[]}}
 *   Template one of ui/decoding.json
 * @typedef {Record<string, any> & {signal: AbortSignal}} WritingOptions the decoder's settings for one text
 * What writes a column: in this page or on a server. `source` differs where a column of its own is needed,
 * `params` are the settings that count.
 * @typedef {{
 *   source: unknown, name: string, args: [string, Scalar][], params: Record<string, any>,
 *   write: (prompt: string, template: Template, options: WritingOptions) => AsyncIterable<string>
 * }} Writer
 */

/** @param {Pick<Writer, "name" | "args">} writer @returns {Report} */
export function newReport({ name, args }) {
  return {
    format: t("live column"),
    model: `${name} (live)`,
    date: new Date().toISOString(),
    args,
    entries: [],
  };
}

/**
 * The prompts that still lack outputs under the configuration.
 * @param {Report} report
 * @param {string[]} prompts
 * @param {{config: string, samples: number}} options
 */
export function unwritten(report, prompts, { config, samples }) {
  const counts = new Map(
    report.entries.map(({ prompt, results }) => [
      prompt,
      results.find((one) => one.config === config)?.outputs.length ?? 0,
    ]),
  );
  return prompts.filter((prompt) => (counts.get(prompt) ?? 0) < samples);
}

/**
 * The result that a prompt's outputs go into; created if it does not exist.
 * @param {Report} report
 * @param {string} prompt
 * @param {{config: string, params: [string, Scalar][]}} options
 * @returns {Result}
 */
export function resultFor(report, prompt, { config, params }) {
  let entry = report.entries.find((one) => one.prompt === prompt);
  if (!entry) {
    entry = { prompt, results: [] };
    report.entries.push(entry);
  }
  let result = entry.results.find((one) => one.config === config);
  if (!result) {
    result = { config, params, outputs: [] };
    entry.results.push(result);
  }
  return result;
}

/**
 * A prompt as the model reads it; what separates messages must not occur inside one.
 * @param {Template} template
 * @param {string} prompt
 */
export function withTemplate({ before, between, after }, prompt) {
  if (!between) return before + prompt + after;
  const parts = prompt.split(between).map((part) => part.trim());
  return before + parts.filter(Boolean).join("\n") + after;
}
