/**
 * Marked text: the one place where Python's offsets, which count code points, become JavaScript's, and where
 * spans become elements. Text only ever becomes text nodes.
 */

import { element } from "../ui/dom.js";

/**
 * A span of a text in UTF-16, and what it is: "word", "best", "passage", "current" or "unsupported". Spans
 * may
 * overlap.
 * @typedef {{start: number, end: number, kind: string}} Span
 */

/** Offsets are counted from the nearest multiple of this many code points. */
const STRIDE = 1024;

const ASTRAL = /[\u{10000}-\u{10ffff}]/u;

/** Converts offsets into one text. */
export class CodePoints {
  /**
   * UTF-16 offsets of every STRIDE-th code point; null if both counts are the same.
   * @type {number[] | null}
   */
  #starts = null;
  #text;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
    if (!ASTRAL.test(text)) return;
    this.#starts = [];
    let count = 0;
    for (let at = 0; at < text.length; at = after(text, at)) {
      if (count++ % STRIDE === 0) this.#starts.push(at);
    }
  }

  /** The UTF-16 offset of a code point; the text's end for all beyond it. @param {number} point */
  index(point) {
    const { length } = this.#text;
    if (!this.#starts) return Math.min(Math.max(0, point), length);
    const stride = Math.min(Math.floor(Math.max(0, point) / STRIDE), this.#starts.length - 1);
    let at = this.#starts[stride];
    for (let left = Math.max(0, point) - stride * STRIDE; left > 0 && at < length; left--)
      at = after(this.#text, at);
    return at;
  }

  /** @param {number} start @param {number} end @param {string} kind @returns {Span} */
  span(start, end, kind) {
    return { start: this.index(start), end: this.index(end), kind };
  }
}

/** @param {string} text @param {number} at */
function after(text, at) {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}

/**
 * A part of a text as nodes, with its spans marked. Words that match become `<mark>`, everything else
 * `<span>` with the kinds as classes.
 * @param {string} text
 * @param {readonly Span[]} spans
 * @param {number} [from]
 * @param {number} [to]
 * @returns {(string | HTMLElement)[]}
 */
export function marked(text, spans, from = 0, to = text.length) {
  const inside = spans
    .map(({ start, end, kind }) => ({ start: Math.max(from, start), end: Math.min(to, end), kind }))
    .filter(({ start, end }) => start < end);
  const edges = inside
    .flatMap(({ start, end, kind }) => [
      { at: start, kind, change: 1 },
      { at: end, kind, change: -1 },
    ])
    .sort((one, other) => one.at - other.at);
  /** @type {Map<string, number>} */
  const open = new Map();
  const nodes = [];
  let at = from;
  for (const edge of [...edges, { at: to, kind: "", change: 0 }]) {
    if (edge.at > at) nodes.push(piece(text.slice(at, edge.at), open));
    at = edge.at;
    open.set(edge.kind, (open.get(edge.kind) ?? 0) + edge.change);
  }
  return nodes;
}

/** Lines that Python's reader of Markdown makes of the rows of a table. */
const ROWS = /^\|.*\|(?:\n\|.*\|)*$/gm;

/**
 * The same with the rows of tables as tables. Where a text may begin within one, its first row is no head.
 * @param {string} text
 * @param {readonly Span[]} spans
 * @param {{from?: number, to?: number, isWhole?: boolean}} [options]
 * @returns {(string | HTMLElement)[]}
 */
export function markedTables(text, spans, { from = 0, to = text.length, isWhole = false } = {}) {
  const nodes = [];
  let at = from;
  for (const { 0: rows, index } of text.slice(from, to).matchAll(ROWS)) {
    const start = from + index;
    if (start > at) nodes.push(...marked(text, spans, at, start - 1)); // without the end of its line
    nodes.push(table(text, spans, { start, rows: rows.split("\n"), hasHead: isWhole || start > at }));
    at = Math.min(start + rows.length + 1, to);
  }
  return [...nodes, ...marked(text, spans, at, to)];
}

/**
 * @param {string} text
 * @param {readonly Span[]} spans
 * @param {{start: number, rows: string[], hasHead: boolean}} found
 */
function table(text, spans, { start, rows, hasHead }) {
  const body = element("table", {});
  let at = start;
  for (const [number, row] of rows.entries()) {
    const cells = [...row.slice(0, -1).matchAll(/\|([^|]*)/g)].map(({ 1: cell, index }) => {
      const first = at + index + 1 + (cell.length - cell.trimStart().length);
      const nodes = marked(text, spans, first, first + cell.trim().length);
      return element(hasHead && number === 0 ? "th" : "td", {}, ...nodes);
    });
    body.append(element("tr", {}, ...cells));
    at += row.length + 1;
  }
  return body;
}

/** @param {string} text @param {Map<string, number>} open how many spans of each kind contain the text */
function piece(text, open) {
  const kinds = [...open].filter(([, count]) => count > 0).map(([kind]) => kind);
  if (!kinds.length) return text;
  return element(kinds.includes("word") ? "mark" : "span", { class: kinds.join(" ") }, text);
}
