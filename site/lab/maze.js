/**
 * The experiment "maze": the live walk (maze-walk.js), how many goals the student reaches lesson by lesson,
 * and the study of the three ways to teach it. What is computed is decided in Python (goosequill.lab.maze).
 */

import { chart, loadPlot, percentage } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { counted, significant } from "../ui/words.js";
import { dots } from "./difference-chart.js";
import { chance, conclusion, origin, resultTable } from "./findings.js";
import { walkOf } from "./maze-walk.js";

/** @import { Difference } from "./findings.js" */
/** @import { Drawing } from "./frame.js" */

/**
 * @typedef {{mean: number, half_width: number}} Estimate
 * @typedef {Record<"drawn" | "likeliest" | "detour", Estimate>} Measured
 * @typedef {{
 *   means: Record<string, Measured>, alike: Record<string, {share: Estimate, errors: Estimate}>,
 *   differences: (Difference & {name: string, against: string, looks: number})[],
 *   each: Record<string, number[]>
 * }} Goal
 * @typedef {{
 *   command: string, seeds: number, first_seed: number, lessons: number, goals: Record<string, Goal>
 * }} Study
 */

export const prepare = loadPlot;

export const labels = {
  way: {
    clone: "The teacher walks (cloning)",
    dagger: "The student walks (DAgger)",
    near: "A teacher held near walks",
  },
};

export const folded = ["lessons", "labels", "leash", "rooms", "loops", "seed"];

/** @type {Record<string, string>} */
const NAMES = {
  clone: "Cloning",
  dagger: "DAgger",
  near: "Teacher held near",
  follower: "Right hand at the wall",
  chance: "Moves by chance",
};

/** @type {Record<string, string>} */
const GOALS = {
  hidden: "Goal behind walls",
  beacon: "Goal seen over the walls",
  known: "One maze, pixels",
  told: "One maze, no two states alike",
};

/**
 * Mazes that partial results do not have, by the elements they are drawn in.
 * @type {WeakMap<HTMLElement, any>}
 */
const before = new WeakMap();

/** @param {Drawing} drawing */
export function render({ data, element: place, settings, run, partial }) {
  const walk = walkOf(place);
  if (!partial) before.set(place, data);
  const known = before.get(place);
  if (known && (!partial || isFit(data, known)))
    walk.update({
      layers: [data.student.hidden, data.student.output],
      mazes: known.mazes,
      practice: known.practice,
      memory: settings.memory,
      beacon: settings.beacon,
      seed: settings.seed,
      lessons: data.lessons.length,
      teach: (lesson) => run({ data: lesson && { lesson } }),
    });
  const parts = [conclusion(partial ? progress(data) : summary(data)), curve(data, settings)];
  if (walk.element.parentElement !== place) place.replaceChildren(walk.element, ...parts);
  else {
    while (walk.element.nextSibling) walk.element.nextSibling.remove();
    place.append(...parts);
  }
}

/**
 * Whether a student of this run can walk through the mazes of the last one.
 * @param {any} data
 * @param {any} known
 */
function isFit(data, known) {
  return data.student.hidden.weights.length === known.student.hidden.weights.length;
}

/** @param {any} data @param {Record<string, any>} settings */
function curve({ lessons, drawn, likeliest, follower }, settings) {
  const wall = follower ? [{ y: follower[0], label: "right hand at the wall" }] : [];
  return chart({
    title: "Goals reached in 100 unseen mazes",
    x: { label: "lessons", domain: [0, settings.lessons] },
    y: { label: "reached", format: percentage, domain: [0, 1] },
    series: [
      { name: "moves drawn by their probability", x: lessons, y: drawn },
      { name: "always the likeliest move", x: lessons, y: likeliest, dashed: true },
    ],
    rules: wall,
    height: 260,
  });
}

/** @param {any} data */
function progress({ lessons, drawn }) {
  return `After ${counted(lessons.length, "lesson")} it reaches ${percent(drawn.at(-1))} of the goals.`;
}

/** @param {any} data */
export function summary({ lessons, drawn, likeliest, detour, alike, own }) {
  const memory = Object.keys(alike).at(-1);
  const views = memory === "1" ? "from the one view it has" : `even from its last ${memory} views`;
  const yours = own ? `, the first of them yours with ${counted(own, "move")}` : "";
  return (
    `After ${counted(lessons.length, "lesson")}${yours}, it reaches ${percent(drawn.at(-1))} of the goals in mazes that it has never seen, ` +
    `on ways ${significant(detour.at(-1), 2)} times the shortest; ${percent(likeliest.at(-1))} if it always does what is likeliest. ` +
    `In ${percent(alike[memory ?? 1].share)} of all cases ${views}, another case looks the same and needs another move.`
  );
}

export const figures = {
  /** How well each way teaches. @param {Drawing} drawing */
  study({ data, element: place }) {
    /** @type {Study} */
    const study = data.study;
    place.replaceChildren(
      ...["hidden", "beacon"].map((goal) => seeds(study, goal)),
      resultTable({
        caption: "Goals reached, and how many times the shortest way the walks there were",
        columns: ["", "Taught by", "Reached", "Always the likeliest", "Length of ways"],
        rows: Object.entries(study.goals).flatMap(([goal, { means }]) =>
          Object.keys(NAMES)
            .filter((name) => means[name])
            .map((name) => {
              const { drawn, likeliest, detour } = means[name];
              const learns = name !== "follower" && name !== "chance";
              return [GOALS[goal], NAMES[name], share(drawn), learns ? share(likeliest) : "", times(detour)];
            }),
        ),
      }),
      origin(
        study,
        "which draw mazes, students and walks. ± is half of the 95% interval of a mean. In one maze: students are taught and measured in the same one; for the last rows each state has numbers of its own instead of a view.",
      ),
    );
  },

  /** What pixels cannot tell. @param {Drawing} drawing */
  alike({ data, element: place }) {
    /** @type {Study} */
    const study = data.study;
    const rows = ["hidden", "beacon"].flatMap((goal) =>
      Object.entries(study.goals[goal].alike).map(([memory, { share: part, errors }]) => [
        GOALS[goal],
        memory === "1" ? "the present view" : `the last ${memory} views`,
        share(part),
        share(errors),
      ]),
    );
    place.replaceChildren(
      resultTable({
        caption: "Cases that look the same and need different moves, in 100 mazes",
        columns: ["", "Seen", "Such cases", "Wrong at least"],
        rows,
      }),
    );
  },

  /** The ways, paired by their seeds. @param {Drawing} drawing */
  differences({ data, element: place }) {
    /** @type {Study} */
    const study = data.study;
    const rows = ["hidden", "beacon"].flatMap((goal) =>
      study.goals[goal].differences.map((found) => [
        GOALS[goal],
        `${NAMES[found.name]} − ${NAMES[found.against].toLowerCase().replace("dagger", "DAgger")}`,
        `${signedPercent(found.mean)} ± ${percent(found.half_width)}`,
        chance(found),
        element("span", {}, found.clear ? (found.mean > 0 ? "more goals" : "fewer goals") : "unclear"),
      ]),
    );
    place.replaceChildren(
      resultTable({
        caption: "Differences of the share of goals reached, by the same seeds",
        columns: ["", "Ways", "Difference", "Sign-flip test", "So it reaches"],
        rows,
      }),
    );
  },
};

/** @param {Study} study @param {string} goal */
function seeds(study, goal) {
  const { means, each } = study.goals[goal];
  const ways = Object.keys(each);
  const names = ways.map((way) => NAMES[way]);
  const found = ways.map((way) => means[way].drawn);
  return chart({
    title: `Goals reached after ${study.lessons} lessons: ${GOALS[goal].toLowerCase()}`,
    x: { label: "way to teach", domain: names },
    y: { label: "reached", format: percentage, domain: [0.5, 1] },
    series: [
      dots(
        names,
        ways.map((way) => each[way]),
      ),
      {
        name: "mean, with its 95% interval",
        kind: "points",
        x: names,
        y: found.map(({ mean }) => mean),
        low: found.map(({ mean, half_width: half }) => mean - half),
        high: found.map(({ mean, half_width: half }) => mean + half),
      },
    ],
    height: 240,
  });
}

/** @param {number} part */
function percent(part) {
  return `${(100 * part).toFixed(1)}%`;
}

/** @param {number} part */
function signedPercent(part) {
  return `${part < 0 ? "−" : "+"}${percent(Math.abs(part))}`;
}

/** @param {Estimate} found */
function share({ mean, half_width: half }) {
  return `${(100 * mean).toFixed(1)} ± ${(100 * half).toFixed(1)}%`;
}

/** @param {Estimate} found */
function times({ mean, half_width: half }) {
  return `${mean.toFixed(2)} ± ${half.toFixed(2)} ×`;
}
