/**
 * Draws the prompts and their outputs. Thousands of rows are grouped in chunks of a few dozen outputs. Chunks
 * near the window are drawn in full, in short slices; the others follow as plain text while the browser is
 * idle, up to a limit, so that the browser's own search finds them.
 */

import { fill } from "../ui/dom.js";
import { breathe, inSlices } from "../ui/slices.js";
import { rowElement, upgradeRow } from "./row.js";

/** @import { Row } from "../reports/collate.js" */
/** @import { RowContext } from "./row.js" */

const ROWS = 20; // in a chunk, at most
const OUTPUTS = 60;
const NEAR = "1200px 0px";
const SLICE = 10; // milliseconds
const PLAIN_LIMIT = 8000; // outputs

/**
 * @typedef {Object} Chunk
 * @property {HTMLElement} element
 * @property {Row[]} rows
 * @property {"empty" | "plain" | "full"} state
 * @property {boolean} near
 */

export class Table {
  /** @type {Chunk[]} */
  #chunks = [];
  /** @type {Map<Element, Chunk>} */
  #byElement = new Map();
  /** @type {RowContext | null} */
  #context = null;
  #turn = 0;
  #laying = new AbortController();
  #working = false;
  #plainOutputs = 0;
  #observer;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.#observer = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: NEAR });
  }

  /** @type {readonly Row[]} the rows that are shown */
  rows = [];

  /**
   * Lays the rows out, in slices; until then the rows before stay.
   * @param {readonly Row[]} rows
   * @param {RowContext} context
   */
  async show(rows, context) {
    this.#laying.abort();
    this.#laying = new AbortController();
    this.#turn++;
    this.#chunks = []; // what is drawn stays until then, but nothing more is drawn of it, or marked in it
    /** @type {Chunk[]} */
    const chunks = [];
    const lay = (/** @type {Row[]} */ part) => chunks.push(emptyChunk(part, context, chunks.length === 0));
    if (await inSlices(inChunks(rows), lay, this.#laying.signal)) this.#replace(rows, context, chunks);
  }

  /** @param {readonly Row[]} rows @param {RowContext} context @param {Chunk[]} chunks */
  #replace(rows, context, chunks) {
    this.#turn++;
    this.rows = rows;
    this.#context = context;
    this.#observer.disconnect();
    this.#byElement.clear();
    this.#plainOutputs = 0;
    this.#chunks = chunks;
    for (const chunk of chunks) this.#byElement.set(chunk.element, chunk);
    fill(
      this.root,
      chunks.map(({ element }) => element),
    );
    for (const { element } of chunks) this.#observer.observe(element);
    this.#work();
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

  /** The row's element; draws its chunk first if needed. @param {Row} row @returns {HTMLElement | null} */
  reveal(row) {
    const chunk = this.#chunks.find(({ rows }) => rows.includes(row));
    if (!chunk || !this.#context) return null;
    if (chunk.state === "empty") this.#plain(chunk);
    chunk.near = true;
    this.#work();
    return document.getElementById(`prompt-${row.number}`);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const chunk = this.#byElement.get(target);
      if (chunk) chunk.near = isIntersecting;
    }
    this.#work();
  }

  /** @param {Chunk} chunk */
  #plain(chunk) {
    const context = /** @type {RowContext} */ (this.#context);
    chunk.element.replaceChildren(...chunk.rows.map((row) => rowElement(row, context)));
    chunk.state = "plain";
    this.#plainOutputs += chunk.element.querySelectorAll(".bubble").length;
  }

  /** The next chunk that needs drawing, chunks near the window first. @returns {Chunk | undefined} */
  #next() {
    const near = this.#chunks.find((chunk) => chunk.near && chunk.state !== "full");
    if (near || this.#plainOutputs > PLAIN_LIMIT) return near;
    return this.#chunks.find((chunk) => chunk.state === "empty");
  }

  async #work() {
    if (this.#working) return;
    this.#working = true;
    try {
      for (let chunk = this.#next(); chunk; chunk = this.#next()) {
        if (!chunk.near) await idle();
        await this.#draw(chunk);
      }
    } finally {
      this.#working = false;
    }
  }

  /** @param {Chunk} chunk */
  async #draw(chunk) {
    const turn = this.#turn;
    let until = performance.now() + SLICE;
    for (const _ of this.#steps(chunk)) {
      if (performance.now() < until) continue;
      await breathe();
      if (turn !== this.#turn) return;
      until = performance.now() + SLICE;
    }
  }

  /** @param {Chunk} chunk @returns {Generator<void>} */
  *#steps(chunk) {
    const context = /** @type {RowContext} */ (this.#context);
    if (chunk.state === "empty") {
      const rows = [];
      for (const row of chunk.rows) {
        rows.push(rowElement(row, context));
        yield;
      }
      chunk.element.replaceChildren(...rows);
      chunk.state = "plain";
      this.#plainOutputs += rows.reduce((sum, row) => sum + row.querySelectorAll(".bubble").length, 0);
      return;
    }
    for (const [index, row] of chunk.rows.entries()) {
      const element = /** @type {HTMLElement} */ (chunk.element.children[index]);
      for (const _ of upgradeRow(element, row, context)) yield;
      if (!chunk.near) return;
    }
    chunk.state = "full";
  }
}

/** @param {Row[]} rows @param {RowContext} context @param {boolean} near @returns {Chunk} */
function emptyChunk(rows, context, near) {
  const element = document.createElement("div");
  element.className = "chunk";
  const height = rows.reduce((sum, row) => sum + context.estimate(row), 0);
  element.style.containIntrinsicBlockSize = `auto ${height}px`;
  return { element, rows, state: "empty", near };
}

/**
 * Groups of at most `ROWS` rows, and about `OUTPUTS` outputs.
 * @param {readonly Row[]} rows
 * @returns {Generator<Row[]>}
 */
export function* inChunks(rows) {
  /** @type {Row[]} */
  let chunk = [];
  let outputs = 0;
  for (const row of rows) {
    if (chunk.length === ROWS || outputs >= OUTPUTS) {
      yield chunk;
      chunk = [];
      outputs = 0;
    }
    chunk.push(row);
    for (const results of row.cells.values()) for (const result of results) outputs += result.outputs.length;
  }
  if (chunk.length) yield chunk;
}

/** @returns {Promise<void>} */
function idle() {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in globalThis) requestIdleCallback(() => resolve(), { timeout: 500 });
    else setTimeout(resolve, 30);
  });
}
