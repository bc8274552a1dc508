/**
 * The metrics page: measures of all outputs, computed in the engine in portions, with intervals over prompts and paired differences.
 * @module
 */

import { figure, intervalBar, scaleOf, withInterval } from "./chart.js";
import { samplesOf } from "./collate.js";
import { byId, h } from "./dom.js";
import { compute } from "./engine.js";

/** @typedef {import("./collate.js").Row} Row */
/** @typedef {import("./collate.js").Column} Column */
/** @typedef {Record<string, number>} Measures */
/** @typedef {{prompt: string, text: string}} Output */

const PORTION = 60;
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
 */
export async function showMetrics(rows, columns, view) {
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
    if (own === turn) root.replaceChildren(...pageOf(summary));
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

/** @param {any} summary @returns {HTMLElement[]} */
function pageOf({ metrics, columns, differences }) {
  const names = Object.keys(metrics);
  const intro = h(
    "p",
    {},
    "Means over the prompts that are shown, with 95 % intervals by a bootstrap over prompts. They tell what to look at, not which is better. In the Read view, each output now carries its own.",
  );
  const sections = names.map((name) => metricTable(name, metrics[name], { columns, differences }));
  return [intro, h("div", { class: "metrics" }, ...sections)];
}

/** @param {string} name @param {string} sentence @param {{columns: any[], differences: any[]}} found */
function metricTable(name, sentence, { columns, differences }) {
  const rows = columns.filter(({ means }) => means[name]);
  const scale = scaleOf(rows.map(({ means }) => means[name]));
  const gaps = new Map(differences.map((one) => [one.name, one.means[name]]));
  const lines = rows.map(({ name: column, means }) => {
    const gap = gaps.get(column);
    const cells = [
      h("th", { scope: "row" }, column),
      h("td", {}, withInterval(means[name])),
      h("td", {}, intervalBar(means[name], scale)),
    ];
    if (differences.length > 0)
      cells.push(
        h(
          "td",
          {},
          gap ? withInterval(gap) : "",
          gap && (gap.low > 0 || gap.high < 0)
            ? h("strong", { title: "the interval does not hold 0" }, " *")
            : null,
        ),
      );
    return h("tr", {}, ...cells);
  });
  const head = ["Report", "Mean", ""].map((words) => (words ? h("th", { scope: "col" }, words) : h("td")));
  if (differences.length > 0)
    head.push(h("th", { scope: "col" }, `Difference from ${differences[0].baseline}`));
  const title = TITLES.get(name) ?? name;
  return h(
    "div",
    { class: "table-frame", tabindex: 0, role: "region", "aria-label": title },
    h(
      "table",
      { class: "data" },
      h("caption", {}, title, h("span", { class: "about" }, ` ${sentence}`)),
      h("thead", {}, h("tr", {}, ...head)),
      h("tbody", {}, ...lines),
    ),
  );
}
