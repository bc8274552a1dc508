/** The chart of differences with their intervals that two experiments have. */

import { chart } from "../ui/chart.js";
import { signed } from "./findings.js";

/** @import { Difference } from "./findings.js" */

/** For `points` of a chart. @param {Difference[]} found */
function intervals(found) {
  return {
    x: found.map(({ mean }) => mean),
    low: found.map(({ low }) => low),
    high: found.map(({ high }) => high),
  };
}

/**
 * Differences of the loss with their intervals, one below the other.
 * @param {{
 *   title: string, label: string, names: string[], found: Difference[], zero: string, row: number,
 *   domain?: [number, number]
 * }} options `label`: what the names are; `zero`: what 0 is; `row`: pixels for each
 */
export function differenceChart({ title, label, names, found, zero, row, domain }) {
  return chart({
    title,
    x: { label: "difference of the loss (left of 0 is better)", format: signed, ...(domain && { domain }) },
    y: { label, scale: "band", domain: names },
    height: 60 + row * names.length,
    rules: [{ x: 0, label: zero }],
    series: [{ name: "difference", kind: "points", y: names, ...intervals(found) }],
  });
}
