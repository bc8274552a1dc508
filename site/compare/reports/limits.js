/**
 * How much the page holds. A file beyond a limit is refused with both figures: a tab that runs out of memory
 * is lost with all that is open in it. The largest public report has 263 prompts and 3,000 outputs.
 */

import { counted, number } from "../../ui/dom.js";
import { ImportError } from "./report.js";

export const LIMITS = Object.freeze({
  /** Of a file, unpacked. Reading it takes several times as much memory. */
  bytes: 64 * 1024 * 1024,
  /** Of one report. */
  prompts: 100_000,
  /** Prompts of all reports of a file. */
  entries: 200_000,
  outputs: 200_000,
  configs: 1000,
  /** Each is a column of the page. */
  models: 100,
  /** Rows times columns of a table; the cells that a row lacks count too. */
  cells: 5_000_000,
  votes: 100_000,
  /** Of all prompts and outputs: some formats repeat a question for every turn of its answer. */
  characters: 128 * 1024 * 1024,
});

const NAMES = Object.freeze({
  prompts: "prompts",
  entries: "prompts in all its reports",
  outputs: "outputs",
  configs: "sampling configurations",
  models: "models",
  cells: "cells",
  votes: "votes",
  characters: "characters of text",
});

/**
 * @param {keyof typeof NAMES} name
 * @param {number} count
 * @param {{holder?: string, remedy?: string}} [options]
 * @throws {ImportError} if there are more than the limit
 */
export function checkLimit(name, count, { holder = "The file has", remedy = "Split it first." } = {}) {
  if (count <= LIMITS[name]) return;
  throw new ImportError(
    `${holder} ${number(count)} ${NAMES[name]}, but this page shows at most ${number(LIMITS[name])}.`,
    remedy,
  );
}

/**
 * Whether a table may be read, before each of its rows gets every column.
 * @param {number} rows
 * @param {number} columns
 */
export function checkCells(rows, columns) {
  const holder = `The table has ${counted(rows, "row")} of ${counted(columns, "column")}, which are`;
  checkLimit("cells", rows * columns, { holder });
}

/** Whether what a file contains may be shown. @param {readonly import("./report.js").Report[]} reports */
export function checkReports(reports) {
  checkLimit("models", reports.length);
  /** @type {Set<string>} */
  const configs = new Set();
  let [prompts, all, outputs] = [0, 0, 0];
  for (const { entries } of reports) {
    prompts = Math.max(prompts, entries.length);
    all += entries.length;
    for (const { results } of entries) {
      for (const result of results) {
        configs.add(result.config);
        outputs += result.outputs.length;
      }
    }
  }
  checkLimit("prompts", prompts);
  checkLimit("entries", all);
  checkLimit("outputs", outputs);
  checkLimit("configs", configs.size);
}
