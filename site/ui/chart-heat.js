/** Values in rows and columns as colours. All cells of one colour are one shape, however many there are. */

import { axisWords, shortNumber, valueWords } from "./chart-data.js";
import { figure } from "./chart-figure.js";
import { axisName, drawPlot, fitted, library, plotMargins, textWidth } from "./chart-plot.js";
import { element } from "./dom.js";
import { svgElement } from "./svg.js";
import { t } from "./words.js";

/**
 * @typedef {import("./chart-data.js").Axis & {values?: ArrayLike<any>}} HeatAxis
 *   values: what each column or row stands for; by default their index
 *
 * @typedef {Object} HeatSpec
 * @property {string} title
 * @property {HeatAxis & {named?: number[]}} x named: columns whose name is shown, if only some have room
 * @property {HeatAxis & {upward?: boolean}} y upward: the first row is at the bottom
 * @property {ArrayLike<ArrayLike<number | null>>} values rows of numbers; null and NaN leave the cell empty
 * @property {"diverging" | "sequential"} [colors] diverging by default if there are values on both sides of 0
 * @property {(value: number) => string} [format]
 * @property {{x: number, y: number, label?: string}[]} [marks] cells to mark, by column and row
 * @property {number} [height]
 * @property {(column: number, row: number) => void} [onChoose] called when a cell is clicked, or chosen with
 *   Enter
 */

const LEVELS = 20; // on each side of zero
const ROW = 16;

/**
 * @param {HeatSpec} spec
 * @returns {HTMLElement}
 */
export function heatMap(spec) {
  const rows = Array.from(spec.values);
  const columns = rows[0]?.length ?? 0;
  if (rows.some((row) => row.length !== columns))
    throw new RangeError("the rows of a heat map differ in length");
  const scale = scaleOf(rows, spec.colors);
  const labels = {
    x: labelsOf(spec.x, columns),
    y: labelsOf(spec.y, rows.length),
  };
  const prepared = { spec, rows, columns, scale, labels };
  const { onChoose } = spec;
  return figure({
    onChoose: onChoose && ((place, column) => onChoose(column, rowAt(prepared, place))),
    title: spec.title,
    contents: t("map of {rows} rows and {columns} columns", { rows: rows.length, columns }),
    draw: (width) => drawHeat(prepared, width),
    table: tableOf(prepared),
    legend: legendOf(scale, spec.format ?? shortNumber),
  });
}

/**
 * @typedef {{least: number, greatest: number, diverging: boolean}} Scale
 * @typedef {{
 *   spec: HeatSpec, rows: ArrayLike<number | null>[], columns: number, scale: Scale,
 *   labels: {x: string[], y: string[]}
 * }} Prepared
 */

/** @param {ArrayLike<number | null>[]} rows @param {"diverging" | "sequential"} [colors] @returns {Scale} */
function scaleOf(rows, colors) {
  let [least, greatest] = [Infinity, -Infinity];
  for (const row of rows)
    for (let index = 0; index < row.length; index++) {
      const value = row[index];
      if (typeof value !== "number" || !Number.isFinite(value)) continue;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
  if (least > greatest) [least, greatest] = [0, 1];
  const diverging = colors ? colors === "diverging" : least < 0 && greatest > 0;
  if (diverging) {
    const size = Math.max(Math.abs(least), Math.abs(greatest)) || 1;
    return { least: -size, greatest: size, diverging };
  }
  return { least, greatest: greatest > least ? greatest : least + 1, diverging };
}

/** @param {HeatAxis} axis @param {number} count */
function labelsOf({ values, format = shortNumber }, count) {
  return Array.from({ length: count }, (_, index) => format(values ? values[index] : index));
}

/** The row at a place from the top. @param {Pick<Prepared, "spec" | "rows">} map @param {number} place */
function rowAt({ spec, rows }, place) {
  return spec.y.upward ? rows.length - 1 - place : place;
}

/** The level of a value: 0 is the middle of a diverging scale. @param {Scale} scale @param {number} value */
function levelOf({ least, greatest, diverging }, value) {
  const share = (Math.min(greatest, Math.max(least, value)) - least) / (greatest - least);
  return diverging ? Math.round((2 * share - 1) * LEVELS) : Math.round(share * LEVELS);
}

/** @param {number} level @param {boolean} diverging */
function colorOf(level, diverging) {
  const share = Math.round((100 * Math.abs(level)) / LEVELS);
  const end = diverging && level < 0 ? "--chart-below" : diverging ? "--chart-above" : "--chart-high";
  return `color-mix(in oklab, var(${end}) ${share}%, var(--chart-zero))`;
}

/** @param {Prepared} prepared @param {number} width @returns {import("./chart-draw.js").Drawing} */
function drawHeat({ spec, rows, columns, scale, labels }, width) {
  const longest = Math.min(Math.max(0, ...labels.y.map(textWidth)), width * 0.3);
  const margins = {
    top: spec.y.label ? ROW + 6 : 6,
    right: 12,
    bottom: spec.x.label ? 40 : 24,
    left: Math.ceil(longest) + 12,
  };
  const inner = { width: width - margins.left - margins.right };
  const cell = Math.min(40, inner.width / Math.max(1, columns), 420 / Math.max(1, rows.length));
  const height = spec.height ?? Math.round(Math.max(80, cell * rows.length) + margins.top + margins.bottom);
  const from = (/** @type {number} */ place) => rowAt({ spec, rows }, place);
  const ticksOf = (
    /** @type {string[]} */ names,
    /** @type {number} */ share,
    /** @type {number[]} */ first,
  ) => {
    const every = Math.max(1, Math.ceil(names.length * share)); // share: of the axis that one name needs
    const hasRoom = (/** @type {number} */ index) => first.every((each) => Math.abs(each - index) >= every);
    return [...first, ...names.flatMap((_, index) => (index % every === 0 && hasRoom(index) ? [index] : []))];
  };
  const widest = Math.max(0, ...labels.x.map(textWidth)) + 10;
  const innerHeight = height - margins.top - margins.bottom;
  const svg = drawPlot({
    width,
    height,
    ...plotMargins(margins),
    x: {
      type: "linear",
      domain: [-0.5, columns - 0.5],
      ticks: ticksOf(labels.x, widest / inner.width, spec.x.named ?? []),
      tickFormat: (/** @type {number} */ index) => fitted(labels.x[index] ?? "", 140),
      tickSize: 3,
      ...axisName(spec.x, "x", { width, margins }),
    },
    y: {
      type: "linear",
      domain: [rows.length - 0.5, -0.5],
      ticks: ticksOf(labels.y, ROW / innerHeight, []),
      tickFormat: (/** @type {number} */ place) => fitted(labels.y[from(place)] ?? "", longest + 6),
      tickSize: 3,
      ...axisName(spec.y, "y", { width, margins }),
    },
    marks: [
      (_index, { x, y }) => cells({ rows, columns, scale, from }, x, y),
      ...(spec.marks ?? []).flatMap((mark) => markOf({ ...mark, y: from(mark.y) })),
    ],
  });
  const [x, y] = [svg.scale("x"), svg.scale("y")];
  const groups = rows.map((_, place) => {
    const row = from(place);
    const keys = Array.from({ length: columns }, (_none, index) => index);
    return {
      keys,
      x: keys.map((index) => x.apply(index)),
      y: keys.map(() => y.apply(place)),
      words: (/** @type {number} */ column) => wordsOf(spec, { rows, labels, row, column }),
    };
  });
  return { svg, groups };
}

/**
 * One cell in words: "column 3, row 5: 0.42".
 * @param {HeatSpec} spec
 * @param {{rows: ArrayLike<number | null>[], labels: Prepared["labels"], row: number, column: number}} at
 */
function wordsOf({ x, y, format = shortNumber }, { rows, labels, row, column }) {
  const unit = (/** @type {HeatAxis} */ axis) => (axis.unit ? ` ${axis.unit}` : "");
  const across = `${x.label} ${labels.x[column]}${unit(x)}`.trim();
  const down = `${y.label} ${labels.y[row]}${unit(y)}`.trim();
  return `${across}, ${down}: ${valueWords({ label: "", format }, rows[row]?.[column])}`;
}

/**
 * A path for each colour, with a box for each run of its cells in a row.
 * @param {{
 *   rows: ArrayLike<number | null>[], columns: number, scale: Scale, from: (place: number) => number
 * }} map
 * @param {(value: number) => number} x
 * @param {(value: number) => number} y
 */
function cells({ rows, columns, scale, from }, x, y) {
  /** @type {Map<number, string>} */
  const paths = new Map();
  for (let place = 0; place < rows.length; place++) {
    const row = rows[from(place)] ?? [];
    const [top, bottom] = [y(place - 0.5), y(place + 0.5)];
    for (let start = 0; start < columns; ) {
      const level = cellLevel(scale, row[start]);
      let end = start + 1;
      while (end < columns && cellLevel(scale, row[end]) === level) end++;
      if (level !== null) {
        const [left, right] = [x(start - 0.5), x(end - 0.5)];
        const box = `M${fixed(left)},${fixed(top)}H${fixed(right)}V${fixed(bottom)}H${fixed(left)}Z`;
        paths.set(level, (paths.get(level) ?? "") + box);
      }
      start = end;
    }
  }
  const drawn = [...paths].sort(([a], [b]) => a - b);
  const shapes = drawn.map(([level, d]) => svgElement("path", { d, fill: colorOf(level, scale.diverging) }));
  return svgElement("g", { class: "cells", "shape-rendering": "crispEdges" }, ...shapes);
}

/** @param {Scale} scale @param {number | null | undefined} value */
function cellLevel(scale, value) {
  return typeof value === "number" && !Number.isNaN(value) ? levelOf(scale, value) : null;
}

/** @param {number} value */
function fixed(value) {
  return String(Math.round(value * 100) / 100);
}

/** @param {{x: number, y: number, label?: string}} mark */
function markOf({ x, y, label }) {
  const { rect, text } = library();
  const box = { x1: [x - 0.5], x2: [x + 0.5], y1: [y - 0.5], y2: [y + 0.5] };
  const marks = [
    rect([0], { ...box, stroke: "var(--chart-paper)", strokeWidth: 3.5 }),
    rect([0], { ...box, stroke: "var(--ink)", strokeWidth: 1.75 }),
  ];
  const halo = { fill: "var(--ink)", stroke: "var(--chart-paper)", strokeWidth: 4 };
  if (label) marks.push(text([label], { x: [x], y: [y], ...halo }));
  return marks;
}

/**
 * The scale of colours with its ends, and its zero.
 * @param {Scale} scale
 * @param {(value: number) => string} format
 */
function legendOf({ least, greatest, diverging }, format) {
  const levels = diverging ? 2 * LEVELS + 1 : LEVELS + 1;
  const boxes = Array.from({ length: levels }, (_, x) =>
    svgElement("rect", { x, width: 1.05, height: 1, fill: colorOf(diverging ? x - LEVELS : x, diverging) }),
  );
  const shape = { viewBox: `0 0 ${levels} 1`, preserveAspectRatio: "none", "aria-hidden": "true" };
  const svg = svgElement("svg", shape, ...boxes);
  const ends = diverging ? [least, 0, greatest] : [least, greatest];
  const words = ends.map((value) => element("span", {}, format(value)));
  return element("div", { class: "chart-scale" }, svg, element("p", {}, ...words));
}

/** @param {Prepared} prepared @returns {import("./chart-data.js").Table} */
function tableOf({ spec, rows, columns, labels }) {
  const corner = [axisWords(spec.y), axisWords(spec.x)].filter(Boolean).join(" / ");
  return {
    columns: [corner || "row", ...labels.x.slice(0, columns)],
    count: rows.length,
    row: (index) => [labels.y[index] ?? "", ...Array.from(rows[index] ?? [])],
  };
}
