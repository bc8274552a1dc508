/**
 * Square pictures as SVG, of 28 by 28 pixels unless said otherwise, which follow the page's colours: letters
 * in shades of ink, and weights in two colours. A sheet is a figure of many, each with its caption. Knows
 * nothing of experiments.
 */

import { figureTools } from "../ui/chart-tools.js";
import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";

const SIDE = 28;
const LEVELS = 8; // shades of ink
const SIGNED_LEVELS = 10; // of each sign
const CELL = 84; // the side of a picture in a saved file
const WORDS = 20; // the height of its caption there

/**
 * @typedef {Object} Picture
 * @property {ArrayLike<number>} pixels row by row
 * @property {string} label what it is, for those who do not see it
 * @property {string} [caption] by default the label
 */

/**
 * One picture. Neighbours of one shade in a row are one stroke.
 * @param {ArrayLike<number>} pixels
 * @param {{most: number, levels?: number, side?: number}} options `most`: the size of a value with the full
 *   colour; negative ones have another colour
 */
export function picture(pixels, { most, levels = LEVELS, side = SIDE }) {
  const levelAt = (/** @type {number} */ index) => {
    const level = Math.round(((pixels[index] ?? 0) / most) * levels);
    return Math.max(-levels, Math.min(levels, level)) || 0;
  };
  /** @type {Map<number, string>} */
  const strokes = new Map();
  for (let row = 0; row < side; row++)
    for (let column = 0, end = 0; column < side; column = end) {
      const level = levelAt(row * side + column);
      for (end = column + 1; end < side; end++) if (levelAt(row * side + end) !== level) break;
      if (level) strokes.set(level, `${strokes.get(level) ?? ""}M${column} ${row}h${end - column}`);
    }
  const paths = [...strokes].map(([level, d]) => {
    const className = level < 0 ? "letters-below" : "letters-above";
    return svgElement("path", { d, class: className, "stroke-opacity": shade(level, levels) });
  });
  return svgElement("svg", { viewBox: `0 -0.5 ${side} ${side}`, "shape-rendering": "crispEdges" }, ...paths);
}

/** @param {number} level @param {number} levels */
function shade(level, levels) {
  return Number((Math.abs(level) / levels).toFixed(2));
}

/**
 * A figure of many pictures.
 * @param {Object} options
 * @param {string} options.title
 * @param {readonly Picture[]} options.pictures
 * @param {number} options.most see `picture`
 * @param {"small" | "large"} [options.size]
 * @param {boolean} [options.signed] in the colours of positive and negative numbers
 * @param {import("../ui/chart-tools.js").PlainTable} [options.table]
 * @param {number} [options.side] of each picture, in pixels
 * @returns {HTMLElement}
 */
export function sheet({ title, pictures, most, size = "small", signed = false, table, side = SIDE }) {
  const items = pictures.map(({ pixels, label, caption = label }) => {
    const drawn = picture(pixels, { most, levels: signed ? SIGNED_LEVELS : LEVELS, side });
    drawn.setAttribute("role", "img");
    drawn.setAttribute("aria-label", label);
    return element("li", {}, drawn, element("span", { "aria-hidden": true }, caption));
  });
  const list = element("ul", { class: `letters-sheet ${size}${signed ? " signed" : ""}` }, ...items);
  const figure = element("figure", { class: "chart" }, element("figcaption", {}, title), list);
  const rows = pictures.map(({ pixels, label }) => [label, ...Array.from(pixels)]);
  const columns = ["label", ...Array.from({ length: side ** 2 }, (_, index) => `pixel ${index + 1}`)];
  // Nobody reads a table of pixels in the page.
  const numbers = table ? { table } : { table: { columns, rows }, details: null };
  figure.append(figureTools(() => asOne(figure, list, pictures, side), { title, ...numbers }));
  return figure;
}

/**
 * A sheet of each letter's weights, with a table of them.
 * @param {{
 *   title: string, weights: number[][], letters: string[], most: number, unit?: number
 * }} options weights by letters, then pixels, in units of `unit`; `most` has the full colour
 */
export function weightSheet({ title, weights, letters, most, unit = 1 }) {
  const count = weights[0].length;
  const side = Math.sqrt(count);
  return sheet({
    title,
    most,
    side,
    signed: true,
    size: "large",
    pictures: weights.map((pixels, index) => ({
      pixels,
      label: `Weights of ${letters[index]}`,
      caption: letters[index] ?? "",
    })),
    table: {
      columns: ["row", "column", ...letters],
      rows: Array.from({ length: count }, (_, pixel) => [
        Math.floor(pixel / side),
        pixel % side,
        ...weights.map((one) => Number(((one[pixel] ?? 0) * unit).toPrecision(3))),
      ]),
    },
  });
}

/**
 * All pictures in one drawing, as it is saved; it stands in the page while it is read, so that its colours
 * are those of the page.
 * @param {HTMLElement} figure
 * @param {HTMLElement} list
 * @param {readonly Picture[]} pictures
 * @param {number} side
 */
function asOne(figure, list, pictures, side) {
  figure.querySelector(".letters-saved")?.remove();
  const columns = Math.min(pictures.length, 10);
  const width = columns * CELL;
  const height = Math.ceil(pictures.length / columns) * (CELL + WORDS);
  const parts = [...list.querySelectorAll("svg")].map((drawn, index) => {
    const { caption, label } = /** @type {Picture} */ (pictures[index]);
    const at = `translate(${(index % columns) * CELL} ${Math.floor(index / columns) * (CELL + WORDS)})`;
    const copies = [...drawn.children].map((path) => path.cloneNode(true));
    const scaled = svgElement("g", { transform: `scale(${(CELL - 8) / side})` }, ...copies);
    const words = svgElement("text", {
      x: CELL / 2 - 4,
      y: CELL + 8,
      "text-anchor": "middle",
      "font-size": 12,
    });
    words.append(caption ?? label);
    return svgElement("g", { transform: at }, scaled, words);
  });
  const svg = svgElement("svg", { width, height, viewBox: `0 0 ${width} ${height}`, class: "letters-saved" });
  svg.append(...parts);
  list.append(svg);
  return svg;
}
