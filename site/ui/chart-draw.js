/**
 * Draws a chart at a width: axes, series, rules; and lists what a cursor can point at.
 */

import { share, shortNumber, thinLine, thinPoints, valueWords } from "./chart-data.js";
import { seriesMarks } from "./chart-marks.js";
import { axisName, drawPlot, fitted, library, plotMargins, textWidth, widestTick } from "./chart-plot.js";
import { svgElement } from "./svg.js";

/** @import { Axis, Series } from "./chart-data.js" */
/** @import { Layout } from "./chart-layout.js" */
/** @import { Margins } from "./chart-plot.js" */

/**
 * @typedef {Object} Group what a cursor can point at in one series or row, from left to right
 * @property {number[]} x in pixels
 * @property {number[]} y
 * @property {number[]} keys what each is in the data, whatever the width
 * @property {(key: number) => string} words
 * @property {boolean} [summed] whether the first one sums up the others
 *
 * @typedef {{svg: SVGSVGElement, groups: Group[], sideways?: boolean}} Drawing sideways: points go downward
 * @typedef {{
 *   indices: ArrayLike<number>, shift: number, insets: [number, number], reach: [number, number]
 * }} Slot
 */

const ROW = 16; // the height of a line of text
const TICKS = { x: 75, y: 42 }; // pixels from one to the next, about
const PADDING = 0.2; // of bands, as a share

/**
 * @param {Layout} layout
 * @param {number} width
 * @returns {Drawing}
 */
export function drawChart(layout, width) {
  const { spec } = layout;
  const height = spec.height ?? Math.round(Math.min(340, Math.max(230, width * 0.52)));
  /** @type {Margins} */
  const margins = {
    top: spec.y.label ? ROW + 6 : 8,
    right: 16,
    bottom: (spec.x.label ? 2 * ROW : ROW) + (layout.x.kind === "time" ? ROW : 0) + 10,
    left: 40,
  };
  const names = bandNames(layout, width, margins);
  const labels = ruleRows(layout, width - margins.left - margins.right);
  margins.top += labels.rows * ROW;
  const indices = spec.series.map((one) => drawnIndices(one, layout, { width: width - 40, height }));
  const draw = () =>
    plotted(layout, { width, height: height + names.extra, margins, labels, names, indices });
  let drawn = draw();
  if (layout.y.kind !== "band") {
    const left = Math.max(32, Math.ceil(widestTick(drawn.svg, "y")) + 14);
    if (left !== margins.left) {
      margins.left = left;
      drawn = draw();
    }
  }
  if (layout.overflows) clip(drawn.svg, { width, height: height + names.extra, margins });
  return drawn;
}

/**
 * @param {Layout} layout
 * @param {{
 *   width: number, height: number, margins: Margins, labels: Labels, names: Names,
 *   indices: ArrayLike<number>[]
 * }} size
 * @returns {Drawing}
 */
function plotted(layout, { width, height, margins, labels, names, indices }) {
  const { spec, sideways } = layout;
  const { frame, ruleX, ruleY } = library();
  const slots = slotsOf(layout, { width, height, margins, indices });
  const alone = spec.series.filter(({ muted }) => !muted).length < 2;
  const marks = spec.series.flatMap((one, index) => {
    const look = /** @type {import("./chart-layout.js").Look} */ (layout.looks[index]);
    return seriesMarks({ one, look, alone, sideways, .../** @type {Slot} */ (slots[index]) });
  });
  const grid = { stroke: "var(--line)", strokeOpacity: 1, ...gridTicks(layout, width) };
  const zero = valueScale(layout).kind === "linear" && spansZero(valueScale(layout).domain);
  const svg = drawPlot({
    width,
    height,
    ...plotMargins(margins),
    x: { ...plotScale(layout, "x", width), ...axisName(spec.x, "x", { width, margins }), ...names.x },
    y: { ...plotScale(layout, "y", width), ...axisName(spec.y, "y", { width, margins }), ...names.y },
    marks: [
      sideways ? library().gridX(grid) : library().gridY(grid),
      frame({ anchor: sideways ? "left" : "bottom", stroke: "var(--line-strong)" }),
      zero ? (sideways ? ruleX : ruleY)([0], { stroke: "var(--line-strong)" }) : null,
      ...marks,
      ...ruleMarks(spec.rules ?? [], labels, margins),
    ],
  });
  const [x, y] = [svg.scale("x"), svg.scale("y")];
  const groups = spec.series.map((one, index) => {
    const slot = /** @type {Slot} */ (slots[index]);
    return groupOf(one, { slot, x, y, spec, sideways });
  });
  return { svg, groups, sideways };
}

/** @param {Layout} layout */
function valueScale({ x, y, sideways }) {
  return sideways ? x : y;
}

/** @param {any[]} domain */
function spansZero([from, to]) {
  return from <= 0 && to >= 0;
}

/**
 * The distance of ticks; a wide drawing has them farther apart.
 * @param {"x" | "y"} name
 * @param {number} width
 */
function spacing(name, width) {
  return name === "x" ? Math.max(TICKS.x, width / 8) : TICKS.y;
}

/** Where grid lines are: at the ticks, and on a logarithmic scale at powers of ten if it has several. */
function gridTicks(/** @type {Layout} */ layout, /** @type {number} */ width) {
  const { kind, domain } = valueScale(layout);
  const [from = 0, to = 0] = kind === "log" ? domain.map((end) => Math.log10(end)) : [];
  const first = Math.floor(from + 1e-9);
  const powers = Array.from({ length: Math.ceil(to) - first + 1 }, (_, index) => 10 ** (first + index));
  return to - from >= 1 ? { ticks: powers } : { tickSpacing: spacing(layout.sideways ? "x" : "y", width) };
}

/**
 * The options of a scale and its axis.
 * @param {Layout} layout
 * @param {"x" | "y"} name
 * @param {number} width
 */
function plotScale(layout, name, width) {
  const { kind, domain, nice } = layout[name];
  const axis = layout.spec[name];
  return {
    type: { linear: "linear", log: "log", time: "utc", band: "band" }[kind],
    domain,
    nice,
    ...(kind === "band" ? { padding: PADDING, round: false } : {}),
    tickFormat: kind === "band" ? undefined : (axis.format ?? (kind === "log" ? shortNumber : undefined)),
    tickSize: kind === "band" ? 0 : 4,
    tickSpacing: spacing(name, width),
  };
}

/**
 * Where the bars of each series are in their band.
 * @param {Layout} layout
 * @param {{width: number, height: number, margins: Margins, indices: ArrayLike<number>[]}} size
 * @returns {Slot[]}
 */
function slotsOf(layout, { width, height, margins, indices }) {
  const { spec, x, y, sideways, barWidth } = layout;
  const long = sideways ? height - margins.top - margins.bottom : width - margins.left - margins.right;
  const bars = spec.series.filter(({ kind }) => kind === "bars");
  const names = (sideways ? y : x).domain.length;
  const band = (long / (names + PADDING)) * (1 - PADDING);
  return spec.series.map((one, index) => {
    const place = bars.indexOf(one);
    const count = bars.length;
    /** @type {Slot} */
    const slot = { indices: indices[index] ?? [], shift: 0, insets: [0, 0], reach: [0, 0] };
    if (place < 0) return slot;
    if (barWidth > 0) {
      const start = -barWidth / 2 + (barWidth * place) / count;
      return { ...slot, reach: [start, start + barWidth / count] };
    }
    const shift = band * ((place + 0.5) / count - 0.5);
    return { ...slot, shift, insets: [(band * place) / count, (band * (count - 1 - place)) / count] };
  });
}

/**
 * Which points of a series are drawn.
 * @param {Series} one
 * @param {Layout} layout
 * @param {{width: number, height: number}} inner
 */
function drawnIndices({ kind = "line", x: xs, y: ys, low, high }, { x, y, sideways }, inner) {
  if (sideways || x.kind === "band") return Array.from(xs, (_, index) => index);
  const atX = share(x.kind, x.domain);
  if (kind === "points") return thinPoints(xs, ys, { ...inner, atX, atY: share(y.kind, y.domain) });
  const lists = [ys, ...(low ? [low] : []), ...(high ? [high] : [])];
  return thinLine(xs, lists, { columns: Math.max(1, Math.ceil(inner.width)), at: atX });
}

/**
 * @param {Series} one
 * @param {{
 *   slot: Slot, x: import("../vendor/plot.js").Scale, y: import("../vendor/plot.js").Scale,
 *   spec: import("./chart-data.js").Spec, sideways: boolean
 * }} options
 * @returns {Group}
 */
function groupOf(one, { slot, x, y, spec, sideways }) {
  const middle = slot.reach[0] / 2 + slot.reach[1] / 2;
  const points = Array.from(slot.indices, (key) => {
    const value = middle ? Number(one.x[key]) + middle : one.x[key];
    const missing = one.y[key] === null || one.x[key] === null;
    const across = missing ? Number.NaN : x.apply(value) + (x.bandwidth ?? 0) / 2;
    const down = missing ? Number.NaN : y.apply(one.y[key]) + (y.bandwidth ?? 0) / 2;
    return sideways ? { key, x: across, y: down + slot.shift } : { key, x: across + slot.shift, y: down };
  });
  const shown = points.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y));
  shown.sort((a, b) => (sideways ? a.y - b.y : a.x - b.x));
  return {
    x: shown.map((point) => point.x),
    y: shown.map((point) => point.y),
    keys: shown.map((point) => point.key),
    words: (key) => wordsOf(one, key, { spec, sideways }),
  };
}

/**
 * One point in words: "average, time -30 ms: 0.42 (0.35 to 0.49)".
 * @param {Series} one
 * @param {number} key
 * @param {{spec: import("./chart-data.js").Spec, sideways: boolean}} options
 */
export function wordsOf(one, key, { spec, sideways }) {
  const [where, what] = sideways ? [spec.y, spec.x] : [spec.x, spec.y];
  const [place, value] = sideways ? [one.y[key], one.x[key]] : [one.x[key], one.y[key]];
  const position = `${where.label} ${valueWords(where, place)}`.trim();
  const words = `${one.name}, ${position}: ${valueWords(what, value)}`;
  const [low, high] = [one.low?.[key], one.high?.[key]];
  if (low === undefined || high === undefined || low === null || high === null) return words;
  const bare = { ...what, unit: undefined };
  return `${words} (${valueWords(bare, low)} to ${valueWords(bare, high)})`;
}

/** @typedef {{x: object, y: object, extra: number}} Names how the names of bands are written */

/**
 * Names of bands are shortened or turned if there is not enough room for them.
 * @param {Layout} layout
 * @param {number} width
 * @param {Margins} margins changed to make room
 * @returns {Names}
 */
function bandNames({ spec, x, y, sideways }, width, margins) {
  const names = { x: {}, y: {}, extra: 0 };
  const shown = (/** @type {Axis} */ { format = String }, /** @type {any} */ value) => format(value);
  if (sideways) {
    const longest = Math.max(0, ...y.domain.map((value) => textWidth(shown(spec.y, value))));
    const room = Math.min(longest, Math.max(width * 0.38, Math.min(width * 0.5, 165)));
    margins.left = Math.ceil(room) + 14;
    names.y = { tickFormat: (/** @type {any} */ value) => fitted(shown(spec.y, value), room + 6) };
  }
  if (x.kind !== "band" || x.domain.length === 0) return names;
  const step = (width - margins.left - margins.right) / x.domain.length;
  const longest = Math.max(...x.domain.map((value) => textWidth(shown(spec.x, value))));
  const every = Math.ceil((ROW + 2) / step); // names that still do not fit are left out
  const ticks = x.domain.filter((_, index) => index % every === 0);
  if (longest <= step - 6) {
    names.x = { tickFormat: (/** @type {any} */ value) => shown(spec.x, value) };
    return names;
  }
  const room = Math.min(longest, 120);
  names.extra = Math.ceil(room * 0.6);
  margins.bottom += names.extra;
  const tickFormat = (/** @type {any} */ value) => fitted(shown(spec.x, value), room + 6);
  names.x = { ticks, tickRotate: -35, tickFormat, labelOffset: margins.bottom - 4 };
  return names;
}

/** @typedef {{rows: number, of: Map<object, {row: number, anchor: "start" | "middle" | "end"}>}} Labels */

/**
 * The rows above the drawing in which the labels of upright rules do not overlap.
 * @param {Layout} layout
 * @param {number} inner the width of the frame
 * @returns {Labels}
 */
function ruleRows({ spec, x }, inner) {
  /** @type {number[]} */
  const filled = []; // where the last label of each row ends
  /** @type {Labels["of"]} */
  const of = new Map();
  const position = share(x.kind, x.domain);
  const upright = (spec.rules ?? []).filter((rule) => rule.x !== undefined && rule.label);
  const placed = upright.map((rule) => ({ rule, at: x.kind === "band" ? 0 : position(rule.x) * inner }));
  placed.sort((a, b) => a.at - b.at);
  for (const { rule, at } of placed) {
    const size = textWidth(rule.label);
    const anchor = at < size / 2 ? "start" : at > inner - size / 2 ? "end" : "middle";
    const start = anchor === "start" ? at : anchor === "end" ? at - size : at - size / 2;
    let row = filled.findIndex((end) => end + 8 <= start);
    if (row < 0) row = filled.length;
    filled[row] = start + size;
    of.set(rule, { row, anchor });
  }
  return { rows: filled.length, of };
}

/**
 * @param {readonly import("./chart-data.js").Rule[]} rules
 * @param {Labels} labels
 * @param {Margins} margins
 */
function ruleMarks(rules, labels, margins) {
  const { ruleX, ruleY, text } = library();
  const line = { stroke: "var(--ink-soft)", strokeWidth: 1.25, strokeDasharray: "3 3", className: "rule" };
  const words = { fill: "var(--ink-soft)", className: "rule-name" };
  return rules.flatMap((rule) => {
    if (rule.x !== undefined) {
      const label = labels.of.get(rule);
      const { row = 0, anchor = "middle" } = label ?? {};
      const dy = -9 - ROW * row;
      const at = { x: [rule.x], frameAnchor: "top", textAnchor: anchor, dy };
      const insetTop = -Math.min(margins.top, ROW * row + 2);
      return [ruleX([rule.x], { ...line, insetTop }), label ? text([rule.label], { ...words, ...at }) : null];
    }
    const at = { y: [rule.y], frameAnchor: "right", textAnchor: "end", dy: -8 };
    const halo = { stroke: "var(--chart-paper)", strokeWidth: 4 };
    return [ruleY([rule.y], line), text([rule.label], { ...words, ...at, ...halo })];
  });
}

/**
 * Cuts off what is outside the frame, without an id that another drawing of the page could have too.
 * @param {SVGSVGElement} svg
 * @param {{width: number, height: number, margins: Margins}} size
 */
function clip(svg, { width, height, margins: { top, right, bottom, left } }) {
  const size = { x: left, y: top, width: width - left - right, height: height - top - bottom };
  const box = svgElement("svg", { ...size, viewBox: `${left} ${top} ${size.width} ${size.height}` });
  const marks = [...svg.querySelectorAll(":scope > .series")];
  marks[0]?.before(box);
  box.append(...marks);
}
