/**
 * What differs between the baseline (or the first report) and the others, in numbers with their intervals,
 * and three prompts that show it. It stands first on the Read view, in the space that it will take; the
 * numbers come once the engine has measured the outputs. While it is folded nothing is measured.
 */

import { formatMean, labelOf, partsOf, withInterval } from "../reports/measures.js";
import { toAddress } from "../reports/view.js";
import { byId, element } from "../ui/dom.js";
import { errorWords } from "../ui/status.js";
import { scrollBox, table } from "../ui/table.js";
import { listed, t, tn } from "../ui/words.js";
import { nameOf } from "./metrics.js";
import { promptShown } from "./row.js";

/** @import { Column, Row } from "../reports/collate.js" */
/** @import { Measured, Metrics } from "./metrics.js" */
/** @import { ReportSession } from "./session.js" */
/** @typedef {import("../reports/measures.js").Interval & {adjusted: number, significant: boolean}} Gap */
/** @typedef {{name: string, measure: string, row: Row, values: [base: number, other: number]}} Telling */

const MEASURES = ["words", "distinct_1_50", "longest_repeat", "looping", "truncated", "likeness"];
const TELLING = 3; // prompts

export class Summary {
  #session;
  #options;
  #box = byId("summary", "details");
  #body = byId("summary-body", "div");
  /** What the numbers are about; the same is not measured again. */
  #key = "";
  #running = new AbortController();

  /**
   * @param {ReportSession} session
   * @param {{
   *   metrics: () => Promise<Metrics>, votes: () => readonly import("../reports/votes.js").Round[],
   *   engine: import("./lazy-engine.js").LazyEngine, onGo: (row: Row) => void
   * }} options
   */
  constructor(session, options) {
    this.#session = session;
    this.#options = options;
    session.on("drawn", () => this.#show());
    this.#box.addEventListener("toggle", () => this.#show());
    this.#show();
  }

  #show() {
    const { columns, view, table: collated } = this.#session;
    const [base, ...others] = columns;
    const { config, sample } = view;
    const about = [
      columns.map(({ id }) => id),
      collated.rows.length,
      config,
      sample,
      this.#options.votes().length,
    ];
    const key = this.#box.open && !this.#box.hidden ? JSON.stringify(about) : "";
    if (key === this.#key) return;
    this.#key = key;
    this.#running.abort();
    this.#running = new AbortController();
    this.#body.replaceChildren(); // during a blind round no name may be in the document
    if (key === "" || !base) return;
    const shared = others.filter(({ id }) =>
      collated.rows.some(({ cells }) => cells.has(id) && cells.has(base.id)),
    );
    if (shared.length === 0) return this.#showNothingShared();
    this.#measure(base, shared, this.#running.signal);
  }

  #showNothingShared() {
    const words = t("These reports have no prompt in common, so nothing can be compared.");
    const onclick = () => this.#session.update({ page: "coverage" });
    const button = element("button", { type: "button", onclick }, t("Show which report has which prompts"));
    this.#body.replaceChildren(element("p", {}, words), element("div", { class: "action-bar" }, button));
  }

  /** @param {Column} base @param {readonly Column[]} others @param {AbortSignal} signal */
  async #measure(base, others, signal) {
    const { table: collated, view } = this.#session;
    const status = element("p", { class: "about", role: "status" }, t("Preparing …"));
    const hasSamples = collated.rows.some(({ cells }) =>
      cells.get(base.id)?.some(({ outputs }) => outputs.length > 1),
    );
    const names = MEASURES.filter((name) => name !== "likeness" || hasSamples);
    const draw = (/** @type {any} */ summary, /** @type {readonly Telling[]} */ rows) =>
      this.#body.replaceChildren(
        numbers(summary, { names, base, others }),
        element("ul", { class: "telling" }, ...rows.map((row) => this.#tellingItem(row, base))),
        status,
      );
    draw(null, []);
    try {
      const metrics = await this.#options.metrics();
      const shown = { rows: collated.rows, columns: [base, ...others], view };
      const summary = await metrics.summarize(shown, base, {
        say: (words) => (status.textContent = words),
        onProgress: (done, total) =>
          (status.textContent = tn(
            total,
            "Measured {done} of {n} output …",
            "Measured {done} of {n} outputs …",
            { done },
          )),
        onMeasured: () => (status.textContent = t("Testing differences …")),
        signal,
      });
      const votes = await this.#votes((words) => (status.textContent = words));
      if (signal.aborted) return;
      draw(summary, tellingRows(summary, { names, measured: metrics.measured(shown), base, others }));
      status.textContent = [sharedWords(summary.differences), votes].filter(Boolean).join(" ");
    } catch (error) {
      if (signal.aborted) return;
      this.#key = "";
      const reason = errorWords(error).message;
      status.textContent = t("The metrics could not be computed: {reason}", { reason });
    }
  }

  /** What blind votes add up to, or "". @param {(words: string) => void} say */
  async #votes(say) {
    const rounds = this.#options.votes();
    if (rounds.length === 0) return "";
    const { evaluate } = await import("./vote-results.js");
    const { strengths } = await evaluate(rounds, this.#options.engine, say);
    const each = strengths.map(
      (/** @type {any} */ { name, strength: mean, low, high }) =>
        `${name} ${withInterval({ mean, low, high })}`,
    );
    return t("Strengths in blind votes: {strengths}.", { strengths: listed(each) });
  }

  /** @param {Telling} telling @param {Column} base */
  #tellingItem({ name, measure, row, values }, base) {
    const like = Math.max(...values);
    const [own, other] = values.map((value) => formatMean(measure, value, { like }));
    const words = t("{measure}: {own} in {base}, {other} in {name}", {
      measure: labelOf(measure),
      own: own ?? "",
      base: base.letter,
      other: other ?? "",
      name,
    });
    const address = new URLSearchParams([...toAddress({ ...this.#session.view, q: "", at: row.number })]);
    const onclick = (/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#options.onGo(row);
    };
    const link = element(
      "a",
      { href: `#${address}`, dir: "auto", onclick },
      `${row.number} `,
      ...promptShown(row.prompt),
    );
    return element("li", {}, link, element("span", { class: "about" }, words));
  }
}

/**
 * The means of the baseline and the differences of the others; before they are known, empty cells.
 * @param {any} summary
 * @param {{names: readonly string[], base: Column, others: readonly Column[]}} about
 */
function numbers(summary, { names, base, others }) {
  const means = summary?.columns.find((/** @type {any} */ { name }) => name === nameOf(base))?.means;
  const caption = t("Means of {baseline}, and differences from it, with 95% intervals", {
    baseline: nameOf(base),
  });
  const rows = [
    [headCell(base, t("mean")), ...names.map((name) => cell(name, means?.[name]))],
    ...others.map((column) => {
      const gaps = summary?.differences.find((/** @type {any} */ { name }) => name === nameOf(column))?.means;
      const about = t("difference from {letter}", { letter: base.letter });
      return [headCell(column, about), ...names.map((name) => cell(name, gaps?.[name], { isGap: true }))];
    }),
  ];
  const columns = [t("Report"), ...names.map(labelOf)];
  const content = table({ caption, columns, rows, hideCaption: true, className: "data" });
  return scrollBox(caption, content, "table-frame");
}

/** @param {Column} column @param {string} about */
function headCell(column, about) {
  const name = nameOf(column);
  return element("th", { scope: "row", title: name }, name, element("span", { class: "about" }, about));
}

/** @param {string} name @param {Gap | undefined} gap @param {{isGap?: boolean}} [kind] of a difference */
function cell(name, gap, { isGap = false } = {}) {
  if (!gap) return element("td", {}, "–");
  const { mean, low, high } = partsOf(gap, (value, options) => formatMean(name, value, options));
  const star = gap.significant ? element("strong", { title: t("significant at the 5% level") }, " *") : null;
  return element(
    "td",
    {},
    isGap && gap.mean > 0 ? "+" : "",
    mean,
    star,
    element("span", { class: "about" }, low && t("{low} to {high}", { low, high })),
  );
}

/** @param {readonly {means: Record<string, Gap & {prompts: number}>}[]} differences */
function sharedWords(differences) {
  const gaps = differences.flatMap(({ means }) => Object.values(means));
  const prompts = Math.max(0, ...gaps.map((gap) => gap.prompts));
  const few = gaps.some(({ low }) => typeof low !== "number");
  return [
    tn(prompts, "Over the {n} prompt that both have.", "Over the {n} prompts that both have."),
    gaps.some(({ significant }) => significant)
      ? t("* significant at the 5% level, corrected for all tests.")
      : "",
    few ? t("Without an interval: too few values.") : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/**
 * For the measures in which reports differ most surely, the prompts with the largest differences that way.
 * @param {{differences: readonly {name: string, means: Record<string, Gap>}[]}} summary
 * @param {{
 *   names: readonly string[], measured: readonly Measured[], base: Column, others: readonly Column[]
 * }} about
 * @returns {Telling[]} at most three, of different prompts
 */
export function tellingRows({ differences }, { names, measured, base, others }) {
  const found = differences
    .flatMap(({ name, means }) =>
      names.flatMap((measure) => {
        const gap = means[measure];
        return gap && gap.mean !== 0 && measure !== "likeness" ? [{ name, measure, gap }] : [];
      }),
    )
    .sort((a, b) => a.gap.adjusted - b.gap.adjusted);
  /** @type {Telling[]} */
  const telling = [];
  for (const { name, measure, gap } of [...found, ...found, ...found]) {
    const other = others.find((column) => nameOf(column) === name);
    if (!other || telling.length === TELLING) continue;
    const [own, its] = [base, other].map((column) => meansOf(measured, column, measure));
    let most = 0;
    /** @type {Telling | undefined} */
    let best;
    for (const [row, value] of its ?? []) {
      const before = own?.get(row);
      if (before === undefined || telling.some((one) => one.row === row)) continue;
      const size = (value - before) * Math.sign(gap.mean);
      if (size <= most) continue;
      most = size;
      best = { name: other.letter, measure, row, values: [before, value] };
    }
    if (best) telling.push(best);
  }
  return telling;
}

/**
 * The mean of a measure over the outputs of each row.
 * @param {readonly Measured[]} measured
 * @param {Column} column
 * @param {string} measure
 */
function meansOf(measured, column, measure) {
  /** @type {Map<Row, number[]>} */
  const values = new Map();
  for (const one of measured) {
    const value = one.column === column ? (one.measures[measure] ?? null) : null;
    if (value !== null) values.set(one.row, [...(values.get(one.row) ?? []), value]);
  }
  return new Map(
    [...values].map(([row, all]) => [row, all.reduce((sum, value) => sum + value, 0) / all.length]),
  );
}
