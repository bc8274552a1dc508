/**
 * The metrics page: for each measure a chart of all outputs with means and intervals, the numbers as a table,
 * and the outputs with the highest and lowest values. The measuring is in metrics.js.
 */

import { byId, counted, element } from "../ui/dom.js";
import { scrollBox, table } from "../ui/table.js";
import { formatMean, formatMeasure, inWords, isShare, labelOf, percent, withInterval } from "./measures.js";
import { Metrics, nameOf } from "./metrics.js";
import { hueOf } from "./row.js";

/** @typedef {import("./collate.js").Row} Row */
/** @typedef {import("./collate.js").Column} Column */
/** @typedef {import("./metrics.js").Measured} Measured */
/** @typedef {typeof import("./chart.js").chart} Chart */
/** @typedef {{columns: readonly Column[], measured: Measured[], onGo: (row: Row) => void}} Shown */

const LISTED = 25; // outputs at each end of the list
const INTRO =
  "Bars: the outputs of each report. Dot and line: their mean over the shown prompts, with its 95% interval from a bootstrap over prompts. The numbers show where to look, not which report is better. In the Read view, each output now shows its own measures.";
const TESTED =
  "Paired permutation tests over shared prompts at the 5% level, corrected for their number (Holm). The table of each measure says what its test found.";
const NO_BASELINE = "Choose a baseline above to test the differences between two reports.";

export class MetricsPage {
  metrics;
  #root = byId("metrics-page", "div");
  #running = new AbortController();

  /**
   * @param {import("./lazy-engine.js").LazyEngine} engine
   * @param {{onGo: (row: Row) => void}} options onGo: the visitor wants to read a prompt
   */
  constructor(engine, { onGo }) {
    this.metrics = new Metrics(engine);
    this.onGo = onGo;
  }

  /**
   * The measures of an output in one line, or "" if it was not measured.
   * @param {string} prompt
   * @param {string} text
   */
  inWords(prompt, text) {
    const measures = this.metrics.of(prompt, text);
    return measures ? inWords(measures) : "";
  }

  /**
   * Measures what is shown, then draws; a later call overtakes an earlier one.
   * @param {import("./session.js").Session} session
   */
  async show({ shown: rows, columns, view, baseline }) {
    this.#running.abort();
    this.#running = new AbortController();
    const { signal } = this.#running;
    const status = element("p", { role: "status" }, "Preparing …");
    const bar = element("progress", { max: 1, value: 0, "aria-label": "Outputs measured" });
    this.#root.replaceChildren(status, bar);
    const shown = { rows, columns, view };
    try {
      await this.metrics.measure(shown, {
        say: (words) => (status.textContent = words),
        onProgress: (done, total) => {
          status.textContent = `Measured ${done} of ${counted(total, "output")} …`;
          bar.value = done / total;
        },
        signal,
      });
      if (signal.aborted) return;
      const summary = await this.metrics.summarise(shown, baseline);
      const { chart, loadStyle } = await import("./chart.js");
      await loadStyle();
      if (signal.aborted) return;
      const measured = this.metrics.measured(shown);
      const parts = pageOf(summary, { columns, measured, onGo: this.onGo }, chart);
      this.#root.replaceChildren(...parts.filter((part) => part !== null));
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof Error ? error.message : error;
      const words = `The metrics could not be computed: ${reason}`;
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
      element("p", { class: "about" }, metrics[name]),
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
    const where = `on the ${counted(shared, "prompt")} that both have`;
    const names = new Intl.ListFormat("en").format(found.map((one) => labelOf(one).toLowerCase()));
    const words = found.length > 0 ? `differs significantly in ${names}` : "no significant difference";
    return element("li", {}, element("strong", {}, name), `: ${words}, ${where}`);
  });
  return element(
    "section",
    { id: "differences", class: "prose" },
    element("h2", {}, `Differences from ${differences[0].baseline}`),
    element("ul", {}, ...items),
    element("p", { class: "about" }, TESTED),
  );
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
    details: element("details", {}, element("summary", {}, "Table"), numbers),
    format: (value) => formatMean(name, value),
    tick: isShare(name) ? percent : undefined,
  });
}

/** @param {string} name @param {{summaries: any[], differences: any[]}} found */
function metricTable(name, { summaries, differences }) {
  const gaps = new Map(differences.map((one) => [one.name, one.means[name]]));
  const format = (/** @type {number} */ value) => formatMean(name, value);
  const rows = summaries
    .filter(({ means }) => means[name])
    .map(({ name: column, means }) => {
      const cells = [column, withInterval(means[name], format)];
      const gap = gaps.get(column);
      return differences.length > 0 ? [...cells, gapCell(gap, format), gap?.p_label ?? ""] : cells;
    });
  const columns = ["Report", "Mean and interval"];
  if (differences.length > 0) columns.push(`Difference from ${differences[0].baseline}`, "Corrected p");
  const caption = `${labelOf(name)}, reports`;
  const numbers = table({ caption, columns, rows, rowHead: 0, hideCaption: true, className: "data" });
  const tests = differences
    .filter(({ means }) => means[name])
    .map((one) => element("p", { class: "about" }, `${one.name}: ${one.means[name].sentence}`));
  return element("div", {}, scrollBox(caption, numbers, "table-frame"), ...tests);
}

/**
 * A difference, with a star if it is significant.
 * @param {import("./measures.js").Interval & {significant: boolean} | undefined} gap
 * @param {(value: number) => string} format
 */
function gapCell(gap, format) {
  const star = gap?.significant ? element("strong", { title: "significant at the 5% level" }, " *") : null;
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
  const listed = all ? valued : [...valued.slice(0, LISTED), ...valued.slice(-LISTED)];
  const words = all ? "Outputs, highest first" : `Outputs: the ${LISTED} highest, the ${LISTED} lowest`;
  const details = element("details", {}, element("summary", {}, words));
  // Filled when first opened: most visitors open none of these, and together they are many rows.
  const fill = () => {
    const rows = listed.map(({ column, row, text, value }) => [
      formatMeasure(name, value),
      column.letter,
      goButton(row, onGo),
      element("td", { class: "excerpt", dir: "auto" }, text.trim().slice(0, 160)),
    ]);
    const caption = `${labelOf(name)}, ${counted(listed.length, "output")}`;
    const columns = ["Value", "Report", "Prompt", "Output"];
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
      "aria-label": `Show prompt ${row.number}`,
      onclick: () => onGo(row),
    },
    String(row.number),
  );
}
