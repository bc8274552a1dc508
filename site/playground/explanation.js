/**
 * What happened at one token: the model's candidates, their probabilities after each step of the decoder, and
 * which step removed which. Where the text can branch, another candidate can be chosen.
 */

import { element, number } from "../ui/dom.js";
import { scrollBox, table, tableRow } from "../ui/table.js";
import { bits, percent, visible } from "./tokens.js";

/**
 * @typedef {{name: string, label: string, sentence: string, kept: number}} Step
 * @typedef {{token: number, text: string, probabilities: number[], cut_by: number | null}} Candidate `cut_by`
 *   is the index of the step that removed it
 * @typedef {{token: number, text: string, logprob: number, steps: Step[], candidates: Candidate[]}}
 *   Explanation
 */

/**
 * @param {Explanation} explanation
 * @param {{title: string, onChoose?: (candidate: Candidate) => void}} options
 * @returns {HTMLElement[]}
 */
export function showExplanation(explanation, { title, onChoose }) {
  const { text, logprob } = explanation;
  const summary = element(
    "p",
    {},
    "The model gave it ",
    element("strong", {}, percent(Math.exp(logprob))),
    ` (${bits(logprob).toFixed(1)} bits of surprise).`,
  );
  const candidates = candidateTable(explanation, onChoose);
  const parts = [
    element("h2", {}, title, element("code", {}, visible(text))),
    summary,
    scrollBox("Candidates and their probabilities after each step", candidates, "scroller"),
  ];
  if (onChoose) parts.push(element("p", { class: "note" }, "Choose another candidate to continue with it."));
  return parts;
}

/** @param {Explanation} explanation @param {(candidate: Candidate) => void} [onChoose] */
function candidateTable({ token, steps, candidates }, onChoose) {
  const heads = steps.map(({ label, sentence, kept }) => {
    const left = element("span", { class: "note" }, `${number(kept)} left`);
    return element("th", { scope: "col", title: sentence }, label, left);
  });
  return table({
    caption: "Candidates and their probabilities after each step",
    hideCaption: true,
    className: "figures",
    columns: ["Candidate", ...heads],
    rows: candidates.map((candidate) => {
      const chosen = candidate.token === token;
      const cells = [nameOf(candidate, { chosen, onChoose }), ...shares(candidate, steps)];
      return tableRow(cells, { rowHead: 0, attributes: chosen ? { class: "taken" } : {} });
    }),
  });
}

/**
 * @param {Candidate} candidate
 * @param {{chosen: boolean, onChoose?: (candidate: Candidate) => void}} options
 */
function nameOf(candidate, { chosen, onChoose }) {
  const name = element("code", {}, visible(candidate.text));
  if (chosen) return element("span", {}, name, element("span", { class: "note" }, " chosen"));
  if (!onChoose) return name;
  const label = `Continue with “${candidate.text}”`;
  const choose = () => onChoose(candidate);
  return element("button", { type: "button", class: "quiet", "aria-label": label, onclick: choose }, name);
}

/**
 * A candidate's probability after each step, until one removes it.
 * @param {Candidate} candidate
 * @param {Step[]} steps
 */
function shares({ probabilities, cut_by: removedBy }, steps) {
  return probabilities.map((share, step) => {
    if (removedBy === step) return element("td", { class: "cut" }, `removed by ${steps[step].label}`);
    if (removedBy !== null && step > removedBy) return "";
    return element(
      "td",
      {},
      percent(share),
      element("meter", { min: 0, max: 1, value: share, "aria-hidden": "true" }),
    );
  });
}
