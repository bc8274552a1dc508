/**
 * Draws the experiment with a stack of dilated layers: the field traced back from one output, its size by
 * formula and by count, and how much each input weighs.
 */

import { figureTools } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { scrollBox, table } from "../ui/table.js";
import { counted, number } from "../ui/words.js";
import { fieldFigure } from "./dilation-field.js";
import { StackPicture } from "./dilation-tree.js";

/**
 * @typedef {{
 *   dilations: number[], width: number, fields: number[], spans: number[], touched: number[],
 *   levels: number[][], influence: number[], deviation: number, central: number
 * }} Stack what goosequill.lab.dilation_stack computes; `levels` begin with the output
 */

export { loadPlot as prepare } from "../ui/chart.js";
export { instant } from "./dilation-stack-instant.js";

export const live = true;

/** @type {[string, string][]} */
const PRESETS = [
  ["1 2 4 8 16 32", "Doubling"],
  ["2 2 2 2 2 2", "2, six times"],
  ["1 1 1 1 1 1", "No dilation"],
  ["1 2 5 1 2 5", "Hybrid: 1, 2, 5, repeated"],
];

/** @param {{element: HTMLElement, run: (request: {settings: Record<string, any>}) => void}} options */
export function inputs({ element: place, run }) {
  const buttons = PRESETS.map(([dilations, name]) => {
    const button = element("button", { type: "button", "data-dilations": dilations }, name);
    button.addEventListener("click", () => run({ settings: { dilations } }));
    return button;
  });
  const group = { class: "stack-presets", role: "group", "aria-label": "Stacks to try" };
  place.append(element("div", group, ...buttons));
}

/** What stands in each element. */
const shown = /** @type {WeakMap<HTMLElement, {draw: (data: Stack) => void, element: HTMLElement}>} */ (
  new WeakMap()
);

/** @param {{data: Stack, element: HTMLElement}} drawing */
export function render({ data, element: place }) {
  let explainer = shown.get(place);
  if (!explainer) {
    explainer = makeExplainer();
    shown.set(place, explainer);
  }
  explainer.draw(data);
  if (explainer.element.parentNode !== place) place.replaceChildren(explainer.element);
}

function makeExplainer() {
  const words = element("p", { class: "stack-words" });
  const spoken = element("p", { class: "visually-hidden", "aria-live": "polite" });
  const picture = new StackPicture((text, isSpoken) => {
    words.textContent = text;
    if (isSpoken) spoken.textContent = text;
  });
  const verdict = element("p", { class: "stack-verdict", "data-testid": "verdict" });
  const layers = element("div");
  const tools = element("div");
  return {
    element: element("div", { class: "stack" }, verdict, picture.svg, tools, words, spoken, layers),
    /** @param {Stack} data */
    draw(data) {
      const { dilations, fields, spans, touched } = data;
      const columns = ["layer", "dilation", "field by formula", "field by count", "inputs touched"];
      const rows = dilations.map((each, at) => [at + 1, each, fields[at], spans[at], touched[at]]);
      const title = "The receptive field after each layer";
      tools.replaceChildren(figureTools(picture.svg, { title, table: { columns, rows }, details: null }));
      verdict.replaceChildren(...verdictOf(data));
      picture.draw(data);
      layers.replaceChildren(layerTable(data));
    },
  };
}

/** @param {Stack} data */
function verdictOf({ dilations, fields, touched }) {
  const [field, cells] = [fields[fields.length - 1], touched[touched.length - 1]];
  const strong = element("strong", {}, `spans ${counted(field, "input")} and touches ${number(cells)}`);
  const holes = field - cells;
  const rest = holes
    ? `: ${counted(holes, "input")} in between ${holes === 1 ? "is" : "are"} never read.`
    : ".";
  return [`With ${counted(dilations.length, "layer")}, one output `, strong, rest];
}

/** @param {Stack} data */
function layerTable({ dilations, width, fields, spans, touched }) {
  let sum = 0;
  const rows = dilations.map((dilation, index) => {
    sum += dilation;
    const formula = `1 + ${width - 1} × ${sum} = ${number(fields[index])}`;
    return [index + 1, dilation, formula, number(spans[index]), number(touched[index])];
  });
  const made = table({
    caption: "The receptive field after each layer",
    columns: ["Layer", "Dilation", "Field by formula", "Field by count", "Inputs touched"],
    rows,
    rowHead: 0,
    hideCaption: true,
    className: "stack-table",
  });
  return scrollBox("The receptive field after each layer", made, "dilation-scroll");
}

export const figures = {
  /** The influence of each input, along one axis and as a square. */
  field: (/** @type {{data: Stack, element: HTMLElement}} */ drawing) => fieldFigure(drawing),
};
