/**
 * What of a chart does not depend on its width: scales, domains, and how each series looks.
 */

import { check, extent, names, scaleKind } from "./chart-data.js";

/** @import { ScaleKind, Series, Spec } from "./chart-data.js" */

/**
 * @typedef {{color: string, dash: string | undefined, symbol: string, muted: boolean}} Look
 * @typedef {{kind: ScaleKind, domain: any[], nice: boolean, overflows: boolean}} Scale
 *   overflows: data is outside of the domain that was given
 * @typedef {{
 *   spec: Spec, x: Scale, y: Scale, looks: Look[], sideways: boolean, barWidth: number, overflows: boolean
 * }} Layout sideways: y has the names and x the values
 */

const COLORS = 6;
const DASHES = [undefined, "7 4", "2 3", "11 4 2 4", "14 4", "2 6"];
const SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "cross"];

/** @param {Spec} spec @returns {Layout} */
export function layoutOf(spec) {
  check(spec);
  const { series } = spec;
  const xs = series.map(({ x }) => x);
  const ys = series.map(({ y }) => y);
  const sideways = scaleKind(spec.y, ys) === "band";
  const ends = series.flatMap(({ low, high }) => [low ?? [], high ?? []]);
  const fromZero = series.some(({ kind, low }) => kind === "bars" || (kind === "area" && !low));
  const zero = fromZero ? [[0]] : [];
  const bars = series.filter(({ kind }) => kind === "bars").map(({ x }) => x);
  const numeric = !sideways && scaleKind(spec.x, xs) !== "band";
  const barWidth = numeric && bars.length > 0 ? leastGap(bars) : 0;
  const edges = bars.map((list) => {
    const [from, to] = extent([list]) ?? [0, 0];
    return [from - barWidth / 2, to + barWidth / 2];
  });
  const values = sideways ? [...xs, ...ends, ...zero] : [...ys, ...ends, ...zero];
  const x = scaleOf(spec, "x", sideways ? values : [...xs, ...(barWidth ? edges : [])]);
  const y = scaleOf(spec, "y", sideways ? ys : values);
  const scattered = series.length > 0 && series.every(({ kind }) => kind === "points");
  x.nice &&= sideways || scattered;
  const overflows = x.overflows || y.overflows;
  return { spec, x, y, looks: looksOf(series), sideways, barWidth, overflows };
}

/**
 * @param {Spec} spec
 * @param {"x" | "y"} name
 * @param {ArrayLike<any>[]} lists
 * @returns {Scale}
 */
function scaleOf(spec, name, lists) {
  const axis = spec[name];
  const kind = scaleKind(
    axis,
    spec.series.map((one) => one[name]),
  );
  if (axis.domain) {
    const overflows = kind !== "band" && isOutside(extent(lists, kind), axis.domain);
    return { kind, domain: [...axis.domain], nice: false, overflows };
  }
  const ruled = (spec.rules ?? []).flatMap((rule) => (rule[name] === undefined ? [] : [rule[name]]));
  if (kind === "band") return { kind, domain: names(lists), nice: false, overflows: false };
  const found = extent([...lists, ruled], kind) ?? (kind === "log" ? [1, 10] : [0, 1]);
  return { kind, domain: widened(found, kind), nice: true, overflows: false };
}

/** @param {[number, number] | null} found @param {readonly any[]} domain */
function isOutside(found, domain) {
  const [least, greatest] = extent([domain]) ?? [0, 0];
  return found !== null && (found[0] < least || found[1] > greatest);
}

/**
 * A domain with a width.
 * @param {number[]} ends
 * @param {ScaleKind} kind
 * @returns {any[]}
 */
function widened([from = 0, to = 1], kind) {
  const [least, greatest] =
    from < to ? [from, to] : kind === "log" ? [from / 2, from * 2] : [from - 0.5, from + 0.5];
  return kind === "time" ? [new Date(least), new Date(greatest)] : [least, greatest];
}

/** The least distance of two neighbours, which is the width of bars. @param {ArrayLike<any>[]} lists */
function leastGap(lists) {
  let least = Infinity;
  for (const list of lists) {
    const sorted = Float64Array.from(list, Number).sort();
    for (let index = 1; index < sorted.length; index++) {
      const gap = /** @type {number} */ (sorted[index]) - /** @type {number} */ (sorted[index - 1]);
      if (gap > 0 && gap < least) least = gap;
    }
  }
  return least < Infinity ? least : 1;
}

/**
 * Each series has its own colour, dash and symbol; a muted one has grey and keeps the others' looks. A series
 * with a colour of its own is solid unless it is dashed, so that two can share a colour.
 * @param {readonly Series[]} series
 * @returns {Look[]}
 */
export function looksOf(series) {
  let index = -1;
  return series.map(({ dashed, muted = false, color }) => {
    if (!muted) index++;
    const at = muted ? 0 : (color ?? index);
    const dash = color === undefined ? DASHES[at % DASHES.length] : undefined;
    return {
      color: muted ? "var(--chart-muted)" : colorOf(at),
      dash: dashed ? (dash ?? "5 4") : dash,
      symbol: /** @type {string} */ (SYMBOLS[at % SYMBOLS.length]),
      muted,
    };
  });
}

/** The colour of the series with an index; after six they repeat, with other dashes. @param {number} index */
export function colorOf(index) {
  return `var(--chart-${(index % COLORS) + 1})`;
}
