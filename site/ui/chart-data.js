/**
 * A chart's data before it is drawn: checked, measured, thinned to what a screen can show, and as a table.
 * Knows neither the page nor the library that draws.
 */

import { significant, t } from "./words.js";

/**
 * @typedef {"linear" | "log" | "time" | "band"} ScaleKind
 * @typedef {"line" | "area" | "step" | "points" | "bars"} Kind
 *
 * @typedef {Object} Axis
 * @property {string} label
 * @property {string} [unit]
 * @property {ScaleKind} [scale] "band" for names; the default follows from the values
 * @property {readonly any[]} [domain] least and greatest value, or all names in their order
 * @property {(value: any) => string} [format] of values on the axis and in the read-out
 *
 * @typedef {Object} Series
 * @property {string} name
 * @property {ArrayLike<any>} x numbers, dates or names
 * @property {ArrayLike<any>} y numbers; null and NaN leave a gap. Names if y is a band
 * @property {ArrayLike<any>} [low] lower ends of an interval around each value
 * @property {ArrayLike<any>} [high]
 * @property {Kind} [kind] "line" by default
 * @property {boolean} [dashed]
 * @property {number} [color] index of a colour, 0 to 5, for series that belong together; else it has its own
 * @property {boolean} [muted] drawn in grey, for what is only there to compare with
 *
 * @typedef {{x?: any, y?: any, label: string}} Rule a line across the drawing
 *
 * @typedef {Object} Spec
 * @property {string} title
 * @property {Axis} x
 * @property {Axis} y
 * @property {readonly Series[]} series
 * @property {readonly Rule[]} [rules]
 * @property {number} [height] of the drawing in pixels
 * @property {boolean} [legend] by default there is one if there are several series
 * @property {(svg: SVGSVGElement & {scale(name: "x" | "y"): {apply(value: any): number}}) => void} [onDraw]
 *   called with each drawing of it, before that is in the page
 *
 * @typedef {{columns: string[], count: number, row: (index: number) => import("./csv.js").CsvCell[]}} Table
 */

const MOST_POINTS = 4000;

/** A number with four significant digits: 0.4217, 12,350, 1.2e-7, 2e9. @param {unknown} value */
export function shortNumber(value) {
  if (value instanceof Date) return value.toISOString().replace(/(T00:00)?(:00)?(\.000)?Z$/, "");
  if (typeof value !== "number") return String(value ?? t("no value"));
  if (Number.isNaN(value)) return t("no value");
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7) && size < Infinity)
    return Number(value.toPrecision(4)).toExponential().replace("e+", "e");
  return significant(value, 4);
}

/** A share as a percentage, for an axis' `format`: 35%, 2.5%. @param {number} share */
export function percentage(share) {
  return significant(share, 4, "percent");
}

/** The words of an axis: "time (ms)". @param {Axis} axis */
export function axisWords({ label, unit }) {
  return unit ? `${label} (${unit})` : label;
}

/** A value with its unit: "-30 ms", "35%". @param {Axis} axis @param {unknown} value */
export function valueWords({ unit, format = shortNumber }, value) {
  const missing = value === null || value === undefined || Number.isNaN(value);
  const text = missing ? t("no value") : format(value);
  return unit && !missing ? `${text}${unit === "%" ? "" : " "}${unit}` : text;
}

/**
 * Throws if a series cannot be drawn.
 * @param {Spec} spec
 */
export function check({ series }) {
  for (const { name, x, y, low, high } of series)
    for (const other of [y, low, high])
      if (other && other.length !== x.length)
        throw new RangeError(`series "${name}" has ${x.length} x and ${other.length} other values`);
}

/**
 * The kind of scale that an axis needs.
 * @param {Axis} axis
 * @param {readonly ArrayLike<any>[]} values
 * @returns {ScaleKind}
 */
export function scaleKind({ scale, domain }, values) {
  const first = domain?.[0] ?? values.find((one) => one.length > 0)?.[0];
  return scale ?? (typeof first === "string" ? "band" : first instanceof Date ? "time" : "linear");
}

/**
 * Least and greatest of all finite numbers (positive ones only on a logarithmic scale), or null.
 * @param {Iterable<ArrayLike<any>>} lists
 * @param {ScaleKind} [kind]
 * @returns {[number, number] | null}
 */
export function extent(lists, kind = "linear") {
  let [least, greatest] = [Infinity, -Infinity];
  for (const list of lists)
    for (let index = 0; index < list.length; index++) {
      if (list[index] === null) continue;
      const value = Number(list[index]);
      if (!Number.isFinite(value) || (kind === "log" && value <= 0)) continue;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
  return least <= greatest ? [least, greatest] : null;
}

/**
 * The distinct names of a band, in their first order.
 * @param {Iterable<ArrayLike<any>>} lists
 */
export function names(lists) {
  const found = new Set();
  for (const list of lists) for (let index = 0; index < list.length; index++) found.add(list[index]);
  return [...found];
}

/**
 * A function from values to 0 ... 1 along an axis, by which data is thinned.
 * @param {ScaleKind} kind
 * @param {readonly any[]} domain
 * @returns {(value: any) => number}
 */
export function share(kind, [from, to]) {
  const at = kind === "log" ? Math.log : Number;
  const [start, length] = [at(from), at(to) - at(from) || 1];
  return (value) => (value === null ? Number.NaN : (at(value) - start) / length);
}

/**
 * The indices of a line that must be drawn: of each column of pixels the first and last point, and those with
 * the least and greatest value of every list. The line looks the same as with all points.
 * @param {ArrayLike<any>} x
 * @param {readonly ArrayLike<any>[]} lists
 * @param {{columns: number, at: (value: any) => number}} options `at` as `share` returns it
 * @returns {ArrayLike<number>}
 */
export function thinLine(x, lists, { columns, at }) {
  if (x.length <= 4 * columns) return Array.from(x, (_, index) => index);
  const sorted = isSorted(x);
  const kept = /** @type {number[]} */ ([]);
  let start = 0;
  while (start < x.length) {
    const column = sorted ? columnOf(at(x[start]), columns) : 0;
    let end = start + 1;
    const most = sorted ? x.length : Math.min(x.length, start + Math.ceil(x.length / columns));
    while (end < most && (!sorted || columnOf(at(x[end]), columns) === column)) end++;
    keepColumn(kept, lists, start, end);
    start = end;
  }
  return kept;
}

/** @param {number} position @param {number} columns */
function columnOf(position, columns) {
  return Math.max(-1, Math.min(columns, Math.floor(position * columns)));
}

/** @param {ArrayLike<any>} values */
function isSorted(values) {
  for (let index = 1; index < values.length; index++) if (!(values[index] >= values[index - 1])) return false;
  return true;
}

/**
 * Appends the indices that stand for `start` to `end` of all lists, in their order.
 * @param {number[]} kept
 * @param {readonly ArrayLike<any>[]} lists
 * @param {number} start
 * @param {number} end
 */
function keepColumn(kept, lists, start, end) {
  const chosen = new Set([start, end - 1]);
  for (const list of lists) {
    let [least, greatest, gap] = [-1, -1, -1];
    for (let index = start; index < end; index++) {
      const value = list[index];
      if (value === null || Number.isNaN(Number(value))) gap = index;
      else if (least < 0) least = greatest = index;
      else if (value < list[least]) least = index;
      else if (value > list[greatest]) greatest = index;
    }
    for (const index of [least, greatest, gap]) if (index >= 0) chosen.add(index);
  }
  kept.push(...[...chosen].sort((a, b) => a - b));
}

/**
 * The indices of points that must be drawn: one for each small square, and at most some thousands.
 * @param {ArrayLike<any>} x
 * @param {ArrayLike<any>} y
 * @param {{width: number, height: number, atX: (value: any) => number, atY: (value: any) => number}} options
 * @returns {ArrayLike<number>}
 */
export function thinPoints(x, y, { width, height, atX, atY }) {
  if (x.length <= MOST_POINTS) return Array.from(x, (_, index) => index);
  for (let side = 1; ; side *= 1.5) {
    /** @type {Map<number, number>} */
    const squares = new Map();
    for (let index = 0; index < x.length && squares.size <= MOST_POINTS; index++) {
      const column = Math.floor((atX(x[index]) * width) / side);
      const square = column * 1e6 + Math.floor((atY(y[index]) * height) / side);
      if (!Number.isNaN(square) && !squares.has(square)) squares.set(square, index);
    }
    if (squares.size <= MOST_POINTS) return [...squares.values()];
  }
}

/**
 * The table of a chart's numbers: a column for each series if all have the same names or positions, and
 * otherwise a row for each point with the name of its series.
 * @param {Spec} spec
 * @returns {Table}
 */
export function tableOf({ x, y, series }) {
  const ys = series.map((one) => one.y);
  const sideways = scaleKind(y, ys) === "band";
  const [place, value] = sideways ? [y, x] : [x, y];
  const lists = series.map(({ name, x: xs, y: values, low, high }) =>
    sideways ? { name, places: values, values: xs, low, high } : { name, places: xs, values, low, high },
  );
  const first = lists[0];
  if (!first) return { columns: [axisWords(place), axisWords(value)], count: 0, row: () => [] };
  const shared = lists.every(({ places }) => sameValues(places, first.places));
  return shared ? wideTable(lists, place) : longTable(lists, { place, value });
}

/**
 * @typedef {{
 *   name: string, places: ArrayLike<any>, values: ArrayLike<any>, low?: ArrayLike<any>, high?: ArrayLike<any>
 * }} Lists the values of one series
 */

/** @param {Lists[]} lists @param {{place: Axis, value: Axis}} axes @returns {Table} */
function longTable(lists, { place, value }) {
  const hasRange = lists.some(({ low }) => low);
  const starts = [0];
  for (const { places } of lists) starts.push(/** @type {number} */ (starts.at(-1)) + places.length);
  return {
    columns: ["series", axisWords(place), axisWords(value), ...(hasRange ? ["low", "high"] : [])],
    count: /** @type {number} */ (starts.at(-1)),
    row(index) {
      const which = starts.findIndex((start) => start > index) - 1;
      const one = /** @type {Lists} */ (lists[which]);
      const at = index - /** @type {number} */ (starts[which]);
      const ends = hasRange ? [plain(one.low?.[at]), plain(one.high?.[at])] : [];
      return [one.name, plain(one.places[at]), plain(one.values[at]), ...ends];
    },
  };
}

/** @param {Lists[]} lists @param {Axis} place @returns {Table} */
function wideTable(lists, place) {
  const columns = lists.flatMap(({ name, values, low, high }) => {
    const all = [{ name, values }];
    if (low) all.push({ name: `${name}, low`, values: low });
    if (high) all.push({ name: `${name}, high`, values: high });
    return all;
  });
  const places = /** @type {Lists} */ (lists[0]).places;
  return {
    columns: [axisWords(place), ...columns.map(({ name }) => name)],
    count: places.length,
    row: (index) => [plain(places[index]), ...columns.map(({ values }) => plain(values[index]))],
  };
}

/** @param {ArrayLike<any>} a @param {ArrayLike<any>} b */
function sameValues(a, b) {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++)
    if (!Object.is(plain(a[index]), plain(b[index]))) return false;
  return true;
}

/** @param {unknown} value @returns {string | number | null} */
function plain(value) {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "number") return value;
  return value === null || value === undefined ? null : String(value);
}
