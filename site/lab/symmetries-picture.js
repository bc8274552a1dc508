/**
 * The small network of the page on symmetries: its weights change step by step, and its output beside it
 * shows for which inputs it stays the same. A handle in the network sets how far a change goes.
 */

import { chart, figureTools, percentage } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";
import { knob } from "./knob.js";
import { player } from "./player.js";
import { stepsOf } from "./symmetries-instant.js";

/** @import { Step, Steps } from "./symmetries-instant.js" */

/** @typedef {{reach: number, changes: Record<string, Steps>}} Picture */

/** Changes, and how far each goes at first. @type {Record<string, [string, number]>} */
const CHANGES = {
  swap: ["Swap 1 and 2", 0],
  scale: ["Scale 1 by 2", 2],
  negative: ["Scale 1 by −1", -1],
  rotate: ["Change the basis of 1 and 2", 45],
};
const FIRST = "rotate";
const STAGES = ["Before", "Incoming weights and biases changed", "Outgoing weights changed too"];

/**
 * @param {Picture} picture
 * @returns {HTMLElement[]}
 */
export function smallNetwork({ changes, reach }) {
  const start = Object.values(changes)[0][0];
  let [name, stage] = [FIRST, STAGES.length - 1];
  const turn = (/** @type {number} */ amount) => choose(name, amount, stage || STAGES.length - 1);
  const drawing = new Drawing(turn);
  const output = element("div", { class: "symmetry-output" });
  const time = element("div");
  const choices = element("div", { class: "symmetry-choices", role: "group", "aria-label": "Change" });
  /** @param {string} wanted @param {number} amount @param {number} first the frame that is shown */
  const choose = (wanted, amount, first) => {
    name = wanted;
    const [label, usual] = CHANGES[name];
    for (const button of choices.querySelectorAll("button"))
      button.setAttribute("aria-pressed", String(button.value === name && amount === usual));
    const steps = stepsOf(name, amount, { start, reach });
    drawing.handle(name, amount);
    time.replaceChildren(
      player({
        frames: steps.length,
        start: first,
        interval: 1600,
        label,
        show: (index) => {
          stage = index;
          drawing.show(steps[index], steps[0]);
          output.replaceChildren(outputChart(steps, index, reach));
        },
        describe: (index) => `${STAGES[index]}. ${words(steps[index])}`,
      }),
    );
  };
  for (const [value, [label, usual]] of Object.entries(CHANGES))
    choices.append(
      element("button", { type: "button", value, onclick: () => choose(value, usual, 0) }, label),
    );
  choose(FIRST, CHANGES[FIRST][1], stage);
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

/** @param {Steps} steps @param {number} index @param {number} reach */
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

const [WIDTH, HEIGHT] = [360, 310];
const INPUT = { x: 34, y: 165 };
const UNITS = [62, 165, 268].map((y) => ({ x: 178, y }));
const OUTPUT = { x: 322, y: 165 };
// Where the labels of a unit's edges are, from the middle of the edge: outwards, and down.
const ASIDE = [10, 0, 10];
const BESIDE = [-14, -12, 15];

/** A number with two digits at most and a true minus sign. @param {number} value */
function short(value) {
  return String(Number(value.toFixed(2))).replace("-", "−");
}

class Drawing {
  svg = svgElement("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "symmetry-network" });
  /** All but the handle. */
  #image = svgElement("g", { role: "img" });
  #incoming = UNITS.map((unit, index) => this.#edge(INPUT, unit, [-ASIDE[index], BESIDE[index]]));
  #outgoing = UNITS.map((unit, index) => this.#edge(unit, OUTPUT, [ASIDE[index], BESIDE[index]]));
  #biases = UNITS.map((unit, index) => this.#unit(unit, index + 1));

  #scale;
  #dial;

  /** @param {(amount: number) => void} turn called when a handle is moved */
  constructor(turn) {
    this.#node(INPUT, 17, "x");
    this.#node(OUTPUT, 17, "y");
    this.svg.append(this.#image);
    this.#scale = scaleHandle(turn);
    this.#dial = dialHandle(turn);
  }

  /** Puts the handle of a change into the drawing. @param {string} name @param {number} amount */
  handle(name, amount) {
    const shown = name === "rotate" ? this.#dial : name === "swap" ? null : this.#scale;
    for (const one of [this.#dial, this.#scale]) if (one !== shown) one.element.remove();
    if (!shown) return;
    shown.show(amount);
    if (!shown.element.isConnected) this.svg.append(shown.element);
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
    this.#image.setAttribute(
      "aria-label",
      `Network with one input and three ReLU units. ${units.join("; ")}.`,
    );
  }

  /**
   * @param {{x: number, y: number}} from
   * @param {{x: number, y: number}} to
   * @param {[number, number]} shift of the label from the middle
   */
  #edge(from, to, [right, down]) {
    const line = svgElement("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y });
    const text = svgElement("text", { x: (from.x + to.x) / 2 + right, y: (from.y + to.y) / 2 + down });
    this.#image.append(line, text);
    return { line, text };
  }

  /** @param {{x: number, y: number}} at @param {number} radius @param {string} label */
  #node({ x, y }, radius, label) {
    const text = svgElement("text", { x, y, class: "name" }, label);
    this.#image.append(svgElement("circle", { cx: x, cy: y, r: radius }), text);
    return text;
  }

  /** @param {{x: number, y: number}} at @param {number} number */
  #unit({ x, y }, number) {
    this.#node({ x, y }, 25, "");
    const bias = svgElement("text", { x, y: y + 8 });
    this.#image.append(svgElement("text", { x, y: y - 8, class: "name" }, String(number)), bias);
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

// ---- Handles ----

const MOST = 3; // the largest factor
const TRACK = { y: 16, from: UNITS[0].x - 60, to: UNITS[0].x + 60 };
const DIAL = { x: UNITS[0].x, y: (UNITS[0].y + UNITS[1].y) / 2, r: 15 };

/** A track above unit 1, for the factor of its scaling. @param {(amount: number) => void} turn */
function scaleHandle(turn) {
  let before = 1;
  const { y, from, to } = TRACK;
  const label = svgElement("text", { x: to + 42, y });
  const words = (/** @type {number} */ factor) => `times ${short(factor)}`;
  const { element: handle, show } = knob({
    label: "Factor of unit 1",
    low: -MOST,
    high: MOST,
    step: 0.1,
    at: (factor) => ({ x: from + ((factor + MOST) / (2 * MOST)) * (to - from), y }),
    valueAt: ({ x }) => ((x - from) / (to - from)) * 2 * MOST - MOST,
    words,
    change: (factor) => turn(factor || (before > 0 ? -0.1 : 0.1)), // 0 cannot be undone
  });
  const middle = (from + to) / 2;
  return {
    element: svgElement(
      "g",
      { class: "handle" },
      svgElement("path", { d: `M${from},${y}H${to}M${middle},${y - 4}V${y + 4}` }),
      label,
      handle,
    ),
    show(/** @type {number} */ factor) {
      before = factor;
      label.textContent = words(factor);
      show(factor);
    },
  };
}

/** A dial between units 1 and 2, for the angle of their new basis. @param {(amount: number) => void} turn */
function dialHandle(turn) {
  const { x, y, r } = DIAL;
  const label = svgElement("text", { x: x + 40, y: y + 4 });
  const hand = svgElement("line", { x1: x, y1: y });
  const words = (/** @type {number} */ angle) => `${angle}°`;
  const at = (/** @type {number} */ angle) => {
    const radians = (angle * Math.PI) / 180;
    return { x: x + r * Math.cos(radians), y: y - r * Math.sin(radians) };
  };
  const { element: handle, show } = knob({
    label: "Angle of the basis",
    low: 0,
    high: 360,
    step: 5,
    at,
    valueAt: (place) => ((Math.atan2(y - place.y, place.x - x) * 180) / Math.PI + 360) % 360,
    words,
    change: turn,
  });
  return {
    element: svgElement(
      "g",
      { class: "handle" },
      svgElement("circle", { cx: x, cy: y, r }),
      hand,
      label,
      handle,
    ),
    show(/** @type {number} */ angle) {
      const end = at(angle);
      hand.setAttribute("x2", end.x.toFixed(1));
      hand.setAttribute("y2", end.y.toFixed(1));
      label.textContent = words(angle);
      show(angle);
    },
  };
}
