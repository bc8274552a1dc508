/**
 * Draws the experiment "lstm": how three recurrent networks learn a task, what the LSTM's gates do meanwhile,
 * the gates before training, and cells that are set by hand.
 */

import { chart, heatMap, loadPlot, percentage, shortNumber } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { chartHandle } from "./chart-handle.js";
import { dots } from "./difference-chart.js";
import { checked, conclusion, origin, resultTable } from "./findings.js";

/** @import { Drawing } from "./frame.js" */

/**
 * @typedef {{hidden: number, weights: number, loss: number[], accuracy: number[]}} Network
 * @typedef {Record<string, number[][]>} Gates of each unit at each step, by the name of the gate
 * @typedef {{steps: number[], value: number[], wanted: number[], wrong: number, error: number}} Hand
 * @typedef {{name: string, measured: number, bound: number, passed: boolean}} Check
 * @typedef {{
 *   command: string, seeds: number, first_seed: number, tasks: Record<string, Record<string, number[]>>
 * }} Study
 */

export const prepare = loadPlot;

export const folded = ["symbols", "units", "rate", "forget_bias", "strength", "seed"];

/** @param {Record<string, any>} settings */
export const unused = ({ task }) => (task === "copy" ? [] : ["symbols"]);

export { instant } from "./lstm-instant.js";

export const labels = { task: { adding: "Adding marked numbers", copy: "Copying symbols" } };

/** @type {Record<string, string>} */
const NAMES = { lstm: "LSTM", rnn: "Plain network", delta: "Delta rule" };

/** @type {Record<string, string>} the tasks of the study */
const TASKS = {
  "adding 8": "8 numbers",
  "adding 16": "16 numbers",
  "adding 32": "32 numbers",
  "adding 60": "60 numbers",
  "copy 16": "1 symbol, pause 16",
  "copy 60": "1 symbol, pause 60",
  "copy 3": "3 symbols, pause 10",
};

/** @type {[string, string][]} */
const VIEWS = [
  ["i", "Input gate i"],
  ["f", "Forget gate f"],
  ["o", "Output gate o"],
  ["g", "Candidate g"],
  ["c", "Memory c"],
  ["h", "Output h"],
];

/** @param {any} data @returns {[string, Network][]} */
function networksOf(data) {
  return Object.entries(data.networks);
}

/** What stands in each picture: the visitor's choice of a gate outlives a result. */
const shells = /** @type {WeakMap<HTMLElement, ReturnType<typeof makeShell>>} */ (new WeakMap());

/** @param {Drawing} drawing */
export function render({ data, element: place, settings }) {
  let shell = shells.get(place);
  if (!shell) {
    shell = makeShell();
    shells.set(place, shell);
  }
  shell.draw(data, settings);
  if (shell.parts[0].parentNode !== place) place.replaceChildren(...shell.parts);
}

function makeShell() {
  const curve = element("div");
  const sizes = element("div");
  const gates = element("div");
  const answer = element("p", { class: "note" });
  const options = VIEWS.map(([value, words]) => element("option", { value }, words));
  const choice = element("select", { "data-testid": "gate" }, ...options);
  /** @type {any} */
  let shown = null;
  const drawGates = () => {
    if (shown) gates.replaceChildren(gateMap(shown, choice.value));
  };
  choice.addEventListener("change", drawGates);
  const label = element("label", { class: "lstm-choice" }, element("span", {}, "Inside the LSTM"), choice);
  /** @param {any} data @param {Record<string, any>} settings */
  const draw = (data, settings) => {
    shown = data;
    curve.replaceChildren(accuracyChart(data, settings));
    sizes.replaceChildren(summary(data));
    drawGates();
    answer.textContent = outcome(data);
  };
  return { parts: [curve, sizes, label, gates, answer], draw };
}

/** @param {any} data @param {Record<string, any>} settings */
function accuracyChart(data, settings) {
  const isCopy = settings.task === "copy";
  const what = isCopy ? "symbols that are repeated correctly" : "sums that are right within 0.1";
  return chart({
    title: `Share of ${what}, in sequences that were held out`,
    x: { label: "updates", domain: [0, settings.updates] },
    y: { label: "right", format: percentage, domain: [0, 1] },
    height: 300,
    rules: [{ y: data.idle.accuracy, label: "guessing" }],
    series: networksOf(data).map(([name, { accuracy }]) => ({
      name: NAMES[name],
      x: data.updates,
      y: accuracy,
    })),
  });
}

/** @param {any} data */
function summary(data) {
  return resultTable({
    caption: "Three networks with nearly the same number of weights",
    columns: ["Network", "Units", "Weights", "Loss", "Right"],
    rows: networksOf(data).map(([name, { hidden, weights, loss, accuracy }]) => [
      NAMES[name],
      String(hidden),
      weights.toLocaleString("en"),
      last(loss).toFixed(4),
      percentage(Number(last(accuracy).toFixed(3))),
    ]),
  });
}

/** @param {readonly number[]} values */
function last(values) {
  return values[values.length - 1];
}

/** @param {any} data @param {string} view */
function gateMap(data, view) {
  const gates = /** @type {Gates} */ (data.gates);
  const words = /** @type {[string, string]} */ (VIEWS.find(([name]) => name === view))[1];
  return heatMap({
    title: `${words} of each unit while the LSTM reads one held-out sequence`,
    x: stepsOf(data.labels),
    y: { label: "unit", values: gates[view].map((_, index) => index + 1) },
    values: gates[view],
    colors: "ifo".includes(view) ? "sequential" : "diverging",
  });
}

/** The axis of what is read: marked numbers are named on narrow screens, too. @param {string[]} values */
function stepsOf(values) {
  const named = values.flatMap((value, step) => (value.endsWith("*") ? [step] : []));
  return { label: "step: what it reads", values, named, format: String };
}

/** What the LSTM answers to the sequence in the map. @param {any} data */
export function outcome({ answer, wanted, labels: shown }) {
  if (!shown.includes("?"))
    return `At the end it answers ${Number(answer[0]).toFixed(2)}; the sum is ${Number(wanted[0]).toFixed(2)}.`;
  const text = (/** @type {number[]} */ symbols) => symbols.map((symbol) => "ABCD"[symbol]).join("");
  return `After the cue it answers ${text(answer)}; right is ${text(wanted)}.`;
}

/** @param {Drawing} drawing */
function loss({ data, element: place, settings }) {
  const isCopy = settings.task === "copy";
  place.replaceChildren(
    chart({
      title: "Loss on held-out sequences",
      x: { label: "updates", domain: [0, settings.updates] },
      y: { label: isCopy ? "cross-entropy, nats" : "squared error", scale: "log" },
      rules: [{ y: data.idle.loss, label: "guessing" }],
      series: networksOf(data).map(([name, network]) => ({
        name: NAMES[name],
        x: data.updates,
        y: network.loss,
      })),
    }),
  );
}

/** @param {Drawing} drawing */
function untrained({ data, element: place }) {
  const start = /** @type {Gates} */ (data.start);
  const gates = ["i", "f", "o"];
  place.replaceChildren(
    heatMap({
      title: "The gates before training, on the same sequence",
      x: stepsOf(data.labels),
      y: {
        label: "gate",
        values: gates.flatMap((gate) => start[gate].map((_, unit) => `${gate}${unit + 1}`)),
      },
      values: gates.flatMap((gate) => start[gate]),
      colors: "sequential",
      height: 420,
    }),
  );
}

/** @param {Drawing} drawing */
function decay({ data, element: place, settings, run }) {
  const { ages, kept } = data.decay;
  /** @type {[string, string, boolean][]} */
  const curves = [
    ["untrained", "bias 0: half open", true],
    ["start", `bias ${shortNumber(settings.forget_bias)}: the LSTM above, before training`, false],
    ["latch", `bias ${shortNumber(settings.strength)}: the latch`, false],
  ];
  place.replaceChildren(
    chart({
      title: "What a forget gate leaves of a memory",
      x: { label: "steps", scale: "log", domain: [1, 1000] },
      y: { label: "share that remains", domain: [0, 1], format: percentage },
      series: curves.map(([name, words, muted]) => ({ name: words, x: ages, y: kept[name], muted })),
      onDraw: chartHandle(place, {
        label: "Forget bias of the latch",
        values: Array.from({ length: 61 }, (_, index) => index / 2),
        now: settings.strength,
        orientation: "horizontal",
        at: handleAt,
        words: (strength) => `bias ${strength}`,
        change: (strength) => run({ settings: { strength } }),
      }),
    }),
  );
}

/**
 * Where half of a memory is left, or what is left after 1,000 steps.
 * @param {number} strength @param {(steps: number) => number} x @param {(share: number) => number} y
 */
function handleAt(strength, x, y) {
  const loss = Math.log1p(Math.exp(-strength)); // at each step, as a logarithm
  const half = Math.log(2) / loss;
  return half <= 1000 ? { x: x(Math.max(1, half)), y: y(0.5) } : { x: x(1000), y: y(Math.exp(-1000 * loss)) };
}

/** @param {Drawing} drawing */
function hand({ data, element: place, settings }) {
  place.replaceChildren(
    handChart(data.latch, "One unit as a latch", "bit"),
    conclusion(handWords(data.latch, "bit", settings.strength)),
    handChart(data.counter, "One unit as a counter", "depth of brackets"),
    conclusion(handWords(data.counter, "count", settings.strength)),
  );
}

/** @param {Hand} made @param {string} title @param {string} label */
function handChart({ steps, value, wanted }, title, label) {
  return chart({
    title,
    x: { label: "step", domain: [0, 1000] },
    y: { label },
    height: 200,
    series: [
      { name: "right", x: steps, y: wanted, kind: "step", muted: true },
      { name: "the LSTM", x: steps, y: value },
    ],
  });
}

/** @param {Hand} made @param {string} name @param {number} strength */
export function handWords({ wrong, error }, name, strength) {
  const bias = `With a forget bias of ${shortNumber(strength)}`;
  const largest = shortNumber(Number(error.toPrecision(2)));
  if (wrong === 0)
    return `${bias}, the ${name} is right at all 1,000 steps; it is never off by more than ${largest}.`;
  const count = wrong.toLocaleString("en");
  return `${bias}, the ${name} is lost at ${count} of 1,000 steps; it is off by up to ${largest}.`;
}

/** @type {Record<string, string>} */
const CHECKS = {
  "gradient-lstm": "Gradient of the LSTM against finite differences, both tasks",
  "gradient-rnn": "Gradient of the plain network against finite differences, both tasks",
  "gradient-delta": "Gradient of the delta rule against finite differences, both tasks",
  latch: "Largest error of the latch in 1,000 steps, forget bias 30",
  counter: "Largest error of the counter in 1,000 steps, forget bias 30",
};

/** @param {Drawing} drawing */
function checks({ data, element: place }) {
  const found = /** @type {Check[]} */ (data.checks);
  const content = resultTable({
    caption: "Checks, computed in each run with your seed",
    columns: ["What is computed", "Measured", "At most", "Result"],
    rows: found.map(({ name, measured, bound, passed }) => [
      CHECKS[name],
      shortNumber(Number(measured.toPrecision(2))),
      shortNumber(bound),
      checked(passed),
    ]),
  });
  place.replaceChildren(content);
}

/** @param {string} of @returns {(drawing: Drawing) => void} */
function studyOf(of) {
  return ({ data, element: place }) => {
    const study = /** @type {Study | null} */ (data.study);
    if (study)
      place.replaceChildren(
        seedChart(study, of),
        seedTable(study, of),
        origin(study, "none of which the article’s sentences were made from."),
      );
  };
}

/**
 * The tasks of a kind, with the shares of right answers of each network.
 * @param {Study} study
 * @param {string} of
 */
function tasksOf({ tasks, seeds }, of) {
  return Object.entries(TASKS).flatMap(([task, words]) => {
    const right = Object.entries(tasks[task] ?? {});
    const isDone = right.length > 0 && right.every(([, values]) => values.length === seeds);
    return task.startsWith(of) && isDone ? [{ words, right }] : [];
  });
}

/**
 * Every seed as a dot, because medians hide that a network starts or does not.
 * @param {Study} study
 * @param {string} of
 */
function seedChart(study, of) {
  const rows = tasksOf(study, of).flatMap(({ words, right }) =>
    right.map(([name, values]) => ({ name: `${NAMES[name].split(" ")[0]}, ${words}`, values })),
  );
  const names = rows.map(({ name }) => name);
  return chart({
    title: `Right answers after training, with ${study.seeds} other seeds`,
    x: { label: "right", format: percentage, domain: [0, 1] },
    y: { label: "", scale: "band", domain: names },
    height: 60 + 28 * names.length,
    series: [
      dots(
        names,
        rows.map(({ values }) => values),
        { isRow: true },
      ),
      { name: "median", kind: "points", x: rows.map(({ values }) => median(values)), y: names },
    ],
  });
}

/** @param {Study} study @param {string} of */
function seedTable(study, of) {
  return resultTable({
    caption: `${of === "adding" ? "Adding" : "Copying"}: median, worst and best seed, and how many are right in less than half of all cases`,
    columns: ["Task", ...Object.values(NAMES)],
    rows: tasksOf(study, of).map(({ words, right }) => [
      words,
      ...right.map(([, values]) => rightWords(values)),
    ]),
  });
}

/** "98% (14–100), 2 below 50%". @param {number[]} values */
export function rightWords(values) {
  const [middle, worst, best] = [median(values), Math.min(...values), Math.max(...values)].map((value) =>
    Math.round(100 * value),
  );
  const failed = values.filter((value) => value < 0.5).length;
  return `${middle}% (${worst}–${best})${failed ? `, ${failed} below 50%` : ""}`;
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.floor(sorted.length / 2)]) / 2;
}

export const figures = {
  adding: studyOf("adding"),
  copying: studyOf("copy"),
  loss,
  untrained,
  decay,
  hand,
  checks,
};
