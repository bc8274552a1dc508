/**
 * The drawing of one convolution: the scene as SVG, and the cells that a pointer or the arrow keys choose. It
 * reports choices and shows what it is given; what is chosen is kept by dilation.js.
 */

import { svgElement } from "../ui/svg.js";
import { cellAt, feeding, LAYERS, makeScene, reading } from "./dilation-scene.js";

/** @import { Data, View } from "./dilation-scene.js" */

/**
 * @typedef {"input" | "output"} Grid
 * @typedef {{grid: Grid, row: number, column: number}} Cell
 * @typedef {"point" | "press" | "key" | "leave"} How
 */

/** @type {Record<string, [number, number]>} rows and columns */
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export class Picture {
  /** @type {SVGSVGElement} */
  svg = svgElement("svg", { class: "dilation-svg", role: "group" });
  /** @type {Map<string, SVGPathElement>} */
  #paths = new Map();
  /** @type {Record<Grid, SVGGElement>} */
  #grids = {
    input: svgElement("g", gridProperties("input")),
    output: svgElement("g", gridProperties("output")),
  };
  #still = svgElement("g", { "aria-hidden": "true" });
  #moving = svgElement("g", { "aria-hidden": "true" });
  /** Where the keys are in each grid. @type {Record<Grid, {row: number, column: number}>} */
  #cursors = { input: { row: 0, column: 0 }, output: { row: 0, column: 0 } };
  #onChoose;

  /** @param {(cell: Cell | null, how: How) => void} onChoose */
  constructor(onChoose) {
    this.#onChoose = onChoose;
    for (const role of LAYERS) {
      const path = svgElement("path", { class: `d-${role}` });
      this.#paths.set(role, path);
      const grid = role === "input" || role === "output" ? this.#grids[role] : null;
      if (grid) grid.append(path);
      this.svg.append(grid ?? path);
    }
    this.svg.append(this.#still, this.#moving);
    this.#listen();
  }

  /** @param {Data} data @param {View} view */
  draw(data, view) {
    this.data = data;
    this.scene = makeScene(data, view);
    const { width, height, shapes, labels } = this.scene;
    const size = { width, height: Math.round(height), viewBox: `0 0 ${width} ${Math.round(height)}` };
    for (const [key, value] of Object.entries(size)) this.svg.setAttribute(key, String(value));
    this.svg.classList.toggle("d-fine", this.scene.cell < 9);
    this.#setPaths(shapes);
    this.#still.replaceChildren(...labels.map(label));
    const [cells, out] = [data.values.length, data.output_size];
    name(this.#grids.input, `Input, ${cells} by ${cells}. Arrow keys choose a cell and show what it feeds.`);
    name(this.#grids.output, `Output, ${out} by ${out}. Arrow keys choose a cell and show what it reads.`);
    this.#limitCursor("input");
    this.#limitCursor("output");
  }

  /** Marks what a cell reads or feeds. @param {Cell} cell @param {string} words */
  mark(cell, words) {
    if (!this.data || !this.scene) return;
    const find = cell.grid === "output" ? reading : feeding;
    const { shapes, labels } = find(this.data, this.scene, cell.row, cell.column);
    this.#setPaths({ ...this.scene.shapes, ...shapes });
    this.#moving.replaceChildren(...labels.map(label));
    this.#cursors[cell.grid] = { row: cell.row, column: cell.column };
    name(this.svg, words);
  }

  /** @param {Record<string, string>} shapes */
  #setPaths(shapes) {
    for (const [role, path] of this.#paths) {
      const d = shapes[role] ?? "";
      if (path.getAttribute("d") !== d) path.setAttribute("d", d);
    }
  }

  /** @param {Grid} grid */
  #limitCursor(grid) {
    const last = this.#size(grid) - 1;
    const { row, column } = this.#cursors[grid];
    this.#cursors[grid] = { row: Math.min(row, last), column: Math.min(column, last) };
  }

  /** @param {Grid} grid */
  #size(grid) {
    return (grid === "input" ? this.data?.values.length : this.data?.output_size) ?? 1;
  }

  #listen() {
    const { svg } = this;
    svg.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch") this.#onChoose(this.#under(event), "point");
    });
    svg.addEventListener("pointerleave", () => {
      if (!svg.contains(document.activeElement)) this.#onChoose(null, "leave");
    });
    svg.addEventListener("click", (event) => {
      const cell = this.#under(event);
      if (cell) this.#onChoose(cell, "press");
    });
    for (const grid of /** @type {Grid[]} */ (["input", "output"])) {
      const group = this.#grids[grid];
      group.addEventListener("keydown", (event) => this.#key(event, grid));
      group.addEventListener("focus", () => {
        if (group.matches(":focus-visible")) this.#onChoose({ grid, ...this.#cursors[grid] }, "key");
      });
      group.addEventListener("blur", () => this.#onChoose(null, "leave"));
    }
  }

  /** @param {KeyboardEvent} event @param {Grid} grid */
  #key(event, grid) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const last = this.#size(grid) - 1;
    const { row, column } = this.#cursors[grid];
    const within = (/** @type {number} */ index) => Math.max(0, Math.min(last, index));
    if (Object.hasOwn(ARROWS, event.key)) {
      const [down, across] = ARROWS[event.key];
      this.#cursors[grid] = { row: within(row + down), column: within(column + across) };
    } else if (event.key === "Home") this.#cursors[grid] = { row, column: 0 };
    else if (event.key === "End") this.#cursors[grid] = { row, column: last };
    else return;
    event.preventDefault();
    this.#onChoose({ grid, ...this.#cursors[grid] }, "key");
  }

  /** The cell under the pointer. @param {MouseEvent} event @returns {Cell | null} */
  #under(event) {
    if (!this.scene || !this.data) return null;
    const box = this.svg.getBoundingClientRect();
    const scale = this.scene.width / box.width;
    /** @type {[number, number]} */
    const point = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    const [row, column] = cellAt(this.scene.output, point);
    const out = this.data.output_size;
    if (row >= 0 && column >= 0 && row < out && column < out) return { grid: "output", row, column };
    const { first, spacing } = this.data.lattice;
    const [r, c] = cellAt(this.scene.input, point).map((place) => (place - first) / spacing);
    const size = this.data.values.length;
    const isCell = Number.isInteger(r) && Number.isInteger(c) && Math.min(r, c) >= 0 && Math.max(r, c) < size;
    return isCell ? { grid: "input", row: r, column: c } : null;
  }
}

/** @param {Grid} grid */
function gridProperties(grid) {
  return { class: `d-grid-${grid}`, tabindex: "0", role: "application", "data-testid": `grid-${grid}` };
}

/** @param {import("./dilation-scene.js").Label} label */
function label({ role, x, y, size, text }) {
  const place = { x: x.toFixed(1), y: y.toFixed(1), dy: "0.35em", "font-size": size.toFixed(1) };
  return svgElement("text", { class: `d-${role}`, ...place }, text);
}

/** @param {Element} node @param {string} words */
function name(node, words) {
  if (node.getAttribute("aria-label") !== words) node.setAttribute("aria-label", words);
}
