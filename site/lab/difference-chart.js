/** The chart of differences with their intervals, and those of each seed, that two experiments have. */

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

/** The dots of single seeds. @param {string[]} names @param {Difference[]} found */
function seeds(names, found) {
  return {
    name: "each seed",
    kind: /** @type {"points"} */ ("points"),
    muted: true,
    x: found.flatMap(({ values = [] }) => values),
    y: found.flatMap(({ values = [] }, at) => values.map(() => names[at])),
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
  const each = seeds(names, found);
  return chart({
    title,
    x: { label: "difference of the loss (left of 0 is better)", format: signed, ...(domain && { domain }) },
    y: { label, scale: "band", domain: names },
    height: 60 + row * names.length,
    rules: [{ x: 0, label: zero }],
    series: [
      ...(each.x.length > 0 ? [each] : []),
      { name: "mean, with its interval", kind: "points", y: names, ...intervals(found) },
    ],
  });
}
