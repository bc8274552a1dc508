/**
 * The experiment "launcher": a pad that searches names at each stroke, what the full search takes beside it,
 * and how soon the right name is found (py/goosequill/lab/launcher.py).
 */

import { chart, loadPlot } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { number, percent, significant } from "../ui/words.js";
import { conclusion, origin, resultTable } from "./findings.js";

export { inputs } from "./launcher-phone.js";

/** The pad comes first. */
export const isStage = true;

/** @import { Drawing } from "./frame.js" */
/**
 * @typedef {{count: number, rank: number[][], first: number[][], eight: number[][]}} Found each with its mean
 *   and 95% interval, for each number of letters
 * @typedef {{
 *   best: string[], read: {letter: string}[], distances: number, comparisons: number, everything: number,
 *   all_comparisons: number, same: boolean
 * }} Step
 */

export const prepare = loadPlot;

export const labels = {
  names: { apps: "39 apps", countries: "249 countries", contacts: "1,000 contacts" },
};

/** @type {Record<string, string>} */
const LISTS = { apps: "39 apps", countries: "249 countries", contacts: "1,000 contacts" };

/** @param {Drawing} drawing */
export function render({ data, element: place }) {
  const steps = /** @type {Step[]} */ (data.steps);
  const sum = (/** @type {"comparisons" | "all_comparisons"} */ name) =>
    steps.reduce((total, step) => total + step[name], 0);
  const factor = sum("all_comparisons") / sum("comparisons");
  const strokes = steps.map((_, at) => at + 1);
  place.replaceChildren(
    conclusion(
      `${steps.every(({ same }) => same) ? "The same names with the same scores" : "Other names"} after each stroke, ` +
        `with ${significant(factor, 2)} times fewer comparisons than the full search.`,
    ),
    chart({
      title: "Elastic distances that each stroke of the scribble takes",
      x: { label: "stroke", domain: strokes.map(String) },
      y: { label: "distances" },
      series: [
        {
          name: "full search",
          kind: "points",
          muted: true,
          x: strokes.map(String),
          y: steps.map((step) => step.everything),
        },
        {
          name: "for the best 50 names",
          kind: "bars",
          x: strokes.map(String),
          y: steps.map((step) => step.distances),
        },
      ],
      height: 220,
    }),
    resultTable({
      caption: "The names after each stroke",
      columns: ["Stroke", "First", "Then", "Read as", "Fewer comparisons"],
      rows: steps.map((step, at) => [
        String(at + 1),
        step.best[0] ?? "none",
        step.best.slice(1, 4).join(", "),
        step.read.map(({ letter }) => letter).join(" "),
        `${significant(step.all_comparisons / step.comparisons, 2)} ×`,
      ]),
    }),
  );
}

/** How soon the right name is found. @param {Drawing} drawing */
function study({ data, element: place }) {
  const found = data.study;
  const lists = /** @type {[string, Found][]} */ (
    Object.keys(LISTS).map((name) => [LISTS[name], found.lists[name]])
  );
  const initials = /** @type {Found} */ (found.lists.initials);
  const share = (/** @type {number[]} */ [mean, low]) => `${percent(mean)} ± ${percent(mean - low)}`;
  place.replaceChildren(
    chart({
      title: "Rank of the right name, by the number of letters written",
      x: { label: "letters written" },
      y: { label: "rank", scale: "log", domain: [1, 51] },
      series: lists.map(([name, { rank }]) => ({
        name,
        x: rank.map((_, at) => at + 1),
        y: rank.map(([mean]) => mean),
        low: rank.map(([, low]) => low),
        high: rank.map(([, , high]) => high),
      })),
      height: 300,
    }),
    resultTable({
      caption: "How often the right name is the first, and among the first eight",
      columns: ["Letters", ...lists.flatMap(([name]) => [`${name}: first`, "first eight"])],
      rows: lists[0][1].rank.map((_, at) => [
        String(at + 1),
        ...lists.flatMap(([, { first, eight }]) => [share(first[at]), share(eight[at])]),
      ]),
    }),
    element(
      "p",
      { class: "note" },
      `Two initials, as “js” for John Smith, find one of 1,000 contacts at the first place in ${share(initials.first[1])}, ` +
        `and among the first eight in ${share(initials.eight[1])}. Ranks are geometric means; a name that is not among the best 50 counts as 51st.`,
    ),
    origin(
      found,
      `each a writer who is left out, with ${found.targets} names of each list. ± is half of the 95% interval over writers.`,
    ),
  );
}

/** What a stroke takes. @param {Drawing} drawing */
function cost({ data, element: place }) {
  const found = data.study;
  const times = found.milliseconds;
  const whole = found.everything * data.comparisons;
  place.replaceChildren(
    resultTable({
      caption: "A stroke in the study, with 1,000 names",
      columns: ["", "Full search", "For the best 50"],
      rows: [
        ["Elastic distances", number(Math.round(found.everything)), number(Math.round(found.distances))],
        ["Comparisons of points", number(Math.round(whole)), number(Math.round(found.comparisons))],
        ["Fewer comparisons", "", `${significant(whole / found.comparisons, 2)} ×`],
        ["Processor time, median", "", `${significant(times.median, 2)} ms`],
        ["99% of strokes take less than", "", `${significant(times.most, 2)} ms`],
        ["Within a frame of 16 ms", "", percent(found.within, 1)],
      ],
    }),
  );
}

export const figures = { study, cost };
