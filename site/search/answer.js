/**
 * An answer as nodes: a link after each sentence to the passage it rests on, and a mark on words that are in
 * no passage. What rests on what is found in Python (goosequill.search.answer).
 */

import { element } from "../ui/dom.js";
import { t, tn } from "../ui/words.js";
import { CodePoints, marked } from "./marking.js";

/** @import { Hit } from "./inquiry.js" */
/**
 * Offsets are code points of the answer.
 * @typedef {{
 *   start: number, end: number, passage?: number | null, score: number, unsupported: [number, number][]
 * }} Sentence
 */

/**
 * @param {string} text
 * @param {Sentence[]} sentences
 * @param {Hit[]} hits the passages that the sentences number
 * @param {(hit: Hit) => void} open
 * @returns {(string | HTMLElement)[]}
 */
export function answerNodes(text, sentences, hits, open) {
  const points = new CodePoints(text);
  const nodes = [];
  let at = 0;
  for (const { start, end, passage, unsupported } of sentences) {
    const [from, to] = [points.index(start), points.index(end)];
    const spans = unsupported.map(([first, last]) => points.span(first, last, "unsupported"));
    nodes.push(text.slice(at, from), ...marked(text, spans, from, to));
    const hit = hits[passage ?? -1];
    nodes.push(hit ? reference(passage ?? 0, hit, open) : unfounded());
    at = to;
  }
  return [...nodes, text.slice(at)];
}

/** @param {number} index @param {Hit} hit @param {(hit: Hit) => void} open */
function reference(index, hit, open) {
  const label = t("Passage {number}: {title}", { number: index + 1, title: hit.title || hit.name });
  const button = element(
    "button",
    { type: "button", class: "reference", "aria-label": label },
    `${index + 1}`,
  );
  button.title = label;
  button.addEventListener("click", () => open(hit));
  return button;
}

function unfounded() {
  const label = t("Not based on any passage");
  return element("span", { class: "reference none", role: "img", "aria-label": label, title: label }, "?");
}

/** What the check found, in a sentence or two. @param {Sentence[]} sentences */
export function checkWords(sentences) {
  const loose = sentences.filter(({ passage }) => typeof passage !== "number").length;
  const words = sentences.reduce((sum, { unsupported }) => sum + unsupported.length, 0);
  const found = [
    loose &&
      tn(loose, "{n} sentence is not based on any passage.", "{n} sentences are not based on any passage."),
    words &&
      tn(
        words,
        "{n} underlined word is neither in a passage nor in your question.",
        "{n} underlined words are neither in a passage nor in your question.",
      ),
  ].filter(Boolean);
  if (!found.length)
    return t("Every word is in the passages or in your question. That does not make it true.");
  const advice =
    loose + words === 1 ? t("Check it against the passages.") : t("Check them against the passages.");
  return [...found, advice].join(" ");
}
