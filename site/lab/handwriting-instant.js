/** Matches letters with their templates for another band, as py/goosequill/lab/elastic.py does. */

/** @import { Asked, Instant } from "./frame.js" */
/** @import { Letter, Points } from "./handwriting-picture.js" */

/** @typedef {{path: [number, number][], distance: number}} Match `distance`: a mean square for each point */

/**
 * The last result with another band: the letters are matched anew with the templates that were nearest. Which
 * are the nearest with this band is left to Python.
 * @param {Asked} asked
 * @returns {Instant | null}
 */
export function instant({ settings, own, data }) {
  const changed = Object.keys(settings).filter((name) => settings[name] !== data.settings?.[name]);
  if (own || changed.join() !== "band") return null;
  const letters = data.letters.map((/** @type {Letter} */ letter) => rematched(letter, settings.band));
  return { data: { ...data, letters }, isWhole: false };
}

/** @param {Letter} letter @param {number} band @returns {Letter} */
function rematched(letter, band) {
  const { path, distance } = matched(costs(letter), letter.points.length, band);
  const [best, ...others] = letter.choices;
  return { ...letter, path, choices: [{ ...best, distance }, ...others] };
}

/**
 * The squared distance between each point of a letter and each of its template, by positions and directions,
 * row by row.
 * @param {Letter} letter
 */
export function costs({ points, turns, template, template_turns: templateTurns }) {
  const square = (/** @type {Points[0]} */ [a, b], /** @type {Points[0]} */ [c, d]) =>
    (a - c) ** 2 + (b - d) ** 2;
  return Float64Array.from({ length: points.length ** 2 }, (_, pair) => {
    const [i, j] = [Math.floor(pair / points.length), pair % points.length];
    return square(points[i], template[j]) + square(turns[i], templateTurns[j]);
  });
}

/**
 * The cheapest path from the first pair of points to the last that stays within a band of the diagonal; the
 * diagonal first if several are equally good.
 * @param {Float64Array} cost
 * @param {number} count points of each
 * @param {number} band
 * @returns {Match}
 */
export function matched(cost, count, band) {
  const width = count + 1;
  const sums = new Float64Array(width * width).fill(Number.POSITIVE_INFINITY);
  sums[0] = 0;
  const before = (/** @type {number} */ at) => [at - width - 1, at - width, at - 1];
  for (let i = 1; i <= count; i++)
    for (let j = Math.max(1, i - band); j <= Math.min(count, i + band); j++) {
      const at = i * width + j;
      const [both, one, other] = before(at);
      sums[at] = cost[(i - 1) * count + j - 1] + Math.min(sums[both], sums[one], sums[other]);
    }
  /** @type {[number, number][]} */
  const path = [];
  for (let at = sums.length - 1; at > 0; ) {
    path.unshift([Math.floor(at / width) - 1, (at % width) - 1]);
    at = before(at).reduce((best, each) => (sums[each] < sums[best] ? each : best));
  }
  return { path, distance: sums[sums.length - 1] / count };
}
