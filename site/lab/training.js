/**
 * Draws the experiment "training": accuracy and loss while networks learn, the long runs that were computed
 * before, and the drawing pad (training-pad.js).
 */

import { chart, loadPlot, percentage } from "../ui/chart.js";
import { counted, number } from "../ui/words.js";
import { conclusion, mean, resultTable } from "./findings.js";
import { showPlane } from "./plane.js";
import { showPad } from "./training-pad.js";

/** @import { Drawing } from "./frame.js" */
/** @import { Series } from "../ui/chart-data.js" */

/**
 * @typedef {{
 *   steps: number[], batch_loss: number[], loss: number[], accuracy: number[], train_accuracy: number[]
 * }} Curve
 * @typedef {"batch_loss" | "loss" | "accuracy" | "train_accuracy"} Measure
 * @typedef {{
 *   hidden: number, steps: number, rate: number, seeds: number, curves: Curve[],
 *   tested: {steps: number[], accuracy: number[][]}
 * }} Run
 */

export const prepare = loadPlot;

export const folded = ["decay", "dropout", "patience", "letters", "seeds", "seed"];

/** @param {Record<string, any>} settings */
export const unused = ({ hidden }) => (hidden ? [] : ["dropout"]);

/** What the article claims, by hidden units and steps. */
const CLAIMS = { linear: 0.81, hidden: 0.84, longer: 0.86 };

/** There is nothing to drop out without hidden units. @param {Record<string, any>} settings */
export function ranges({ hidden }) {
  return { dropout: /** @type {[number, number]} */ ([0, hidden ? 0.9 : 0]) };
}

/**
 * The mean of several networks with a band from the least to the greatest, at the steps that all have
 * reached.
 * @param {string} name
 * @param {Curve[]} curves
 * @param {Measure} measure
 * @param {Partial<Series>} [look]
 * @returns {Series}
 */
function series(name, curves, measure, look = {}) {
  const shortest = curves.reduce((one, other) => (other.steps.length < one.steps.length ? other : one));
  const values = shortest.steps.map((_, index) => curves.map((curve) => curve[measure][index] ?? Number.NaN));
  const band =
    curves.length > 1
      ? { low: values.map((each) => Math.min(...each)), high: values.map((each) => Math.max(...each)) }
      : {};
  return { name, x: shortest.steps, y: values.map(mean), ...band, ...look };
}

/** @param {Drawing} drawing */
export function render({ data, element: place, settings, partial }) {
  /** @type {Curve[]} */
  const curves = data.curves;
  const x = { label: "steps", domain: [0, settings.steps] };
  const claim = settings.hidden ? CLAIMS.hidden : CLAIMS.linear;
  const several = settings.seeds > 1 ? `, mean of ${counted(curves.length, "network")}` : "";
  place.replaceChildren(
    conclusion(partial ? learning(curves, settings) : summary(data, settings)),
    chart({
      title: `Share of letters that are recognized${several}`,
      x,
      y: { label: "accuracy", format: percentage, domain: [0, 1] },
      series: [
        series("training letters", curves, "train_accuracy", { dashed: true, muted: true }),
        series("other font families", curves, "accuracy"),
        { name: `the article: ${percentage(claim)}`, x: [0, settings.steps], y: [claim, claim], muted: true },
      ],
      height: 280,
    }),
    chart({
      title: `Loss, the mean of −log p(letter)${several}`,
      x,
      y: {
        label: "loss",
        domain: [0, Math.max(1, ...curves.flatMap((curve) => [...curve.loss, ...curve.batch_loss]))],
      },
      series: [
        series("training batches", curves, "batch_loss", { dashed: true, muted: true }),
        series("other font families", curves, "loss"),
      ],
      height: 220,
    }),
  );
}

/** @param {Curve[]} curves @param {Record<string, any>} settings */
function learning(curves, settings) {
  const { steps, accuracy } = curves[curves.length - 1] ?? { steps: [], accuracy: [] };
  const which = settings.seeds > 1 ? `Network ${curves.length}: step` : "Step";
  return `${which} ${number(steps.at(-1) ?? 0)} of ${number(settings.steps)}: ${percent(accuracy.at(-1) ?? 0)} recognized.`;
}

/** One sentence with its numbers. @param {any} data @param {Record<string, any>} settings */
export function summary({ curves, test_accuracy, best_step }, settings) {
  const layer = settings.hidden ? counted(settings.hidden, "hidden unit") : "no hidden layer";
  const least = percent(Math.min(...test_accuracy));
  const most = percent(Math.max(...test_accuracy));
  const shares = least === most ? most : `${least} to ${most}`;
  const done = curves[0].steps.at(-1);
  const stopped =
    done < settings.steps ? ` It stopped early and kept its weights of step ${number(best_step[0])}.` : "";
  return (
    `With ${layer} and ${counted(done, "step")}, ${shares} of ${number(3000)} test letters are recognized. ` +
    `Their fonts are of families that it has never seen.${stopped}`
  );
}

/** Figures that need no charts: they are drawn at once. */
export const light = ["plane"];

export const figures = {
  /** A small network that learns in the page. @param {Drawing} drawing */
  plane({ data, element: place }) {
    showPlane(place, data.plane);
  },

  /** The long runs, from a file. @param {Drawing} drawing */
  study({ data, element: place }) {
    /** @type {{runs: Run[], letters: number, tested: number}} */
    const { runs, letters, tested } = data.study;
    const shown = [...runs].sort((one, other) => one.hidden - other.hidden);
    place.replaceChildren(
      chart({
        title: `Accuracy on letters of other families, ${number(letters)} training letters`,
        x: { label: "steps", domain: [0, 18_000] },
        y: { label: "accuracy", format: percentage, domain: [0.6, 1] },
        series: shown.map((run) => series(nameOf(run), run.curves, "accuracy")),
        height: 320,
      }),
      claims(shown, tested),
    );
  },

  /** The drawing pad. @param {Drawing} drawing */
  pad({ data, element: place, settings }) {
    const steps = data.curves[0].steps.at(-1);
    const network = data.network && Object.values(data.network);
    showPad(place, { network, samples: data.samples, steps: steps ?? settings.steps });
  },
};

/** @param {Run} run */
function nameOf({ hidden }) {
  return hidden ? `${number(hidden)} hidden units` : "no hidden layer";
}

/** The runs beside what the article claims. @param {Run[]} runs @param {number} tested */
function claims(runs, tested) {
  const claimed = (/** @type {Run} */ { hidden }, /** @type {number} */ steps) => {
    if (hidden && hidden !== 1024) return "";
    if (!hidden) return steps === 9000 ? percentage(CLAIMS.linear) : "";
    return percentage(steps === 9000 ? CLAIMS.hidden : CLAIMS.longer);
  };
  return resultTable({
    caption: `Recognized of ${number(tested)} test letters, mean and range of all that were trained`,
    columns: ["Network", "Steps", "Trained", "Here", "The article"],
    rows: runs.flatMap((run) =>
      run.tested.steps.map((steps, index) => {
        const found = run.tested.accuracy.map((each) => each[index] ?? Number.NaN);
        const [least, most] = [percent(Math.min(...found)), percent(Math.max(...found))];
        const range = found.length > 1 ? ` (${least} to ${most})` : "";
        const networks = String(found.length);
        return [nameOf(run), number(steps), networks, `${percent(mean(found))}${range}`, claimed(run, steps)];
      }),
    ),
  });
}

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(1)}%`;
}
