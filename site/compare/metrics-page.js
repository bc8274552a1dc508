/**
 * The metrics page: measures of all outputs, computed in the engine in portions, with intervals over prompts and paired differences.
 * @module
 */

import { chart, figure, withInterval } from "./chart.js";
import { samplesOf } from "./collate.js";
import { byId, counted, h } from "./dom.js";
import { compute } from "./engine.js";
import { hueOf } from "./row.js";

/** @typedef {import("./collate.js").Row} Row */
/** @typedef {import("./collate.js").Column} Column */
/** @typedef {Record<string, number>} Measures */
/** @typedef {{prompt: string, text: string}} Output */
/** @typedef {{column: Column, row: Row, text: string, measures: Measures}} Measured one output */

const PORTION = 60;
const LISTED = 25;
const TITLES = new Map(
  Object.entries({
    words: "Words",
    distinct_1: "Different words",
    distinct_2: "Different word pairs",
    longest_repeat: "Longest passage said twice",
    looping: "Looping",
    compression: "Compressed size",
    truncated: "Truncated",
    echo: "Echo of the prompt",
    likeness: "Likeness of samples",
  }),
);

/** Measures by prompt and text, so that nothing is measured twice. @type {Map<string, Measures>} */
const known = new Map();

/** @param {string} prompt @param {string} text */
function keyOf(prompt, text) {
  return `${prompt}\u0000${text}`;
}

/** What is known of an output, in a few words, or "". @param {string} prompt @param {string | null} text */
export function measuresInWords(prompt, text) {
  const found = text === null ? undefined : known.get(keyOf(prompt, text));
  if (!found) return "";
  const parts = [`${found.words} words`, `${figure(found.distinct_1 ?? 0)} different`];
  if (found.looping) parts.push(`loops ${Math.round(100 * found.looping)} %`);
  if (found.truncated) parts.push("truncated");
  if (found.echo) parts.push(`echo ${Math.round(100 * found.echo)} %`);
  return parts.join(" · ");
}

let turn = 0;

/**
 * @param {readonly Row[]} rows the prompts that are shown
 * @param {readonly Column[]} columns
 * @param {{config: string, sample: number, base: string}} view base: letter of the baseline, or ""
 * @param {(row: Row) => void} onGo shows a prompt
 */
export async function showMetrics(rows, columns, view, onGo) {
  const own = ++turn;
  const root = byId("metrics-page");
  const status = h("p", { role: "status" }, "Preparing …");
  const bar = h("progress", { max: 1, value: 0, "aria-label": "measured" });
  root.replaceChildren(status, bar);
  try {
    const outputs = unmeasured(rows, columns, view);
    for (let at = 0; at < outputs.length; at += PORTION) {
      const portion = outputs.slice(at, at + PORTION);
      const measures = await compute("measure", { outputs: portion }, (words) => {
        status.textContent = words;
      });
      for (const [index, one] of portion.entries()) known.set(keyOf(one.prompt, one.text), measures[index]);
      if (own !== turn) return;
      status.textContent = `Measured ${Math.min(at + PORTION, outputs.length)} of ${outputs.length} outputs …`;
      bar.value = (at + PORTION) / outputs.length;
    }
    const base = columns.find(({ letter }) => letter === view.base);
    const args = {
      columns: columns.map((column) => gathered(rows, column, view)),
      baseline: base ? nameOf(base) : null,
    };
    const summary = await compute("summarise", args, () => {});
    const measured = columns.flatMap((column) => measuredOf(rows, column, view));
    if (own === turn) root.replaceChildren(...pageOf(summary, { columns, measured, onGo }));
  } catch (error) {
    if (own === turn)
      root.replaceChildren(
        h(
          "p",
          { class: "message error" },
          `The metrics could not be computed: ${error instanceof Error ? error.message : error}`,
        ),
      );
  }
}

/** @param {Column} column */
function nameOf({ letter, label }) {
  return `${letter} · ${label}`;
}

/** @param {readonly Row[]} rows @param {readonly Column[]} columns @param {{config: string, sample: number}} view @returns {Output[]} */
function unmeasured(rows, columns, view) {
  /** @type {Map<string, Output>} */
  const found = new Map();
  for (const row of rows) {
    for (const { id } of columns) {
      for (const { text } of samplesOf(row.cells.get(id) ?? [], { ...view, group: true }).samples) {
        if (text === null) continue;
        const key = keyOf(row.prompt, text);
        if (!known.has(key)) found.set(key, { prompt: row.prompt, text });
      }
    }
  }
  return [...found.values()];
}

/** @param {readonly Row[]} rows @param {Column} column @param {{config: string, sample: number}} view */
function gathered(rows, column, view) {
  const prompts = rows.flatMap((row) => {
    const { samples } = samplesOf(row.cells.get(column.id) ?? [], { ...view, group: false });
    const measures = samples
      .map(({ text }) => known.get(keyOf(row.prompt, text ?? "")))
      .filter((one) => one !== undefined);
    const texts = samples.flatMap(({ text }) => text ?? []);
    return measures.length > 0 ? [{ prompt: row.prompt, measures, texts }] : [];
  });
  return { name: nameOf(column), prompts };
}

/** @param {readonly Row[]} rows @param {Column} column @param {{config: string, sample: number}} view @returns {Measured[]} */
function measuredOf(rows, column, view) {
  return rows.flatMap((row) => {
    const { samples } = samplesOf(row.cells.get(column.id) ?? [], { ...view, group: false });
    return samples.flatMap(({ text }) => {
      const measures = text === null ? undefined : known.get(keyOf(row.prompt, text));
      return measures ? [{ column, row, text: text ?? "", measures }] : [];
    });
  });
}

/** @typedef {{columns: readonly Column[], measured: Measured[], onGo: (row: Row) => void}} Shown */

/** @param {any} summary @param {Shown} shown @returns {HTMLElement[]} */
function pageOf({ metrics, columns: summaries, differences }, shown) {
  const intro = h(
    "p",
    { class: "prose" },
    "Bars: the outputs of each report. Dot and line: their mean over the prompts that are shown, with its 95 % interval by a bootstrap over prompts. They tell what to look at, not which is better. In the Read view, each output now carries its own.",
  );
  const sections = Object.keys(metrics).map((name) =>
    h(
      "section",
      { class: "metric", "aria-label": titleOf(name) },
      h("h2", {}, titleOf(name)),
      h("p", { class: "about" }, metrics[name]),
      metricChart(name, summaries, shown),
      h("details", {}, h("summary", {}, "Table"), metricTable(name, { summaries, differences })),
      outputsPart(name, shown),
    ),
  );
  return [intro, h("div", { class: "metrics" }, ...sections)];
}

/** @param {string} name */
function titleOf(name) {
  return TITLES.get(name) ?? name;
}

/** @param {string} name @param {any[]} summaries @param {Shown} shown */
function metricChart(name, summaries, { columns, measured }) {
  const lines = columns.flatMap((column) => {
    const interval = summaries.find((one) => one.name === nameOf(column))?.means[name];
    const values = measured.flatMap((one) => (one.column === column ? (one.measures[name] ?? []) : []));
    return interval
      ? [{ name: column.label, letter: column.letter, hue: hueOf(column.letter), interval, values }]
      : [];
  });
  return lines.length > 0
    ? chart(lines)
    : h("p", { class: "absent" }, "It cannot be measured on these outputs.");
}

/** @param {string} name @param {{summaries: any[], differences: any[]}} found */
function metricTable(name, { summaries, differences }) {
  const gaps = new Map(differences.map((one) => [one.name, one.means[name]]));
  const lines = summaries
    .filter(({ means }) => means[name])
    .map(({ name: column, means }) => {
      const gap = gaps.get(column);
      const cells = [h("th", { scope: "row" }, column), h("td", {}, withInterval(means[name]))];
      const sure = gap && (gap.low > 0 || gap.high < 0);
      const star = sure ? h("strong", { title: "the interval does not hold 0" }, " *") : null;
      if (differences.length > 0) cells.push(h("td", {}, gap ? withInterval(gap) : "", star));
      return h("tr", {}, ...cells);
    });
  const head = ["Report", "Mean and interval"];
  if (differences.length > 0) head.push(`Difference from ${differences[0].baseline}`);
  return dataTable(`${titleOf(name)}, reports`, head, lines);
}

/** Output by output, those at the ends. @param {string} name @param {Shown} shown */
function outputsPart(name, { measured, onGo }) {
  const sorted = measured
    .filter(({ measures }) => measures[name] !== undefined)
    .sort((a, b) => (b.measures[name] ?? 0) - (a.measures[name] ?? 0));
  if (sorted.length === 0) return null;
  const whole = sorted.length <= 2 * LISTED;
  const part = whole ? sorted : [...sorted.slice(0, LISTED), ...sorted.slice(-LISTED)];
  const words = whole ? "Outputs, highest first" : `Outputs: the ${LISTED} highest, the ${LISTED} lowest`;
  const details = h("details", {}, h("summary", {}, words));
  // Made when first opened: nine metrics of fifty outputs each are many rows to make for nobody.
  details.addEventListener(
    "toggle",
    () => {
      const lines = part.map(({ column, row, text, measures }) =>
        h(
          "tr",
          {},
          h("td", {}, figure(measures[name] ?? 0)),
          h("td", {}, column.letter),
          h(
            "td",
            {},
            h(
              "button",
              {
                type: "button",
                class: "quiet",
                "aria-label": `Prompt ${row.number}: show it`,
                onclick: () => onGo(row),
              },
              String(row.number),
            ),
          ),
          h("td", { class: "excerpt", dir: "auto" }, text.trim().slice(0, 160)),
        ),
      );
      const title = `${titleOf(name)}, ${counted(part.length, "output")}`;
      details.append(dataTable(title, ["Value", "Report", "Prompt", "Output"], lines));
    },
    { once: true },
  );
  return details;
}

/** @param {string} label @param {string[]} head @param {HTMLElement[]} lines */
function dataTable(label, head, lines) {
  return h(
    "div",
    { class: "table-frame", tabindex: 0, role: "region", "aria-label": label },
    h(
      "table",
      { class: "data" },
      h("thead", {}, h("tr", {}, ...head.map((words) => h("th", { scope: "col" }, words)))),
      h("tbody", {}, ...lines),
    ),
  );
}
