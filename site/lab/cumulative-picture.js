/**
 * The main picture: points, truth and every fit, and below them the slope of each fit, which is its density.
 * Points are moved by pointer or keys (cumulative-handles.js); what they are is in the session.
 */

import { figureTools, shortNumber } from "../ui/chart.js";
import { Cursor } from "../ui/chart-cursor.js";
import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";
import { table, tableRow } from "../ui/table.js";
import { across, axes, down, pathOf } from "./cumulative-axes.js";
import { FITS, labelled, TRUTH } from "./cumulative-fits.js";
import { Handles } from "./cumulative-handles.js";
import { MOST_LIVE } from "./cumulative-instant.js";

/** @import { Panel } from "./cumulative-axes.js" */
/** @import { CumulativeSession } from "./cumulative-session.js" */
/**
 * @typedef {{key: string, label: string, color: string, dash: string, width: number, step?: boolean}} Line
 */

const TITLE = "Fits of a cumulative distribution";
const HINT =
  "Drag a point, or focus one: up and down move it, left and right choose another, with Shift they move it " +
  "sideways. Raw samples only move sideways. Focus the drawing and press the arrow keys to read its values.";
const WIDTH = 640; // until the picture is in a page

/** @type {Line[]} */
const LINES = [{ key: "truth", ...TRUTH }, ...Object.entries(FITS).map(([key, fit]) => ({ key, ...fit }))];

export class Picture {
  #session;
  #width = WIDTH;
  /** @type {any} */
  #data;
  /** @type {Set<string>} the lines that are switched off */
  #hidden = new Set();
  /**
   * What the panels span; it stays while a point is dragged.
   * @type {{y: [number, number], slope: [number, number]}}
   */
  #spans = { y: [0, 1], slope: [0, 1] };
  #handles;
  #cursor;
  #svg = svgElement("svg", { class: "plot" });
  #back = svgElement("g");
  #curves = svgElement("svg");
  #slopes = svgElement("svg");
  #legend = element("ul", { class: "chart-legend cumulative-legend" });
  #verdict = element("div", { class: "cumulative-verdict" });
  #tools = /** @type {HTMLElement} */ (element("div"));

  /** @param {CumulativeSession} session */
  constructor(session) {
    this.#session = session;
    this.#handles = new Handles(session, () => this.#data);
    const drawing = element("div", {
      class: "chart-drawing",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "chart",
      "aria-label": `${TITLE}. Move with the arrow keys.`,
    });
    const readOut = element("p", { class: "chart-read-out", "aria-live": "off" }, HINT);
    this.#svg.append(this.#back, this.#curves, this.#slopes, this.#handles.element);
    drawing.append(this.#svg);
    this.#cursor = new Cursor(drawing, readOut);
    this.#makeLegend();
    this.element = element(
      "figure",
      { class: "chart" },
      element("figcaption", {}, TITLE),
      this.#legend,
      drawing,
      readOut,
      this.#verdict,
      this.#tools,
    );
    session.listeners.add(() => this.#data && this.#draw());
    if ("ResizeObserver" in globalThis)
      new ResizeObserver(([entry]) => this.#resize(Math.floor(entry?.contentRect.width ?? 0))).observe(
        drawing,
      );
  }

  /** @param {any} data a result, or as much of it as there is */
  show(data) {
    this.#data = data;
    this.#draw();
    this.#judge();
    this.#replaceTools();
  }

  /** @param {number} width */
  #resize(width) {
    if (width < 1 || width === this.#width) return;
    this.#width = width;
    if (this.#data) this.#draw();
  }

  /** @returns {{main: Panel, slopes: Panel, height: number}} */
  #layout() {
    const grid = this.#data.grid;
    const x = /** @type {[number, number]} */ ([grid[0], grid.at(-1)]);
    const [left, width] = [46, this.#width - 46 - 14];
    const height = Math.round(Math.max(220, Math.min(340, this.#width * 0.5)));
    const main = { box: { left, top: 26, width, height }, x, y: this.#spans.y };
    const slopes = { box: { left, top: height + 62, width, height: 112 }, x, y: this.#spans.slope };
    return { main, slopes, height: height + 62 + 112 + 42 };
  }

  #draw() {
    if (this.#session.moving < 0) this.#spans = this.#measure();
    const { main, slopes, height } = this.#layout();
    const size = { width: this.#width, height, viewBox: `0 0 ${this.#width} ${height}` };
    for (const [name, value] of Object.entries(size)) this.#svg.setAttribute(name, String(value));
    const below = this.#data.truth ? "x" : "x, in the units of your data";
    this.#back.replaceChildren(
      axes(main, { title: "cumulative probability" }),
      axes(slopes, { title: "density: the slope of each fit; below 0 it falls", below }),
      this.#bounds(main),
    );
    const { grid, curves, densities, truth, true_density: density } = this.#data;
    this.#fill(this.#curves, main, { ...curves, truth }, grid);
    this.#fill(this.#slopes, slopes, { ...densities, truth: density }, grid);
    if (this.#data.x.length > MOST_LIVE) this.#dots(main);
    this.#handles.place(main);
    this.#cursor.follow({ svg: this.#svg, groups: this.#groups(main) });
  }

  /** Where probability ends: at 0 and 1. @param {Panel} panel */
  #bounds(panel) {
    const { left, width, top, height } = panel.box;
    const group = svgElement("g", { "aria-hidden": "true" });
    const [one, zero] = [down(panel, 1), down(panel, 0)];
    const shade = { x: left, width, fill: "var(--ink)", "fill-opacity": 0.05 };
    group.append(
      svgElement("rect", { ...shade, y: top, height: Math.max(0, one - top) }),
      svgElement("rect", { ...shade, y: zero, height: Math.max(0, top + height - zero) }),
    );
    return group;
  }

  /**
   * @param {SVGSVGElement} place
   * @param {Panel} panel
   * @param {Record<string, number[] | null>} lines
   * @param {number[]} grid
   */
  #fill(place, panel, lines, grid) {
    const { left, top, width, height } = panel.box;
    const size = { x: left, y: top, width, height, viewBox: `${left} ${top} ${width} ${height}` };
    for (const [name, value] of Object.entries(size)) place.setAttribute(name, String(value));
    place.setAttribute("aria-hidden", "true");
    const paths = LINES.flatMap(({ key, color, dash, width: stroke, step }) => {
      const values = lines[key];
      if (!values || this.#hidden.has(key)) return [];
      const look = { fill: "none", stroke: color, "stroke-width": stroke, "stroke-linejoin": "round" };
      const path = svgElement("path", { ...look, d: pathOf(panel, grid, values, step), "data-fit": key });
      if (dash) path.setAttribute("stroke-dasharray", dash);
      return [path];
    });
    place.replaceChildren(...paths);
  }

  /** So many samples that they cannot be moved. @param {Panel} panel */
  #dots(panel) {
    const { x, y } = this.#data;
    const every = Math.ceil(x.length / MOST_LIVE);
    for (let index = 0; index < x.length; index += every) {
      const [cx, cy] = [across(panel, x[index]).toFixed(1), down(panel, y[index]).toFixed(1)];
      this.#curves.append(svgElement("circle", { cx, cy, r: 2.5, fill: "var(--ink)" }));
    }
  }

  /** What must fit into the panels: the points, and the curves as far as they are near them. */
  #measure() {
    const points = this.#session.points(this.#data).y;
    const shown = (/** @type {Record<string, number[]>} */ lines) =>
      Object.entries(lines).flatMap(([key, values]) => (this.#hidden.has(key) ? [] : values));
    const curves = shown(this.#data.curves);
    const [low, high] = [least([...points, 0]), greatest([...points, 1])];
    const room = (high - low) * 0.5;
    const from = Math.min(low - 0.04, Math.max(least(curves) - 0.02, low - room));
    const to = Math.max(high + 0.04, Math.min(greatest(curves) + 0.02, high + room));
    const slopes = shown(this.#data.densities);
    const peak = greatest(this.#data.true_density ?? this.#data.densities.bernstein) * 1.9;
    const dip = Math.max(-peak / 2, Math.min(-peak / 10, least(slopes)));
    return {
      y: /** @type {[number, number]} */ ([from, to]),
      slope: /** @type {[number, number]} */ ([dip, Math.min(peak, Math.max(greatest(slopes), peak / 2))]),
    };
  }

  /** What the cursor can point at. @param {Panel} panel */
  #groups(panel) {
    const { grid, curves, truth } = this.#data;
    const lines = /** @type {Record<string, number[]>} */ ({ truth, ...curves });
    return LINES.flatMap(({ key, label }) => {
      const values = lines[key];
      if (!values || this.#hidden.has(key)) return [];
      return {
        keys: grid.map((/** @type {number} */ _, /** @type {number} */ index) => index),
        x: grid.map((/** @type {number} */ x) => across(panel, x)),
        y: values.map((y) => down(panel, y)),
        words: (/** @type {number} */ index) =>
          `${label}, x ${shortNumber(grid[index])}: ${shortNumber(values[index])}`,
      };
    });
  }

  #makeLegend() {
    for (const { key, label, color, dash, width } of LINES) {
      const line = svgElement("line", { x1: 0, x2: 30, y1: 7, y2: 7, stroke: color, "stroke-width": width });
      if (dash) line.setAttribute("stroke-dasharray", dash);
      const swatch = svgElement("svg", { width: 30, height: 14, "aria-hidden": "true" }, line);
      const box = element("input", { type: "checkbox", checked: true, "data-fit": key });
      box.addEventListener("change", () => {
        if (box.checked) this.#hidden.delete(key);
        else this.#hidden.add(key);
        this.#draw();
      });
      this.#legend.append(element("li", {}, swatch, element("label", {}, box, label)));
    }
  }

  /** What is wrong with each fit, and how far it is from the truth. */
  #judge() {
    const { judgements } = this.#data;
    const rows = labelled(judgements).map(({ name, label, value: { decreases, leaves, rmse } }) => {
      const cells = [
        label,
        yesNo(decreases),
        yesNo(leaves),
        typeof rmse === "number" ? rmse.toFixed(3) : "unknown",
      ];
      return tableRow(cells, { rowHead: 0, attributes: { "data-judgement": name } });
    });
    const columns = ["Fit", "Decreases", "Leaves [0, 1]", "Error"];
    const caption = "Which fits are a distribution, and how far they are from the truth";
    this.#verdict.replaceChildren(table({ caption, columns, rows, hideCaption: true, className: "data" }));
  }

  #replaceTools() {
    const { grid, curves, truth } = this.#data;
    const wasOpen = this.#tools.querySelector("details")?.open;
    const columns = LINES.filter(({ key }) => key in curves || (key === "truth" && truth));
    const rows = grid.map((/** @type {number} */ x, /** @type {number} */ index) => [
      x,
      ...columns.map(({ key }) => (key === "truth" ? truth : curves[key])[index]),
    ]);
    const table = { columns: ["x", ...columns.map(({ label }) => label)], rows };
    const tools = figureTools(this.#svg, { title: TITLE, table, name: "cumulative" });
    const details = tools.querySelector("details");
    if (details && wasOpen) details.open = true;
    this.#tools.replaceWith(tools);
    this.#tools = tools;
  }
}

/** @param {boolean} is */
function yesNo(is) {
  return is ? element("strong", {}, "yes") : "no";
}

/** @param {number[]} values */
function least(values) {
  return values.reduce((low, value) => Math.min(low, value), Infinity);
}

/** @param {number[]} values */
function greatest(values) {
  return values.reduce((high, value) => Math.max(high, value), -Infinity);
}
