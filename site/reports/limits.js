/**
 * How much the page holds. A file beyond a limit is refused with both figures: a tab that runs out of memory
 * is lost with all that is open in it. The largest public report has 263 prompts and 3,000 outputs.
 */

import { t, tn } from "../ui/words.js";
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

/** @typedef {Exclude<keyof typeof LIMITS, "bytes">} Limit */
/** @typedef {{amount: string, limit: number}} Excess how much there is: "101 models", and how much may be */

/** So many of what is limited. @param {Limit} name @param {number} count */
function amountOf(name, count) {
  return {
    prompts: t("{count} prompts", { count }),
    entries: t("{count} prompts in all its reports", { count }),
    outputs: t("{count} outputs", { count }),
    configs: t("{count} sampling configurations", { count }),
    models: t("{count} models", { count }),
    cells: t("{count} cells", { count }),
    votes: t("{count} votes", { count }),
    characters: t("{count} characters of text", { count }),
  }[name];
}

/** @param {Excess} excess */
function inFile(excess) {
  return t("The file has {amount}, but this page shows at most {limit}.", excess);
}

/**
 * @param {Limit} name
 * @param {number} count
 * @param {{sentence?: (excess: Excess) => string, remedy?: string}} [options]
 * @throws {ImportError} if there are more than the limit
 */
export function checkLimit(name, count, { sentence = inFile, remedy = t("Split it first.") } = {}) {
  const limit = LIMITS[name];
  if (count > limit) throw new ImportError(sentence({ amount: amountOf(name, count), limit }), remedy);
}

/**
 * Whether a table may be read, before each of its rows gets every column.
 * @param {number} rows
 * @param {number} columns
 */
export function checkCells(rows, columns) {
  const sentence = (/** @type {Excess} */ excess) =>
    tn(
      columns,
      "The table has {rows} rows of {n} column, which are {amount}, but this page shows at most {limit}.",
      "The table has {rows} rows of {n} columns, which are {amount}, but this page shows at most {limit}.",
      { rows, ...excess },
    );
  checkLimit("cells", rows * columns, { sentence });
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
