/**
 * The drawing of a stack of layers: a row of cells for each level, the output on top, with lines to what each
 * cell reads. A pointer or the arrow keys choose a cell, whose own tree is then marked.
 */

import { svgElement } from "../ui/svg.js";
import { counted, number } from "../ui/words.js";

/** @import { Stack } from "./dilation-stack.js" */

const WIDTH = 720;
const LEFT = 118;
const TOP = 22; // room for the first row's label on narrow screens
const GAP = 50;
const LARGEST_CELL = 20;
/** Cells smaller than this have no border. */
const FINE = 4;

export class StackPicture {
  svg = svgElement("svg", {
    class: "stack-svg",
    role: "group",
    "aria-label": "The stack, from the output to the input",
  });
  #tree = svgElement("g", { tabindex: "0", role: "application", "data-testid": "stack" });
  #edges = svgElement("path", { class: "s-edges is-chosen" });
  #cells = svgElement("path", { class: "s-read is-chosen" });
  #origin = svgElement("path", { class: "s-origin" });
  #onChoose;
  /** Level, from the output on, and index among the cells that are read. */
  #chosen = { level: 0, index: 0 };
  /** @type {Stack | undefined} */
  #data;
  #cell = 0;

  /** @param {(words: string, isSpoken: boolean) => void} onChoose */
  constructor(onChoose) {
    this.#onChoose = onChoose;
    this.svg.append(this.#tree);
    this.#tree.addEventListener("keydown", (event) => this.#key(event));
    this.svg.addEventListener("pointermove", (event) => event.pointerType !== "touch" && this.#point(event));
    this.svg.addEventListener("click", (event) => this.#point(event));
    this.svg.addEventListener("pointerleave", () => {
      if (!this.svg.contains(document.activeElement)) this.#choose(0, 0, false);
    });
  }

  /** @param {Stack} data */
  draw(data) {
    this.#data = data;
    const layers = data.dilations.length;
    this.#cell = Math.min(LARGEST_CELL, (WIDTH - LEFT - 4) / data.fields[layers - 1]);
    const height = this.#top(layers) + this.#height + TOP;
    this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${Math.round(height)}`);
    const words = `${counted(layers, "layer")}. Arrow keys choose a cell and show what it reads.`;
    this.#tree.setAttribute("aria-label", words);
    const isFine = this.#cell < FINE;
    const parts = data.levels.flatMap((cells, level) => this.#level(cells, level, isFine));
    const edges = data.dilations.map((_, level) =>
      svgElement("path", { class: "s-edges", d: this.#lines(level, data.levels[level]) }),
    );
    this.#cells.classList.toggle("s-fine", isFine);
    this.#tree.replaceChildren(...edges, ...parts, this.#edges, this.#cells, this.#origin);
    this.#choose(0, 0, false);
  }

  get #height() {
    return Math.max(10, Math.min(16, this.#cell));
  }

  /** @param {number} level */
  #top(level) {
    return TOP + level * (this.#height + GAP);
  }

  /** The dilation of the layer below a level. @param {number} level */
  #dilation(level) {
    const { dilations } = /** @type {Stack} */ (this.#data);
    return dilations[dilations.length - 1 - level];
  }

  /** The span of a level's cells, read or not. @param {number} level */
  #span(level) {
    const { width } = /** @type {Stack} */ (this.#data);
    let span = 1;
    for (let each = 0; each < level; each++) span += (width - 1) * this.#dilation(each);
    return span;
  }

  /** The left edge of a cell. @param {number} level @param {number} cell */
  #x(level, cell) {
    return (LEFT + WIDTH) / 2 + (cell - this.#span(level) / 2) * this.#cell;
  }

  /**
   * @param {number[]} cells those that are read
   * @param {number} level
   * @param {boolean} isFine
   */
  #level(cells, level, isFine) {
    const { dilations } = /** @type {Stack} */ (this.#data);
    const span = this.#span(level);
    const [top, bottom] = [this.#top(level), this.#top(level) + this.#height];
    const [left, right] = [this.#x(level, 0), this.#x(level, span)];
    const box = `M${left.toFixed(1)} ${top}H${right.toFixed(1)}V${bottom}H${left.toFixed(1)}Z`;
    const lines = Array.from(
      { length: span + 1 },
      (_, cell) => `M${this.#x(level, cell).toFixed(1)} ${top}V${bottom}`,
    );
    const layer = dilations.length - level;
    const name = layer === 0 ? "Input" : `d = ${dilations[layer - 1]}`;
    const text = svgElement("text", { x: "0", y: String(bottom - 1), "aria-hidden": "true" });
    text.textContent = name;
    return [
      svgElement("path", { class: "s-cells", d: box }),
      svgElement("path", { class: "s-lines", d: isFine ? box : box + lines.join("") }),
      svgElement("path", { class: isFine ? "s-read s-fine" : "s-read", d: this.#squares(level, cells) }),
      text,
    ];
  }

  /** @param {number} level @param {number[]} cells */
  #squares(level, cells) {
    const [top, bottom] = [this.#top(level), this.#top(level) + this.#height];
    return cells
      .map(
        (cell) =>
          `M${this.#x(level, cell).toFixed(1)} ${top}h${this.#cell.toFixed(1)}V${bottom}h-${this.#cell.toFixed(1)}Z`,
      )
      .join("");
  }

  /** Lines from cells to those that they read. @param {number} level @param {number[]} cells */
  #lines(level, cells) {
    const { width } = /** @type {Stack} */ (this.#data);
    const half = this.#cell / 2;
    const [from, to] = [this.#top(level) + this.#height, this.#top(level + 1)];
    const weights = Array.from({ length: width }, (_, weight) => weight * this.#dilation(level));
    return cells
      .flatMap((cell) =>
        weights.map((offset) => {
          const start = (this.#x(level, cell) + half).toFixed(1);
          return `M${start} ${from}L${(this.#x(level + 1, cell + offset) + half).toFixed(1)} ${to}`;
        }),
      )
      .join("");
  }

  /** The cells that one cell reads at each level below it. @param {number} level @param {number} cell */
  #below(level, cell) {
    const { dilations, width } = /** @type {Stack} */ (this.#data);
    const found = [[cell]];
    for (let each = level; each < dilations.length; each++) {
      const reached = new Set();
      for (const one of found[found.length - 1])
        for (let weight = 0; weight < width; weight++) reached.add(one + weight * this.#dilation(each));
      found.push([...reached]);
    }
    return found;
  }

  /** @param {number} level @param {number} index @param {boolean} isSpoken */
  #choose(level, index, isSpoken) {
    const data = this.#data;
    if (!data) return;
    this.#chosen = { level, index };
    const cell = data.levels[level][index];
    const below = this.#below(level, cell);
    const isAll = level === 0;
    const edges = below.slice(0, -1).map((cells, depth) => this.#lines(level + depth, cells));
    const squares = below.map((cells, depth) => this.#squares(level + depth, cells));
    this.#edges.setAttribute("d", isAll ? "" : edges.join(""));
    this.#cells.setAttribute("d", isAll ? squares[0] : squares.join(""));
    this.#origin.setAttribute("d", squares[0]);
    this.#onChoose(this.#words(level, index, below), isSpoken);
  }

  /** @param {number} level @param {number} index @param {number[][]} below */
  #words(level, index, below) {
    const { dilations, levels } = /** @type {Stack} */ (this.#data);
    const layer = dilations.length - level;
    const cell = levels[level][index];
    const inputs = below[below.length - 1];
    if (layer === 0) return `Input ${number(cell + 1)} of ${number(this.#span(level))}.`;
    const name =
      level === 0
        ? "The output"
        : `Cell ${number(cell + 1)} of ${number(this.#span(level))} after layer ${layer}`;
    const span = Math.max(...inputs) - Math.min(...inputs) + 1;
    const reads = `${name} reads ${counted(inputs.length, "input")} within a span of ${number(span)}`;
    return `${reads}, through ${counted(below[1].length, "cell")} one layer below.`;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const data = this.#data;
    if (!data || event.ctrlKey || event.altKey || event.metaKey) return;
    let { level, index } = this.#chosen;
    const cell = data.levels[level][index];
    const last = data.levels[level].length - 1;
    if (event.key === "ArrowLeft") index = Math.max(0, index - 1);
    else if (event.key === "ArrowRight") index = Math.min(last, index + 1);
    else if (event.key === "Home") index = 0;
    else if (event.key === "End") index = last;
    else if (event.key === "ArrowDown" && level < data.dilations.length) {
      level += 1;
      index = nearest(data.levels[level], cell + ((data.width - 1) * this.#dilation(level - 1)) / 2);
    } else if (event.key === "ArrowUp" && level > 0) {
      level -= 1;
      index = nearest(data.levels[level], cell - ((data.width - 1) * this.#dilation(level)) / 2);
    } else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    this.#choose(level, index, true);
  }

  /** @param {MouseEvent} event */
  #point(event) {
    const data = this.#data;
    if (!data) return;
    const box = this.svg.getBoundingClientRect();
    const scale = WIDTH / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    const level = Math.round((y - TOP - this.#height / 2) / (this.#height + GAP));
    if (level < 0 || level > data.dilations.length) return;
    const cell = Math.floor((x - this.#x(level, 0)) / this.#cell);
    const index = nearest(data.levels[level], cell);
    const isNear = Math.abs(data.levels[level][index] - cell) * this.#cell <= LARGEST_CELL / 2;
    if (isNear) this.#choose(level, index, false);
    else this.#choose(0, 0, false);
  }
}

/** The index of the value nearest to another. @param {number[]} values @param {number} wanted */
function nearest(values, wanted) {
  return values.reduce(
    (best, value, index) => (Math.abs(value - wanted) < Math.abs(values[best] - wanted) ? index : best),
    0,
  );
}
