/**
 * The points of the picture as handles: sliders that a pointer drags and arrow keys move. Left and right
 * choose a point, so that all of them are one stop of the tab key. Samples move sideways only.
 */

import { shortNumber } from "../ui/chart.js";
import { svgElement } from "../ui/svg.js";
import { across, down, valuesAt } from "./cumulative-axes.js";
import { MOST_LIVE } from "./cumulative-instant.js";
import { follow, keepTouch, placeIn } from "./knob.js";

/** @import { Panel } from "./cumulative-axes.js" */
/** @import { CumulativeSession } from "./cumulative-session.js" */

const REACH = 14; // pixels from a point within which a press takes it
const STEP = 0.01;
const STEPS_ACROSS = 160; // from one end of the axis to the other

export class Handles {
  #session;
  #data;
  /** @type {Panel | undefined} */
  #panel;
  #current = 0;
  /** Counts drags, so that each is a step of its own for undo. */
  #drags = 0;

  /**
   * @param {CumulativeSession} session
   * @param {() => any} data the result that is shown
   */
  constructor(session, data) {
    this.#session = session;
    this.#data = data;
    this.element = svgElement("g", { role: "group", "aria-label": "Points" });
  }

  get #points() {
    return this.#session.points(this.#data());
  }

  /** Puts the handles where the points are. @param {Panel} panel */
  place(panel) {
    this.#panel = panel;
    const { x, y } = this.#points;
    const count = x.length > MOST_LIVE ? 0 : x.length;
    const isSideways = this.#isSideways;
    const [low, high] = (isSideways ? panel.x : panel.y).map(shortNumber);
    while (this.element.childElementCount > count) this.element.lastElementChild?.remove();
    while (this.element.childElementCount < count) this.#add();
    this.#current = Math.min(this.#current, Math.max(0, count - 1));
    [...this.element.children].forEach((handle, index) => {
      const at = [across(panel, x[index] ?? 0), down(panel, y[index] ?? 0)].map((pixels) =>
        pixels.toFixed(1),
      );
      const [place, value] = [shortNumber(x[index]), shortNumber(y[index])];
      const attributes = {
        transform: `translate(${at.join(",")})`,
        tabindex: index === this.#current ? 0 : -1,
        "aria-label": `Point ${index + 1} of ${count}`,
        "aria-orientation": isSideways ? "horizontal" : "vertical",
        "aria-valuemin": low,
        "aria-valuemax": high,
        "aria-valuenow": isSideways ? place : value,
        "aria-valuetext": `x ${place}, probability ${value}`,
      };
      for (const [name, text] of Object.entries(attributes)) handle.setAttribute(name, String(text));
    });
  }

  get #isSideways() {
    return this.#points.kind === "samples";
  }

  #add() {
    const index = this.element.childElementCount;
    const handle = svgElement(
      "g",
      { role: "slider", "data-point": index },
      svgElement("circle", { r: REACH, fill: "transparent" }),
      svgElement("circle", { r: 4.5, fill: "var(--ink)", stroke: "var(--chart-paper)", "stroke-width": 1.5 }),
    );
    handle.addEventListener("keydown", (event) => this.#press(event, index));
    handle.addEventListener("focus", () => this.#choose(index));
    handle.addEventListener("pointerdown", (event) => this.#grab(event));
    keepTouch(handle);
    this.element.append(handle);
  }

  /** @param {number} index */
  #choose(index) {
    if (index === this.#current) return;
    this.element.children[this.#current]?.setAttribute("tabindex", "-1");
    this.element.children[index]?.setAttribute("tabindex", "0");
    this.#current = index;
  }

  /** @param {number} index */
  #focus(index) {
    const handle = this.element.children[index];
    if (handle instanceof SVGElement) handle.focus();
  }

  /** @param {KeyboardEvent} event @param {number} index */
  #press(event, index) {
    const { key, shiftKey, altKey } = event;
    const command = event.ctrlKey || event.metaKey;
    if (altKey || (command && !/^[yz]$/i.test(key))) return;
    const last = this.element.childElementCount - 1;
    const [vertical, horizontal] = [UP[key] ?? 0, { ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0];
    if (command && (key.toLowerCase() === "y" || shiftKey)) this.#session.redo();
    else if (command) this.#session.undo();
    else if (vertical && this.#isSideways) this.#move(index, { right: vertical });
    else if (vertical) this.#move(index, { up: vertical });
    else if (horizontal && shiftKey) this.#move(index, { right: horizontal });
    else if (horizontal) this.#focus(Math.max(0, Math.min(last, index + horizontal)));
    else if (key === "Home") this.#focus(0);
    else if (key === "End") this.#focus(last);
    else return;
    event.preventDefault();
    event.stopPropagation(); // the drawing around it has arrow keys of its own
  }

  /** @param {number} index @param {{up?: number, right?: number}} steps */
  #move(index, { up = 0, right = 0 }) {
    const { x, y } = this.#points;
    const [from = 0, to = 1] = this.#panel?.x ?? [];
    const at = { x: x[index] + (right * (to - from)) / STEPS_ACROSS, y: y[index] + up * STEP };
    this.#moveTo(index, { ...at, cause: `key ${index}` });
  }

  /**
   * Moves a point, but not past its neighbours or out of the picture.
   * @param {number} index
   * @param {{x: number, y: number, cause: string}} to
   */
  #moveTo(index, { x, y, cause }) {
    const points = this.#points;
    const panel = this.#panel;
    if (!panel) return;
    const gap = (panel.x[1] - panel.x[0]) / 1000;
    const left = index > 0 ? (points.x[index - 1] ?? 0) + gap : panel.x[0];
    const right = index < points.x.length - 1 ? (points.x[index + 1] ?? 0) - gap : panel.x[1];
    const kept = left > right || x === points.x[index] ? (points.x[index] ?? 0) : within(x, left, right);
    this.#session.move(points, index, { x: kept, y: within(y, panel.y[0], panel.y[1]), cause });
  }

  /**
   * The point nearest to where the pointer went down is dragged until it goes up.
   * @param {PointerEvent} event
   */
  #grab(event) {
    if (event.button !== 0) return;
    const index = this.#nearest(event);
    const handle = this.element.children[index];
    if (!(handle instanceof SVGElement)) return;
    this.#session.moving = index;
    const cause = `drag ${++this.#drags}`;
    const start = this.#at(event);
    const { x, y } = this.#points;
    const offset = { x: (x[index] ?? 0) - start.x, y: (y[index] ?? 0) - start.y };
    const drag = (/** @type {PointerEvent} */ moved) => {
      const at = this.#at(moved);
      this.#moveTo(index, { x: at.x + offset.x, y: at.y + offset.y, cause });
    };
    follow(handle, event, drag, () => this.#session.settle());
  }

  /** @param {PointerEvent} event */
  #at(event) {
    const place = placeIn(this.element, event);
    return this.#panel ? valuesAt(this.#panel, place) : place;
  }

  /** @param {PointerEvent} event */
  #nearest(event) {
    const { x, y } = placeIn(this.element, event);
    const points = this.#points;
    const distances = points.x.map((each, index) =>
      this.#panel
        ? Math.hypot(across(this.#panel, each) - x, down(this.#panel, points.y[index] ?? 0) - y)
        : 0,
    );
    return distances.indexOf(Math.min(...distances));
  }
}

/** How many steps a key moves a point. @type {Record<string, number>} */
const UP = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

/** @param {number} value @param {number} low @param {number} high */
function within(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
