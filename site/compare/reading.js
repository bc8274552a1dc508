/**
 * The Read view: the table of prompts, folding, and moving from prompt to prompt. What an output looks like
 * is in row.js, and which rows are drawn when is in table.js.
 */

import { byId } from "../ui/dom.js";
import { Asker } from "../ui/workers.js";
import { clearMarks, markFound } from "./marks.js";
import { announce } from "./messages.js";
import { Table } from "./table.js";

/** @import { ReportSession } from "./session.js" */
/** @import { Column, Row } from "../reports/collate.js" */

const COLUMN_WIDTH = 320; // pixels below which columns wrap
const STICKY_HEAD = 80; // pixels that the head of a prompt may cover

export class Reading {
  #session;
  #root = byId("prompts", "div");
  #table = new Table(this.#root);
  #options;
  /**
   * @type {Asker<{before: string, after: string}, {pieces: import("./diff.js").Piece[], complete: boolean}>}
   */
  #differ = new Asker("compare/diff-worker.js");

  /**
   * @param {ReportSession} session
   * @param {{
   *   measures: (row: Row, text: string) => string, showFacts: import("./row.js").RowContext["showFacts"]
   * }} options
   */
  constructor(session, options) {
    this.#session = session;
    this.#options = options;
    session.on("grown", (row) => session.blind || this.#table.redraw(row));
  }

  /** Draws the shown rows, or hides them. @param {{visible: boolean}} options */
  async show({ visible }) {
    const { view, shown } = this.#session;
    clearMarks();
    this.#root.hidden = !visible;
    this.#root.classList.toggle("stack", view.layout === "stack");
    await this.#table.show(visible ? shown : [], this.#context());
  }

  /** @param {Row | undefined} row by default the row with the focus, if any */
  toggle(row = this.#rowOf(document.activeElement)) {
    if (!row) return;
    this.#session.toggleFold(row);
    this.#table.redraw(row);
  }

  /** Scrolls to the prompt that the view names. */
  restorePosition() {
    const row = this.#session.table.rows.find(({ number }) => number === this.#session.view.at);
    if (row) this.#table.reveal(row)?.scrollIntoView({ block: "start" });
  }

  /** Scrolls to a shown row and moves the focus to it. @param {Row} row */
  focus(row) {
    const element = this.#table.reveal(row);
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "start" });
  }

  /** Moves to another prompt. @param {number} step how many rows down */
  move(step) {
    const { rows } = this.#table;
    const focused = this.#rowOf(document.activeElement);
    const current = focused ? rows.indexOf(focused) : this.#firstInWindow() - (step > 0 ? 1 : 0);
    const row = rows[Math.min(Math.max(current + step, 0), rows.length - 1)];
    if (!row) return;
    this.focus(row);
    this.#session.update({ at: row.number });
  }

  #firstInWindow() {
    const articles = [...this.#root.querySelectorAll("article")];
    const first = articles.find((article) => article.getBoundingClientRect().bottom > STICKY_HEAD);
    const row = this.#rowOf(first ?? null);
    return row ? this.#table.rows.indexOf(row) : 0;
  }

  /** @param {Element | null} element */
  #rowOf(element) {
    const id = element?.closest("article")?.id;
    return id ? this.#table.rows.find(({ number }) => `prompt-${number}` === id) : undefined;
  }

  /** @returns {import("./row.js").RowContext} */
  #context() {
    const { view, columns, baseline } = this.#session;
    const width = this.#root.clientWidth || 1000;
    const fitting = Math.max(1, Math.min(columns.length, Math.floor(width / COLUMN_WIDTH)));
    const across = view.layout === "stack" ? 1 : fitting;
    return {
      columns,
      base: baseline,
      view,
      isFolded: (row) => this.#session.isFolded(row),
      estimate: (row) => this.#height(row, { columns, across, width: width / across }),
      difference: (before, after) => this.#differ.ask({ before, after }),
      mark: (bubble) => markFound(bubble, view),
      onToggle: (row) => this.toggle(row),
      measures: this.#options.measures,
      showFacts: this.#options.showFacts,
      announce,
    };
  }

  /**
   * A rough height in pixels, good enough to keep the scroll bar from jumping.
   * @param {Row} row
   * @param {{columns: readonly Column[], across: number, width: number}} layout
   */
  #height(row, { columns, across, width }) {
    if (this.#session.isFolded(row)) return 60;
    const { config, sample, clip } = this.#session.view;
    const lineLength = Math.max(20, width / 8);
    const most = clip ? 16 : 400;
    const heights = columns.map(({ id }) => {
      const results = (row.cells.get(id) ?? []).filter((one) => config === "" || one.config === config);
      const texts = results.flatMap(({ outputs }) => (sample ? outputs.slice(sample - 1, sample) : outputs));
      const lines = texts.map((text) => Math.min(most, Math.ceil((text?.length ?? 0) / lineLength)));
      return lines.reduce((sum, count) => sum + 60 + 25 * count, 60);
    });
    let height = 80;
    for (let at = 0; at < heights.length; at += across) height += Math.max(...heights.slice(at, at + across));
    return height;
  }
}
