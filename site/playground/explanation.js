// What happened at one token: the model's candidates, their probabilities after each step of the
// decoder, and who cut whom. Choosing a candidate is offered where the text can branch.

import { element } from "../ui/dom.js";
import { bits, percent, visible } from "./tokens.js";

/**
 * @typedef {{name: string, label: string, sentence: string, kept: number}} Step
 * @typedef {{token: number, text: string, probabilities: number[], cut_by: number | null}} Candidate
 * @typedef {{token: number, text: string, logprob: number, steps: Step[], candidates: Candidate[]}} Explanation
 */

/**
 * @param {Explanation} told
 * @param {{title: string, onChoose?: (candidate: Candidate) => void}} options
 * @returns {HTMLElement[]}
 */
export function showExplanation(told, { title, onChoose }) {
  const share = percent(Math.exp(told.logprob));
  const summary = element(
    "p",
    {},
    "The model gave it ",
    element("strong", {}, share),
    ` (${bits(told.logprob).toFixed(1)} bits of surprise).`,
  );
  const parts = [element("h3", {}, title, element("code", {}, visible(told.text))), summary];
  const scroller = element(
    "div",
    {
      class: "scroller",
      tabindex: 0,
      role: "region",
      "aria-label": "Candidates and what each step made of them",
    },
    candidateTable(told, onChoose),
  );
  parts.push(scroller);
  if (onChoose) parts.push(element("p", { class: "note" }, "Choose another candidate to write on from it."));
  return parts;
}

/** @param {Explanation} told @param {((candidate: Candidate) => void)} [onChoose] */
function candidateTable({ token, steps, candidates }, onChoose) {
  const heads = steps.map(({ label, sentence, kept }) =>
    element(
      "th",
      { scope: "col", title: sentence },
      label,
      element("span", { class: "note" }, `${kept.toLocaleString("en")} left`),
    ),
  );
  const head = element("tr", {}, element("th", { scope: "col" }, "Candidate"), ...heads);
  const rows = candidates.map((candidate) => candidateRow(candidate, token, steps, onChoose));
  return element("table", { class: "figures" }, element("thead", {}, head), element("tbody", {}, ...rows));
}

/**
 * @param {Candidate} candidate
 * @param {number} taken
 * @param {Step[]} steps
 * @param {((candidate: Candidate) => void)} [onChoose]
 */
function candidateRow(candidate, taken, steps, onChoose) {
  const isTaken = candidate.token === taken;
  const name = element("code", {}, visible(candidate.text));
  /** @type {HTMLElement} */
  let cell = name;
  if (onChoose && !isTaken) {
    cell = element(
      "button",
      { type: "button", class: "quiet", "aria-label": `Write on from “${candidate.text}”` },
      name,
    );
    cell.addEventListener("click", () => onChoose(candidate));
  }
  const cells = candidate.probabilities.map((share, step) => {
    if (candidate.cut_by === step) return element("td", { class: "cut" }, `cut by ${steps[step].label}`);
    if (candidate.cut_by !== null && step > candidate.cut_by) return element("td", {}, "");
    const bar = element("meter", { min: 0, max: 1, value: share, "aria-hidden": "true" });
    return element("td", {}, percent(share), bar);
  });
  const head = element(
    "th",
    { scope: "row" },
    cell,
    isTaken ? element("span", { class: "note" }, " taken") : "",
  );
  return element("tr", isTaken ? { class: "taken" } : {}, head, ...cells);
}
