/** Means with their intervals beside single seeds or data sets: charts of several experiments. */

import { chart } from "../ui/chart.js";
import { signed } from "./findings.js";

/** @import { Difference } from "./findings.js" */

/** @typedef {{rmse: number, rmse_half_width: number, rmse_median: number, errors: number[]}} Errors */

/** For `points` of a chart. @param {Difference[]} found */
function intervals(found) {
  return {
    x: found.map(({ mean }) => mean),
    low: found.map(({ low }) => low),
    high: found.map(({ high }) => high),
  };
}

/**
 * Grey dots of single seeds, as a series of a chart.
 * @param {string[]} names @param {number[][]} values of each name
 * @param {{name?: string, isRow?: boolean}} [options] `isRow`: each name is a row, not a column
 */
export function dots(names, values, { name = "each seed", isRow = false } = {}) {
  const kind = /** @type {"points"} */ ("points");
  const repeated = values.flatMap((each, at) => each.map(() => names[at]));
  const [x, y] = isRow ? [values.flat(), repeated] : [repeated, values.flat()];
  return { name, kind, muted: true, x, y };
}

/**
 * Mean errors with their intervals, medians, and single errors, one row for each method.
 * @param {{label: string, value: Errors}[]} rows
 */
export function errorSeries(rows) {
  const kind = /** @type {"points"} */ ("points");
  const y = rows.map(({ label }) => label);
  const numbers = (/** @type {(value: Errors) => number} */ of) => rows.map(({ value }) => of(value));
  return [
    dots(
      y,
      rows.map(({ value }) => value.errors),
      { name: "each of the first data sets", isRow: true },
    ),
    {
      name: "mean, with its 95% interval",
      kind,
      y,
      x: numbers(({ rmse }) => rmse),
      low: numbers(({ rmse, rmse_half_width: half }) => rmse - half),
      high: numbers(({ rmse, rmse_half_width: half }) => rmse + half),
    },
    { name: "median", kind, y, x: numbers(({ rmse_median: median }) => median) },
  ];
}

/**
 * Differences of the loss with their intervals, one below the other.
 * @param {{
 *   title: string, label: string, names: string[], found: Difference[], zero: string, row: number,
 *   domain?: [number, number]
 * }} options `label`: what the names are; `zero`: what 0 is; `row`: pixels for each
 */
export function differenceChart({ title, label, names, found, zero, row, domain }) {
  const each = found.map(({ values = [] }) => values);
  return chart({
    title,
    x: { label: "difference of the loss (left of 0 is better)", format: signed, ...(domain && { domain }) },
    y: { label, scale: "band", domain: names },
    height: 60 + row * names.length,
    rules: [{ x: 0, label: zero }],
    series: [
      dots(names, each, { isRow: true }),
      { name: "mean, with its interval", kind: "points", y: names, ...intervals(found) },
    ],
  });
}
