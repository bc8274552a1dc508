/** Handles in drawings: what a pointer drags, and a slider for one number that keys move too. */

import { svgElement } from "../ui/svg.js";

/** @typedef {{x: number, y: number}} Place in units of the drawing's viewBox */

const REACH = 15; // so large that a finger finds it

/** Units of a drawing for each pixel of the page. @param {SVGElement} part */
function unitsPerPixel(part) {
  const svg = /** @type {SVGSVGElement} */ (part.closest("svg"));
  return Number(svg.getAttribute("viewBox")?.split(" ")[2]) / (svg.getBoundingClientRect().width || 1);
}

/** Where a pointer is. @param {SVGElement} part of a drawing @param {MouseEvent} event @returns {Place} */
export function placeIn(part, { clientX, clientY }) {
  const { left, top } = /** @type {SVGSVGElement} */ (part.closest("svg")).getBoundingClientRect();
  const units = unitsPerPixel(part);
  return { x: (clientX - left) * units, y: (clientY - top) * units };
}

/**
 * Follows a pointer that went down on a handle until it goes up, even if the handle is drawn anew meanwhile.
 * @param {SVGElement} handle
 * @param {PointerEvent} event
 * @param {(event: PointerEvent) => void} move
 * @param {() => void} [drop]
 */
export function follow(handle, event, move, drop) {
  event.preventDefault();
  handle.focus();
  const listen = (/** @type {"addEventListener" | "removeEventListener"} */ how) => {
    document[how]("pointermove", moved);
    for (const name of ["pointerup", "pointercancel"]) document[how](name, ended);
  };
  const isOurs = (/** @type {any} */ other) => other.pointerId === event.pointerId;
  const moved = (/** @type {any} */ other) => isOurs(other) && move(other);
  const ended = (/** @type {any} */ other) => {
    if (!isOurs(other)) return;
    listen("removeEventListener");
    drop?.();
  };
  listen("addEventListener");
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
    // From where it was taken, even if what is drawn anew moves the drawing.
    const [start, units] = [at(now), unitsPerPixel(element)];
    follow(element, event, ({ clientX, clientY }) =>
      set(
        valueAt({
          x: start.x + (clientX - event.clientX) * units,
          y: start.y + (clientY - event.clientY) * units,
        }),
      ),
    );
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

/**
 * Puts a slider into a drawing that was made anew, in which it keeps the focus.
 * @param {SVGElement} svg @param {SVGElement} slider
 */
export function putInto(svg, slider) {
  const hadFocus = document.activeElement === slider;
  svg.append(slider);
  if (hadFocus) queueMicrotask(() => slider.focus({ preventScroll: true })); // the drawing is in the page then
}
