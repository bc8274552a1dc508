/** A handle on a chart, which moves along the places of some values. */

import { knob, putInto } from "./knob.js";

/** @import { Spec } from "../ui/chart-data.js" */

/**
 * @typedef {{x: number, y: number}} Place in pixels of the drawing
 * @typedef {(value: any) => number} Scale
 * @typedef {{
 *   label: string, values: number[], now: number, orientation: "horizontal" | "vertical",
 *   at: (value: number, x: Scale, y: Scale) => Place, words: (value: number) => string,
 *   change: (value: number) => void
 * }} Options `values`: at equal distances; `at`: where each is; `orientation`: how it moves for the most part
 * @typedef {{values: number[], at: (value: number) => Place, slider: ReturnType<typeof knob>}} Handle
 */

/** Each stays while its chart is drawn anew, so that it can be dragged. @type {WeakMap<Element, Handle>} */
const handles = new WeakMap();

/** @param {Options} options @returns {Handle} */
function makeHandle({ label, values, orientation, words, change }) {
  /** @type {Handle} */
  const handle = {
    values,
    at: () => ({ x: 0, y: 0 }),
    slider: knob({
      label,
      low: values[0],
      high: values[values.length - 1],
      step: values[1] - values[0],
      at: (value) => handle.at(value),
      valueAt({ x, y }) {
        const distances = values.map((value) => {
          const place = handle.at(value);
          return orientation === "vertical" ? Math.abs(place.y - y) : Math.hypot(place.x - x, place.y - y);
        });
        return values[distances.indexOf(Math.min(...distances))];
      },
      words,
      change,
    }),
  };
  handle.slider.element.setAttribute("aria-orientation", orientation);
  return handle;
}

/** @param {number[]} one @param {number[]} other */
const isSame = (one, other) => one.length === other.length && one[0] === other[0];

/**
 * What a chart needs for its handle.
 * @param {Element} place what the chart stands in, which has one handle
 * @param {Options} options
 * @returns {NonNullable<Spec["onDraw"]>}
 */
export function chartHandle(place, options) {
  const before = handles.get(place);
  const handle = before && isSame(before.values, options.values) ? before : makeHandle(options);
  handles.set(place, handle);
  return (svg) => {
    const [x, y] = [svg.scale("x"), svg.scale("y")];
    handle.at = (value) =>
      options.at(
        value,
        (at) => x.apply(at),
        (at) => y.apply(at),
      );
    handle.slider.show(options.now);
    // Of a chart, only the handle is told to those who do not see it; the read-out has the rest.
    for (const part of svg.children) part.setAttribute("aria-hidden", "true");
    svg.removeAttribute("aria-hidden");
    putInto(svg, handle.slider.element);
  };
}
