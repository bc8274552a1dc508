/** Draws the experiment "letters": learning curves, and a close look at one fit. */

import { chart, heatMap, loadPlot, percentage } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { counted, number } from "../ui/words.js";
import { mean, origin } from "./findings.js";
import { sheet, weightSheet } from "./letters-pictures.js";
import { showSmall } from "./letters-small.js";

/** @import { Drawing } from "./frame.js" */
/** @import { Series } from "../ui/chart-data.js" */

export const prepare = loadPlot;

export const folded = ["alphabet", "noise", "seed"];

const INK = 15; // the pictures' darkest value
const ACCURACY = { label: "accuracy", format: percentage };

/**
 * The sizes that a page fits in 20 seconds: fewer letters if there are more classes.
 * @param {Record<string, any>} settings
 * @returns {Record<string, [number, number]>}
 */
export function ranges({ alphabet }) {
  return { size: [50, alphabet === "A to Z" ? 4000 : 7000] };
}

/**
 * A series through the means of several seeds, with a band from the least to the greatest.
 * @param {string} name
 * @param {number[]} x
 * @param {number[][]} seeds for each x
 * @param {Partial<Series>} [look]
 * @returns {Series}
 */
function band(name, x, seeds, look = {}) {
  const y = seeds.map(mean);
  const low = seeds.map((values) => Math.min(...values));
  const high = seeds.map((values) => Math.max(...values));
  return { name, x, y, low, high, ...look };
}

/** Training and validation for each C, in one colour. @param {(row: number, name: string) => Series} one */
function pairs(/** @type {string[]} */ strengths, one) {
  return strengths
    .map((c, color) => [
      { ...one(color, "train"), name: `C ${c}, training`, color },
      { ...one(color, "validation"), name: `C ${c}, validation`, color, dashed: true },
    ])
    .reverse()
    .flat();
}

/** @param {Drawing} drawing */
export function render({ data, element: place, settings, partial }) {
  const { curves } = data;
  const series = pairs(curves.c, (row, name) => ({ name, x: curves.sizes, y: curves[name][row] }));
  const drawn = chart({
    title: `Accuracy of logistic regression on letters ${settings.alphabet}, with up to ${number(settings.size)} training letters`,
    x: { label: "training letters", scale: "log", domain: [50, Math.max(100, settings.size)] },
    y: { ...ACCURACY, domain: [0, 1] },
    series,
  });
  place.replaceChildren(drawn, element("p", { class: "note" }, partial ? "" : summary(data, settings)));
}

/** @param {any} data @param {Record<string, any>} settings */
function summary(data, settings) {
  const { c, size } = settings;
  const total = data.confusion
    .flat()
    .reduce((/** @type {number} */ sum, /** @type {number} */ one) => sum + one);
  return (
    `With C ${c} and ${counted(size, "training letter")}, ${percent(data.test_accuracy)} of ` +
    `${number(total)} test letters are recognized. Their fonts are in neither the training nor the validation set.`
  );
}

/** Figures that need no charts: they are drawn at once. */
export const light = ["small"];

export const figures = {
  /** A small case, which the page fits. @param {Drawing} drawing */
  small({ data, element: place }) {
    showSmall(place, data.small);
  },

  /** The letters that are learned from. @param {Drawing} drawing */
  samples({ data, element: place, settings }) {
    const { images, labels } = data.examples;
    place.replaceChildren(
      sheet({
        title: `Some training letters${settings.noise ? ", some with a wrong label" : ""}`,
        most: INK,
        pictures: images.map((/** @type {number[]} */ pixels, /** @type {number} */ index) => ({
          pixels,
          label: data.alphabet[labels[index]],
        })),
      }),
    );
  },

  /** The article's figure, from the build. @param {Drawing} drawing */
  article({ data, element: place }) {
    const { jittered } = data.reference;
    const most = jittered.sizes.at(-1);
    const seeds = jittered.train[0].map((/** @type {number[]} */ values) => values.length);
    place.replaceChildren(
      chart({
        title: `Accuracy with 50 to ${number(most)} training letters, A to J, ${Math.max(...seeds)} to ${Math.min(...seeds)} seeds`,
        x: { label: "training letters", scale: "log", domain: [50, most] },
        y: { ...ACCURACY, domain: [0.4, 1] },
        series: pairs(jittered.c, (row, name) => band(name, jittered.sizes, jittered[name][row])),
        height: 380,
      }),
    );
  },

  /**
   * Accuracy by the number of letters for each pixel, with C chosen for each point.
   * @param {Drawing} drawing
   */
  features({ data, element: place }) {
    const { sides, ratios, seeds, ...about } = data.features;
    const found = /** @type {[string, number[][]][]} */ (Object.entries(sides));
    place.replaceChildren(
      chart({
        title: "Accuracy by the number of training letters for each pixel, C chosen for each point",
        x: { label: "letters for each pixel", scale: "log" },
        y: ACCURACY,
        rules: [{ x: 50, label: "the rule of thumb" }],
        series: found.map(([side, points]) =>
          band(`${side} × ${side} pixels`, ratios.slice(0, points.length), points),
        ),
        height: 320,
      }),
      origin({ ...about, seeds }, "the bands reach from the worst to the best."),
    );
  },

  /** What each letter's weights look like. @param {Drawing} drawing */
  weights({ data, element: place, settings }) {
    place.replaceChildren(
      weightSheet({
        title: `The weights for C ${settings.c}: ink counts for a letter where they are orange, against it where blue`,
        weights: data.weights, // in hundredths of the largest
        most: 100,
        unit: data.largest_weight / 100,
        letters: [...data.alphabet],
      }),
    );
  },

  /** Which letters are taken for which. @param {Drawing} drawing */
  confusion({ data, element: place }) {
    /** @type {number[][]} */
    const counts = data.confusion;
    const letters = [...data.alphabet];
    const shares = counts.map((row) =>
      row.map((count) => count / (row.reduce((sum, one) => sum + one) || 1)),
    );
    const worst = shares
      .flatMap((row, truth) => row.map((share, guess) => ({ truth, guess, share })))
      .filter(({ truth, guess }) => truth !== guess)
      .sort((one, other) => other.share - one.share)
      .slice(0, 3)
      .map(({ truth, guess, share }) => `${letters[truth]} taken for ${letters[guess]} (${percent(share)})`);
    place.replaceChildren(
      heatMap({
        title: "Mistakes: the share of each letter (row) that is taken for another (column)",
        x: { label: "taken for", values: letters, format: String },
        y: { label: "letter", values: letters, format: String },
        values: shares.map((row, truth) => row.map((share, guess) => (truth === guess ? null : share))),
        colors: "sequential",
        format: percent,
      }),
      element(
        "p",
        { class: "note" },
        `Most frequent: ${worst.join(", ")}. The diagonal, the correct guesses, is left empty.`,
      ),
    );
  },

  /** Whether the probabilities can be believed. @param {Drawing} drawing */
  calibration({ data, element: place, settings }) {
    const { confidence, accuracy, count, error } = data.calibration;
    place.replaceChildren(
      chart({
        title: `How often a guess is right, by the confidence of the model, for C ${settings.c}`,
        x: { label: "mean confidence of the guesses", domain: [0, 1], format: percentage },
        y: { label: "share of correct guesses", domain: [0, 1], format: percentage },
        series: [
          { name: "perfect calibration", x: [0, 1], y: [0, 1], muted: true },
          { name: "this model", x: confidence, y: accuracy, color: 1 },
        ],
      }),
      element(
        "p",
        { class: "note" },
        `Expected calibration error: ${percent(error)}. The last point stands for ${counted(count.at(-1), "letter")}.`,
      ),
    );
  },

  /** The most confident mistakes. @param {Drawing} drawing */
  mistakes({ data, element: place }) {
    const { images, labels, guesses, confidences } = data.mistakes;
    const letters = [...data.alphabet];
    place.replaceChildren(
      sheet({
        title: "The test letters on which the model is most confidently wrong",
        most: INK,
        size: "large",
        pictures: images.map((/** @type {number[]} */ pixels, /** @type {number} */ index) => {
          const [truth, guess] = [letters[labels[index]], letters[guesses[index]]];
          const sure = percent(confidences[index]);
          return {
            pixels,
            label: `${truth}, taken for ${guess}, ${sure} sure`,
            caption: `${truth}, not ${guess} (${sure})`,
          };
        }),
      }),
    );
  },

  /** What wrong labels do, from the build. @param {Drawing} drawing */
  noise({ data, element: place }) {
    const { noise } = data.reference;
    place.replaceChildren(
      chart({
        title: `Validation accuracy when training labels are wrong, ${number(noise.size)} training letters`,
        x: { label: "share of wrong training labels", format: percentage },
        y: { ...ACCURACY, domain: [0, 1] },
        series: noise.c
          .map((/** @type {string} */ c, /** @type {number} */ color) =>
            band(`C ${c}`, noise.shares, noise.validation[color], { color }),
          )
          .reverse(),
      }),
    );
  },

  /** Easier and harder letters, from the build. @param {Drawing} drawing */
  alphabet({ data, element: place }) {
    const { clean, alphabet, jittered } = data.reference;
    const row = jittered.c.indexOf("0.01");
    place.replaceChildren(
      chart({
        title: "Validation accuracy for C 0.01: clean letters, jittered letters, and the whole alphabet",
        x: { label: "training letters", scale: "log", domain: [50, jittered.sizes.at(-1)] },
        y: { ...ACCURACY, domain: [0, 1] },
        series: [
          band("A to J, clean", clean.sizes, clean.validation[0], { color: 0 }),
          band("A to J, jittered", jittered.sizes, jittered.validation[row], { color: 1 }),
          band("A to Z, jittered", alphabet.sizes, alphabet.validation[0], { color: 2 }),
        ],
      }),
    );
  },
};

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
}
