/**
 * The metrics page: for each measure a chart of all outputs with means and intervals, the numbers as a table,
 * and the outputs with the highest and lowest values. The measuring is in metrics.js.
 */

import {
  formatMean,
  formatMeasure,
  isShare,
  labelOf,
  percent,
  said,
  withInterval,
} from "../reports/measures.js";
import { byId, element } from "../ui/dom.js";
import { errorWords } from "../ui/status.js";
import { scrollBox, table } from "../ui/table.js";
import { listed, localNumber, shownLanguage, t, tn, translated } from "../ui/words.js";
import { emptyElement } from "./empty.js";
import { nameOf } from "./metrics.js";
import { hueOf } from "./row.js";

/** @import { Column, Row } from "../reports/collate.js" */
/** @import { Measured } from "./metrics.js" */
/** @typedef {typeof import("./chart.js").chart} Chart */
/** @typedef {{columns: readonly Column[], measured: Measured[], onGo: (row: Row) => void}} Shown */

const LISTED = 25; // outputs at each end of the list
const INTRO = t(
  "Bars: the outputs of each report. Dot and line: their mean over the shown prompts, with its 95% " +
    "interval where there are enough values for one. The numbers show where to look, not which report " +
    "is better. In the Read view, each output now shows its own measures.",
);
const TESTED = t(
  "Paired permutation tests over shared prompts at the 5% level, corrected for their number (Holm). The table of each measure says what its test found.",
);
const NO_BASELINE = t("Choose a baseline above to test the differences between two reports.");

export class MetricsPage {
  metrics;
  #root = byId("metrics-page", "div");
  #running = new AbortController();

  /**
   * @param {import("./metrics.js").Metrics} metrics
   * @param {{onGo: (row: Row) => void}} options onGo: the visitor wants to read a prompt
   */
  constructor(metrics, { onGo }) {
    this.metrics = metrics;
    this.onGo = onGo;
  }

  /**
   * Measures what is shown, then draws; a later call overtakes an earlier one.
   * @param {import("./session.js").ReportSession} session
   */
  async show(session) {
    const { shown: rows, columns, view, baseline } = session;
    this.#running.abort();
    this.#running = new AbortController();
    const empty = emptyElement(session, this.#root);
    if (empty) return this.#root.replaceChildren(empty);
    const { signal } = this.#running;
    const status = element("p", { role: "status" }, t("Preparing …"));
    const bar = element("progress", { max: 1, value: 0, "aria-label": t("Outputs measured") });
    this.#root.replaceChildren(status, bar);
    const shown = { rows, columns, view };
    try {
      const summary = await this.metrics.summarize(shown, baseline, {
        say: (words) => (status.textContent = words),
        onProgress: (done, total) => {
          status.textContent = tn(
            total,
            "Measured {done} of {n} output …",
            "Measured {done} of {n} outputs …",
            { done },
          );
          bar.value = done / total;
        },
        signal,
      });
      if (signal.aborted) return;
      const { chart, loadStyle } = await import("./chart.js");
      await loadStyle();
      if (signal.aborted) return;
      const measured = this.metrics.measured(shown);
      const parts = pageOf(summary, { columns, measured, onGo: this.onGo }, chart);
      this.#root.replaceChildren(...parts.filter((part) => part !== null));
    } catch (error) {
      if (signal.aborted) return;
      const reason = errorWords(error).message;
      const words = t("The metrics could not be computed: {reason}", { reason });
      this.#root.replaceChildren(element("p", { class: "message error" }, words));
    }
  }
}

/**
 * @param {{metrics: Record<string, string>, columns: any[], differences: any[]}} summary
 * @param {Shown} shown
 * @param {Chart} chart
 * @returns {(HTMLElement | null)[]}
 */
function pageOf({ metrics, columns: summaries, differences }, shown, chart) {
  const measured = Object.keys(metrics).filter((name) => summaries.some(({ means }) => means[name]));
  const sections = measured.map((name) =>
    element(
      "section",
      { class: "metric", "aria-label": labelOf(name) },
      element("h2", {}, labelOf(name)),
      element("p", { class: "about" }, translated(metrics[name])),
      metricChart(name, { summaries, differences, shown, chart }),
      outputList(name, shown),
    ),
  );
  return [
    element("p", { class: "prose" }, INTRO),
    differencesPart(differences, shown.columns),
    element("div", { class: "metrics" }, ...sections),
  ];
}

/**
 * Which reports differ significantly from the baseline, and in what.
 * @param {any[]} differences
 * @param {readonly Column[]} columns
 */
function differencesPart(differences, columns) {
  if (differences.length === 0)
    return columns.length > 1 ? element("p", { id: "differences", class: "prose" }, NO_BASELINE) : null;
  const items = differences.map(({ name, means }) => {
    const found = Object.keys(means).filter((one) => means[one].significant);
    const shared = Math.max(0, ...Object.values(means).map(({ prompts }) => prompts));
    const words =
      found.length > 0
        ? tn(
            shared,
            "differs significantly in {measures}, on the {n} prompt that both have",
            "differs significantly in {measures}, on the {n} prompts that both have",
            { measures: listed(found.map(labelInText)) },
          )
        : tn(
            shared,
            "no significant difference, on the {n} prompt that both have",
            "no significant difference, on the {n} prompts that both have",
          );
    return element("li", {}, element("strong", {}, name), `: ${words}`);
  });
  return element(
    "section",
    { id: "differences", class: "prose" },
    element("h2", {}, t("Differences from {baseline}", { baseline: differences[0].baseline })),
    element("ul", {}, ...items),
    element("p", { class: "about" }, TESTED),
  );
}

/** A measure inside a sentence; some languages write nouns with capitals there too. @param {string} name */
function labelInText(name) {
  return shownLanguage() === "en" ? labelOf(name).toLowerCase() : labelOf(name);
}

/**
 * @param {string} name
 * @param {{summaries: any[], differences: any[], shown: Shown, chart: Chart}} options
 */
function metricChart(name, { summaries, differences, shown: { columns, measured }, chart }) {
  const lines = columns.flatMap((column) => {
    const interval = summaries.find((one) => one.name === nameOf(column))?.means[name];
    const values = measured.flatMap((one) => (one.column === column ? (one.measures[name] ?? []) : []));
    return interval
      ? [{ name: column.label, letter: column.letter, hue: hueOf(column.letter), interval, values }]
      : [];
  });
  const numbers = metricTable(name, { summaries, differences });
  return chart(lines, {
    title: labelOf(name),
    details: element("details", {}, element("summary", {}, t("Table")), numbers),
    format: (value, options) => formatMean(name, value, options),
    tick: isShare(name) ? percent : undefined,
  });
}

/** @param {string} name @param {{summaries: any[], differences: any[]}} found */
function metricTable(name, { summaries, differences }) {
  const gaps = new Map(differences.map((one) => [one.name, one.means[name]]));
  /** @type {import("../reports/measures.js").Format} */
  const format = (value, options) => formatMean(name, value, options);
  const rows = summaries
    .filter(({ means }) => means[name])
    .map(({ name: column, means }) => {
      const cells = [column, withInterval(means[name], format)];
      const gap = gaps.get(column);
      return differences.length > 0
        ? [...cells, gapCell(gap, format), localNumber(gap?.p_label ?? "")]
        : cells;
    });
  const columns = [t("Report"), t("Mean and interval")];
  if (differences.length > 0) {
    const { baseline } = differences[0];
    columns.push(t("Difference from {baseline}", { baseline }), t("Corrected p"));
  }
  const caption = t("{measure}, reports", { measure: labelOf(name) });
  const numbers = table({ caption, columns, rows, rowHead: 0, hideCaption: true, className: "data" });
  const tests = differences
    .filter(({ means }) => means[name])
    .map((one) => element("p", { class: "about" }, `${one.name}: ${said(one.means[name].sentences)}`));
  return element("div", {}, scrollBox(caption, numbers, "table-frame"), ...tests);
}

/**
 * A difference, with a star if it is significant.
 * @param {import("../reports/measures.js").Interval & {significant: boolean} | undefined} gap
 * @param {import("../reports/measures.js").Format} format
 */
function gapCell(gap, format) {
  const title = t("significant at the 5% level");
  const star = gap?.significant ? element("strong", { title }, " *") : null;
  return element("td", {}, gap ? withInterval(gap, format) : "", star);
}

/** The outputs with the highest and the lowest values. @param {string} name @param {Shown} shown */
function outputList(name, { measured, onGo }) {
  const valued = measured.flatMap((output) => {
    const value = output.measures[name] ?? null;
    return value === null ? [] : [{ ...output, value }];
  });
  if (valued.length === 0) return null;
  valued.sort((a, b) => b.value - a.value);
  const all = valued.length <= 2 * LISTED;
  const ends = all ? valued : [...valued.slice(0, LISTED), ...valued.slice(-LISTED)];
  const words = all
    ? t("Outputs, highest first")
    : t("Outputs: the {count} highest, the {count} lowest", { count: LISTED });
  const details = element("details", {}, element("summary", {}, words));
  // Filled when first opened: most visitors open none of these, and together they are many rows.
  const fill = () => {
    const rows = ends.map(({ column, row, text, value }) => [
      formatMeasure(name, value),
      column.letter,
      goButton(row, onGo),
      element("td", { class: "excerpt", dir: "auto" }, text.trim().slice(0, 160)),
    ]);
    const measure = labelOf(name);
    const caption = tn(ends.length, "{measure}, {n} output", "{measure}, {n} outputs", { measure });
    const columns = [t("Value"), t("Report"), t("Prompt"), t("Output")];
    const list = table({ caption, columns, rows, hideCaption: true, className: "data" });
    details.append(scrollBox(caption, list, "table-frame"));
  };
  details.addEventListener("toggle", fill, { once: true });
  return details;
}

/** @param {Row} row @param {(row: Row) => void} onGo */
function goButton(row, onGo) {
  return element(
    "button",
    {
      type: "button",
      class: "quiet",
      "aria-label": t("Show prompt {number}", { number: row.number }),
      onclick: () => onGo(row),
    },
    String(row.number),
  );
}
