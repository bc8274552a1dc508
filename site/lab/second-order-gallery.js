/** The drawings of the experiment "second-order", each with what two networks answer. */

import { figureTools } from "../ui/chart-tools.js";
import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";

/** @import { Drawing } from "./frame.js" */
/**
 * @typedef {{
 *   side: number, images: number[][], kinds: string[], answers: Record<string, number[]>
 * }} Gallery `answers`: of each method to each image
 */

const COLUMNS = 8; // of the saved picture, whose cells are so wide and high
const CELL = [96, 132];
const SHADES = 6; // enough for noise to look like noise, and few enough to keep the page small

const TITLE = "Held-out drawings, and how sure each network is of a cat";

/** @type {Record<string, string>} */
const NAMES = { sgd: "SGD", rule: "Rule" };

/** @param {Drawing} drawing */
export function gallery({ data, element: place, settings }) {
  const found = /** @type {Gallery} */ (data.gallery);
  const items = found.images.map((image, index) => {
    const kind = found.kinds[index];
    const answers = Object.entries(found.answers).map(([method, values]) =>
      answer(NAMES[method], { value: values[index], isCat: kind === "cat", settings }),
    );
    return element(
      "li",
      {},
      drawing(image, { side: found.side, kind }),
      element("strong", {}, kind),
      ...answers,
    );
  });
  const methods = Object.keys(found.answers);
  const table = {
    columns: ["drawing", ...methods.map((method) => NAMES[method] ?? method)],
    rows: found.kinds.map((kind, index) => [
      kind,
      ...methods.map((method) => found.answers[method]?.[index]),
    ]),
  };
  const toSave = () => {
    place.querySelector(".second-sheet")?.remove();
    const made = sheet(found, settings);
    place.append(made); // whose look is that of the page
    return made;
  };
  place.replaceChildren(
    element("ul", { class: "second-gallery" }, ...items),
    figureTools(toSave, { title: TITLE, name: "drawings", table, details: null }),
    element(
      "p",
      { class: "note" },
      "Held-out drawings of the first seed, and how sure each network is that it sees a cat. ✗ marks a wrong answer.",
    ),
  );
}

/**
 * All drawings with their answers as one picture, to be saved.
 * @param {Gallery} found
 * @param {Record<string, any>} settings
 */
function sheet({ images, side, kinds, answers }, settings) {
  const [width, height] = /** @type {[number, number]} */ (CELL);
  const cells = images.flatMap((image, index) => {
    const [x, y] = [(index % COLUMNS) * width, Math.floor(index / COLUMNS) * height];
    const kind = kinds[index] ?? "";
    const shown = drawing(image, { side, kind });
    for (const [name, value] of Object.entries({ x, y, width: width - 16, height: width - 16 }))
      shown.setAttribute(name, String(value));
    const lines = Object.entries(answers).map(([method, values]) => {
      const value = values[index] ?? 0;
      const sign = value > 0.5 === (kind === "cat") ? "✓" : "✗";
      return `${NAMES[method]} ${asText(value, settings)} ${sign}`;
    });
    const words = [kind, ...lines].map((text, row) =>
      svgElement("text", { x, y: y + width - 2 + 14 * row, "font-size": 12 }, text),
    );
    return [shown, ...words];
  });
  const size = { width: COLUMNS * width, height: Math.ceil(images.length / COLUMNS) * height };
  return svgElement("svg", { ...size, class: "second-sheet", "aria-hidden": "true" }, ...cells);
}

/** @param {number} value @param {Record<string, any>} settings */
const asText = (value, { output }) =>
  output === "sigmoid" ? `${Math.round(100 * value)}%` : value.toFixed(2);

/**
 * One network's answer in words.
 * @param {string} name
 * @param {{value: number, isCat: boolean, settings: Record<string, any>}} options
 */
function answer(name, { value, isCat, settings }) {
  const isRight = value > 0.5 === isCat;
  return element(
    "span",
    { class: isRight ? "second-right" : "second-wrong" },
    `${name} ${asText(value, settings)} `,
    element("span", { "aria-hidden": true }, isRight ? "✓" : "✗"),
    element("span", { class: "visually-hidden" }, isRight ? "right" : "wrong"),
  );
}

/**
 * A drawing as SVG: for each shade of ink one path, with a stroke for each run of pixels.
 * @param {readonly number[]} image ink from 0 to 1, row by row
 * @param {{side: number, kind: string}} options
 */
export function drawing(image, { side, kind }) {
  /** @type {string[]} */
  const paths = Array(SHADES + 1).fill("");
  const shade = (/** @type {number} */ index) => Math.round((image[index] ?? 0) * SHADES);
  for (let row = 0; row < side; row++)
    for (let from = 0, to = 1; from < side; from = to++) {
      while (to < side && shade(row * side + to) === shade(row * side + from)) to++;
      paths[shade(row * side + from)] += `M${from} ${row}.5h${to - from}`;
    }
  const shades = paths.flatMap((d, level) =>
    level > 0 && d ? [svgElement("path", { d, "stroke-opacity": (level / SHADES).toFixed(2) })] : [],
  );
  const attributes = { viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": `Drawing of a ${kind}` };
  return svgElement("svg", attributes, ...shades);
}
