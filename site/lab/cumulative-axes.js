/** Scales, ticks and paths of the experiment's main picture, which is drawn anew at every move of a point. */

import { shortNumber } from "../ui/chart.js";
import { svgElement } from "../ui/svg.js";

/**
 * @typedef {{left: number, top: number, width: number, height: number}} Box
 * @typedef {{box: Box, x: [number, number], y: [number, number]}} Panel a box and what it spans
 */

/** @param {Panel} panel @param {number} x */
export function across({ box, x: [from, to] }, x) {
  return box.left + ((x - from) / (to - from)) * box.width;
}

/** @param {Panel} panel @param {number} y */
export function down({ box, y: [from, to] }, y) {
  return box.top + (1 - (y - from) / (to - from)) * box.height;
}

/** The x and y of a place in pixels. @param {Panel} panel @param {{x: number, y: number}} place */
export function valuesAt({ box, x: [left, right], y: [low, high] }, { x, y }) {
  return {
    x: left + ((x - box.left) / box.width) * (right - left),
    y: low + (1 - (y - box.top) / box.height) * (high - low),
  };
}

/**
 * Round numbers within a range, about as many as wanted.
 * @param {[number, number]} range
 * @param {number} wanted
 */
export function ticks([from, to], wanted) {
  const rough = (to - from) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/**
 * A curve as a path; parts far outside the panel stay near it.
 * @param {Panel} panel
 * @param {number[]} xs
 * @param {number[]} ys
 * @param {boolean} [step]
 */
export function pathOf(panel, xs, ys, step = false) {
  const { top, height } = panel.box;
  let path = "";
  ys.forEach((y, index) => {
    const x = across(panel, xs[index] ?? 0).toFixed(1);
    const place = Math.max(top - height, Math.min(top + 2 * height, down(panel, y))).toFixed(1);
    if (index === 0) path = `M${x},${place}`;
    else path += step ? `H${x}V${place}` : `L${x},${place}`;
  });
  return path;
}

/**
 * The lines and numbers of a panel.
 * @param {Panel} panel
 * @param {{title: string, below?: string}} words `below` is the label of the x axis, under its numbers
 */
export function axes(panel, { title, below }) {
  const { box } = panel;
  const group = svgElement("g", { "aria-hidden": "true", fill: "var(--ink-soft)" });
  const bottom = box.top + box.height;
  for (const y of ticks(panel.y, box.height / 48)) {
    const at = down(panel, y).toFixed(1);
    const line = { x1: box.left, x2: box.left + box.width, y1: at, y2: at };
    const words = { x: box.left - 8, y: at, dy: "0.32em", "text-anchor": "end" };
    group.append(
      svgElement("line", { ...line, stroke: y === 0 ? "var(--line-strong)" : "var(--line)" }),
      svgElement("text", words, shortNumber(y)),
    );
  }
  for (const x of ticks(panel.x, box.width / 76)) {
    const at = across(panel, x).toFixed(1);
    group.append(
      svgElement("line", { x1: at, x2: at, y1: bottom, y2: bottom + 4, stroke: "var(--line-strong)" }),
    );
    if (below === undefined) continue;
    group.append(svgElement("text", { x: at, y: bottom + 17, "text-anchor": "middle" }, shortNumber(x)));
  }
  group.append(svgElement("text", { x: 0, y: box.top - 10, fill: "var(--ink)" }, title));
  if (below) {
    const middle = box.left + box.width / 2;
    group.append(svgElement("text", { x: middle, y: bottom + 34, "text-anchor": "middle" }, below));
  }
  return group;
}
