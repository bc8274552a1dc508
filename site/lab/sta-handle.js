/** A handle on the chart of the average: the peak of the true filter, whose height is the gain. */

import { knob } from "./knob.js";
import { effectiveGain } from "./sta-instant.js";

/** @import { Series, Spec } from "../ui/chart-data.js" */
/** @import { Drawing } from "./frame.js" */

const [MOST, STEP] = [2, 0.05];
const GAINS = Array.from({ length: MOST / STEP + 1 }, (_, index) => index * STEP);

/**
 * @typedef {{
 *   peak: (gain: number) => {x: number, y: number}, slider: ReturnType<typeof knob>
 * }} Handle `peak` in pixels of the drawing
 */

/** Each stays while its chart is drawn anew, so that it can be dragged. @type {WeakMap<Element, Handle>} */
const handles = new WeakMap();

/** @param {Drawing["run"]} run @returns {Handle} */
function makeHandle(run) {
  /** @type {Handle} */
  const handle = {
    peak: () => ({ x: 0, y: 0 }),
    slider: knob({
      label: "Gain",
      low: 0,
      high: MOST,
      step: STEP,
      at: (gain) => handle.peak(gain),
      valueAt: ({ y }) => {
        const distances = GAINS.map((gain) => Math.abs(handle.peak(gain).y - y));
        return GAINS[distances.indexOf(Math.min(...distances))];
      },
      words: (gain) => `gain ${gain}`,
      change: (gain) => run({ settings: { gain } }),
    }),
  };
  handle.slider.element.setAttribute("aria-orientation", "vertical");
  return handle;
}

/**
 * What a chart needs for the handle: an axis that stays while it is dragged. Nothing where no filter is
 * known.
 * @param {any} data
 * @param {{gain: number, series: Series[], place: HTMLElement, run: Drawing["run"]}} options
 * @returns {{domain?: [number, number], onDraw?: Spec["onDraw"]}}
 */
export function gainHandle({ filter, time, source }, { gain, series, place, run }) {
  if (!filter) return {};
  const handle = handles.get(place) ?? makeHandle(run);
  handles.set(place, handle);
  const shown = (/** @type {number} */ one) => (source.neuron === "lnp" ? effectiveGain(one) : one);
  const values = series.flatMap(({ y, low, high }) =>
    [y, low ?? [], high ?? []].flatMap((each) => Array.from(each)),
  );
  values.push(...filter.map((/** @type {number} */ weight) => shown(MOST) * weight));
  const known = values.filter((value) => !Number.isNaN(value));
  const [least, greatest] = [Math.min(...known), Math.max(...known)];
  const at = filter.indexOf(Math.max(...filter));
  return {
    domain: [least, greatest],
    onDraw(svg) {
      const [x, y] = [svg.scale("x"), svg.scale("y")];
      handle.peak = (one) => ({ x: x.apply(time[at]), y: y.apply(shown(one) * filter[at]) });
      const { element } = handle.slider;
      const hadFocus = document.activeElement === element;
      handle.slider.show(gain);
      // Of a chart, only the handle is told to those who do not see it; the read-out has the rest.
      for (const part of svg.children) part.setAttribute("aria-hidden", "true");
      svg.removeAttribute("aria-hidden");
      svg.append(element);
      if (hadFocus) queueMicrotask(() => element.focus({ preventScroll: true })); // the chart is in the page then
    },
  };
}
