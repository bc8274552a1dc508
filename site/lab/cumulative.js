/**
 * Draws the experiment "cumulative": points with every fit of them, and the study of many data sets. The
 * visitor moves the points or brings data of their own.
 */

import { chart, loadPlot, percentage, shortNumber } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { number } from "../ui/words.js";
import { parseData } from "./cumulative-data.js";
import { FITS, labelled } from "./cumulative-fits.js";
import { Picture } from "./cumulative-picture.js";
import { CumulativeSession } from "./cumulative-session.js";
import { dots, errorSeries } from "./difference-chart.js";
import { chance, origin, resultTable } from "./findings.js";

export { instant } from "./cumulative-instant.js";

/** @import { Drawing, InputOptions } from "./frame.js" */

/**
 * @typedef {{best: string, tied: string[], errors: Record<string, number>}} MapCell
 * @typedef {{
 *   command: string, seeds: number, first_seed: number, looks: number, counts: number[],
 *   rows: {data: string, degree: number, cells: MapCell[]}[]
 * }} FitMap
 */

export const live = true;

export const folded = ["points", "bin_width", "bin_ends", "seed", "runs"];

/** @param {Record<string, any>} settings */
export const unused = ({ data }) => (data === "samples" ? ["noise", "bin_width", "bin_ends"] : []);

export const prepare = loadPlot;

export const labels = {
  data: { sums: "Cumulative sums, as in the article", samples: "Raw samples" },
};

/**
 * Pictures by the element that they are in, and sessions by the experiment's own function that starts a run.
 */
const pictures = /** @type {WeakMap<HTMLElement, Picture>} */ (new WeakMap());
const sessions = /** @type {WeakMap<object, CumulativeSession>} */ (new WeakMap());

/** @param {(request?: any) => void} run */
function sessionOf(run) {
  let session = sessions.get(run);
  if (!session) {
    session = new CumulativeSession(run);
    sessions.set(run, session);
  }
  return session;
}

/** @param {Drawing} drawing */
export function render({ data, element: place, run }) {
  const session = sessionOf(run);
  let picture = pictures.get(place);
  if (!picture) {
    picture = new Picture(session);
    pictures.set(place, picture);
    place.replaceChildren(picture.element);
  }
  picture.show(data);
}

export const figures = {
  /** @param {Drawing} drawing */
  map({ data, element: place }) {
    if (data.map) place.replaceChildren(...mapTables(data.map));
  },

  /** How often each fit is not a distribution. @param {Drawing} drawing */
  study({ data, element: place, settings }) {
    const series = [
      { name: "decreases somewhere", key: "decreases" },
      { name: "leaves [0, 1]", key: "leaves" },
    ].map(({ name, key }) => ({ name, kind: /** @type {const} */ ("bars"), ...column(data.study, key) }));
    drawStudy(data, place, () =>
      chart({
        title: `Fits that are not a distribution: ${studyWords(data, settings)}`,
        x: { label: "share of the data sets", format: percentage, domain: [0, 1] },
        y: { label: "", scale: "band" },
        series,
        height: 330,
      }),
    );
  },

  /** How far each fit is from the truth. @param {Drawing} drawing */
  errors({ data, element: place, settings }) {
    drawStudy(data, place, () =>
      chart({
        title: `Distance from the truth: ${studyWords(data, settings)}`,
        x: { label: "root mean square error" },
        y: { label: "", scale: "band" },
        series: errorSeries(labelled(data.study)),
        height: 260,
      }),
    );
  },

  /** Each fit against the polynomial, data set by data set. @param {Drawing} drawing */
  differences({ data, element: place, settings }) {
    drawStudy(data, place, () => {
      const drawn = chart({
        title: `Difference from the polynomial as meant: ${studyWords(data, settings)}`,
        x: { label: "difference (left is better)" },
        y: { label: "", scale: "band" },
        series: differencesOf(data.study),
        rules: [{ x: 0, label: "no difference" }],
        height: 250,
      });
      const tests = labelled(data.study).filter(({ name }) => name !== "polynomial");
      const words = tests.map(
        ({ label, value }) => `${label}: ${chance({ sign_flip: value.difference_sign_flip })}`,
      );
      return element(
        "div",
        {},
        drawn,
        element("p", { class: "note" }, `Sign-flip tests. ${words.join("; ")}.`),
      );
    });
  },
};

/** Which fit is nearest to the truth for which data. @param {FitMap} map */
function mapTables({ rows, counts, seeds, looks, first_seed: first, command }) {
  const degrees = [...new Set(rows.map(({ degree }) => degree))];
  const tables = degrees.map((degree) =>
    resultTable({
      caption: `The fit nearest to the truth, and its mean error, at degree ${degree}`,
      className: "data cumulative-map",
      columns: ["Data", ...counts.map((count) => `${count} points`)],
      rows: rows
        .filter((row) => row.degree === degree)
        .map(({ data, cells }) => [data, ...cells.map(mapCell)]),
    }),
  );
  const words = `${seeds} data sets for each cell. A second name is of a fit whose difference from the best may be chance, by a sign-flip test corrected for ${looks} comparisons.`;
  return [...tables, origin({ command, seeds, first_seed: first }, words)];
}

/** @param {MapCell} cell */
function mapCell({ best, tied, errors }) {
  const [first, ...others] = [best, ...tied].map((name) => FITS[name].label.replace(/,.*|Monotone /, ""));
  const mark = element("span", { class: "cumulative-mark", style: `background: ${FITS[best].color}` });
  const rest = others.map((name) => element("span", {}, ` or ${name}`));
  return element("span", {}, mark, first, ...rest, element("span", {}, ` ${errors[best].toFixed(4)}`));
}

/**
 * Draws a figure of the study. Own data has no study: then the last one stays.
 * @param {any} data
 * @param {HTMLElement} place
 * @param {() => HTMLElement} draw
 */
function drawStudy(data, place, draw) {
  if (Object.keys(data.study).length > 0) place.replaceChildren(draw());
  else if (!place.querySelector("figure"))
    place.replaceChildren(
      element(
        "p",
        {},
        "The study is of generated data. Reset the points, choose at least 10 runs, press Run.",
      ),
    );
}

/** @param {any} data @param {Record<string, any>} settings */
function studyWords({ study }, { data, points, degree, noise }) {
  const runs = Object.values(study)[0]?.runs ?? 0;
  const what = data === "samples" ? `${points} samples` : `${points} points`;
  const noisy = data === "samples" ? "" : `, noise ${shortNumber(noise)}`;
  return `${number(runs)} data sets of ${what}, degree ${degree}${noisy}`;
}

/** Shares with their intervals, one for each fit. @param {Record<string, any>} study @param {string} key */
function column(study, key) {
  const rows = labelled(study);
  return {
    x: rows.map(({ value }) => value[key]),
    y: rows.map(({ label }) => label),
    low: rows.map(({ value }) => value[`${key}_low`]),
    high: rows.map(({ value }) => value[`${key}_high`]),
  };
}

/** Each fit's differences from the polynomial. @param {Record<string, any>} study */
function differencesOf({ polynomial, ...others }) {
  const rows = labelled(others);
  const y = rows.map(({ label }) => label);
  const each = rows.map(({ value }) =>
    value.errors.map(
      (/** @type {number} */ error, /** @type {number} */ at) => error - polynomial.errors[at],
    ),
  );
  return [
    dots(y, each, { name: "each of the first data sets", isRow: true }),
    {
      name: "mean, with its 95% interval",
      kind: /** @type {"points"} */ ("points"),
      y,
      x: rows.map(({ value }) => value.difference),
      low: rows.map(({ value }) => value.difference - value.difference_half_width),
      high: rows.map(({ value }) => value.difference + value.difference_half_width),
    },
  ];
}

/**
 * Undo, redo and a field for the visitor's own data.
 * @param {InputOptions} options
 */
export function inputs({ element: place, run, problem }) {
  const session = sessionOf(run);
  const button = (/** @type {string} */ text, /** @type {() => void} */ onclick) =>
    element("button", { type: "button", class: "quiet", onclick }, text);
  const undo = button("Undo", () => session.undo());
  const redo = button("Redo", () => session.redo());
  const reset = button("Reset points", () => session.reset());
  const note = element("span", { class: "note", "data-testid": "own-data" });
  const field = element("textarea", {
    rows: 6,
    spellcheck: false,
    "aria-label": "Your data",
    placeholder: "-2, 0.02\n-1, 0.2\n0, 0.45\n1, 0.9\n2, 1",
  });
  const use = button("Fit these data", () => {
    try {
      session.use(parseData(field.value));
    } catch (error) {
      problem(error);
    }
  });
  place.append(
    element("div", { class: "lab-actions cumulative-history" }, undo, redo, reset, note),
    element(
      "details",
      { class: "cumulative-own" },
      element("summary", {}, "Use your own data"),
      element(
        "p",
        {},
        "Paste up to 400 lines of “x, y”, with y rising from 0 to 1, or up to 10,000 raw samples, one per " +
          "line. They stay in this page.",
      ),
      field,
      element("div", { class: "lab-actions" }, use),
    ),
  );
  const update = () => {
    undo.disabled = !session.canUndo;
    redo.disabled = !session.canRedo;
    reset.disabled = !session.own;
    note.textContent = ownWords(session.own);
  };
  session.listeners.add(update);
  update();
  return {
    reset() {
      field.value = "";
      session.clear();
    },
  };
}

/** @param {import("./cumulative-session.js").Own} own */
function ownWords(own) {
  if (!own) return "";
  const whose = own.moved ? "You moved points" : "These are your data";
  return `${whose}: of the settings, only the degree matters until you reset the points.`;
}
