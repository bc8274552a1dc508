/**
 * The marks of a chart's series and rules, for Observable Plot. They take indices of points; which are drawn
 * was decided before (chart-draw.js).
 */

import { library } from "./chart-plot.js";

/** @import { Series } from "./chart-data.js" */
/** @import { Look } from "./chart-layout.js" */

/**
 * @typedef {Object} Drawn one series with what its marks need
 * @property {Series} one
 * @property {Look} look
 * @property {ArrayLike<number>} indices of the points to draw
 * @property {boolean} alone whether no other series could be confused with it
 * @property {number} shift from the middle of a band, in pixels
 * @property {[number, number]} insets of a bar in its band, in pixels
 * @property {[number, number]} reach of a bar on a numeric axis, from its x
 * @property {boolean} sideways
 */

const FEW = 24; // a line of up to so many points shows each of them
const SYMBOLS_OF_A_LINE = 6;

/** @param {Drawn} drawn @returns {object[]} */
export function seriesMarks(drawn) {
  const kind = drawn.one.kind ?? "line";
  if (kind === "points") return [...intervalMarks(drawn), pointsMark(drawn, drawn.indices, 3.5)];
  if (kind === "bars") return [barsMark(drawn), ...intervalMarks(drawn)];
  return lineMarks(drawn, kind);
}

/** @param {Drawn} drawn @param {"line" | "area" | "step"} kind */
function lineMarks(drawn, kind) {
  const { areaY, lineY } = library();
  const { one, look, indices } = drawn;
  const curve = kind === "step" ? "step-after" : "linear";
  const x = at(one.x);
  const marks = [];
  const filled = { x, fill: look.color, className: "series", curve };
  if (one.low && one.high)
    marks.push(areaY(indices, { ...filled, y1: at(one.low), y2: at(one.high), fillOpacity: 0.16 }));
  else if (kind === "area")
    marks.push(areaY(indices, { ...filled, y1: 0, y2: at(one.y), fillOpacity: 0.22 }));
  marks.push(
    lineY(indices, {
      x,
      y: at(one.y),
      stroke: look.color,
      strokeWidth: look.muted ? 1.5 : 2,
      strokeDasharray: look.dash,
      curve,
      className: "series",
    }),
  );
  const marked = markedPoints(drawn);
  if (marked.length > 0) marks.push(pointsMark(drawn, marked, 3));
  return marks;
}

/**
 * The points of a line that have a symbol: all if they are few, and else some that tell lines apart.
 * @param {Drawn} drawn
 */
function markedPoints({ indices, alone, look }) {
  const all = Array.from(indices);
  if (look.muted) return [];
  if (all.length <= FEW) return all;
  if (alone) return [];
  const step = all.length / SYMBOLS_OF_A_LINE;
  return Array.from(
    { length: SYMBOLS_OF_A_LINE },
    (_, number) => all[Math.floor((number + 0.5) * step)] ?? 0,
  );
}

/** @param {Drawn} drawn @param {ArrayLike<number>} indices @param {number} r */
function pointsMark({ one, look, shift, sideways }, indices, r) {
  return library().dot(indices, {
    x: at(one.x),
    y: at(one.y),
    ...(sideways ? { dy: shift } : { dx: shift }),
    r,
    symbol: look.symbol,
    fill: look.color,
    fillOpacity: indices.length > 400 ? 0.6 : 1,
    stroke: "var(--chart-paper)",
    strokeWidth: indices.length > 400 ? 0 : 0.75,
    className: "series",
  });
}

/** @param {Drawn} drawn */
function barsMark({ one, look, indices, insets: [before, after], reach: [from, to], sideways }) {
  const { barX, barY, rect } = library();
  const shared = {
    fill: look.color,
    fillOpacity: look.dash ? 0.3 : look.muted ? 0.5 : 0.85,
    stroke: look.dash ? look.color : undefined,
    strokeDasharray: look.dash,
    strokeWidth: 1.5,
    className: "series",
  };
  const upright = { y1: () => 0, y2: at(one.y) };
  const lying = { y: at(one.y), x1: 0, x2: at(one.x), insetTop: before, insetBottom: after };
  if (sideways) return barX(indices, { ...shared, ...lying });
  if (from === to)
    return barY(indices, { ...shared, ...upright, x: at(one.x), insetLeft: before, insetRight: after });
  const side = (/** @type {number} */ by) => (/** @type {number} */ index) => Number(one.x[index]) + by;
  return rect(indices, { ...shared, ...upright, x1: side(from), x2: side(to) });
}

/** A line from low to high at each point. @param {Drawn} drawn */
function intervalMarks({ one, look, indices, shift, sideways }) {
  if (!one.low || !one.high) return [];
  const [low, high] = [at(one.low), at(one.high)];
  const ends = sideways
    ? { x1: low, x2: high, y1: at(one.y), y2: at(one.y), dy: shift }
    : { y1: low, y2: high, x1: at(one.x), x2: at(one.x), dx: shift };
  const stroke = one.kind === "bars" ? "var(--ink)" : look.color;
  return [library().link(indices, { ...ends, stroke, strokeWidth: 1.75, className: "series" })];
}

/** @param {ArrayLike<any>} values @returns {(index: number) => any} */
function at(values) {
  return (index) => values[index];
}
