/**
 * Measures outputs in the engine, a batch at a time, and remembers the results. What the numbers look like is
 * in measures.js and metrics-page.js.
 */

import { samplesOf } from "../reports/collate.js";

/** @import { Column, Row } from "../reports/collate.js" */
/** @import { Measures } from "../reports/measures.js" */
/** @typedef {{prompt: string, text: string}} Output */
/** @typedef {{column: Column, row: Row, text: string, measures: Measures}} Measured one output */
/** @typedef {{config: string, sample: number}} Selection which samples of a cell count */
/** @typedef {{rows: readonly Row[], columns: readonly Column[], view: Selection}} Shown */

const BATCH = 60;

export class Metrics {
  /** By prompt and text, so that nothing is measured twice. @type {Map<string, Measures>} */
  #known = new Map();
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
   * Measures every shown output that was not measured yet.
   * @param {Shown} shown
   * @param {{say: (words: string) => void, onProgress: (done: number, total: number) => void, signal:
   *   AbortSignal}} options
   */
  async measure(shown, { say, onProgress, signal }) {
    const outputs = this.#unmeasured(shown);
    for (let at = 0; at < outputs.length && !signal.aborted; at += BATCH) {
      const batch = outputs.slice(at, at + BATCH);
      const measures = await this.#engine.run("measure", { outputs: batch }, say);
      for (const [index, { prompt, text }] of batch.entries())
        this.#known.set(keyOf(prompt, text), measures[index]);
      onProgress(Math.min(at + BATCH, outputs.length), outputs.length);
    }
  }

  /**
   * Means with their intervals, and differences from the baseline, as Python's `summarise` returns them.
   * @param {Shown} shown
   * @param {Column | null} baseline
   */
  summarise({ rows, columns, view }, baseline) {
    const args = {
      columns: columns.map((column) => ({
        name: nameOf(column),
        prompts: this.#prompts(rows, column, view),
      })),
      baseline: baseline && nameOf(baseline),
    };
    return this.#engine.run("summarise", args);
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

  /** @param {Shown} shown @returns {Output[]} */
  #unmeasured({ rows, columns, view }) {
    /** @type {Map<string, Output>} */
    const found = new Map();
    for (const row of rows)
      for (const column of columns)
        for (const text of textsOf(row, column, view)) {
          const key = keyOf(row.prompt, text);
          if (!this.#known.has(key)) found.set(key, { prompt: row.prompt, text });
        }
    return [...found.values()];
  }

  /** @param {readonly Row[]} rows @param {Column} column @param {Selection} view */
  #prompts(rows, column, view) {
    return rows.flatMap((row) => {
      const texts = textsOf(row, column, view);
      const measures = texts.map((text) => this.of(row.prompt, text)).filter((one) => one !== undefined);
      return measures.length > 0 ? [{ prompt: row.prompt, measures, texts }] : [];
    });
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

/** @param {string} prompt @param {string} text */
function keyOf(prompt, text) {
  return `${prompt}\u0000${text}`;
}
