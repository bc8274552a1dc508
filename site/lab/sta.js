/**
 * Draws the experiment "sta": the spike-triggered average with its uncertainty, and the figures around it.
 * The visitor's own recording is in sta-recording.js.
 */

import { chart, loadPlot, percentage, shortNumber } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { counted, number } from "../ui/words.js";
import { gainHandle } from "./sta-handle.js";
import { LATENCY } from "./sta-instant.js";

export { instant } from "./sta-instant.js";
export { inputs } from "./sta-recording.js";

/** @import { Drawing } from "./frame.js" */

export const prepare = loadPlot;
export const folded = ["window", "dt", "memory", "ridge", "shifts", "seed"];

/** @param {Record<string, any>} settings */
export const unused = ({ neuron }) => (neuron === "grasshopper" ? ["samples"] : ["recording"]);

export const labels = {
  neuron: {
    lnp: "Linear filter, random spikes",
    "lnp-correlated": "The same, correlated stimulus",
    squaring: "Squaring neuron",
    lif: "Leaky integrate-and-fire",
    grasshopper: "Grasshopper, recorded",
  },
};

const FILTERS = ["lnp", "lnp-correlated", "squaring"];

/**
 * The limits of numbers that depend on other settings. A filter needs a window longer than its latency; an
 * integrate-and-fire cell needs ten seconds to fire a few dozen times.
 * @param {Record<string, any>} settings
 * @returns {Record<string, [number, number]>}
 */
export function ranges({ neuron, samples, window, dt }) {
  /** @type {Record<string, [number, number]>} */
  const found = { samples: [2000, 600_000], window: [2, 300], dt: [0.05, 20] };
  if (FILTERS.includes(neuron)) {
    // The oldest sample is `window - 1` steps old.
    found.window[0] = Math.max(2, Math.floor(LATENCY / dt) + 2);
    found.dt[0] = Math.ceil((20 * LATENCY) / (window - 1) + 1) / 20;
  }
  if (neuron === "lif") {
    found.samples[0] = Math.min(600_000, Math.max(2000, 1000 * Math.ceil(10 / dt)));
    found.dt[0] = Math.ceil((20 * 10_000) / samples) / 20;
  }
  return found;
}

/** @type {Record<string, string>} */
const NAMES = {
  lnp: "simulated neuron",
  "lnp-correlated": "simulated neuron, correlated stimulus",
  squaring: "simulated squaring neuron",
  lif: "leaky integrate-and-fire cell",
  grasshopper: "grasshopper's receptor",
  own: "your recording",
};

/** @type {Record<string, string>} */
const STIMULI = { grasshopper: "loudness (relative)", own: "stimulus" };

const TIME = { label: "time before the spike", unit: "ms" };

/** @param {Drawing} drawing */
export function render({ data, element: place, settings, run, partial }) {
  const { source } = data;
  const who = NAMES[source.neuron];
  const y = { label: STIMULI[source.neuron] ?? "stimulus (standard deviations)" };
  const series = [
    ...nullBand(data, partial && settings.shifts > 0),
    ...average(data, "error", "average ± standard error"),
    ...truth(data, settings),
  ];
  const { domain, onDraw } = gainHandle(data, { gain: settings.gain, series, place, run });
  place.replaceChildren(
    chart({
      title: `Average before a spike: ${who}`,
      x: TIME,
      y: { ...y, domain },
      series,
      height: 300,
      onDraw,
    }),
    element("p", { class: "note", "data-testid": "sta-summary" }, summary(data)),
    chart({
      title: "The same average with the article's band, one standard deviation of the stimuli",
      x: TIME,
      y,
      series: average(data, "deviation", "average ± standard deviation"),
      height: 230,
    }),
  );
}

/** @param {any} data */
function summary({ source, deviation, error, prediction }) {
  const { disagreement } = source;
  const sentences = [
    `${counted(source.spikes, "spike")}, ${brief(source.rate)} per second.`,
    `The standard deviation is ${number(Math.round(deviation[0] / error[0]))} times the standard error.`,
  ];
  if (disagreement)
    sentences.push(`Three implementations of the average differ by ${brief(disagreement)} at most.`);
  else if (disagreement === 0) sentences.push("Three implementations of the average agree to the last bit.");
  if (prediction) sentences.push(`Held out, the average is worth ${brief(prediction.bits)} bits per spike.`);
  return sentences.join(" ");
}

/** @param {any} data @param {"error" | "deviation"} width @param {string} name */
function average(data, width, name) {
  const ends = (/** @type {number} */ sign) =>
    data.average.map(
      (/** @type {number} */ value, /** @type {number} */ index) => value + sign * data[width][index],
    );
  return [{ name, x: data.time, y: data.average, low: ends(-1), high: ends(1) }];
}

/**
 * What shifted spikes give, whatever the stimulus.
 * @param {any} data
 * @param {boolean} isExpected it comes with the whole result: its name keeps the drawing where it is
 */
function nullBand({ time, baseline, null: found }, isExpected) {
  if (!found && !isExpected) return [];
  const bound = found ?? Number.NaN;
  const ends = band("95% of shifted trains", time, baseline - bound, baseline + bound);
  return [{ ...ends, y: time.map(() => (found ? baseline : Number.NaN)) }];
}

/**
 * A grey band of constant height.
 * @param {string} name
 * @param {number[]} x
 * @param {number} low
 * @param {number} high
 */
function band(name, x, low, high) {
  const kind = /** @type {const} */ ("area");
  return { name, kind, x, low: x.map(() => low), high: x.map(() => high), muted: true };
}

/** @param {any} data @param {Record<string, any>} settings */
function truth({ time, filter, predicted }, { gain }) {
  const y = predicted ?? filter?.map((/** @type {number} */ weight) => gain * weight);
  return y ? [{ name: "true filter × gain", x: time, y, dashed: true }] : [];
}

export const figures = {
  /** How the average approaches the filter. @param {Drawing} drawing */
  convergence({ data: { convergence }, element: place }) {
    if (!convergence)
      return say(place, "Nobody knows this neuron's filter. Choose a simulated neuron with a linear filter.");
    const { counts: x, cosines, expected } = convergence;
    draw(place, {
      title: "How the average approaches the true filter",
      x: { label: "spikes", scale: "log" },
      y: { label: "cosine of average and filter", domain: [Math.min(0, ...cosines), 1] },
      series: [
        { name: "measured", kind: "points", x, y: cosines },
        ...(expected ? [{ name: "closed form", x, y: expected, dashed: true }] : []),
      ],
      height: 280,
    });
  },

  /** The average of a correlated stimulus before and after whitening. @param {Drawing} drawing */
  whitening({ data: { whitening }, element: place }) {
    const { time: x, average: raw, full, ridged, filter, ridge, neuron, correlation } = whitening;
    draw(place, {
      title: `Whitening: ${NAMES[neuron]}; neighboring samples correlate by ${brief(correlation)}`,
      x: TIME,
      y: { label: "weight (unit vectors)" },
      series: [
        { name: "whitened in full", x, y: full, muted: true },
        { name: "average", x, y: raw },
        { name: `whitened with a ridge of ${brief(ridge)}`, x, y: ridged },
        ...(filter ? [{ name: "true filter", x, y: filter, dashed: true }] : []),
      ],
      height: 300,
    });
  },

  /** What each ridge is worth. @param {Drawing} drawing */
  ridges({ data: { whitening }, element: place }) {
    const { ridges, cosines, cosine, bits, average_bits: averageBits } = whitening;
    const values = cosines ?? bits;
    if (!values) return say(place, "There are too few spikes to hold half of them out.");
    const raw = cosines ? cosine : averageBits;
    const x = ridges.map(String);
    draw(place, {
      title: cosines
        ? "Which ridge comes nearest to the true filter"
        : "Which ridge predicts held-out spikes best",
      x: { label: "ridge, in units of the stimulus's variance", scale: "band" },
      y: {
        label: cosines ? "cosine with the true filter" : "bits per spike",
        domain: around([...values, raw]),
      },
      series: [
        { name: "whitened", x, y: values },
        { name: "without whitening", x, y: x.map(() => raw), dashed: true, muted: true },
      ],
      height: 260,
    });
  },

  /** Directions in which the variance before a spike differs. @param {Drawing} drawing */
  covariance({ data: { covariance }, element: place }) {
    const { eigenvalues, low, high, neuron } = covariance;
    const x = eigenvalues.map((/** @type {number} */ _, /** @type {number} */ index) => index + 1);
    draw(place, {
      title: `Change of variance before a spike, by direction: ${NAMES[neuron]}`,
      x: { label: "eigenvalue, from the largest to the smallest", domain: [0, x.length + 1] },
      y: { label: "change (stimulus variances)" },
      series: [
        { ...band("range of shifted spikes", x, low, high), y: x.map(() => 0) },
        { name: "eigenvalue", kind: "points", x, y: eigenvalues },
      ],
      height: 260,
    });
  },

  /** The direction that changes most, beside the average. @param {Drawing} drawing */
  feature({ data: { covariance }, element: place }) {
    const { time: x, average: raw, feature, filter, value, neuron } = covariance;
    draw(place, {
      title: `The direction of the eigenvalue ${brief(value)}, and the average: ${NAMES[neuron]}`,
      x: TIME,
      y: { label: "weight (unit vectors)" },
      series: [
        { name: "average", x, y: raw, muted: true },
        { name: "direction from the covariance", x, y: feature },
        ...(filter ? [{ name: "true filter", x, y: filter, dashed: true }] : []),
      ],
      height: 280,
    });
  },

  /** Spike probability by the filter's output, in both halves. @param {Drawing} drawing */
  prediction({ data: { prediction, source }, element: place }) {
    if (!prediction) return say(place, "There are too few spikes to hold half of them out.");
    const { output: x, first, second, rate, bits } = prediction;
    draw(place, {
      title: `Held-out prediction, ${brief(bits)} bits per spike: ${NAMES[source.neuron]}`,
      x: { label: "similarity of the stimulus to the first half's average" },
      y: { label: "samples with a spike", format: percentage },
      series: [
        { name: "first half: the prediction", x, y: first },
        { name: "second half: what happened", kind: "points", x, y: second },
      ],
      rules: [{ y: rate, label: "mean rate" }],
      height: 280,
    });
  },

  /** Averages of cells with and without a leak. @param {Drawing} drawing */
  membranes({ data: { membranes }, element: place }) {
    const { time, tau, leaky, perfect } = membranes;
    // The last sample made the cell fire and is far above the rest.
    const x = time.slice(0, -1);
    const height = leaky.average[x.length - 1];
    const membrane = x.map((/** @type {number} */ age) => height * Math.exp((age - x[x.length - 1]) / tau));
    draw(place, {
      title: "Averages of two cells that integrate and fire",
      x: { ...TIME, domain: [Math.max(x[0], -100), 0] },
      y: { label: "average stimulus (standard deviations)" },
      series: [
        {
          name: `leaky cell: decays in ${brief(leaky.decays[0])} ms`,
          x,
          y: leaky.average.slice(0, -1),
        },
        {
          name: `cell without a leak: ${brief(perfect.decays[0])} ms`,
          x,
          y: perfect.average.slice(0, -1),
        },
        {
          name: `the leaky cell's membrane: ${brief(tau)} ms, scaled to its average`,
          x,
          y: membrane,
          dashed: true,
        },
      ],
      height: 290,
    });
  },

  /** The decay of averages at growing drives. @param {Drawing} drawing */
  decays({ data: { membranes }, element: place }) {
    const { leaky, perfect, tau } = membranes;
    draw(place, {
      title: "How fast the average decays at several strengths of the input",
      x: { label: "spikes per second" },
      y: {
        label: "decay of the average (ms)",
        domain: [0, 1.1 * Math.max(tau, ...leaky.decays, ...perfect.decays)],
      },
      series: [
        { name: "leaky", kind: "points", ...byRate(leaky) },
        { name: "without a leak", kind: "points", ...byRate(perfect) },
      ],
      rules: [{ y: tau, label: "the leaky membrane" }],
      height: 260,
    });
  },
};

/** @param {{rates: number[], decays: number[]}} cell */
function byRate({ rates, decays }) {
  const order = rates.map((_, index) => index).sort((one, other) => rates[one] - rates[other]);
  return { x: order.map((index) => rates[index]), y: order.map((index) => decays[index]) };
}

/** A domain with some room around values. @param {number[]} values */
function around(values) {
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const room = 0.15 * (greatest - least || 1);
  return [least - room, greatest + room];
}

/** A number with three significant digits, for a sentence. @param {number} value */
function brief(value) {
  return shortNumber(Number(value.toPrecision(3)));
}

/** @param {HTMLElement} place @param {import("../ui/chart-data.js").Spec} spec */
function draw(place, spec) {
  place.replaceChildren(chart(spec));
}

/** @param {HTMLElement} place @param {string} text */
function say(place, text) {
  place.replaceChildren(element("p", { class: "note" }, text));
}
