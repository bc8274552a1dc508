/**
 * The report that a live column grows: which outputs are still missing, and where the next one goes. No page.
 */

import { pairs } from "../reports/report.js";
import { t } from "../ui/words.js";

/** @import { Report, Result, Scalar } from "../reports/report.js" */
/**
 * @typedef {{name: string, title: string, before: string, between: string, after: string, stop: string[]}}
 *   Template one of ui/decoding.json
 * @typedef {Record<string, any> & {signal: AbortSignal}} WritingOptions the decoder's settings for one text
 * @typedef {{text: string, logprob?: number, finish_reason?: string}} Piece of an output as it is written
 * What writes a column: in this page or on a server. `source` differs where a column of its own is needed,
 * `params` are the settings that count.
 * @typedef {{
 *   source: unknown, name: string, args: [string, Scalar][], params: Record<string, any>, notices?: string[],
 *   model?: import("../engine/client.js").Model,
 *   write: (prompt: string, template: Template, options: WritingOptions) => AsyncIterable<Piece>
 * }} Writer
 * @typedef {{source: string, writtenBy: unknown, report: Report}} LiveReport `source` is the column's name
 *   beside those that the same model wrote
 * @typedef {{before: string, repeated: string, after: string, words: number, times: number}} Loop a text with
 *   a passage of so many words that occurs so often in a row (goosequill.evaluation.text_metrics.loops)
 * @typedef {Object} Facts what is known of a text that was written in the page
 * @property {number} tokens
 * @property {number} seconds from the first token to the last, 0 if unknown
 * @property {import("../reports/measures.js").Measures} measures
 * @property {Loop | null} loop where the text repeats itself
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

/** Decoders' names; a number tells those with the same settings apart. @param {readonly string[]} names */
export function numbered(names) {
  return names.map((name, at) => {
    const earlier = names.slice(0, at).filter((other) => other === name).length;
    return earlier ? `${name} (${earlier + 1})` : name;
  });
}

/** What several live columns have written, as one report. @param {readonly {report: Report}[]} columns */
export function joined(columns) {
  const [first] = /** @type {[{report: Report}]} */ (columns);
  const whole = { ...first.report, entries: /** @type {Report["entries"]} */ ([]) };
  for (const { report } of columns)
    for (const { prompt, results } of report.entries) {
      const written = results.filter(({ outputs }) => outputs.length > 0);
      const entry = whole.entries.find((one) => one.prompt === prompt);
      if (entry) entry.results.push(...written);
      else if (written.length) whole.entries.push({ prompt, results: written });
    }
  return whole;
}

/**
 * The columns of texts that were written earlier (scripts/example.py).
 * @param {any} example
 * @param {(prompt: string, text: string, facts: Facts) => void} onText
 * @returns {LiveReport[]}
 */
export function exampleOf({ model_name: name = "", prompts = [] }, onText) {
  const [{ prompt = "", results = [] } = {}] = prompts;
  return results.map((/** @type {any} */ { sampling_config: config, sampling_params, outputs, ...known }) => {
    const { logprobs, ...params } = sampling_params;
    const report = newReport({ name, args: [["engine", "goosequill"]] });
    Object.assign(resultFor(report, prompt, { config, params: pairs(params) }), { outputs });
    const [measures, loop] = [known.measures[0], known.loops[0] ?? null];
    onText(prompt, outputs[0], { tokens: logprobs.length, seconds: 0, measures, loop });
    return { source: config, writtenBy: null, report };
  });
}
