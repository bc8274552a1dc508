/**
 * Draws the laboratory's first pictures when the site is built: with the modules that the pages use too, in a
 * document of jsdom. It also typesets formulas. The task is JSON on the standard input (scripts/lab.py), the
 * markup JSON on the standard output. An argument is the folder of other modules than those of site/lab/.
 */

import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { JSDOM } from "jsdom";
import temml from "../site/vendor/temml/temml.js";

const MODULES = process.argv[2] ?? "../site/lab";

/** What modules may use of a browser; no layout, no canvas. */
const NAMES = [
  "window",
  "document",
  "Node",
  "Element",
  "HTMLElement",
  "HTMLTableCellElement",
  "SVGElement",
  "Event",
  "CustomEvent",
  "DOMParser",
  "XMLSerializer",
  "MutationObserver",
  "getComputedStyle",
  "location",
  "customElements",
];

const { window } = new JSDOM("<!doctype html><body></body>", { url: "http://localhost/lab/" });
window.matchMedia = () => /** @type {any} */ ({ matches: false, addEventListener() {} });
for (const name of NAMES)
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true });
globalThis.matchMedia = window.matchMedia;

/** @type {{experiments: {name: string, parts: string[], first: string}[], math: string[]}} */
const task = JSON.parse(await text(process.stdin));

/** @param {(typeof task.experiments)[0]} task */
async function drawExperiment({ name, parts, first }) {
  const { Experiment } = await import("../site/lab/frame.js");
  const module = await import(`${MODULES}/${name}.js`);
  const root = window.document.createElement("section");
  window.document.body.append(root);
  await module.prepare?.();
  const given = JSON.parse(await readFile(first, "utf-8"));
  const experiment = new Experiment({ root, name, first: given, module, runner: null });
  /** @type {Record<string, string>} */
  const figures = {};
  for (const part of parts) {
    const place = window.document.createElement("div");
    window.document.body.append(place);
    experiment.addFigure(place, part);
    keepValues(place);
    figures[part] = place.innerHTML;
  }
  keepValues(root);
  return { label: given.description.label, experiment: root.innerHTML, parts: figures };
}

/** Writes what fields contain into their attributes, and disables them until the page's scripts have run. */
function keepValues(root) {
  for (const field of root.querySelectorAll("input, select, textarea, button")) field.disabled = true;
  for (const field of root.querySelectorAll("input")) {
    if (field.type === "checkbox" || field.type === "radio") field.toggleAttribute("checked", field.checked);
    else field.setAttribute("value", field.value);
  }
  for (const option of root.querySelectorAll("option")) option.toggleAttribute("selected", option.selected);
  for (const field of root.querySelectorAll("textarea")) field.textContent = field.value;
}

/** @param {string} tex */
function typeset(tex) {
  const options = { throwOnError: true, trust: false };
  const draw = (/** @type {boolean} */ displayMode) => temml.renderToString(tex, { ...options, displayMode });
  return { block: draw(true), inline: draw(false) };
}

/** @type {{experiments: Record<string, unknown>, math: Record<string, unknown>}} */
const drawn = { experiments: {}, math: {} };
for (const experiment of task.experiments)
  drawn.experiments[experiment.name] = await drawExperiment(experiment);
for (const tex of task.math) drawn.math[tex] = typeset(tex);
process.stdout.write(JSON.stringify(drawn));
