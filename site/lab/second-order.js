/**
 * Draws the experiment "second-order": how networks learn by a second-order rule and by its rivals, what of
 * the difference is certain, and what can be proved about the rule. The drawings are in
 * second-order-gallery.js.
 */

import { chart, loadPlot, percentage, shortNumber } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { chartHandle } from "./chart-handle.js";
import { differenceChart } from "./difference-chart.js";
import {
  chance,
  checked,
  conclusion,
  effect,
  mean,
  origin,
  outcome,
  resultTable,
  signed,
  sized,
} from "./findings.js";
import { gallery } from "./second-order-gallery.js";
import { STEPS, ways } from "./second-order-instant.js";

/** @import { Difference } from "./findings.js" */
/** @import { Drawing } from "./frame.js" */

/**
 * @typedef {{
 *   curve: {mean: number[], low: number[], high: number[]}, rate: number | null, stop: number,
 *   at_edge: boolean, loss: number[], accuracy: number[]
 * }} Method
 * @typedef {{name: string, sentence: string, measured: number, bound: number, kind: string, passed: boolean}}
 *   Check
 * @typedef {{
 *   setting: string, method: string, b: number | null, rate: number, sgd_rate: number, sgd_loss: number,
 *   loss: Difference, accuracy: Difference
 * }} Row
 * @typedef {{
 *   command: string, seeds: number, first_seed: number, passes: number, looks: number, rows: Row[],
 *   parts: {part: string, b: number, setting: string, loss: Difference}[],
 *   online: {
 *     b: number, rate: number, damping: number, loss: Difference,
 *     cosines: (Record<string, {mean: number[], low: number[], high: number[]}> & {damping: number})[]
 *   }
 * }} Study
 */

export { instant } from "./second-order-instant.js";

export const prepare = loadPlot;

export const folded = ["hidden", "images", "noise", "passes", "seeds", "seed"];

export const labels = { unit: { relu: "ReLU" } };

/** @type {Record<string, string>} */
const NAMES = { sgd: "SGD", rule: "The rule", penalty: "Gradient penalty", adam: "Adam", lbfgs: "L-BFGS" };

/** @param {string} method @param {Record<string, any>} settings */
function nameOf(method, settings) {
  return method === "rule" ? `${NAMES.rule}, b = ${signed(settings.b)}` : NAMES[method];
}

/** @param {Drawing} drawing */
export function render({ data, element: place, settings, partial }) {
  const ran = data.ran ?? settings; // while only the way of the weight is of other settings
  place.replaceChildren(
    wayOf(place, settings),
    curves(data, ran),
    partial && !data.ran ? "" : summary(data, ran),
    partial && !data.ran ? "" : conclusion(verdict(data, ran)),
  );
}

const STARTS = Array.from({ length: 51 }, (_, index) => index / 10 - 2.5);
/** The start of the weight, by picture. @type {WeakMap<Element, {box: HTMLElement, start: number}>} */
const begun = new WeakMap();

/** @param {HTMLElement} place @param {Record<string, any>} settings */
function wayOf(place, settings) {
  const begins = begun.get(place) ?? { box: element("div"), start: -1 };
  begun.set(place, begins);
  const { box } = begins;
  const draw = () => {
    const { sgd, rule, best } = ways(begins.start, settings);
    const x = sgd.map((_, step) => step);
    box.replaceChildren(
      chart({
        title: "One weight, as SGD and the rule move it: drag its start",
        x: { label: "steps", domain: [0, STEPS] },
        y: { label: "weight", domain: [-2.5, 2.5] },
        height: 220,
        rules: [{ y: best, label: "least error" }],
        series: [
          { name: "SGD", x, y: sgd, muted: true },
          { name: nameOf("rule", settings) ?? "", x, y: rule },
        ],
        onDraw: chartHandle(box, {
          label: "Start of the weight",
          values: STARTS,
          now: begins.start,
          orientation: "vertical",
          at: (start, across, down) => ({ x: across(0), y: down(start) }),
          words: (start) => `weight ${start}`,
          change(start) {
            begins.start = start;
            draw();
          },
        }),
      }),
    );
  };
  draw();
  return box;
}

/** @param {any} data @param {Record<string, any>} settings */
function curves(data, settings) {
  const methods = /** @type {[string, Method][]} */ (Object.entries(data.methods));
  return chart({
    title: "Loss on drawings that were held out, mean of all seeds with its 95% interval",
    x: { label: "passes over the training drawings", domain: [0, settings.passes] },
    y: { label: "half the squared error" },
    height: 340,
    series: methods.map(([method, { curve }]) => ({
      name: nameOf(method, settings),
      x: data.passes,
      y: curve.mean,
      low: curve.low,
      high: curve.high,
      muted: method === "sgd",
    })),
  });
}

/**
 * What validation chose for each method, and where that led.
 * @param {any} data
 * @param {Record<string, any>} settings
 */
function summary(data, settings) {
  const methods = /** @type {[string, Method][]} */ (Object.entries(data.methods));
  return resultTable({
    caption: "Settings chosen on the validation drawings, and the result on held-out drawings",
    columns: ["Method", "Learning rate", "Passes", "Held-out loss", "Correct"],
    rows: methods.map(([method, { rate, stop, at_edge, loss, accuracy }]) => [
      nameOf(method, settings),
      rate === null ? "line search" : `${shortNumber(rate)}${at_edge ? ", the end of its range" : ""}`,
      String(stop),
      mean(loss).toFixed(4),
      percentage(Number(mean(accuracy).toFixed(3))),
    ]),
  });
}

const GRADES = {
  clear: "clearly more than chance explains",
  undecided: "these seeds do not decide whether that is chance",
  none: "no difference is shown",
};

/** One sentence with its numbers. @param {any} data @param {Record<string, any>} settings */
export function verdict({ methods, differences, looks }, settings) {
  /** @type {Difference} */
  const found = differences.loss.rule;
  const name = `The rule with b = ${signed(settings.b)}`;
  if (found.half_width === 0 && found.mean === 0) return `${name} is exactly SGD here: all losses are equal.`;
  const word = found.mean < 0 ? "lowers" : "raises";
  const grade = GRADES[found.grade ?? "none"];
  return (
    `${name} ${word} the held-out loss by ${sized(found)} (99%) against ${mean(methods.sgd.loss).toFixed(4)} ` +
    `of SGD: ${grade}. ${settings.seeds} paired seeds; the interval includes the choice of learning rates, and ` +
    `is corrected for ${looks} comparisons, like the sign-flip test, ${chance(found)}.`
  );
}

/** @param {Drawing} drawing */
function differences({ data, element: place, settings }) {
  const rows = /** @type {[string, Difference][]} */ (Object.entries(data.differences.loss));
  place.replaceChildren(
    differenceChart({
      title: "Held-out loss minus that of SGD with the same seed: mean with its 99% interval",
      label: "method",
      names: rows.map(([method]) => nameOf(method, settings)),
      found: rows.map(([, found]) => found),
      zero: "SGD",
      row: 46,
    }),
  );
}

/** The longer study, which was computed before. @param {Drawing} drawing */
function study({ data, element: place }) {
  const found = /** @type {Study | null} */ (data.study);
  if (!found) return place.replaceChildren();
  const best = found.rows.filter(({ b }) => b === BEST_CASE);
  place.replaceChildren(
    differenceChart({
      title: `Held-out loss with b = ${BEST_CASE} minus that of SGD: ${found.seeds} seeds in each setting, 99% intervals`,
      label: "setting",
      names: best.map(({ setting }) => setting),
      found: best.map(({ loss }) => loss),
      zero: "SGD",
      row: 42,
    }),
    matrix(found),
    conclusion(studyVerdict(found)),
    origin(
      found,
      `up to ${found.passes} passes, rates and passes chosen on validation drawings, intervals corrected for ` +
        `${found.looks} comparisons.`,
    ),
  );
}

const BEST_CASE = 3;

/** Every comparison of the study: settings down, methods across. @param {Study} study */
function matrix({ rows }) {
  const variants = [...new Set(rows.map(variantOf))];
  const settings = [...new Set(rows.map(({ setting }) => setting))];
  return resultTable({
    caption: "Held-out loss of SGD, and what each method adds to it",
    columns: ["Setting", "SGD", ...variants],
    className: "data second-matrix",
    rows: settings.map((setting) => {
      const own = rows.filter((row) => row.setting === setting);
      return [setting, own[0].sgd_loss.toFixed(4), ...own.map(({ loss }) => effect(loss))];
    }),
  });
}

/** What the study found, in one sentence. @param {Study} study */
export function studyVerdict({ rows, looks, seeds }) {
  const own = rows.filter(({ method }) => method === "rule");
  const [better, worse] = ["better", "worse"].map((word) => own.filter(({ loss }) => outcome(loss) === word));
  const undecided = own.filter(({ loss }) => loss.grade === "undecided");
  const best = own.reduce((one, other) => (other.loss.mean < one.loss.mean ? other : one));
  const strongest =
    `the largest gain is ${sized(best.loss)} against ${best.sgd_loss.toFixed(4)} of SGD ` +
    `(${best.setting}, b = ${signed(best.b ?? 0)})`;
  return (
    `Of ${own.length} comparisons with SGD, the rule clearly wins ${better.length} and loses ${worse.length}; ` +
    `${undecided.length} are not decided, and ${own.length - better.length - worse.length - undecided.length} ` +
    `show no difference. With ${seeds} seeds and 99% intervals that include the choice of learning rates and ` +
    `are corrected for ${looks} comparisons, ${strongest}.`
  );
}

/** @type {Record<string, string>} */
const PARTS = { rule: "the whole rule", hidden: "hidden units only", output: "output unit only" };

/**
 * What is left of the rule with only some of the second derivatives, from the longer study.
 * @param {Drawing} drawing
 */
function parts({ data, element: place }) {
  const found = /** @type {Study | null} */ (data.study);
  if (!found) return place.replaceChildren();
  const [{ b, setting }] = found.parts;
  place.replaceChildren(
    differenceChart({
      title: `Held-out loss minus that of SGD, ${setting}, b = ${signed(b)}: ${found.seeds} seeds, 99% intervals`,
      label: "curvature",
      names: found.parts.map(({ part }) => PARTS[part]),
      found: found.parts.map(({ loss }) => loss),
      zero: "SGD",
      row: 46,
    }),
  );
}

/** @type {Record<string, string>} */
const KINDS = { gradient: "gradient step", rule: "whole step of the rule", term: "second-order term alone" };

/** How the steps of online L-BFGS lie to the rule's, from the longer study. @param {Drawing} drawing */
function online({ data, element: place }) {
  const found = /** @type {Study | null} */ (data.study);
  if (!found) return place.replaceChildren();
  const { b, cosines, loss, rate, damping } = found.online;
  const [least] = cosines;
  place.replaceChildren(
    chart({
      title:
        `Cosine of the step of online L-BFGS, damping ${shortNumber(least.damping)}, with steps for the same ` +
        `batch, b = ${signed(b)}`,
      x: { label: "passes over the training drawings", domain: [1, found.passes] },
      y: { label: "mean cosine", domain: [-0.5, 1] },
      series: Object.entries(KINDS).map(([name, step]) => {
        const { mean: y, ...interval } = least[name];
        return { name: step, x: y.map((_, at) => (found.passes * (at + 0.5)) / y.length), y, ...interval };
      }),
    }),
    conclusion(
      `With a learning rate of ${shortNumber(rate)} and a damping of ${shortNumber(damping)}, online L-BFGS ` +
        `${loss.mean < 0 ? "lowers" : "raises"} the held-out loss of SGD by ${sized(loss)} (99%): ` +
        `${GRADES[loss.grade ?? "none"]}.`,
    ),
  );
}

/** @param {Row} row */
function variantOf({ method, b }) {
  return method === "rule" ? `rule, b = ${signed(b ?? 0)}` : "gradient penalty";
}

/** @param {Drawing} drawing */
function confidence({ data, element: place }) {
  const { steps, curves: found } = data.confidence;
  const sides = Object.entries(found);
  if (sides.length === 0) {
    const sentence = "A linear output is not a probability, so there is no confidence to show.";
    return place.replaceChildren(element("p", { class: "note" }, sentence));
  }
  const series = sides.flatMap(([side, curve]) =>
    ["right", "wrong"].map((answers) => ({
      name: `b = ${side === "plus" ? "1" : "−1"}, answers that were ${answers}`,
      x: steps,
      y: /** @type {any} */ (curve)[answers],
      dashed: answers === "wrong",
    })),
  );
  place.replaceChildren(
    chart({
      title: "Confidence in held-out answers while the rule’s term alone moves the weights",
      x: { label: "steps, none of which sees a label" },
      y: { label: "mean confidence", format: percentage, domain: [0.5, 1] },
      series,
    }),
  );
}

/** @param {Drawing} drawing */
function checks({ data, element: place }) {
  const rows = /** @type {Check[]} */ (data.checks);
  const content = resultTable({
    caption: "Checks, computed with your first seed",
    columns: ["What is computed", "Measured", "Must be", "Result"],
    className: "data second-checks",
    rows: rows.map(({ sentence, measured, bound, kind, passed }) => [
      sentence,
      measured === 0 ? "exactly 0" : shortNumber(Number(measured.toPrecision(2))),
      mustBe(kind, bound),
      checked(passed),
    ]),
  });
  place.replaceChildren(content);
}

/** @param {string} kind @param {number} bound */
function mustBe(kind, bound) {
  if (bound === 0) return "0";
  return `${kind === "above" ? "at least" : "at most"} ${shortNumber(bound)}`;
}

export const figures = { differences, study, parts, online, confidence, checks, gallery };
