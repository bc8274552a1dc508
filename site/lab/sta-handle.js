/** A handle on the chart of the average: the peak of the true filter, whose height is the gain. */

import { chartHandle } from "./chart-handle.js";
import { effectiveGain } from "./sta-instant.js";

/** @import { Series, Spec } from "../ui/chart-data.js" */
/** @import { Drawing } from "./frame.js" */

const [MOST, STEP] = [2, 0.05];
const GAINS = Array.from({ length: MOST / STEP + 1 }, (_, index) => index * STEP);

/**
 * What a chart needs for the handle: an axis that stays while it is dragged. Nothing where no filter is
 * known.
 * @param {any} data
 * @param {{gain: number, series: Series[], place: HTMLElement, run: Drawing["run"]}} options
 * @returns {{domain?: [number, number], onDraw?: Spec["onDraw"]}}
 */
export function gainHandle({ filter, time, source }, { gain, series, place, run }) {
  if (!filter) return {};
  const shown = (/** @type {number} */ one) => (source.neuron === "lnp" ? effectiveGain(one) : one);
  const values = series.flatMap(({ y, low, high }) =>
    [y, low ?? [], high ?? []].flatMap((each) => Array.from(each)),
  );
  values.push(...filter.map((/** @type {number} */ weight) => shown(MOST) * weight));
  const known = values.filter((value) => !Number.isNaN(value));
  const peak = filter.indexOf(Math.max(...filter));
  const onDraw = chartHandle(place, {
    label: "Gain",
    values: GAINS,
    now: gain,
    orientation: "vertical",
    at: (one, x, y) => ({ x: x(time[peak]), y: y(shown(one) * filter[peak]) }),
    words: (one) => `gain ${one}`,
    change: (one) => run({ settings: { gain: one } }),
  });
  return { domain: [Math.min(...known), Math.max(...known)], onDraw };
}
