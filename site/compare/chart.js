/**
 * A chart of means with their intervals, over the distribution that they come from: a row for each report.
 * Loaded only when one is drawn, because the library that draws is larger than the rest of the page.
 */

import { endsOf, figure, withInterval } from "../reports/measures.js";
import { shortNumber } from "../ui/chart-data.js";
import { figure as chartFigure } from "../ui/chart-figure.js";
import { drawPlot, fitted, library, loadPlot, plotMargins, textWidth } from "../ui/chart-plot.js";
import { loadStyles } from "../ui/load-style.js";
import { tn } from "../ui/words.js";

const BARS = 40;
const NAME = 20; // the height of a row's name
const STRIP = 34; // of its bars
const MEAN = 20; // of its mean with the interval
const AXIS = 24;
const SIDE = 10; // left and right of the scale

/** @import { Format } from "../reports/measures.js" */
/** @import { Interval } from "../reports/measures.js" */
/** @typedef {{from: number, to: number}} Scale */

/**
 * @typedef {Object} Line one row of a chart
 * @property {string} name
 * @property {string} [letter]
 * @property {number} [hue]
 * @property {Interval} interval
 * @property {number[]} [values] the values that the mean is of
 *
 * @typedef {Object} Options
 * @property {string} title
 * @property {number} [reference] a value to mark
 * @property {Format} [format] of the means
 * @property {(value: number) => string} [tick] of the numbers at the axis
 * @property {HTMLElement | null} [details] the table below the chart; null if the page has it anyway
 */

/** Loads the styles of charts, once. */
export const loadStyle = () => loadStyles("ui/chart.css");

/**
 * @param {readonly Line[]} lines
 * @param {Options} options
 * @returns {HTMLElement}
 */
export function chart(lines, { title, reference, format = figure, tick = shortNumber, details }) {
  const scale = scaleOf(lines, reference);
  const rows = rowsOf(lines, scale);
  return chartFigure({
    title,
    hideTitle: true, // a heading above each chart says the same
    contents: tn(lines.length, "chart of {n} mean with intervals", "chart of {n} means with intervals"),
    draw: (width) => draw(rows, { width, scale, reference, format, tick }),
    table: {
      columns: ["name", "mean", "low", "high"],
      count: lines.length,
      row: (index) => {
        const { name, interval } = /** @type {Line} */ (lines[index]);
        return [name, interval.mean, interval.low ?? "", interval.high ?? ""];
      },
    },
    details,
  });
}

/**
 * @typedef {{from: number, to: number, count: number, share: number}} Bar
 * @typedef {Line & {bars: Bar[], top: number, base: number, middle: number}} Row in pixels from the top
 * @typedef {{
 *   width: number, scale: Scale, reference: number | undefined, format: Format,
 *   tick: (value: number) => string
 * }} Drawn
 */

/** @param {readonly Line[]} lines @param {Scale} scale @returns {Row[]} */
function rowsOf(lines, scale) {
  let top = 0;
  return lines.map((line) => {
    const { values = [] } = line;
    const base = top + NAME + (values.length > 0 ? STRIP : 0);
    const row = { ...line, bars: barsOf(values, scale), top, base, middle: base + MEAN / 2 };
    top = base + MEAN + 4;
    return row;
  });
}

/**
 * @param {Row[]} rows
 * @param {Drawn} options
 * @returns {import("../ui/chart-draw.js").Drawing}
 */
function draw(rows, { width, scale, reference, format, tick }) {
  const { gridX, ruleX } = library();
  const last = rows.at(-1);
  const bottom = last ? last.base + MEAN + 4 : 0;
  const height = bottom + AXIS;
  const svg = drawPlot({
    width,
    height,
    ...plotMargins({ top: 0, right: SIDE, bottom: AXIS, left: SIDE }),
    x: { domain: [scale.from, scale.to], label: null, tickFormat: tick, tickSize: 0, tickSpacing: 90 },
    y: { domain: [0, bottom], range: [0, bottom], axis: null },
    marks: [
      gridX({ stroke: "var(--line)", strokeOpacity: 1, tickSpacing: 90 }),
      reference === undefined
        ? null
        : ruleX([reference], {
            stroke: "var(--line-strong)",
            strokeDasharray: "4 3",
            className: "reference",
          }),
      ...rows.flatMap((row) => rowMarks(row, { width, format })),
    ],
  });
  const x = svg.scale("x");
  return { svg, groups: rows.map((row) => groupOf(row, x, format)) };
}

/** @param {Row} row @param {{width: number, format: Format}} options */
function rowMarks({ name, letter, hue, interval, bars, top, base, middle }, { width, format }) {
  const { dot, link, rect, text } = library();
  const mean = format(interval.mean);
  const words = letter ? `${letter} · ${name}` : name;
  const shown = fitted(words, width - 2 * SIDE - textWidth(mean) - 24);
  const heading = { y: [top + NAME / 2 + 2], fill: "var(--ink)" };
  const fill = hue === undefined ? "var(--chart-1)" : barColor(hue);
  const [low, high] = endsOf(interval);
  const across = { y1: [middle], y2: [middle], x1: [low], x2: [high] };
  return [
    rect(bars, {
      x1: "from",
      x2: "to",
      y1: (/** @type {Bar} */ { share }) => base - (STRIP - 4) * share,
      y2: () => base,
      fill,
      className: "bars",
    }),
    link([0], { ...across, stroke: "var(--ink)", strokeWidth: 3, className: "interval" }),
    dot([0], {
      x: [interval.mean],
      y: [middle],
      r: 5,
      fill: "var(--ink)",
      stroke: "var(--chart-paper)",
      strokeWidth: 1.5,
      className: "mean",
    }),
    text([shown], { ...heading, frameAnchor: "left", textAnchor: "start", dx: -SIDE, className: "name" }),
    text([mean], {
      ...heading,
      frameAnchor: "right",
      textAnchor: "end",
      dx: SIDE,
      fontWeight: 600,
      className: "value",
    }),
  ];
}

/** The colour of a report in both themes. @param {number} hue */
function barColor(hue) {
  const colors = `light-dark(oklch(0.72 0.1 ${hue}), oklch(0.56 0.09 ${hue}))`;
  return `color-mix(in oklab, ${colors}, ${colors})`; // Plot does not know light-dark() alone
}

/**
 * The cursor finds the mean first, then the bars.
 * @param {Row} row
 * @param {import("../vendor/plot.js").Scale} x
 * @param {(value: number) => string} format
 */
function groupOf({ name, interval, bars, base, middle }, x, format) {
  return {
    summed: true,
    keys: [0, ...bars.map((_, index) => index + 1)],
    x: [x.apply(interval.mean), ...bars.map(({ from, to }) => x.apply((from + to) / 2))],
    y: [middle, ...bars.map(({ share }) => base - (STRIP - 4) * share)],
    words: (/** @type {number} */ key) => {
      const bar = bars[key - 1];
      if (!bar) return `${name}: ${withInterval(interval, format)}`;
      const [from, to] = [format(bar.from), format(bar.to)];
      return tn(bar.count, "{name}, {from} to {to}: {n} output", "{name}, {from} to {to}: {n} outputs", {
        name,
        from,
        to,
      });
    },
  };
}

/**
 * The bars of the histogram that are not empty; the highest has a share of 1. Values beyond an end count in
 * the bar there.
 * @param {number[]} values
 * @param {Scale} scale
 * @returns {Bar[]}
 */
export function barsOf(values, { from, to }) {
  const counts = new Array(BARS).fill(0);
  for (const value of values) {
    const index = Math.floor(((value - from) / (to - from)) * BARS);
    counts[Math.min(BARS - 1, Math.max(0, index))]++;
  }
  const most = Math.max(1, ...counts);
  const width = (to - from) / BARS;
  const bars = counts.map((count, index) => ({
    from: from + index * width,
    to: from + (index + 1) * width,
    count,
    share: Math.max(0.06, count / most),
  }));
  return bars.filter(({ count }) => count > 0);
}

/**
 * A scale that covers all intervals, and the values without the farthest 1% on each side.
 * @param {readonly Line[]} lines @param {number} [reference] @returns {Scale}
 */
export function scaleOf(lines, reference) {
  const ends = lines.flatMap(({ interval, values = [] }) => {
    const sorted = [...values].sort((a, b) => a - b);
    const edge = Math.floor(sorted.length / 100);
    return [...endsOf(interval), ...sorted.slice(edge, edge + 1), ...sorted.slice(-1 - edge).slice(0, 1)];
  });
  if (reference !== undefined) ends.push(reference);
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  return from < to ? { from, to } : { from: from - 0.5, to: to + 0.5 };
}

await loadPlot();
