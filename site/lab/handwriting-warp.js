/** One elastic match as a path through the costs of all pairs of points, and a handle on its band. */

import { figureTools } from "../ui/chart-tools.js";
import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";
import { costs } from "./handwriting-instant.js";
import { knob, putInto } from "./knob.js";
import { picture } from "./letters-pictures.js";

/** @import { Drawing } from "./frame.js" */
/** @import { Letter } from "./handwriting-picture.js" */

const SCALE = 4; // pixels of the drawing for each point
const WIDEST = 16; // the range of the setting
const DARKEST = 1; // the cost with the full colour: a letter is 1 wide or high
const MARGIN = 22; // for the names of the axes

/** Each stays while its drawing is made anew, so that it can be dragged. @type {WeakMap<Element, Handle>} */
const handles = new WeakMap();
/** @typedef {{slider: ReturnType<typeof knob>, words: (band: number) => string}} Handle */

/** @param {Drawing} drawing what it draws is of the first letter @param {string} distance in words */
export function warpFigure({ data: { letters }, element: place, settings: { band }, run }, distance) {
  /** @type {Letter} */
  const letter = letters[0];
  const side = letter.points.length * SCALE;
  const handle = handles.get(place) ?? makeHandle(side, run);
  handles.set(place, handle);
  handle.words = (now) => `band ${now}, distance ${distance}`;
  handle.slider.show(band);
  const svg = draw(letter, band, side);
  putInto(svg, handle.slider.element);
  const title = `How ${letter.label} is matched, with a band of ${band}`;
  const table = { columns: ["point of the scribble", "point of the template"], rows: letter.path };
  const caption = element("figcaption", {}, title);
  const tools = figureTools(svg, { title, name: "match", table, details: null });
  return element("figure", { class: "hand-warp" }, caption, svg, tools);
}

/** @param {number} side @param {Drawing["run"]} run @returns {Handle} */
function makeHandle(side, run) {
  const at = (/** @type {number} */ band) => ({
    x: (side + band * SCALE) / 2,
    y: (side - band * SCALE) / 2,
  });
  /** @type {Handle} */
  const handle = {
    words: String,
    slider: knob({
      label: "Band",
      low: 0,
      high: WIDEST,
      step: 1,
      at,
      valueAt: ({ x, y }) => (x - y) / SCALE,
      words: (band) => handle.words(band),
      change: (band) => run({ settings: { band } }),
    }),
  };
  return handle;
}

/** @param {Letter} letter @param {number} band @param {number} side */
function draw(letter, band, side) {
  const count = letter.points.length;
  const shades = picture(costs(letter), { most: DARKEST, side: count });
  for (const [name, value] of Object.entries({ width: side, height: side }))
    shades.setAttribute(name, `${value}`);
  const ahead = (band + 0.5) * SCALE; // the line lies between points
  const edges = `M${ahead} 0L${side} ${side - ahead}M0 ${ahead}L${side - ahead} ${side}`;
  const middle = (/** @type {number} */ index) => (index + 0.5) * SCALE;
  const path = letter.path.map(([i, j]) => `${middle(j)},${middle(i)}`).join(" ");
  const names = [
    svgElement("text", { x: side / 2, y: side + 16 }, "points of the template"),
    svgElement("text", { x: -side / 2, y: -8, transform: "rotate(-90)" }, "points of the scribble"),
  ];
  return svgElement(
    "svg",
    { viewBox: `${-MARGIN} 0 ${side + MARGIN} ${side + MARGIN}`, "font-size": 12 },
    svgElement("g", { "aria-hidden": "true" }, shades, ...names),
    svgElement("path", { class: "hand-edges", d: edges, "aria-hidden": "true" }),
    svgElement("polyline", { class: "hand-path", points: path, "aria-hidden": "true" }),
  );
}
