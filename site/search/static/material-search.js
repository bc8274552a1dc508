/**
 * Answers the search box of Material for MkDocs from the static index in whose folder it is. Material shows
 * each answer in place of the one before, so the stages of a search refine what is shown: words at once, then
 * meaning. material.js loads this at the first question.
 *
 * Material puts what it gets into the page as HTML, so everything is escaped here.
 */

import { encoded, excerpt } from "./excerpt.js";
import { ANSWER } from "./material-messages.js";
import { openIndex } from "./search.js";

const PAUSE = 180; // milliseconds without a key before meanings are compared
const COUNT = 8;
const STEP = 0.01; // Material compares scores to two digits

/** @import { Hit } from "./search.js" */

/**
 * @typedef {{location: string, title: string, text: string, score: number, terms: Record<string, boolean>}}
 *   Item
 */

const here = new URL(globalThis.location.href);
/** A page that takes a question after #q=; the plugin puts it into this script's address. */
const askPage = here.hash ? new URL(decodeURIComponent(here.hash.slice(1)), here).href : "";

/** @type {Promise<import("./search.js").StaticIndex> | null} */
let index = null;
let work = new AbortController();
/** What is shown for the question that is being searched. @type {Item[][]} */
let shown = [];

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * A passage as an article of Material's list: the page, its section if it has one, and further ones. Enter
 * opens the entry with the highest score, which is the section, where the words are marked.
 * @param {Hit} hit
 * @returns {Item[]}
 */
function items({ title, heading, url, text, matched, score, more }) {
  const pieces = excerpt(text, matched).map((piece) =>
    piece.matched ? `<mark data-md-highlight>${escaped(piece.text)}</mark>` : escaped(piece.text),
  );
  const html = `<p>${pieces.join("")}</p>`;
  const words = matched.map(([start, end]) =>
    text
      .slice(start, end)
      .toLowerCase()
      .split(/[^\p{L}\p{N}\p{M}]+/u),
  );
  const terms = Object.fromEntries([...new Set(words.flat())].map((word) => [word, true]));
  const page = { location: url, title: escaped(title), text: html, score, terms };
  const location = url.split("#")[0];
  // Material shows a page's own text only where it lists no sections and the address has no anchor.
  if (!heading || location === url) return [{ ...page, location }];
  const least = score - STEP; // the first entry's; Material folds what has less
  const further = more.map((hit) => ({ .../** @type {Item} */ (items(hit).at(-1)), score: least }));
  return [{ ...page, location, text: "", score: least }, { ...page, title: escaped(heading) }, ...further];
}

/** @param {string} location @param {string} title @param {string} text @returns {Item[]} */
function note(location, title, text) {
  return [{ location, title: escaped(title), text: `<p>${escaped(text)}</p>`, score: 1, terms: {} }];
}

/** @param {Item[][]} list */
function answer(list) {
  shown = list;
  globalThis.postMessage({ type: ANSWER, data: { items: list } });
}

/** @param {string} question */
function asking(question) {
  if (!askPage) return [];
  const address = `${askPage}#q=${encoded(question)}`;
  return [note(address, "Ask", "Ask this question on the search page, where a model can reword the answer.")];
}

/** @param {string} question @param {AbortSignal} signal */
async function search(question, signal) {
  shown = [];
  index ??= openIndex(new URL("./", here));
  const opened = await index;
  const options = { signal, count: COUNT, pause: PAUSE, completing: true };
  for await (const { stage, hits, state, nothingFits, likelihood } of opened.search(question, options)) {
    if (signal.aborted) return;
    const found = hits.map(items);
    if (state && state !== "fits") {
      const percent = Math.max(1, Math.round((likelihood ?? 0) * 100));
      const text = `The nearest passage answers this with a likelihood of about ${percent}%. The nearest follow.`;
      const title = nothingFits ? "Nothing here seems to answer this" : "Perhaps one of these answers this";
      found.unshift(note(askPage || opened.site, title, text));
    }
    if (stage !== "words") answer([...found, ...asking(question)]);
    else if (found.length) answer(found); // else what is shown stays until meanings are compared
  }
}

/** Searches for a question instead of the one before. @param {string} question */
export async function receive(question) {
  work.abort();
  work = new AbortController();
  const { signal } = work;
  if (!question.trim()) return answer([]);
  try {
    await search(question, signal);
  } catch (error) {
    if (signal.aborted) return;
    index = null; // the next key tries again
    const { message, remedy = "" } = /** @type {any} */ (error);
    const title = shown.length ? "Only words could be compared" : "Search does not work right now";
    answer([note(here.href, title, `${message} ${remedy}`), ...shown]);
  }
}
