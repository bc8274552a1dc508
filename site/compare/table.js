/**
 * Draws the prompts and their outputs, one page of them at a time. A page is bounded by its outputs, so that
 * it is there at once and the scroll bar says how far it goes. Its rows are plain text first; those near the
 * window are drawn in full, in short slices.
 */

import { inSlices } from "../ui/slices.js";
import { rowElement, upgradeRow } from "./row.js";

/** @import { Row } from "../reports/collate.js" */
/** @import { RowContext } from "./row.js" */

const ROWS = 50; // of a page, at most
const OUTPUTS = 200; // from which on a page takes no further row
const NEAR = "1200px 0px";

export class Table {
  /** @type {RowContext | null} */
  #context = null;
  /** What is drawn of the page. @type {Map<Element, Row>} */
  #drawn = new Map();
  /** Rows near the window that wait to be drawn in full. @type {Element[]} */
  #near = [];
  #drawing = new AbortController();
  #working = false;
  #observer;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.#observer = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: NEAR });
  }

  /** @type {readonly Row[]} the rows that are shown, on all pages */
  rows = [];
  /** @type {readonly (readonly Row[])[]} */
  pages = [];
  /** The page that is drawn. @type {readonly Row[]} */
  page = [];

  /**
   * @param {readonly Row[]} rows
   * @param {RowContext} context
   * @param {number} at number of a row: its page is drawn, by default the first
   */
  show(rows, context, at) {
    this.rows = rows;
    this.pages = [...inPages(rows)];
    this.#context = context;
    const page = this.pages.find((one) => one.some(({ number }) => number === at));
    this.#draw(page ?? this.pages[0] ?? []);
  }

  /** The row's element; draws its page first if needed. @param {Row} row @returns {HTMLElement | null} */
  reveal(row) {
    const page = this.pages.find((one) => one.includes(row));
    if (page && page !== this.page) this.#draw(page);
    return document.getElementById(`prompt-${row.number}`);
  }

  /** Redraws a row, if it is drawn. @param {Row} row */
  redraw(row) {
    const element = document.getElementById(`prompt-${row.number}`);
    if (!element || !this.#context) return;
    const fresh = rowElement(row, this.#context);
    const hadFocus = element.contains(document.activeElement);
    const name = document.activeElement?.getAttribute("data-focus");
    element.replaceWith(fresh);
    if (hadFocus)
      /** @type {HTMLElement} */ (fresh.querySelector(`[data-focus="${name}"]`) ?? fresh).focus({
        preventScroll: true,
      });
    inSlices(upgradeRow(fresh, row, this.#context), () => {});
  }

  /** @param {readonly Row[]} page */
  #draw(page) {
    const context = /** @type {RowContext} */ (this.#context);
    this.page = page;
    this.#drawing.abort();
    this.#drawing = new AbortController();
    this.#observer.disconnect();
    this.#near = [];
    this.#drawn = new Map(page.map((row) => [rowElement(row, context), row]));
    this.root.replaceChildren(...this.#drawn.keys());
    for (const element of this.#drawn.keys()) this.#observer.observe(element);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      this.#observer.unobserve(target);
      this.#near.push(target);
    }
    this.#work();
  }

  async #work() {
    if (this.#working) return;
    this.#working = true;
    for (let element = this.#near.shift(); element; element = this.#near.shift()) {
      const row = this.#drawn.get(element);
      if (!row || !this.#context || !(element instanceof HTMLElement)) continue;
      await inSlices(upgradeRow(element, row, this.#context), () => {}, this.#drawing.signal);
    }
    this.#working = false;
  }
}

/**
 * Pages of at most `ROWS` rows, and about `OUTPUTS` outputs.
 * @param {readonly Row[]} rows
 * @returns {Generator<Row[]>}
 */
export function* inPages(rows) {
  /** @type {Row[]} */
  let page = [];
  let outputs = 0;
  for (const row of rows) {
    if (page.length === ROWS || outputs >= OUTPUTS) {
      yield page;
      page = [];
      outputs = 0;
    }
    page.push(row);
    for (const results of row.cells.values()) for (const result of results) outputs += result.outputs.length;
  }
  if (page.length) yield page;
}
