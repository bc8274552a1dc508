/**
 * Draws the experiment "lattice": the truth, and the same noisy values fitted by three look-up tables, with
 * the places marked where a table breaks a rule.
 */

import { chart, loadPlot, shortNumber } from "../ui/chart.js";
import { figure } from "../ui/chart-figure.js";
import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";
import { number } from "../ui/words.js";
import { errorSeries } from "./difference-chart.js";

/** @import { Drawing } from "./frame.js" */
/** @typedef {{left: number, top: number, side: number, low: number, high: number}} Panel */

export const live = true;

export const prepare = loadPlot;
export const folded = ["points", "seed", "runs"];

const NAMES = { truth: "Truth", none: "No constraint", monotone: "Monotone", distribution: "Distribution" };
const TITLE = "A look-up table under three constraints";
const LEVELS = 24;
const GAP = 24;
const HEAD = 46;
const FOOT = 40;
const LEFT = 30;

/** @param {Drawing} drawing */
export function render({ data, element: place }) {
  const rows = Object.entries(data.lattices).flatMap(([name, { values }]) =>
    values.flatMap((/** @type {number[]} */ column, /** @type {number} */ i) =>
      column.map((value, j) => [nameOf(name), data.vertices[i], data.vertices[j], value]),
    ),
  );
  const table = { columns: ["constraint", "x", "y", "value"], count: rows.length, row: rowOf(rows) };
  const contents = "the truth and three fits, each with a value for every vertex";
  const draw = (/** @type {number} */ width) => drawLattices(data, width);
  place.replaceChildren(figure({ title: TITLE, contents, draw, table, legend: legendOf(data) }));
}

export const figures = {
  /** What the constraints do to the error, over many data sets. @param {Drawing} drawing */
  errors({ data, element: place }) {
    const found = Object.entries(data.study);
    if (found.length === 0) {
      place.replaceChildren(element("p", {}, "Choose at least 10 runs and press Run to see the study."));
      return;
    }
    place.replaceChildren(
      chart({
        title: `Distance from the truth, over ${number(found[0]?.[1].runs)} data sets`,
        x: { label: "root mean square error" },
        y: { label: "", scale: "band" },
        series: errorSeries(found.map(([name, value]) => ({ label: nameOf(name), value }))),
        height: 190,
      }),
    );
  },
};

/** @param {string} name */
function nameOf(name) {
  return NAMES[/** @type {keyof typeof NAMES} */ (name)] ?? name;
}

/** @param {any[][]} rows */
function rowOf(rows) {
  return (/** @type {number} */ index) => rows[index] ?? [];
}

/** Least and greatest value of all surfaces, so that a colour means the same in each. @param {any} data */
function spanOf({ lattices }) {
  let [low, high] = [0, 1];
  for (const { surface } of Object.values(lattices))
    for (const row of surface)
      for (const value of row) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return { low, high };
}

/** @param {any} data @param {number} width @returns {import("../ui/chart-draw.js").Drawing} */
function drawLattices(data, width) {
  const names = ["truth", ...Object.keys(data.lattices)];
  const columns = width >= 440 ? 2 : 1;
  const side = Math.min(300, Math.floor((width - columns * LEFT - (columns - 1) * GAP) / columns));
  const height = Math.ceil(names.length / columns) * (HEAD + side + FOOT);
  const svg = svgElement("svg", { class: "plot", width, height, viewBox: `0 0 ${width} ${height}` });
  svg.setAttribute("aria-hidden", "true");
  const span = spanOf(data);
  const groups = names.flatMap((name, index) => {
    const column = index % columns;
    const top = Math.floor(index / columns) * (HEAD + side + FOOT) + HEAD;
    const panel = { left: LEFT + column * (LEFT + side + GAP), top, side, ...span };
    svg.append(drawPanel(data, name, panel));
    return name === "truth" ? [] : groupsOf(data, name, panel);
  });
  return { svg, groups };
}

/** @param {any} data @param {string} name @param {Panel} panel */
function drawPanel(data, name, panel) {
  const lattice = data.lattices[name];
  const { left, top, side } = panel;
  const head = { x: left, fill: "var(--ink)", "font-weight": 600, "font-size": 14 };
  const border = { x: left, y: top, width: side, height: side, fill: "none", stroke: "var(--line-strong)" };
  const words = lattice ? faultWords(data, lattice) : `${data.x.length} noisy values are drawn from it`;
  const fit = lattice
    ? [
        ...gridLines(data.vertices.length, panel),
        ...negativeCells(lattice.cells, panel),
        ...fallingEdges(lattice, panel),
      ]
    : data.x.map((/** @type {number} */ x, /** @type {number} */ index) =>
        dot(data, panel, x, data.y[index]),
      );
  return svgElement(
    "g",
    { "data-lattice": name, fill: "var(--ink-soft)" },
    svgElement("text", { ...head, y: top - 26 }, nameOf(name)),
    svgElement("text", { x: left, y: top - 9 }, words),
    ...surface(lattice ? lattice.surface : data.truth, panel),
    ...fit,
    svgElement("rect", border),
    ...axisOf(data, panel),
  );
}

/** @param {any} data @param {any} lattice */
function faultWords({ comparisons }, { pairs, negative, rmse }) {
  const error = `error ${rmse.toFixed(3)}`;
  if (pairs) return `${pairs} of ${comparisons} pairs fall, ${error}`;
  return negative ? `${negative} negative cells, ${error}` : `no violation, ${error}`;
}

/**
 * Pixels from the left and the top, of a position from 0 to 1.
 * @param {Panel} panel
 * @param {number} x
 * @param {number} y
 */
function at({ left, top, side }, x, y) {
  return { x: left + x * side, y: top + (1 - y) * side };
}

/**
 * The interpolated values: all cells of one colour are one path.
 * @param {number[][]} values
 * @param {Panel} panel
 */
function surface(values, panel) {
  const count = values.length;
  /** @type {Map<number, string>} */
  const paths = new Map();
  values.forEach((column, i) => {
    column.forEach((value, j) => {
      const level = Math.round((LEVELS * (value - panel.low)) / (panel.high - panel.low));
      const from = at(panel, i / count, (j + 1) / count);
      const to = at(panel, (i + 1) / count, j / count);
      const [x1, x2, y1, y2] = [from.x, to.x, from.y, to.y].map((pixels) => pixels.toFixed(1));
      paths.set(level, `${paths.get(level) ?? ""}M${x1},${y1}H${x2}V${y2}H${x1}Z`);
    });
  });
  return [...paths].map(([level, d]) =>
    svgElement("path", { d, fill: colorOf(level), "shape-rendering": "crispEdges" }),
  );
}

/** @param {number} level */
function colorOf(level) {
  return `color-mix(in oklab, var(--chart-high) ${Math.round((88 * level) / LEVELS)}%, var(--chart-zero))`;
}

/** @param {number} size @param {Panel} panel */
function gridLines(size, panel) {
  return Array.from({ length: size }, (_, index) => {
    const share = index / (size - 1);
    const [west, east] = [at(panel, 0, share), at(panel, 1, share)];
    const [south, north] = [at(panel, share, 0), at(panel, share, 1)];
    const d = `M${west.x},${west.y}H${east.x}M${south.x},${south.y}V${north.y}`;
    return svgElement("path", { d, stroke: "var(--ink)", "stroke-opacity": 0.16, fill: "none" });
  });
}

/** @param {any} data @param {Panel} panel @param {number} x @param {number} y */
function dot({ axis }, panel, x, y) {
  const [from, to] = [axis[0], axis.at(-1)];
  const place = at(panel, (x - from) / (to - from), (y - from) / (to - from));
  const [cx, cy] = [place.x.toFixed(1), place.y.toFixed(1)];
  return svgElement("circle", { cx, cy, r: 1.6, fill: "var(--ink)" });
}

/** A ring in each cell whose probability is negative. @param {number[][]} cells @param {Panel} panel */
function negativeCells(cells, panel) {
  const count = cells.length;
  return cells.flatMap((column, i) =>
    column.flatMap((isNegative, j) => {
      if (!isNegative) return [];
      const { x, y } = at(panel, (i + 0.5) / count, (j + 0.5) / count);
      return ringAt(x, y);
    }),
  );
}

/** @param {number} x @param {number} y */
function ringAt(x, y) {
  const place = { cx: x.toFixed(1), cy: y.toFixed(1), r: 4, fill: "none" };
  return [
    svgElement("circle", { ...place, stroke: "var(--chart-paper)", "stroke-width": 4 }),
    svgElement("circle", { ...place, stroke: "var(--ink)", "stroke-width": 1.75 }),
  ];
}

/**
 * A bar on each edge of the lattice along which the values fall.
 * @param {any} lattice
 * @param {Panel} panel
 */
function fallingEdges({ along_x: alongX, along_y: alongY, values }, panel) {
  const last = values.length - 1;
  /** @type {SVGElement[]} */
  const bars = [];
  const add = (/** @type {number[][]} */ falls, /** @type {number} */ right, /** @type {number} */ up) =>
    falls.forEach((column, i) => {
      column.forEach((doesFall, j) => {
        if (!doesFall) return;
        bars.push(...barOf(at(panel, i / last, j / last), at(panel, (i + right) / last, (j + up) / last)));
      });
    });
  add(alongX, 1, 0);
  add(alongY, 0, 1);
  return bars;
}

/** @param {{x: number, y: number}} from @param {{x: number, y: number}} to */
function barOf(from, to) {
  const line = {
    x1: (from.x * 0.85 + to.x * 0.15).toFixed(1),
    y1: (from.y * 0.85 + to.y * 0.15).toFixed(1),
    x2: (from.x * 0.15 + to.x * 0.85).toFixed(1),
    y2: (from.y * 0.15 + to.y * 0.85).toFixed(1),
    "stroke-linecap": "round",
  };
  return [
    svgElement("line", { ...line, stroke: "var(--chart-paper)", "stroke-width": 6 }),
    svgElement("line", { ...line, stroke: "var(--chart-2)", "stroke-width": 3 }),
  ];
}

/** @param {any} data @param {Panel} panel */
function axisOf({ axis }, panel) {
  const { left, top, side } = panel;
  const words = [axis[0], 0, axis.at(-1)].flatMap((value, index) => {
    const { x, y } = at(panel, index / 2, index / 2);
    const anchor = ["start", "middle", "end"][index] ?? "middle";
    const dy = ["0em", "0.35em", "0.7em"][index] ?? "0em";
    return [
      svgElement("text", { x, y: top + side + 16, "text-anchor": anchor }, shortNumber(value)),
      svgElement("text", { x: left - 7, y, dy, "text-anchor": "end" }, shortNumber(value)),
    ];
  });
  return [
    ...words,
    svgElement("text", { x: left + side / 2, y: top + side + 32, "text-anchor": "middle" }, "x"),
    svgElement("text", { x: left - 22, y: top + side / 4, "text-anchor": "middle" }, "y"),
  ];
}

/**
 * What the arrow keys can reach: the vertices, a row at a time.
 * @param {any} data
 * @param {string} name
 * @param {Panel} panel
 */
function groupsOf({ lattices, vertices }, name, panel) {
  const last = vertices.length - 1;
  const keys = vertices.map((/** @type {number} */ _, /** @type {number} */ index) => index);
  return keys.toReversed().map((/** @type {number} */ j) => ({
    keys,
    x: keys.map((/** @type {number} */ i) => at(panel, i / last, j / last).x),
    y: keys.map((/** @type {number} */ i) => at(panel, i / last, j / last).y),
    words: (/** @type {number} */ i) => {
      const { values, along_x: alongX, along_y: alongY } = lattices[name];
      const falls = [alongX[i - 1]?.[j] ? " from the left" : "", alongY[i]?.[j - 1] ? " from below" : ""];
      const fall = falls.filter(Boolean).join(" and");
      const place = `${nameOf(name)}, x ${shortNumber(vertices[i])}, y ${shortNumber(vertices[j])}`;
      return `${place}: ${shortNumber(values[i][j])}${fall ? `, falls${fall}` : ""}`;
    },
  }));
}

/** @param {any} data */
function legendOf(data) {
  const { low, high } = spanOf(data);
  const size = { width: 30, height: 14, "aria-hidden": "true" };
  const scale = Array.from({ length: LEVELS + 1 }, (_, level) =>
    svgElement("rect", { x: level * 3, width: 3.1, height: 14, fill: colorOf(level) }),
  );
  const bar = barOf({ x: -4, y: 7 }, { x: 34, y: 7 });
  return element(
    "ul",
    { class: "chart-legend" },
    element(
      "li",
      {},
      svgElement("svg", { ...size, width: 75 }, ...scale),
      `${low.toFixed(2)} to ${high.toFixed(2)}`,
    ),
    element("li", {}, svgElement("svg", size, ...bar), "falls from one vertex to the next"),
    element("li", {}, svgElement("svg", size, ...ringAt(15, 7)), "cell of negative probability"),
  );
}
