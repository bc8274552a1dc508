/**
 * A figure of the page on letters: few small letters, which are fitted under the pointer for the C that it
 * drags along the accuracies. Everything is computed in the page.
 */

import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";
import { knob } from "./knob.js";
import { weightSheet } from "./letters-pictures.js";
import { Fits } from "./letters-small-instant.js";
import { Panel } from "./panel.js";
import { replaceBuilt, showOnce } from "./pictures.js";

/**
 * @typedef {import("./letters-small-instant.js").Case} Case
 * @typedef {Case & {description: import("./panel.js").Description}} Small
 */

const [WIDTH, HEIGHT] = [300, 158];
const [LEFT, RIGHT, TOP, BOTTOM] = [36, 14, 10, 136]; // the edges of the plot, the right one from the right
const FIRST = -2; // the exponent of C that is shown before anything is dragged
const LINES = /** @type {const} */ ({ train: "letters learned from", validation: "other letters" });
/** @typedef {keyof typeof LINES} Part */

/** @param {HTMLElement} place @param {Small} small */
export function showSmall(place, small) {
  showOnce(place, () => makeFigure(small));
}

/** @param {number} exponent */
const strength = (exponent) => String(Number((10 ** exponent).toPrecision(2)));

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(1)}%`;

/** @param {Small} small */
function makeFigure(small) {
  const { exponents, description } = small;
  const panel = new Panel({ description, prefix: "lab-letters-small", onChange: resized });
  const [low, high] = [exponents[0], exponents[exponents.length - 1]];
  let exponent = FIRST;
  let fits = fitsOf(small, panel.all.size);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;

  const across = (/** @type {number} */ value) =>
    LEFT + ((value - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const handle = knob({
    label: "C",
    low,
    high,
    step: exponents[1] - low,
    at: (value) => ({ x: across(value), y: down(fits.judged.get(placeOf(value))?.validation ?? 0) }),
    valueAt: ({ x }) => low + ((x - LEFT) / (WIDTH - LEFT - RIGHT)) * (high - low),
    words: (value) => `C ${strength(value)}`,
    change(value) {
      exponent = value;
      show();
    },
  });
  const lines = svgElement("g", { "aria-hidden": "true" });
  const plot = svgElement(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "small-plot" },
    axes(exponents, across),
    lines,
    handle.element,
  );
  const weights = element("div");
  const words = element("p", { class: "note", "aria-live": "polite" });
  const legend = Object.entries(LINES).map(([part, label]) =>
    element("li", { class: `small-${part}` }, label),
  );

  const placeOf = (/** @type {number} */ value) => exponents.indexOf(value);
  const drawLines = () => {
    const x = across(exponent);
    const rule = svgElement("path", { class: "small-rule", d: `M${x.toFixed(1)} ${TOP}V${BOTTOM}` });
    const parts = /** @type {Part[]} */ (Object.keys(LINES));
    lines.replaceChildren(rule, ...parts.map((part) => line(fits, part, across)));
  };
  /** One C after another, from the one that is shown outwards. */
  const fill = () => {
    clearTimeout(waiting);
    const missing = fits.missing(placeOf(exponent));
    if (missing === undefined) return;
    waiting = setTimeout(() => {
      if (!plot.isConnected) return;
      fits.at(missing);
      drawLines();
      fill();
    });
  };
  function show() {
    const model = fits.at(placeOf(exponent));
    const { train, validation } = fits.judged.get(placeOf(exponent)) ?? { train: 0, validation: 0 };
    handle.show(exponent);
    drawLines();
    const columns = Array.from(model.bias, (_, label) => model.weights.map((row) => row[label]));
    const most = columns.flat().reduce((one, other) => Math.max(one, Math.abs(other)), 0);
    replaceBuilt([weights], () => {
      const title = `Weights for C ${strength(exponent)}: orange for a letter, blue against it`;
      weights.replaceChildren(weightSheet({ title, weights: columns, most, letters: [..."ABCDEFGHIJ"] }));
    });
    words.textContent =
      `C ${strength(exponent)}: ${percent(train)} of these ${fits.size} letters and ${percent(validation)} ` +
      "of others are recognized.";
    fill();
  }
  function resized() {
    fits = fitsOf(small, panel.all.size);
    show();
  }
  panel.run.remove();
  panel.cancel.remove();
  panel.reset.addEventListener("click", () => {
    panel.restore(new Map());
    exponent = FIRST;
    resized();
  });
  const chart = element("div", {}, element("ul", { class: "chart-legend" }, ...legend), plot);
  panel.picture.append(element("div", { class: "small-fit" }, chart, weights), words);
  show();
  // The picture first, also where the control does not fit beside it.
  return element("section", { class: "lab", "aria-label": "A small fit" }, ...panel.parts.reverse());
}

/** Fits of which the accuracies with all letters are known. @param {Small} small @param {number} size */
function fitsOf(small, size) {
  const fits = new Fits(small, size);
  const { train, validation } = small.curves;
  if (size === small.description.parameters[0].default)
    train.forEach((share, place) => {
      fits.judged.set(place, { train: share, validation: validation[place] });
    });
  return fits;
}

/** @param {number} share */
const down = (share) => BOTTOM - share * (BOTTOM - TOP);

/** Both axes with their words. @param {number[]} exponents @param {(exponent: number) => number} across */
function axes(exponents, across) {
  const shares = [0, 0.5, 1].map((share) => {
    const y = down(share);
    const label = svgElement("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, `${100 * share}%`);
    return [svgElement("path", { d: `M${LEFT} ${y}H${WIDTH - RIGHT}` }), label];
  });
  const strengths = exponents.filter(Number.isInteger).map((exponent) => {
    const place = { x: across(exponent), y: BOTTOM + 15, "text-anchor": "middle" };
    return svgElement("text", place, strength(exponent));
  });
  const name = svgElement("text", { x: 0, y: BOTTOM + 15 }, "C");
  return svgElement("g", { "font-size": 12, "aria-hidden": "true" }, ...shares.flat(), ...strengths, name);
}

/**
 * The accuracies that are known.
 * @param {Fits} fits @param {Part} part @param {(exponent: number) => number} across
 */
function line({ judged, exponents }, part, across) {
  const places = [...judged.keys()].sort((one, other) => one - other);
  const points = places.map((place) => {
    const share = judged.get(place)?.[part] ?? 0;
    return `${across(exponents[place]).toFixed(1)},${down(share).toFixed(1)}`;
  });
  return svgElement("polyline", { class: `small-${part}`, points: points.join(" ") });
}
