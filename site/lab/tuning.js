/** Draws how a model learns by heart (py/goosequill/lab/tuning.py), and the study of what can be tuned. */

import { chart, loadPlot } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";
import { significant } from "../ui/words.js";
import { chartHandle } from "./chart-handle.js";
import { dots } from "./difference-chart.js";
import { conclusion, mean, origin, resultTable } from "./findings.js";

export { instant } from "./tuning-instant.js";

/** @import { Drawing } from "./frame.js" */
/** @import { Course } from "./tuning-instant.js" */

/**
 * @typedef {{numbers: number, unseen: number[], neutral: number[], half_width: number}} Tried bits per byte
 *   with each seed, and half of the 95% interval of their mean change
 * @typedef {{
 *   command: string, seeds: number, first_seed: number, examples: number, neutral: number,
 *   untuned: Record<string, number[]>, tried: Record<string, Tried>
 * }} Study of texts, and of texts with methods
 */

export const prepare = loadPlot;
export const folded = ["rate", "steps", "seed"];

/** Steps between two values of the setting. */
const STEP = 10;
/** Pixels that a point reaches beyond its place. */
const MARK = 4;

export const labels = {
  manner: {
    pirate: "A pirate",
    haiku: "A haiku writer",
    quips: "Chat-room quips",
    manual: "A terse manual",
    fairy: "A fairy tale",
    noir: "A detective",
    butler: "A polite butler",
    sports: "A sports reporter",
    telegram: "A telegram",
    forecast: "A weather report",
    proverb: "Proverbs",
    stage: "An old play",
  },
  method: { vectors: "All vectors", norms: "Layer norms", state: "The state it starts from" },
};

/** @type {Record<string, string>} */
const METHODS = {
  prompt: "In the prompt",
  state: "Initial state",
  norms: "Layer norms",
  vectors: "All vectors",
  lora: "LoRA of rank 2",
};

/** @param {Drawing} drawing */
export function render({ data, element: place, settings, run, partial }) {
  const { steps, answers, best, asked } = data;
  const told = [...new Set([0, best, steps.at(-1)])];
  place.replaceChildren(
    curves(data.course ?? data, best, settings.steps, partial ? null : handle),
    conclusion(partial ? progress(data) : summary(data)),
    resultTable({
      caption: `What it says to “${asked}”, which it has not learned`,
      columns: ["After step", "Answer"],
      rows: told.map((step) => [
        step === 0 ? "0, untuned" : `${step}${step === best ? ", the best" : ""}`,
        answers[steps.indexOf(step)],
      ]),
    }),
  );

  /** @param {Course} course */
  function handle({ steps: values, held }) {
    return chartHandle(place, {
      label: "Steps",
      values: values.filter((step) => step % STEP === 0 && step >= STEP),
      now: settings.steps,
      orientation: "horizontal",
      at: (step, x, y) => ({ x: x(step), y: y(held[values.indexOf(step)]) }),
      words: (step) => `stop at step ${step}`,
      change: (step) => run({ settings: { steps: step } }),
    });
  }
}

/**
 * What is measured at each step; what is after the last one that counts is faint.
 * @param {Course} course
 * @param {number} best
 * @param {number} last
 * @param {((course: Course) => ReturnType<typeof chartHandle>) | null} handle
 */
function curves(course, best, last, handle) {
  const { steps, learned, held, other } = course;
  const line = (/** @type {string} */ name, /** @type {number[]} */ y) => ({ name, x: steps, y });
  const drag = handle?.(course);
  const end = Math.max(last, ...steps);
  const most = Math.max(...learned, ...held, ...other);
  return chart({
    title: `Surprise at three kinds of text while the model learns${handle ? ": drag where it stops" : ""}`,
    x: { label: "steps", domain: [0, end] },
    y: { label: "bits per byte", domain: [0, most] },
    series: [
      line("answers that it learns from", learned),
      line("answers that were held back", held),
      { ...line("other English", other), muted: true },
    ],
    rules: [{ x: best, label: "best" }, ...(last < end ? [{ x: last, label: "stop" }] : [])],
    height: 300,
    onDraw(svg) {
      const [x, y] = [svg.scale("x"), svg.scale("y")];
      const veil = {
        x: x.apply(last) + 1, // beside the rule
        y: y.apply(most) - MARK,
        width: x.apply(end) - x.apply(last) + MARK,
        height: y.apply(0) - y.apply(most) + 2 * MARK,
        fill: "var(--surface)",
        "fill-opacity": 0.7,
      };
      if (last < end) svg.append(svgElement("rect", veil));
      drag?.(svg);
    },
  });
}

/** @param {any} data */
function progress({ steps, held, best }) {
  const at = steps.indexOf(best);
  return `Step ${steps.at(-1)}: the answers held back cost ${bits(held.at(-1))}; the least so far was ${bits(held[at])}, at step ${best}.`;
}

/** @param {any} data */
export function summary({ steps, learned, held, other, best }) {
  const at = steps.indexOf(best);
  const found = `At step ${best} the answers held back were cheapest: ${bits(held[at])} instead of ${bits(held[0])}.`;
  if (best === steps.at(-1)) return `${found} It was still getting better.`;
  return `${found} From there on it learned its examples by heart: at step ${steps.at(-1)} they cost ${bits(learned.at(-1))}, those held back ${bits(held.at(-1))}, and other English ${bits(other.at(-1))} instead of ${bits(other[0])}.`;
}

/** @param {number} value */
function bits(value) {
  return `${significant(value, 3)} bits per byte`;
}

/** What each method gains on unseen text of a manner, and costs elsewhere. @param {Drawing} drawing */
function methods({ data, element: place }) {
  /** @type {Study} */
  const study = data.study;
  const names = Object.keys(METHODS).filter((name) => study.tried[`far ${name}`]);
  const untuned = [study.untuned.far, study.untuned.near].map((values) => mean(values).toFixed(3));
  const rows = names.map((name) => {
    const [far, near] = [study.tried[`far ${name}`], study.tried[`near ${name}`]];
    const unseen = [far, near].map((one) => `${mean(one.unseen).toFixed(3)} ± ${one.half_width.toFixed(3)}`);
    const other = [far, near].map((one) => mean(one.neutral).toFixed(3));
    return [METHODS[name], far.numbers.toLocaleString("en"), ...unseen, ...other];
  });
  place.replaceChildren(
    resultTable({
      caption: `Bits per byte after learning from ${study.examples} examples`,
      columns: ["What is tuned", "Numbers", "Far", "Near", "Licence, after far", "after near"],
      rows: [["Nothing", "0", ...untuned, ...Array(2).fill(study.neutral.toFixed(3))], ...rows],
    }),
    gains(study, names, "far", "Change on unseen text in a manner far from the model’s own"),
    gains(study, names, "near", "Change on unseen text in a manner near the model’s own"),
    origin(
      study,
      "which draw the examples and the unseen texts. ± is half of the 95% interval of the mean change.",
    ),
    element(
      "p",
      { class: "note" },
      "Far and near: unseen lines from chat rooms, and passages of literature, both from Debian’s package “fortunes”. Licence: the GNU General Public License, which is neither.",
    ),
  );
}

/** @param {Study} study @param {string[]} names @param {string} text @param {string} title */
function gains(study, names, text, title) {
  const tried = names.map((name) => study.tried[`${text} ${name}`]);
  const changes = tried.map(({ unseen }) => unseen.map((value, seed) => value - study.untuned[text][seed]));
  const means = changes.map(mean);
  return chart({
    title,
    x: { label: "what is tuned", domain: names.map((name) => METHODS[name]) },
    y: { label: "bits per byte" },
    series: [
      dots(
        names.map((name) => METHODS[name]),
        changes,
      ),
      {
        name: "mean, with its 95% interval",
        kind: "points",
        x: names.map((name) => METHODS[name]),
        y: means,
        low: means.map((value, at) => value - tried[at].half_width),
        high: means.map((value, at) => value + tried[at].half_width),
      },
    ],
    height: 240,
  });
}

export const figures = { methods };
