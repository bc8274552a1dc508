/**
 * The Read view: the table of prompts, folding, and moving from prompt to prompt. What an output looks like
 * is in row.js, and which rows are drawn when is in table.js.
 */

import { byId, element } from "../ui/dom.js";
import { t } from "../ui/words.js";
import { Asker } from "../ui/workers.js";
import { emptyElement } from "./empty.js";
import { clearMarks, markFound } from "./marks.js";
import { announce } from "./messages.js";
import { Table } from "./table.js";

/** @import { ReportSession } from "./session.js" */
/** @import { Row } from "../reports/collate.js" */

const STICKY_HEAD = 80; // pixels that the head of a prompt may cover

export class Reading {
  #session;
  #root = byId("prompts", "div");
  #pages = byId("prompt-pages", "nav");
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
  show({ visible }) {
    const { view, shown } = this.#session;
    clearMarks();
    this.#root.hidden = !visible;
    this.#root.classList.toggle("stack", view.layout === "stack");
    this.#root.classList.toggle("clip", view.clip);
    const empty = view.page === "read" ? emptyElement(this.#session, this.#root) : null;
    this.#table.show(visible && !empty ? shown : [], this.#context(), view.at);
    if (empty) this.#root.append(empty);
    this.#showPages();
  }

  /** Shows which of several pages of prompts is open, with the ways to the others. */
  #showPages() {
    const { pages, page } = this.#table;
    this.#pages.hidden = pages.length < 2;
    if (this.#pages.hidden) return this.#pages.replaceChildren();
    const at = pages.indexOf(page);
    let before = 0;
    const options = pages.map(({ length }, value) => {
      const range = t("{low} to {high}", { low: before + 1, high: before + length });
      before += length;
      return element("option", { value, selected: value === at }, range);
    });
    const turn = (/** @type {number} */ to) => this.#goTo(pages[to]?.[0]);
    const step = (/** @type {string} */ label, /** @type {number} */ to) =>
      element("button", { type: "button", disabled: !pages[to], onclick: () => turn(to) }, label);
    const select = element("select", { onchange: () => turn(Number(select.value)) }, ...options);
    this.#pages.replaceChildren(
      step(t("Previous"), at - 1),
      element("label", {}, element("span", { class: "visually-hidden" }, t("Prompts")), select),
      element("span", {}, t("of {n}", { n: before })),
      step(t("Next"), at + 1),
    );
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
    const { page } = this.#table;
    const article = this.#table.reveal(row);
    if (page !== this.#table.page) this.#showPages();
    article?.focus({ preventScroll: true });
    article?.scrollIntoView({ block: "start" });
  }

  /** Moves to another prompt. @param {number} step how many rows down */
  move(step) {
    const { rows } = this.#table;
    const focused = this.#rowOf(document.activeElement);
    const current = focused ? rows.indexOf(focused) : this.#firstInWindow() - (step > 0 ? 1 : 0);
    this.#goTo(rows[Math.min(Math.max(current + step, 0), rows.length - 1)]);
  }

  /** @param {Row | undefined} row */
  #goTo(row) {
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

  /** @param {Element | null} node */
  #rowOf(node) {
    const id = node?.closest("article")?.id;
    return id ? this.#table.rows.find(({ number }) => `prompt-${number}` === id) : undefined;
  }

  /** @returns {import("./row.js").RowContext} */
  #context() {
    const { view, columns, baseline } = this.#session;
    return {
      columns,
      base: baseline,
      view,
      isFolded: (row) => this.#session.isFolded(row),
      difference: (before, after) => this.#differ.ask({ before, after }),
      mark: (bubble) => markFound(bubble, view),
      onToggle: (row) => this.toggle(row),
      measures: this.#options.measures,
      showFacts: this.#options.showFacts,
      announce,
    };
  }
}
