/**
 * A cursor over a drawing, moved by arrow keys or the pointer, and a read-out that says where it is. Keys are
 * announced politely; a pointer is not, because whoever moves one can see.
 */

import { svgElement } from "./svg.js";

/** @import { Drawing, Group } from "./chart-draw.js" */

const RADIUS = 6;
/** @type {Record<string, string>} */
const TURNED = { ArrowUp: "ArrowLeft", ArrowDown: "ArrowRight" };

export class Cursor {
  /** @type {Drawing | undefined} */
  #drawing;
  #group = 0;
  /** The key of the point, whatever the width of the drawing. @type {number | undefined} */
  #key;
  #box;
  #readOut;
  #hint;

  /**
   * @param {HTMLElement} box the focusable element around the drawing
   * @param {HTMLElement} readOut
   * @param {(group: number, key: number) => void} [onChoose] called when a point is clicked, or chosen with
   *   Enter
   */
  constructor(box, readOut, onChoose) {
    this.#box = box;
    this.#readOut = readOut;
    this.#hint = readOut.textContent ?? "";
    box.addEventListener("keydown", (event) => this.#press(event));
    box.addEventListener("pointermove", (event) => this.#hover(event));
    box.addEventListener("pointerdown", (event) => this.#hover(event));
    box.addEventListener("pointerleave", ({ pointerType }) => {
      // A finger that is lifted leaves too, but its reading stays.
      if (pointerType !== "touch" && document.activeElement !== box) this.clear();
    });
    if (onChoose) {
      const choose = () => this.#key !== undefined && onChoose(this.#group, this.#key);
      box.addEventListener("click", choose);
      box.addEventListener("keydown", ({ key }) => key === "Enter" && choose());
    }
    box.addEventListener("blur", () => queueMicrotask(() => box.isConnected && this.clear()));
  }

  /** Points into a new drawing of the same data. @param {Drawing} drawing */
  follow(drawing) {
    this.#drawing = drawing;
    const group = drawing.groups[this.#group];
    if (this.#key === undefined) return;
    const index = group ? nearest(group.keys, this.#key) : -1;
    if (group && index >= 0) this.#mark(group, index);
    else this.clear();
  }

  /** Continues where another cursor stands. @param {Cursor} other */
  resume(other) {
    if (other.#key === undefined || !this.#drawing) return;
    const group = this.#drawing.groups[other.#group];
    const index = group ? nearest(group.keys, other.#key) : -1;
    if (index >= 0) this.#show(other.#group, index);
  }

  clear() {
    this.#key = undefined;
    this.#box.querySelector(".chart-cursor")?.remove();
    this.#readOut.setAttribute("aria-live", "off");
    this.#readOut.textContent = this.#hint;
    this.#readOut.classList.add("idle");
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.#drawing) return;
    if (event.key === "Escape") return this.clear();
    const groups = this.#drawing.groups;
    const filled = groups.flatMap((group, index) => (group.keys.length > 0 ? [index] : []));
    // The names of a single series are below each other.
    const turned = this.#drawing.sideways && filled.length === 1;
    const next = this.#next((turned && TURNED[event.key]) || event.key, groups, filled);
    if (!next) return;
    event.preventDefault();
    this.#readOut.setAttribute("aria-live", "polite");
    this.#show(next.group, next.index);
  }

  /**
   * Where a key leads, or null if it is not one of the cursor's.
   * @param {string} key
   * @param {Group[]} groups
   * @param {number[]} filled the indices of groups that are not empty
   */
  #next(key, groups, filled) {
    if (filled.length === 0 || !isMove(key)) return null;
    const current = groups[this.#group];
    const at = current && this.#key !== undefined ? nearest(current.keys, this.#key) : -1;
    if (!current || at < 0) {
      const group = /** @type {number} */ (filled[0]);
      const last = /** @type {Group} */ (groups[group]).keys.length - 1;
      return { group, index: key === "End" ? last : 0 };
    }
    if (key === "ArrowUp" || key === "ArrowDown") {
      const place = filled.indexOf(this.#group) + (key === "ArrowUp" ? -1 : 1);
      const group = filled[Math.max(0, Math.min(filled.length - 1, place))] ?? 0;
      if (group === this.#group) return { group, index: at };
      const other = /** @type {Group} */ (groups[group]);
      const summary = at === 0 && current.summed && other.summed;
      return { group, index: summary ? 0 : nearest(other.x, current.x[at] ?? 0) };
    }
    const last = current.keys.length - 1;
    const page = Math.max(1, Math.round(last / 10));
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -page, PageDown: page, Home: -at, End: last - at };
    const step = steps[/** @type {keyof typeof steps} */ (key)];
    return { group: this.#group, index: Math.max(0, Math.min(last, at + step)) };
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    const { svg, groups } = this.#drawing ?? {};
    const box = svg?.getBoundingClientRect();
    if (!svg || !groups || !box || box.width === 0) return;
    const factor = Number(svg.getAttribute("width")) / box.width;
    const x = (event.clientX - box.left) * factor;
    const y = (event.clientY - box.top) * factor;
    let best = { group: -1, index: -1, distance: Infinity };
    groups.forEach((group, number) => {
      for (let index = 0; index < group.x.length; index++) {
        const distance = Math.hypot((group.x[index] ?? 0) - x, (group.y[index] ?? 0) - y);
        if (distance < best.distance) best = { group: number, index, distance };
      }
    });
    if (best.group < 0) return;
    this.#readOut.setAttribute("aria-live", "off");
    this.#show(best.group, best.index);
  }

  /** @param {number} number @param {number} index */
  #show(number, index) {
    const group = this.#drawing?.groups[number];
    if (!group) return;
    this.#group = number;
    this.#key = group.keys[index];
    this.#mark(group, index);
    const words = group.words(/** @type {number} */ (this.#key));
    this.#readOut.classList.remove("idle");
    if (this.#readOut.textContent !== words) this.#readOut.textContent = words;
  }

  /** @param {Group} group @param {number} index */
  #mark(group, index) {
    const svg = this.#drawing?.svg;
    if (!svg) return;
    this.#box.querySelector(".chart-cursor")?.remove();
    const [x = 0, y = 0] = [group.x[index], group.y[index]];
    const across = { x1: x, x2: x, y1: 0, y2: svg.getAttribute("height") ?? 0 };
    const mark = svgElement(
      "g",
      { class: "chart-cursor" },
      svgElement("line", across),
      svgElement("circle", { cx: x, cy: y, r: RADIUS }),
    );
    svg.append(mark);
  }
}

/** @param {string} key */
function isMove(key) {
  return key.startsWith("Arrow") || ["Home", "End", "PageUp", "PageDown"].includes(key);
}

/**
 * The index of the value nearest to another; -1 if there is none.
 * @param {number[]} values
 * @param {number} to
 */
function nearest(values, to) {
  let best = -1;
  let least = Infinity;
  values.forEach((value, index) => {
    const distance = Math.abs(value - to);
    if (distance < least) [best, least] = [index, distance];
  });
  return best;
}
