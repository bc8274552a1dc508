/**
 * A pad to draw on with mouse, pen or touch: strokes as lists of points with their time, undo and clear. It
 * recognizes nothing, and knows neither pixels nor letters; pages load pad.css with it.
 */

import { element } from "./dom.js";
import { svgElement } from "./svg.js";
import { t } from "./words.js";

/**
 * @typedef {{x: number, y: number, t: number}} Point `x` and `y` in heights of the pad, from its upper left
 *   corner; `t` in milliseconds since the drawing began
 * @typedef {Point[]} Stroke
 * @typedef {HTMLElement & {
 *   strokes: readonly Stroke[], show: (strokes: readonly Stroke[]) => void, clear: () => void
 * }} Pad `show` replaces what is drawn, without a call of `onStrokes`; so does `clear`
 */

/**
 * Of the drawing's own coordinates. So many that the laboratory's frame takes the build's picture of a pad
 * for one that is shown too small, and brings it to life when it is seen, not only at the first stroke.
 */
const HEIGHT = 1000;
const NEAR = 0.004; // points nearer than this to the last one are left out
const MOST_POINTS = 20_000; // of all strokes: more are not recorded

/**
 * @param {{
 *   onStrokes: (strokes: readonly Stroke[], state: {isDrawing: boolean}) => void, label?: string,
 *   ratio?: number
 * }} options `onStrokes` is called when a stroke grows or ends, and after undo and clear; `ratio` is the
 * width
 *   over the height
 * @returns {Pad}
 */
export function pad({ onStrokes, label = t("Drawing pad"), ratio = 1 }) {
  /** @type {Stroke[]} */
  let strokes = [];
  /** The stroke that is being drawn, and who draws it. @type {{id: number, stroke: Stroke} | null} */
  let drawing = null;
  let began = 0;

  const lines = svgElement("g", {});
  const surface = svgElement(
    "svg",
    { viewBox: `0 0 ${HEIGHT * ratio} ${HEIGHT}`, class: "pad-surface", role: "img", "aria-label": label },
    lines,
  );
  const undo = element("button", { type: "button", "data-testid": "pad-undo" }, t("Undo"));
  const clear = element("button", { type: "button", "data-testid": "pad-clear" }, t("Clear"));

  const drawLast = () => lines.lastElementChild?.setAttribute("d", pathOf(strokes[strokes.length - 1] ?? []));
  const drawAll = () => {
    lines.replaceChildren(...strokes.map((stroke) => svgElement("path", { d: pathOf(stroke) })));
    enable();
  };
  const enable = () => {
    for (const button of [undo, clear]) button.setAttribute("aria-disabled", String(!strokes.length));
  };
  const report = (isDrawing = false) => onStrokes(strokes, { isDrawing });
  const replace = (/** @type {readonly Stroke[]} */ next) => {
    drawing = null;
    strokes = next.map((stroke) => stroke.map((point) => ({ ...point })));
    drawAll();
  };

  /** @param {PointerEvent} event @returns {Point} */
  const pointOf = ({ clientX, clientY, timeStamp }) => {
    const { left, top, width, height } = surface.getBoundingClientRect();
    const inside = (/** @type {number} */ value, /** @type {number} */ most) =>
      Math.min(most, Math.max(0, value || 0));
    return {
      x: inside((ratio * (clientX - left)) / width, ratio),
      y: inside((clientY - top) / height, 1),
      t: timeStamp - began,
    };
  };
  /** @param {Point} point */
  const add = (point) => {
    const { stroke } = /** @type {NonNullable<typeof drawing>} */ (drawing);
    const last = stroke[stroke.length - 1];
    if (last && Math.hypot(point.x - last.x, point.y - last.y) < NEAR) return false;
    if (strokes.reduce((sum, { length }) => sum + length, 0) >= MOST_POINTS) return false;
    stroke.push(point);
    return true;
  };

  surface.addEventListener("pointerdown", (event) => {
    if (drawing || event.button !== 0) return;
    event.preventDefault();
    surface.setPointerCapture?.(event.pointerId);
    if (!strokes.length) began = event.timeStamp;
    drawing = { id: event.pointerId, stroke: [] };
    add(pointOf(event));
    strokes = [...strokes, drawing.stroke];
    lines.append(svgElement("path", { d: pathOf(drawing.stroke) }));
    enable();
    report(true);
  });
  surface.addEventListener("pointermove", (event) => {
    if (drawing?.id !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    const added = (events.length ? events : [event]).filter((each) => add(pointOf(each)));
    if (!added.length) return;
    drawLast();
    report(true);
  });
  for (const end of ["pointerup", "pointercancel"])
    surface.addEventListener(end, (event) => {
      if (drawing?.id !== /** @type {PointerEvent} */ (event).pointerId) return;
      drawing = null;
      report();
    });
  undo.addEventListener("click", () => {
    if (!strokes.length) return;
    replace(strokes.slice(0, -1));
    report();
  });
  clear.addEventListener("click", () => {
    if (!strokes.length) return;
    replace([]);
    report();
  });

  enable();
  const whole = element(
    "div",
    { class: "pad", role: "group", "aria-label": label },
    surface,
    element("div", { class: "pad-actions" }, undo, clear),
  );
  const methods = { show: replace, clear: () => replace([]) };
  return Object.defineProperty(Object.assign(whole, { strokes, ...methods }), "strokes", {
    get: () => strokes,
  });
}

/** A stroke as a path; a single point is a dot. @param {Stroke} stroke */
function pathOf(stroke) {
  const [first] = stroke;
  if (!first) return "";
  const places = stroke.map(({ x, y }) => `${round(x)} ${round(y)}`);
  return `M${places.join("L")}${stroke.length === 1 ? "h0" : ""}`;
}

/** @param {number} value */
function round(value) {
  return Number((HEIGHT * value).toFixed(1));
}
