/**
 * The small network of the page on symmetries: its weights change step by step, and its output beside it
 * shows for which inputs it stays the same. Python computed every step; this draws them.
 */

import { chart, figureTools, percentage } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";
import { player } from "./player.js";

/**
 * @typedef {{
 *   first: number[], bias: number[], second: number[], offset: number, x: number[], y: number[],
 *   kept: [number, number][], share: number
 * }} Step
 * @typedef {{reach: number, changes: Record<string, [Step, Step, Step]>}} Picture
 */

/** @type {Record<string, string>} */
const NAMES = {
  swap: "Swap 1 and 2",
  scale: "Scale 1 by 2",
  negative: "Scale 1 by −1",
  rotate: "Change the basis of 1 and 2",
};
const FIRST = "rotate";
const STAGES = ["Before", "Incoming weights and biases changed", "Outgoing weights changed too"];

/**
 * @param {Picture} picture
 * @returns {HTMLElement[]}
 */
export function smallNetwork({ changes, reach }) {
  const drawing = new Drawing();
  const output = element("div", { class: "symmetry-output" });
  const time = element("div");
  const choices = element("div", { class: "symmetry-choices", role: "group", "aria-label": "Change" });
  /** @param {string} name @param {number} start */
  const choose = (name, start) => {
    for (const button of choices.querySelectorAll("button"))
      button.setAttribute("aria-pressed", String(button.value === name));
    const steps = changes[name];
    time.replaceChildren(
      player({
        frames: steps.length,
        start,
        interval: 1600,
        label: NAMES[name],
        show: (index) => {
          drawing.show(steps[index], steps[0]);
          output.replaceChildren(outputChart(steps, index, reach));
        },
        describe: (index) => `${STAGES[index]}. ${words(steps[index])}`,
      }),
    );
  };
  for (const name of Object.keys(NAMES))
    choices.append(
      element("button", { type: "button", value: name, onclick: () => choose(name, 0) }, NAMES[name]),
    );
  choose(FIRST, 2);
  const tools = figureTools(drawing.svg, { title: "Network", table: drawing.table, details: null });
  const network = element("div", {}, drawing.svg, tools);
  return [choices, element("div", { class: "symmetry-columns" }, network, output), time];
}

/** How much of the output stays. @param {Step} step */
export function words({ share }) {
  if (share > 0.999) return "The output is the same for every input.";
  if (share < 0.001) return "The output is different for every input.";
  return `The output is the same on ${percentage(Number(share.toFixed(2)))} of this range.`;
}

/** @param {[Step, Step, Step]} steps @param {number} index @param {number} reach */
function outputChart(steps, index, reach) {
  const values = steps.flatMap(({ y }) => y);
  const [least, greatest] = [Math.min(...values) - 0.3, Math.max(...values) + 0.3];
  const { kept, x, y } = steps[index];
  // A gap between two intervals, so that the band ends with the first.
  const ends = kept.flatMap(([from, to], at) => (at ? [from, from, to] : [from, to]));
  const fill = (/** @type {number} */ value) =>
    kept.flatMap((_, at) => (at ? [Number.NaN, value, value] : [value, value]));
  return chart({
    title: "Output",
    x: { label: "input x", domain: [-reach, reach] },
    y: { label: "output y", domain: [least, greatest] },
    height: 260,
    series: [
      { name: "same as before", x: ends, y: fill(least), low: fill(least), high: fill(greatest), color: 0 },
      { name: "before", x: steps[0].x, y: steps[0].y, muted: true, dashed: true },
      { name: "now", x, y, color: 1 },
    ],
  });
}

// ---- The network ----

const [WIDTH, HEIGHT] = [360, 290];
const INPUT = { x: 34, y: 145 };
const UNITS = [50, 145, 240].map((y) => ({ x: 178, y }));
const OUTPUT = { x: 322, y: 145 };
// Where the labels of a unit's edges are, from the middle of the edge: outwards, and down.
const ASIDE = [10, 0, 10];
const BESIDE = [-14, -12, 15];

/** A number with two digits at most and a true minus sign. @param {number} value */
function short(value) {
  return String(Number(value.toFixed(2))).replace("-", "−");
}

class Drawing {
  svg = svgElement("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "symmetry-network" });
  #incoming = UNITS.map((unit, index) => this.#edge(INPUT, unit, [-ASIDE[index], BESIDE[index]]));
  #outgoing = UNITS.map((unit, index) => this.#edge(unit, OUTPUT, [ASIDE[index], BESIDE[index]]));
  #biases = UNITS.map((unit, index) => this.#unit(unit, index + 1));

  constructor() {
    this.#node(INPUT, 17, "x");
    this.#node(OUTPUT, 17, "y");
  }

  /** The numbers that are shown. */
  table = {
    columns: ["unit", "weight", "bias", "weight to the output"],
    count: UNITS.length,
    row: (/** @type {number} */ unit) => {
      const { first, bias, second } = /** @type {Step} */ (this.#step);
      return [unit + 1, first[unit], bias[unit], second[unit]];
    },
  };
  /** @type {Step | undefined} */
  #step;

  /** @param {Step} step @param {Step} before */
  show(step, before) {
    this.#step = step;
    step.first.forEach((weight, unit) => {
      setEdge(this.#incoming[unit], weight, weight !== before.first[unit]);
      setEdge(this.#outgoing[unit], step.second[unit], step.second[unit] !== before.second[unit]);
      const bias = this.#biases[unit];
      bias.textContent = `${step.bias[unit] < 0 ? "−" : "+"} ${short(Math.abs(step.bias[unit]))}`;
      bias.classList.toggle("changed", step.bias[unit] !== before.bias[unit]);
    });
    const units = step.first.map(
      (weight, unit) =>
        `unit ${unit + 1}: weight ${short(weight)}, bias ${short(step.bias[unit])}, to the output ` +
        `${short(step.second[unit])}`,
    );
    this.svg.setAttribute("aria-label", `Network with one input and three ReLU units. ${units.join("; ")}.`);
  }

  /**
   * @param {{x: number, y: number}} from
   * @param {{x: number, y: number}} to
   * @param {[number, number]} shift of the label from the middle
   */
  #edge(from, to, [right, down]) {
    const line = svgElement("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y });
    const text = svgElement("text", { x: (from.x + to.x) / 2 + right, y: (from.y + to.y) / 2 + down });
    this.svg.append(line, text);
    return { line, text };
  }

  /** @param {{x: number, y: number}} at @param {number} radius @param {string} label */
  #node({ x, y }, radius, label) {
    const text = svgElement("text", { x, y, class: "name" }, label);
    this.svg.append(svgElement("circle", { cx: x, cy: y, r: radius }), text);
    return text;
  }

  /** @param {{x: number, y: number}} at @param {number} number */
  #unit({ x, y }, number) {
    this.#node({ x, y }, 25, "");
    const bias = svgElement("text", { x, y: y + 8 });
    this.svg.append(svgElement("text", { x, y: y - 8, class: "name" }, String(number)), bias);
    return bias;
  }
}

/**
 * @param {{line: SVGLineElement, text: SVGTextElement}} edge
 * @param {number} weight
 * @param {boolean} changed
 */
function setEdge({ line, text }, weight, changed) {
  line.style.strokeWidth = String(1 + 3.5 * Math.abs(weight));
  line.classList.toggle("negative", weight < 0);
  text.textContent = short(weight);
  text.classList.toggle("changed", changed);
}
