/**
 * The effective receptive field of a stack: the share of an output's paths that begin at each input, as a
 * square and along one axis.
 */

import { chart, figureTools, percentage } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";
import { number } from "../ui/words.js";

/** @import { Stack } from "./dilation-stack.js" */

const SIDE = 360;
/** More bars than this are too thin to see. */
const MOST_BARS = 200;

/** Each drawing's mask has its own id. */
let drawings = 0;

/** @param {{data: Stack, element: HTMLElement}} drawing */
export function fieldFigure({ data, element: place }) {
  const cells = data.influence.map((_, index) => index + 1);
  const profile = chart({
    title: "Share of each input along one axis",
    x: { label: "input" },
    y: { label: "share", format: percentage },
    series: [
      { name: "share", x: cells, y: data.influence, kind: cells.length > MOST_BARS ? "line" : "bars" },
    ],
    height: 260,
    legend: false,
  });
  const svg = squareMap(data.influence);
  const tools = figureTools(svg, {
    title: "Share of each input",
    table: squareTable(data.influence),
    details: null,
  });
  const map = element("div", {}, svg, tools, element("p", { class: "note" }, mapWords(data)));
  place.replaceChildren(
    element("p", { class: "stack-verdict" }, fieldWords(data)),
    element("div", { class: "field-figure" }, map, profile),
  );
}

/** @param {number[]} influence */
function squareTable(influence) {
  const size = influence.length;
  return {
    columns: ["row", "column", "share"],
    count: size ** 2,
    row: (/** @type {number} */ index) => {
      const [row, column] = [Math.floor(index / size), index % size];
      return [row + 1, column + 1, influence[row] * influence[column]];
    },
  };
}

/**
 * The square field. It is the product of two equal profiles, so it takes one strip per column and, as a mask,
 * one per row, instead of a rectangle for each cell. Square roots keep the rare paths at the edge visible.
 * @param {number[]} influence
 */
function squareMap(influence) {
  const most = Math.max(...influence);
  const size = influence.length;
  const strips = (/** @type {boolean} */ across) =>
    influence.flatMap((share, index) => {
      if (share === 0) return [];
      const [x, y, width, height] = across ? [0, index, size, 1] : [index, 0, 1, size];
      const opacity = Number(Math.sqrt(share / most).toFixed(4));
      return [svgElement("rect", { x, y, width, height, "fill-opacity": opacity })];
    });
  const id = `stack-field-${drawings++}`;
  const mask = svgElement("mask", {
    id,
    maskUnits: "userSpaceOnUse",
    "mask-type": "alpha", // no style: a saved drawing has none
    x: "0",
    y: "0",
    width: size,
    height: size,
  });
  mask.append(...strips(true));
  const columns = svgElement("g", { mask: `url(#${id})` });
  columns.append(...strips(false));
  const svg = svgElement("svg", {
    class: "field-svg",
    viewBox: `0 0 ${size} ${size}`,
    width: SIDE,
    height: SIDE,
    "shape-rendering": "crispEdges",
    role: "img",
    "aria-label": `The weight of each of ${number(size)} by ${number(size)} inputs; the chart has the numbers.`,
  });
  svg.append(mask, columns);
  return svg;
}

/** @param {Stack} data */
function mapWords({ fields, touched }) {
  const [field, cells] = [fields[fields.length - 1], touched[touched.length - 1]];
  return `${number(field)} × ${number(field)} inputs, of which ${number(cells ** 2)} are read. The stronger the color, the more paths, by their square root.`;
}

/** @param {Stack} data */
function fieldWords({ fields, central, deviation }) {
  const field = fields[fields.length - 1];
  return `The middle ${number(central)} of ${number(field)} inputs along an axis have 95% of the weight; their standard deviation is ${deviation.toFixed(1)} cells.`;
}
