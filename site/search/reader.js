/**
 * A document in full, with the passages that fit the question marked, and the way from one to the next. Long
 * documents open at once: the part around the passage is written first and the rest while nothing else is to
 * be done; parts out of sight are not laid out.
 */

import { copyText } from "../ui/clipboard.js";
import { byId, element, fill } from "../ui/dom.js";
import { t } from "../ui/words.js";
import { CodePoints, markedTables } from "./marking.js";
import { bestSentence } from "./results.js";

/** @import { Hit } from "./inquiry.js" */
/** @import { Span } from "./marking.js" */
/**
 * @typedef {{
 *   title: string, name: string, address: string, text: string,
 *   blocks: {start: number, end: number, headings: string[]}[]
 * }} FullText as the job "document_text" returns it
 * @typedef {{start: number, end: number, headings: {level: number, text: string}[]}} Paragraph UTF-16;
 *   `headings` are those that come between it and the paragraph before
 */

/** UTF-16 units of a part, about four screens. */
const PART = 12_000;

/** Milliseconds of writing parts before the browser may do something else. */
const SLICE = 8;

export class DocumentReader {
  #dialog = byId("reader", "dialog");
  #title = byId("reader-title", "h2");
  #trail = byId("reader-trail", "p");
  #body = byId("reader-text", "div");
  #previous = byId("reader-previous", "button");
  #next = byId("reader-next", "button");
  #count = byId("reader-count", "span");
  #source = byId("reader-source", "a");
  #say = (/** @type {string} */ words) => {
    byId("reader-status", "p").textContent = words;
  };
  /** @type {FullText | null} */
  #document = null;
  /** Passages of the open document that fit, in the order of the text. @type {Hit[]} */
  #hits = [];
  #current = 0;
  /** @type {Part[]} */
  #parts = [];
  #idle = 0;

  /** @param {{closed: () => void}} host */
  constructor({ closed }) {
    this.#dialog.addEventListener("close", () => {
      this.#stopWriting();
      this.#body.replaceChildren();
      this.#parts = [];
      this.#document = null;
      closed();
    });
    this.#previous.addEventListener("click", () => this.#go(-1));
    this.#next.addEventListener("click", () => this.#go(1));
    byId("reader-close", "button").addEventListener("click", () => this.#dialog.close());
    byId("reader-copy", "button").addEventListener("click", () => this.#copy());
    this.#dialog.addEventListener("keydown", (event) => this.#key(event));
  }

  /** The name of the document that is open, or "". */
  get open() {
    return (this.#dialog.open && this.#document?.name) || ""; // its "close" may be heard after the next key
  }

  close() {
    if (this.#dialog.open) this.#dialog.close();
  }

  /**
   * Opens a document at a passage.
   * @param {FullText} full
   * @param {Hit} hit
   */
  show(full, hit) {
    this.#stopWriting();
    this.#document = full;
    this.#hits = [hit];
    this.#current = 0;
    this.#title.textContent = full.title || full.name;
    this.#say("");
    const address = linkOf(hit.address || full.address);
    this.#source.hidden = !address;
    if (address) this.#source.href = address;
    const points = new CodePoints(full.text);
    this.#parts = partsOf(full, points).map((paragraphs) => new Part(full.text, paragraphs, points));
    fill(
      this.#body,
      this.#parts.map(({ box }) => box),
    );
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#mark();
    this.#writeRest();
    this.#body.focus({ preventScroll: true });
  }

  /**
   * Marks more passages of the open document.
   * @param {string} name of the document they belong to
   * @param {Hit[]} hits
   */
  add(name, hits) {
    if (this.#document?.name !== name) return;
    const shown = this.#hits[this.#current];
    const others = hits.filter(({ start }) => start !== shown.start);
    this.#hits = [shown, ...others].sort((one, other) => one.start - other.start);
    this.#current = this.#hits.indexOf(shown);
    this.#mark({ scroll: false });
  }

  /** @param {number} step */
  #go(step) {
    const { length } = this.#hits;
    if (length < 2) return;
    this.#current = (this.#current + step + length) % length;
    this.#mark();
  }

  /** Marks the passages, and moves to the current one. @param {{scroll?: boolean}} [options] */
  #mark({ scroll = true } = {}) {
    const hit = this.#hits[this.#current];
    const several = this.#hits.length > 1;
    this.#previous.hidden = !several;
    this.#next.hidden = !several;
    this.#count.textContent = several
      ? t("Passage {number} of {count}", { number: this.#current + 1, count: this.#hits.length })
      : "";
    this.#trail.textContent = hit.heading;
    for (const part of this.#parts) part.mark(this.#hits, hit);
    if (!scroll) return;
    const part = this.#parts.find((one) => one.contains(hit)) ?? this.#parts[0];
    part?.write();
    const place = part?.box.querySelector(".current");
    place?.scrollIntoView({ block: "center" });
    // Parts out of sight have an estimated height until the first scroll has brought them near.
    requestAnimationFrame(() => place?.isConnected && place.scrollIntoView({ block: "center" }));
  }

  #writeRest() {
    const pending = this.#parts.filter(({ written }) => !written);
    const write = () => {
      const until = performance.now() + SLICE;
      while (pending.length && performance.now() < until) pending.shift()?.write();
      this.#idle = pending.length ? later(write) : 0;
    };
    if (pending.length) this.#idle = later(write);
  }

  #stopWriting() {
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = 0;
  }

  #copy() {
    const hit = this.#hits[this.#current];
    if (this.#document) copyText(quotation(hit, this.#document), { say: this.#say });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n") this.#go(1);
    else if (event.key === "p") this.#go(-1);
  }
}

/** Runs something when the browser has had time for other things. @param {() => void} action */
function later(action) {
  return Number(setTimeout(action, 0));
}

/** A few screens of a document, written when needed. */
class Part {
  written = false;
  /** @type {Span[]} */
  #spans = [];
  #text;
  #paragraphs;
  #points;

  /** @param {string} text @param {Paragraph[]} paragraphs @param {CodePoints} points */
  constructor(text, paragraphs, points) {
    this.#text = text;
    this.#paragraphs = paragraphs;
    this.#points = points;
    this.start = paragraphs[0].start;
    this.end = paragraphs[paragraphs.length - 1].end;
    this.box = element("div", { class: "part" });
    const lines = Math.ceil((this.end - this.start) / 80) + paragraphs.length;
    this.box.style.containIntrinsicBlockSize = `auto ${Math.round(lines * 1.7)}rem`;
  }

  /** @param {{start: number}} hit */
  contains({ start }) {
    const at = this.#points.index(start);
    return at >= this.start && at < this.end;
  }

  write() {
    if (this.written) return;
    this.written = true;
    const nodes = this.#paragraphs.flatMap((paragraph) => this.#nodesOf(paragraph));
    fill(this.box, nodes);
  }

  /** @param {Paragraph} paragraph */
  #nodesOf({ start, end, headings }) {
    return [
      ...headings.map(({ level, text }) => element(level < 2 ? "h3" : "h4", {}, text)),
      element(
        "div",
        { class: "paragraph" },
        ...markedTables(this.#text, this.#spans, { from: start, to: end, isWhole: true }),
      ),
    ];
  }

  /** Marks the passages that fit, of which one is the current. @param {Hit[]} hits @param {Hit} current */
  mark(hits, current) {
    const spans = hits.flatMap((hit) => spansOf(hit, this.#points, hit === current));
    const inside = spans.filter(({ start, end }) => start < this.end && end > this.start);
    if (!inside.length && !this.#spans.length) return;
    this.#spans = inside;
    if (!this.written) return;
    this.written = false;
    this.write();
  }
}

/** @param {Hit} hit @param {CodePoints} points @param {boolean} isCurrent @returns {Span[]} */
function spansOf(hit, points, isCurrent) {
  const best = bestSentence(hit);
  return [
    points.span(hit.start, hit.end, isCurrent ? "current" : "passage"),
    ...(isCurrent && best ? [points.span(best.start, best.end, "best")] : []),
    ...hit.matched.map(([start, end]) => points.span(start, end, "word")),
  ];
}

/**
 * A document's paragraphs in parts of a few screens.
 * @param {FullText} full
 * @param {CodePoints} points
 * @returns {Paragraph[][]}
 */
export function partsOf(full, points) {
  /** @type {Paragraph[][]} */
  const parts = [];
  let size = PART;
  for (const paragraph of paragraphsOf(full, points)) {
    if (size >= PART) {
      parts.push([]);
      size = 0;
    }
    parts[parts.length - 1].push(paragraph);
    size += paragraph.end - paragraph.start;
  }
  return parts;
}

/**
 * The paragraphs with their headings, which are not in the text. The title is not repeated, and a very long
 * paragraph is divided, so that no part is larger than a few screens.
 * @param {FullText} full
 * @param {CodePoints} points
 * @returns {Generator<Paragraph, void, void>}
 */
function* paragraphsOf({ text, title, blocks }, points) {
  /** @type {string[]} */
  let trail = [title];
  let block = 0;
  for (const { 0: words, index } of text.matchAll(/(?:(?!\n\n)[\s\S]){1,12000}/g)) {
    const start = index + (words.length - words.trimStart().length);
    const end = index + words.trimEnd().length;
    if (end <= start) continue;
    const headings = [];
    for (; block < blocks.length && points.index(blocks[block].start) < end; block++) {
      const next = blocks[block].headings;
      const same = next.findIndex((heading, level) => heading !== trail[level]);
      if (same >= 0)
        headings.push(...next.slice(same).map((heading, at) => ({ level: same + at, text: heading })));
      trail = next;
    }
    yield { start, end, headings };
  }
}

/**
 * A passage in quotation marks with its source, for the clipboard.
 * @param {Hit} hit
 * @param {{title: string, name: string, address: string}} document
 */
export function quotation(hit, { title, name, address }) {
  const source = linkOf(hit.address || address) || (name === title ? "" : name);
  const about = [title || name, hit.heading].filter(Boolean).join(" › ");
  return `“${hit.text.trim()}”\n— ${about}${source ? ` (${source})` : ""}`;
}

/** An address that may be linked to: another web page's; "" for all others. @param {string} address */
function linkOf(address) {
  return /^https?:\/\//i.test(address) && URL.canParse(address) ? address : "";
}
