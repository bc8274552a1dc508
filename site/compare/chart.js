/**
 * Intervals as a small chart. Its numbers always stand in a table beside it, so it is hidden from screen readers.
 * @module
 */

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {{mean: number, low: number, high: number}} Interval */

/**
 * One interval on a scale that the rows of a table share.
 * @param {Interval} interval
 * @param {{from: number, to: number, reference?: number}} scale
 * @returns {SVGSVGElement}
 */
export function intervalBar({ mean, low, high }, { from, to, reference }) {
  const width = 200;
  const at = (/** @type {number} */ value) => 8 + ((value - from) / (to - from || 1)) * (width - 16);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} 20`);
  svg.setAttribute("class", "interval");
  svg.setAttribute("aria-hidden", "true");
  svg.append(shape("line", { x1: 0, x2: width, y1: 10, y2: 10, class: "axis" }));
  if (reference !== undefined && reference >= from && reference <= to)
    svg.append(shape("line", { x1: at(reference), x2: at(reference), y1: 0, y2: 20, class: "reference" }));
  svg.append(shape("line", { x1: at(low), x2: at(high), y1: 10, y2: 10, class: "range" }));
  svg.append(shape("circle", { cx: at(mean), cy: 10, r: 4.5, class: "mean" }));
  return svg;
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** A scale that holds all intervals. @param {Interval[]} intervals @param {number} [reference] */
export function scaleOf(intervals, reference) {
  const ends = intervals.flatMap(({ low, high }) => [low, high]).concat(reference ?? []);
  return {
    from: Math.min(...ends),
    to: Math.max(...ends),
    ...(reference === undefined ? {} : { reference }),
  };
}

/** @param {number} value */
export function figure(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits).replace(/^-(0(\.0*)?)$/, "$1");
}

/** @param {Interval} interval */
export function withInterval({ mean, low, high }) {
  return `${figure(mean)} (${figure(low)} to ${figure(high)})`;
}
