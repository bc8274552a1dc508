/**
 * The texts of decoders side by side as a report, in the comparer's form, from which every file format is
 * written.
 */

import { collate } from "../reports/collate.js";
import { pairs } from "../reports/report.js";

/** @import { Report } from "../reports/report.js" */
/** @import { DecoderColumn } from "./decoder-column.js" */

/**
 * @param {{model: string, seed: number, prompts: readonly string[], columns: readonly DecoderColumn[]}}
 *   written
 * @returns {Report}
 */
export function reportOf({ model, seed, prompts, columns }) {
  const names = configNames(columns);
  const entries = prompts.map((prompt, number) => ({
    prompt,
    results: columns.flatMap(({ results }, at) => {
      const result = results.get(number);
      if (!result) return [];
      const params = pairs({ ...result.settings, finish_reason: result.finish });
      return [{ config: /** @type {string} */ (names[at]), params, outputs: [result.text] }];
    }),
  }));
  return {
    format: "sampling report",
    model,
    date: new Date().toISOString(),
    args: [
      ["generator", "goosequill"],
      ["seed", seed],
    ],
    entries: entries.filter(({ results }) => results.length > 0),
  };
}

/**
 * What reports call the columns; a number tells those with the same settings apart.
 * @param {readonly DecoderColumn[]} columns
 */
export function configNames(columns) {
  return columns.map(({ choice: { name } }, at) => {
    const earlier = columns.slice(0, at).filter(({ choice }) => choice.name === name).length;
    return earlier ? `${name} (${earlier + 1})` : name;
  });
}

/**
 * A report as the only column of the comparer, for its file formats.
 * @param {Report} report
 * @returns {import("../reports/export.js").Shown}
 */
export function shownOf(report) {
  const table = collate([{ id: "side", source: "side by side", report }]);
  return { ...table, view: { config: "", sample: 0, group: false } };
}
