/**
 * The list of results: each with its passage, the matching words marked and the sentence that fits best
 * shaded, and with further passages of its document. A refined list reorders quietly: what has the focus
 * stays where it is, what is unfolded stays so.
 */

import { element } from "../ui/dom.js";
import { decimal, number, percent, t } from "../ui/words.js";
import { CodePoints, markedTables } from "./marking.js";
import { whyFound } from "./why.js";

/** @import { Hit, Seconds } from "./inquiry.js" */
/**
 * @typedef {{item: HTMLLIElement, link: HTMLAnchorElement, show: (hit: Hit, seconds: Seconds) => void}} Row
 * @typedef {{item: HTMLLIElement, show: (hit: Hit) => void}} Further
 */

export class Results {
  #list;
  #host;
  /** Rows by the document's name. @type {Map<string, Row>} */
  #rows = new Map();
  /** @type {Hit[]} */
  hits = [];

  /**
   * @param {HTMLOListElement} list
   * @param {{open: (hit: Hit) => void, addressOf: (hit: Hit) => string}} host
   */
  constructor(list, host) {
    this.#list = list;
    this.#host = host;
    list.addEventListener("keydown", (event) => this.#move(event));
  }

  /**
   * Shows these results and no others.
   * @param {Hit[]} hits
   * @param {Seconds} [seconds] what each stage took
   */
  show(hits, seconds = {}) {
    this.hits = hits;
    const rows = new Map(hits.map((hit) => [hit.name, this.#rows.get(hit.name) ?? this.#createRow()]));
    for (const [name, { item }] of this.#rows) if (!rows.has(name)) item.remove();
    this.#rows = rows;
    for (const hit of hits) rows.get(hit.name)?.show(hit, seconds);
    arrange(
      this.#list,
      [...rows.values()].map(({ item }) => item),
    );
  }

  /** Moves the focus to a result. @param {number} index @returns {boolean} whether there is one */
  focus(index) {
    const row = [...this.#rows.values()][index];
    row?.link.focus();
    return row !== undefined;
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const links = [...this.#list.querySelectorAll("a")];
    const target = /** @type {Node} */ (event.target); // a link, or what follows one
    const at = links.findLastIndex(
      (link) => link === target || link.compareDocumentPosition(target) & link.DOCUMENT_POSITION_FOLLOWING,
    );
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined || at < 0 || to < 0) return; // the question is above the first, see asking.js
    links[to]?.focus();
    if (links[to]) event.preventDefault();
  }

  /** @returns {Row} */
  #createRow() {
    const link = element("a", {});
    const trail = element("p", { class: "trail note" });
    const passage = element("div", { class: "passage-text" });
    const words = element("summary", {});
    const figures = element("dl", { class: "figures" });
    const why = element("details", { class: "why" }, words, figures);
    const more = element("ul", { class: "further", "aria-label": t("More of this document") });
    const item = element(
      "li",
      { class: "hit", "data-testid": "result" },
      element("h3", {}, link),
      trail,
      passage,
      why,
      more,
    );
    const open = this.#opens(link);
    /** Further passages by their numbers. @type {Map<number, Further>} */
    let further = new Map();
    const show = (/** @type {Hit} */ hit, /** @type {Seconds} */ seconds) => {
      open(hit);
      item.dataset.document = hit.name;
      item.dataset.score = hit.score.toFixed(4);
      link.textContent = hit.title || hit.name;
      trail.textContent = [hit.heading, hit.name === hit.title ? "" : hit.name].filter(Boolean).join(" · ");
      trail.hidden = !trail.textContent;
      passage.replaceChildren(...passageOf(hit));
      words.textContent = whyFound(hit);
      figures.replaceChildren(...figuresOf(hit, seconds));
      const { more: others = [] } = hit;
      const kept = further;
      further = new Map(others.map(({ passage }) => [passage, kept.get(passage) ?? this.#createFurther()]));
      for (const [number, { item }] of kept) if (!further.has(number)) item.remove();
      for (const each of others) further.get(each.passage)?.show(each);
      arrange(
        more,
        [...further.values()].map(({ item }) => item),
      );
      more.hidden = others.length === 0;
    };
    return { item, link, show };
  }

  /** @returns {Further} */
  #createFurther() {
    const link = element("a", {});
    const passage = element("div", { class: "passage-text" });
    const open = this.#opens(link);
    const show = (/** @type {Hit} */ hit) => {
      open(hit);
      link.textContent = hit.heading || hit.title || hit.name;
      passage.replaceChildren(...passageOf(hit));
    };
    return { item: element("li", {}, link, passage), show };
  }

  /** Lets a link open a hit. @param {HTMLAnchorElement} link @returns {(hit: Hit) => void} sets which */
  #opens(link) {
    /** @type {Hit | null} */
    let shown = null;
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab of its own
      event.preventDefault();
      if (shown) this.#host.open(shown);
    });
    return (hit) => {
      shown = hit;
      link.href = this.#host.addressOf(hit);
    };
  }
}

/**
 * Puts elements into a list in this order without moving the one with the focus, which would lose it.
 * @param {HTMLElement} list
 * @param {HTMLElement[]} items
 */
function arrange(list, items) {
  const fixed = items.findIndex((item) => item.contains(document.activeElement));
  const anchor = fixed < 0 ? null : items[fixed];
  for (const item of anchor ? items.slice(0, fixed) : items) list.insertBefore(item, anchor);
  if (anchor) list.append(...items.slice(fixed + 1));
}

/** A hit's text with its words marked and its best sentence shaded. @param {Hit} hit */
export function passageOf(hit) {
  const { text, start } = hit;
  const points = new CodePoints(text);
  const best = bestSentence(hit);
  return markedTables(text, [
    ...hit.matched.map(([first, last]) => points.span(first - start, last - start, "word")),
    ...(best ? [points.span(best.start - start, best.end - start, "best")] : []),
  ]);
}

/**
 * The sentence that fits best, without the space after it; null if the passage has only one.
 * @param {Hit} hit
 */
export function bestSentence({ sentences, text, start }) {
  if (sentences.length < 2) return null;
  const best = sentences.reduce((found, one) => (one.score > found.score ? one : found));
  const points = new CodePoints(text);
  const words = text.slice(points.index(best.start - start), points.index(best.end - start));
  return { ...best, end: best.end - (words.length - words.trimEnd().length) };
}

/** @param {Hit} hit @param {Seconds} seconds */
function figuresOf({ cosine, words, score, likelihood }, seconds) {
  /** @type {[string, string][]} */
  const rows = [
    [
      t("Closeness in meaning, −1 to 1"),
      typeof cosine === "number" ? decimal(cosine, 2) : t("not known yet"),
    ],
    [t("Shared words (BM25)"), decimal(words, 1)],
    [t("Both together, in standard deviations above the average passage"), decimal(score, 2)],
  ];
  if (typeof likelihood === "number")
    rows.push([t("Chance that a passage this close answers the question"), percent(likelihood)]);
  for (const [stage, name] of Object.entries(STAGES)) {
    const taken = seconds[/** @type {import("./inquiry.js").Stage} */ (stage)];
    if (taken !== undefined) rows.push([name, milliseconds(taken)]);
  }
  return rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
}

/** What each stage searches by; without any vector it is the words that are shared. */
const STAGES = {
  words: t("Time of the search by shared words"),
  static: t("Time of the search by single words’ meaning"),
  full: t("Time of the search by whole passages’ meaning"),
};

/** @param {number} seconds */
function milliseconds(seconds) {
  return `${seconds < 0.01 ? decimal(1000 * seconds, 1) : number(Math.round(1000 * seconds))} ms`;
}
