/**
 * Has the engine measure and summarize outputs, and remembers the measures, so that no text is measured, or
 * sent to Python, twice. What the numbers look like is in measures.js and metrics-page.js.
 */

import { samplesOf } from "../reports/collate.js";
import { inWords } from "../reports/measures.js";

/** @import { Column, Row } from "../reports/collate.js" */
/** @import { Measures } from "../reports/measures.js" */
/** @typedef {{prompt?: string, text?: string, measures?: Measures}} Output */
/** @typedef {{column: Column, row: Row, text: string, measures: Measures}} Measured one output */
/** @typedef {{config: string, sample: number}} Selection which samples of a cell count */
/**
 * @typedef {{rows: readonly Row[], columns: readonly Column[], view: Selection,
 *   texts?: (row: Row) => string[]}} Shown texts: instead of those that the view selects
 */

export class Metrics {
  /** By prompt and text, so that nothing is measured twice. @type {Map<string, Measures>} */
  #known = new Map();
  /** The likeness of a prompt's samples, by prompt and texts. @type {Map<string, number | null>} */
  #alike = new Map();
  /** The question before, so that nothing is asked twice. @type {Promise<unknown>} */
  #last = Promise.resolve();
  #engine;

  /** @param {import("./lazy-engine.js").LazyEngine} engine */
  constructor(engine) {
    this.#engine = engine;
  }

  /** The measures of an output, if it was measured. @param {string} prompt @param {string} text */
  of(prompt, text) {
    return this.#known.get(keyOf(prompt, text));
  }

  /**
   * The measures of an output in one line, or "" if it was not measured.
   * @param {string} prompt
   * @param {string} text
   */
  inWords(prompt, text) {
    const measures = this.of(prompt, text);
    return measures ? inWords(measures) : "";
  }

  /**
   * Measures every shown output that was not measured yet, and returns the means with their intervals, and
   * the differences from the baseline, as Python's `summarize` returns them.
   * @param {Shown} shown
   * @param {Column | null} baseline
   * @param {{say: (words: string) => void, onProgress: (done: number, total: number) => void,
   *   onMeasured?: () => void, signal: AbortSignal}} options onMeasured: only the summary is left to compute
   * @returns {Promise<any>}
   */
  async summarize(shown, baseline, options) {
    const own = this.#last.then(() => this.#summarize(shown, baseline, options));
    this.#last = own.catch(() => {});
    return own;
  }

  /** @type {Metrics["summarize"]} */
  async #summarize(shown, baseline, { say, onProgress, onMeasured = () => {}, signal }) {
    signal.throwIfAborted();
    const { outputs, columns, groups } = this.#question(shown);
    const fresh = outputs.filter(({ measures }) => !measures);
    let done = 0;
    const onPart = (/** @type {Measures} */ measures) => {
      const { prompt = "", text = "" } = fresh[done++] ?? {};
      this.#known.set(keyOf(prompt, text), measures);
      onProgress(done, fresh.length);
      if (done === fresh.length) onMeasured();
    };
    if (fresh.length === 0) onMeasured();
    const args = { outputs, columns, baseline: baseline && nameOf(baseline) };
    const { likeness, ...summary } = await this.#engine.run("measure_columns", args, { say, onPart, signal });
    for (const [at, value] of likeness.flat().entries()) this.#alike.set(groups[at] ?? "", value ?? null);
    return summary;
  }

  /**
   * Has it computed how alike the reports' first outputs for each prompt are.
   * @param {Shown} shown
   * @param {Parameters<Metrics["summarize"]>[2]} options
   */
  async compare({ rows, columns, view }, options) {
    const texts = (/** @type {Row} */ row) => firstTexts(row, columns, view);
    const all = /** @type {Column} */ ({ letter: "", label: "" });
    await this.summarize({ rows, columns: [all], view, texts }, null, options);
  }

  /**
   * The highest or lowest value among a row's outputs: of a measure, or of "difference", the share of
   * two-word phrases that the first outputs do not share. Null if it has none, undefined if not measured.
   * @param {string} name
   * @param {Row} row
   * @param {{columns: readonly Column[], view: Selection, lowest: boolean}} options
   */
  extremeOf(name, row, { columns, view, lowest }) {
    const likeness = (/** @type {string[]} */ texts) =>
      texts.length < 2 ? null : this.#alike.get(keyOf(row.prompt, ...texts));
    if (name === "difference") {
      const alike = likeness(firstTexts(row, columns, view));
      return typeof alike === "number" ? 1 - alike : alike;
    }
    const values = columns.flatMap((column) => {
      const texts = textsOf(row, column, view);
      if (name === "likeness") return [likeness(texts)];
      return texts.map((text) => {
        const measures = this.of(row.prompt, text);
        return measures && (measures[name] ?? null);
      });
    });
    if (values.includes(undefined)) return undefined;
    const known = values.filter((value) => typeof value === "number");
    if (known.length === 0) return null;
    return lowest ? Math.min(...known) : Math.max(...known);
  }

  /** @param {Shown} shown @returns {Measured[]} */
  measured({ rows, columns, view }) {
    return columns.flatMap((column) =>
      rows.flatMap((row) =>
        textsOf(row, column, view).flatMap((text) => {
          const measures = this.of(row.prompt, text);
          return measures ? [{ column, row, text, measures }] : [];
        }),
      ),
    );
  }

  /**
   * What Python is asked: each output once, with its text only if a measure needs it, and for each column the
   * indices of the outputs that are a prompt's samples. `groups` are the keys of these samples.
   * @param {Shown} shown
   */
  #question({ rows, columns: shown, view, texts: selected }) {
    /** @type {Output[]} */
    const outputs = [];
    /** @type {Map<string, number>} */
    const indices = new Map();
    /** @type {string[]} */
    const groups = [];
    const indexOf = (/** @type {string} */ prompt, /** @type {string} */ text) => {
      const key = keyOf(prompt, text);
      const measures = this.#known.get(key);
      const at = indices.get(key) ?? outputs.push(measures ? { measures } : { prompt, text }) - 1;
      indices.set(key, at);
      return at;
    };
    const columns = shown.map((column) => {
      const prompts = rows.flatMap((row) => {
        const texts = selected?.(row) ?? textsOf(row, column, view);
        if (texts.length === 0) return [];
        const samples = texts.map((text) => indexOf(row.prompt, text));
        const group = keyOf(row.prompt, ...texts);
        groups.push(group);
        const likeness = texts.length === 1 ? null : this.#alike.get(group);
        if (likeness !== undefined) return [{ prompt: row.prompt, outputs: samples, likeness }];
        for (const [nth, at] of samples.entries()) Object.assign(outputs[at] ?? {}, { text: texts[nth] });
        return [{ prompt: row.prompt, outputs: samples }];
      });
      return { name: nameOf(column), prompts };
    });
    return { outputs, columns, groups };
  }
}

/** The name under which Python knows a column. @param {Column} column */
export function nameOf({ letter, label }) {
  return `${letter} · ${label}`;
}

/** @param {Row} row @param {Column} column @param {Selection} view */
function textsOf(row, column, view) {
  const { samples } = samplesOf(row.cells.get(column.id) ?? [], { ...view, group: false });
  return samples.flatMap(({ text }) => text ?? []);
}

/** @param {Row} row @param {readonly Column[]} columns @param {Selection} view */
function firstTexts(row, columns, view) {
  return columns.flatMap((column) => textsOf(row, column, view).slice(0, 1));
}

/** @param {...string} texts of a prompt and its samples */
function keyOf(...texts) {
  return texts.join("\u0000");
}
