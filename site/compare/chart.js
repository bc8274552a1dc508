/**
 * A chart of means with their intervals, over the distribution that they come from. The page always has the
 * numbers in a table too, so the drawing is hidden from screen readers. Widths are shares of the container,
 * so that it is
 * as readable at 360 pixels as at 1280.
 */

import { element } from "../ui/dom.js";
import { figure } from "./measures.js";

const SVG = "http://www.w3.org/2000/svg";
const BARS = 40;

/** @typedef {{mean: number, low: number, high: number}} Interval */
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
 * @property {number} [reference] a value to mark
 * @property {(value: number) => string} [format] of the means
 * @property {(value: number) => string} [tick] of the numbers at the axis
 */

/**
 * @param {readonly Line[]} lines
 * @param {Options} [options]
 * @returns {HTMLElement}
 */
export function chart(lines, { reference, format = figure, tick = String } = {}) {
  const scale = scaleOf(lines, reference);
  const ticks = ticksOf(scale);
  return element(
    "div",
    { class: "chart", "aria-hidden": true },
    ...lines.map((line) => lineElement(line, { scale, ticks, reference, format })),
    axis(scale, ticks, tick),
  );
}

/**
 * @param {Line} line
 * @param {{scale: Scale, ticks: number[], reference: number | undefined, format: (value: number) => string}}
 *   options
 */
function lineElement({ name, letter, hue, interval, values = [] }, { scale, ticks, reference, format }) {
  const strip = svg("strip", values.length > 0 ? 52 : 22);
  const middle = values.length > 0 ? 42 : 11;
  for (const tick of ticks) strip.append(upright("grid", at(tick, scale)));
  bars(values, scale).forEach((share, index) => {
    if (share > 0)
      strip.append(
        shape("rect", {
          class: "bar-of-chart",
          x: `${2 + (96 * index) / BARS}%`,
          width: `${96 / BARS}%`,
          y: 34 - 32 * share,
          height: 32 * share,
        }),
      );
  });
  if (reference !== undefined) strip.append(upright("reference", at(reference, scale)));
  const [low, high] = [at(interval.low, scale), at(interval.high, scale)];
  strip.append(shape("line", { class: "range", x1: low, x2: high, y1: middle, y2: middle }));
  strip.append(shape("circle", { class: "mean", cx: at(interval.mean, scale), cy: middle, r: 5 }));
  const line = element(
    "div",
    { class: "chart-line" },
    element(
      "p",
      {},
      letter ? element("span", { class: "badge" }, letter) : null,
      element("span", { class: "chart-name" }, name),
      element("strong", {}, format(interval.mean)),
    ),
  );
  line.append(strip);
  if (hue !== undefined) line.style.setProperty("--hue", String(hue));
  return line;
}

/**
 * The height of each bar of the histogram, the highest 1. Values beyond an end count in the bar there.
 * @param {number[]} values
 * @param {Scale} scale
 */
export function bars(values, { from, to }) {
  const counts = new Array(BARS).fill(0);
  for (const value of values) {
    const index = Math.floor(((value - from) / (to - from)) * BARS);
    counts[Math.min(BARS - 1, Math.max(0, index))]++;
  }
  const most = Math.max(1, ...counts);
  return counts.map((count) => (count === 0 ? 0 : Math.max(0.06, count / most)));
}

/**
 * A scale that covers all intervals, and the values without the farthest 1% on each side.
 * @param {readonly Line[]} lines @param {number} [reference] @returns {Scale}
 */
export function scaleOf(lines, reference) {
  const ends = lines.flatMap(({ interval, values = [] }) => {
    const sorted = [...values].sort((a, b) => a - b);
    const edge = Math.floor(sorted.length / 100);
    return [
      interval.low,
      interval.high,
      ...sorted.slice(edge, edge + 1),
      ...sorted.slice(-1 - edge).slice(0, 1),
    ];
  });
  if (reference !== undefined) ends.push(reference);
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  return from < to ? { from, to } : { from: from - 0.5, to: to + 0.5 };
}

/** Three to seven round numbers. @param {Scale} scale */
export function ticksOf({ from, to }) {
  const rough = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(from / step - 1e-9);
  const count = Math.floor(to / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/** @param {Scale} scale @param {number[]} ticks @param {(value: number) => string} format */
function axis(scale, ticks, format) {
  const drawing = svg("axis", 18);
  for (const tick of ticks) {
    const label = shape("text", { x: at(tick, scale), y: 13, "text-anchor": "middle" });
    label.textContent = format(tick);
    drawing.append(label);
  }
  return drawing;
}

/** @param {number} value @param {Scale} scale */
function at(value, { from, to }) {
  return `${(2 + 96 * Math.min(1, Math.max(0, (value - from) / (to - from)))).toFixed(2)}%`;
}

/** @param {string} name @param {number} height */
function svg(name, height) {
  return shape("svg", { class: name, width: "100%", height });
}

/** @param {string} name @param {string} x */
function upright(name, x) {
  return shape("line", { class: name, x1: x, x2: x, y1: 0, y2: "100%" });
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function shape(name, attributes) {
  const created = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, String(value));
  return created;
}

/** @param {Interval} interval @param {(value: number) => string} [format] */
export function withInterval({ mean, low, high }, format = figure) {
  return `${format(mean)} (${format(low)} to ${format(high)})`;
}
