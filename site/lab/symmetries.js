/**
 * Draws the experiment "symmetries": how changed networks learn on, how far outputs move, what of the
 * differences is certain, and the loss between two networks. The small network is in symmetries-picture.js.
 */

import { chart, loadPlot, percentage } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { differenceChart, dots } from "./difference-chart.js";
import { chance, conclusion, effect, mean, origin, outcome, resultTable, signed, sized } from "./findings.js";
import { smallNetwork } from "./symmetries-picture.js";

/** @import { Difference as Interval } from "./findings.js" */
/** @import { Drawing } from "./frame.js" */

/**
 * @typedef {{mean: number[], low: number[], high: number[]}} Curve
 * @typedef {{curve: Curve, loss: number[], accuracy: number[], moved: number}} Arm
 * @typedef {Interval & {name: string, against: string, looks: number}} Difference
 * @typedef {{
 *   name: string, sentence: string, must: boolean, largest: number, single: number, share: number,
 *   drawn: number, active?: number, silent?: number
 * }} Change
 * @typedef {{mean: number, half_width: number, values: number[]}} Estimate
 * @typedef {{
 *   command: string, seeds: number, first_seed: number, passes: number, looks: number,
 *   rows: {setting: string, losses: Record<string, number>, differences: Difference[]}[],
 *   widths: {hidden: number, loss: number, apart: Estimate, matched: Estimate}[]
 * }} Study
 */

export const prepare = loadPlot;

export const folded = ["images", "passes", "retrain", "seeds", "seed"];

export const labels = { method: { sgd: "SGD", adam: "Adam" } };

/** @type {Record<string, string>} */
const ARMS = {
  extra: "nothing changed",
  swap: "units swapped",
  rotate: "basis changed",
  rotate_noise: "noise of that size",
  scale: "units scaled",
};

/** @type {Record<string, string>} */
const CHANGES = { swap: "Swap", rotate: "Basis", scale: "Scaling" };

const LEAST = 1e-4; // a smaller difference is rounding that grew
/** @type {Record<string, string>} */
const WORDS = { unclear: "no certain difference", better: "better", worse: "worse" };

/** @param {Drawing} drawing */
export function render({ data, element: place, settings, partial }) {
  place.replaceChildren(
    curves(data, settings),
    partial ? "" : conclusion(verdict(data.differences, settings)),
  );
}

/** @param {any} data @param {Record<string, any>} settings */
function curves({ learned, after, arms }, settings) {
  const names = arms ? Object.keys(ARMS) : [];
  const drawn = [learned.mean, ...names.map((name) => arms[name].curve.mean)].flat();
  return chart({
    title: "Loss on held-out drawings, mean of all seeds",
    x: { label: "passes over the training drawings", domain: [0, settings.passes + settings.retrain] },
    y: {
      label: "half the squared error",
      scale: "log",
      domain: [0.9 * Math.min(...drawn), 1.05 * Math.max(...drawn)],
    },
    height: 340,
    rules: [{ x: settings.passes, label: "weights changed" }],
    series: [
      { name: "before the change", x: learned.passes, y: learned.mean, muted: true },
      ...names.map((name, index) => ({
        name: ARMS[name],
        x: after,
        y: arms[name].curve.mean,
        color: index,
        dashed: name !== "extra",
      })),
    ],
  });
}

/** What the run found, in one or two sentences. @param {Difference[]} differences @param {any} settings */
export function verdict(differences, { seeds }) {
  const find = (/** @type {string} */ name, /** @type {string} */ against) =>
    /** @type {Difference} */ (differences.find((one) => one.name === name && one.against === against));
  const swap = find("swap", "extra");
  const [extra, noise] = [find("rotate", "extra"), find("rotate", "rotate_noise")];
  const first =
    Math.abs(swap.mean) + swap.half_width < 5e-5
      ? "After a swap, learning goes on as if nothing had happened."
      : `A swap changes the loss by ${sized(swap)}, which is rounding that grew while the networks learned on.`;
  return (
    `${first} After the change of basis, the loss is ${sized(extra)} compared with no change ` +
    `(${WORDS[outcome(extra, LEAST)]}; sign-flip test, ${chance(extra)}), and ${sized(noise)} compared with noise of the ` +
    `same size (${WORDS[outcome(noise, LEAST)]}; ${chance(noise)}). ${seeds} paired seeds; intervals and tests corrected ` +
    `for ${extra.looks} comparisons.`
  );
}

/** @param {Difference} found */
function comparison({ name, against }) {
  return `${CHANGES[name]} − ${against === "extra" ? "no change" : "noise"}`;
}

/** The drawn network, which no run changes: what a visitor chose there stays. @param {Drawing} drawing */
function network({ data, element: place }) {
  if (networks.has(place)) return;
  networks.add(place);
  place.replaceChildren(...smallNetwork(data.picture));
}

const networks = /** @type {WeakSet<HTMLElement>} */ (new WeakSet());

/** How far outputs move, and on how many inputs they do not. @param {Drawing} drawing */
function changes({ data, element: place }) {
  const rows = /** @type {Change[]} */ (data.changes);
  const content = resultTable({
    caption: "How far the output moves, as a share of the largest output, and on how many inputs it does not",
    columns: ["Change", "Largest move", "In float32", "Random inputs", "Drawings"],
    hideCaption: true,
    rows: rows.map(({ sentence, largest, single, share, drawn }) => [
      sentence,
      brief(largest),
      brief(single),
      percentage(Number(share.toFixed(3))),
      percentage(Number(drawn.toFixed(3))),
    ]),
  });
  place.replaceChildren(content, conclusion(where(rows)));
}

/** A number with two digits. @param {number} value */
function brief(value) {
  return value === 0 ? "0" : signed(Number(value.toPrecision(2)));
}

/** Where the change of basis holds. @param {Change[]} rows */
export function where(rows) {
  const {
    share,
    active = 0,
    silent = 0,
  } = /** @type {Change} */ (rows.find(({ name }) => name === "rotate"));
  const [all, both, neither] = [share, active, silent].map((one) => percentage(Number(one.toFixed(3))));
  return (
    `The change of basis keeps the output on ${all} of random inputs: both units are active before and after ` +
    `on ${both}, and both are silent before and after on ${neither}.`
  );
}

/** @param {Drawing} drawing */
function differences({ data, element: place }) {
  const rows = /** @type {Difference[]} */ (data.differences);
  const arms = /** @type {Record<string, Arm>} */ (data.arms);
  place.replaceChildren(
    differenceChart({
      title: "Held-out loss after learning on: paired differences",
      label: "comparison",
      names: rows.map(comparison),
      found: rows,
      zero: "equal",
      row: 42,
    }),
    element(
      "p",
      { class: "note" },
      `For scale: the loss without a change is ${mean(arms.extra.loss).toFixed(4)}. A swap moves the weights ` +
        `by ${arms.swap.moved.toFixed(1)}, the change of basis by ${arms.rotate.moved.toFixed(1)} and the ` +
        `scaling by ${arms.scale.moved.toFixed(1)} (Euclidean length), and so does the noise of each.`,
    ),
  );
}

/** @param {Drawing} drawing */
function line({ data, element: place }) {
  const { along, curves: found, barriers, gain, moved } = data.line;
  place.replaceChildren(
    chart({
      title: "Held-out loss on the straight line between two networks, mean with 95% interval",
      x: { label: "from the first network (0) to the second (1)", domain: [0, 1] },
      y: { label: "half the squared error" },
      height: 320,
      series: [
        { name: "as they were trained", x: along, ...shape(found.apart) },
        { name: "units matched", x: along, ...shape(found.matched) },
      ],
    }),
    conclusion(
      `Matching moves ${percentage(Number(moved.toFixed(2)))} of the units and lowers the barrier from ` +
        `${mean(barriers.apart).toFixed(4)} to ${mean(barriers.matched).toFixed(4)}, a difference of ` +
        `${sized(gain)}.`,
    ),
  );
}

/** @param {Curve} curve */
function shape({ mean: y, low, high }) {
  return { y, low, high };
}

/** The longer study, which was computed before. @param {Drawing} drawing */
function study({ data, element: place }) {
  const found = /** @type {Study | null} */ (data.study);
  if (!found) return place.replaceChildren();
  place.replaceChildren(
    comparisons(found, "extra", "no change"),
    comparisons(found, "rotate_noise", "noise of the same size"),
    conclusion(studyVerdict(found)),
    element("details", {}, element("summary", {}, "All comparisons"), matrix(found)),
    origin(found, howOften(found)),
  );
}

/**
 * The change of basis in every setting.
 * @param {Study} study
 * @param {string} against
 * @param {string} words
 */
function comparisons({ rows, seeds }, against, words) {
  const all = rows.flatMap(({ differences: each }) => each.filter(({ name }) => name === "rotate"));
  return differenceChart({
    title: `Held-out loss after a change of basis minus that after ${words}, ${seeds} seeds`,
    label: "setting",
    names: rows.map(({ setting }) => setting),
    found: all.filter((one) => one.against === against),
    zero: "equal",
    row: 32,
    domain: [Math.min(...all.map(({ low }) => low)), Math.max(...all.map(({ high }) => high))],
  });
}

/** @param {string} against @returns {(one: Difference) => boolean} */
function isRotation(against) {
  return (one) => one.name === "rotate" && one.against === against;
}

/** Every comparison of the study: comparisons down, settings across. @param {Study} study */
function matrix({ rows }) {
  return resultTable({
    caption: "Held-out loss without a change, and paired differences from it and from noise",
    columns: ["Comparison", ...rows.map(({ setting }) => setting)],
    hideCaption: true,
    rows: [
      ["No change", ...rows.map(({ losses }) => losses.extra.toFixed(4))],
      ...rows[0].differences.map((one, index) => [
        comparison(one),
        ...rows.map(({ differences: each }) => effect(each[index], LEAST)),
      ]),
    ],
  });
}

/** What the study says of the article's idea. @param {Study} study */
export function studyVerdict({ rows, seeds, looks }) {
  const [extra, noise] = ["extra", "rotate_noise"].map((against) => {
    const own = rows.flatMap(({ differences: each }) => each.filter(isRotation(against)));
    const count = (/** @type {string} */ word) => own.filter((one) => outcome(one, LEAST) === word).length;
    return `better in ${count("better")} and worse in ${count("worse")}`;
  });
  return (
    `Of ${rows.length} settings, the change of basis is ${extra} than no change, and ${noise} than noise of ` +
    `the same size. The rest may be chance, with ${seeds} seeds and intervals corrected for ${looks} comparisons.`
  );
}

/** @param {Study} study */
function howOften({ passes }) {
  return `${passes} passes before the change and as many after it.`;
}

/** Barriers of wider and wider networks, from the study. @param {Drawing} drawing */
function widths({ data, element: place }) {
  const found = /** @type {Study | null} */ (data.study);
  if (!found) return place.replaceChildren();
  const rows = found.widths.flatMap(({ hidden, apart, matched }) => [
    { name: `${hidden} units, as trained`, ...apart },
    { name: `${hidden} units, matched`, ...matched },
  ]);
  const names = rows.map(({ name }) => name);
  place.replaceChildren(
    chart({
      title: "Barrier between two networks, mean with 95% interval",
      x: { label: "rise of the loss" },
      y: { label: "", scale: "band", domain: names },
      height: 60 + 28 * names.length,
      series: [
        dots(
          names,
          rows.map(({ values }) => values),
          { isRow: true },
        ),
        {
          name: "mean, with its interval",
          kind: "points",
          x: rows.map(({ mean: middle }) => middle),
          y: names,
          low: rows.map(({ mean: middle, half_width: half }) => middle - half),
          high: rows.map(({ mean: middle, half_width: half }) => middle + half),
        },
      ],
    }),
    origin(found, howOften(found)),
  );
}

export const figures = { network, changes, differences, study, line, widths };
