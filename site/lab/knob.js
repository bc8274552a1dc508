/** Handles in drawings: what a pointer drags, and a slider for one number that keys move too. */

import { svgElement } from "../ui/svg.js";

/** @typedef {{x: number, y: number}} Place in units of the drawing's viewBox */

const REACH = 15; // so large that a finger finds it

/** Where a pointer is. @param {SVGElement} part of a drawing @param {MouseEvent} event @returns {Place} */
export function placeIn(part, { clientX, clientY }) {
  const svg = /** @type {SVGSVGElement} */ (part.closest("svg"));
  const { left, top, width } = svg.getBoundingClientRect();
  const factor = Number(svg.getAttribute("viewBox")?.split(" ")[2]) / (width || 1);
  return { x: (clientX - left) * factor, y: (clientY - top) * factor };
}

/**
 * Follows a pointer that went down on a handle until it goes up.
 * @param {SVGElement} handle
 * @param {PointerEvent} event
 * @param {(event: PointerEvent) => void} move
 * @param {() => void} [drop]
 */
export function follow(handle, event, move, drop) {
  event.preventDefault();
  handle.focus();
  handle.setPointerCapture(event.pointerId);
  const ends = ["pointerup", "pointercancel"];
  const end = () => {
    handle.removeEventListener("pointermove", move);
    for (const name of ends) handle.removeEventListener(name, end);
    drop?.();
  };
  handle.addEventListener("pointermove", move);
  for (const name of ends) handle.addEventListener(name, end);
}

/** A finger on a handle moves it and does not scroll the page. @param {SVGElement} handle */
export function keepTouch(handle) {
  handle.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
}

/** Steps of a key; a page is ten. @type {Record<string, number>} */
const STEPS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 };

/**
 * A slider in a drawing. Its caller draws what it is on, and calls `show` with each value.
 * @param {{
 *   label: string, low: number, high: number, step: number, at: (value: number) => Place,
 *   valueAt: (place: Place) => number, words: (value: number) => string, change: (value: number) => void
 * }} options `at` and `valueAt` are each other's inverse; `words` says a value
 */
export function knob({ label, low, high, step, at, valueAt, words, change }) {
  let now = low;
  const element = svgElement(
    "g",
    {
      role: "slider",
      tabindex: 0,
      class: "knob",
      "aria-label": label,
      "aria-valuemin": low,
      "aria-valuemax": high,
    },
    svgElement("circle", { r: REACH, "fill-opacity": 0 }),
    svgElement("circle", { r: 7 }),
  );
  const set = (/** @type {number} */ value) => {
    const rounded = Number((Math.round(value / step) * step).toFixed(6));
    const kept = Math.min(high, Math.max(low, rounded));
    if (kept !== now) change(kept);
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    follow(element, event, (moved) => set(valueAt(placeIn(element, moved))));
  });
  keepTouch(element);
  element.addEventListener("keydown", (event) => {
    const { key } = event;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (key === "Home") set(low);
    else if (key === "End") set(high);
    else if (STEPS[key]) set(now + STEPS[key] * step);
    else return;
    event.preventDefault();
    event.stopPropagation(); // a drawing around it may have arrow keys of its own
  });
  const show = (/** @type {number} */ value) => {
    now = value;
    const { x, y } = at(value);
    element.setAttribute("transform", `translate(${x.toFixed(1)},${y.toFixed(1)})`);
    element.setAttribute("aria-valuenow", String(value));
    element.setAttribute("aria-valuetext", words(value));
  };
  return { element, show };
}
