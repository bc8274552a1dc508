/**
 * What happened at one token: the model's candidates by rank, what the decoder made of each, and which step
 * removed which; the whole way through the steps is a table. Where the text can branch, another candidate can
 * be chosen.
 */

import { element } from "../ui/dom.js";
import { scrollBox, table, tableRow } from "../ui/table.js";
import { decimal, number, phrase, t, translated } from "../ui/words.js";
import { constraintPart } from "./constraint-view.js";
import { searchParts } from "./search-view.js";
import { bits, percent, visible } from "./tokens.js";

/**
 * @typedef {{name: string, label: string, sentence: string, kept: number}} Step
 * @typedef {{token: number, text: string, rank: number, probabilities: number[], cut_by?: number | null}}
 *   Candidate `cut_by` is the index of the step that removed it
 * @typedef {{token: number, text: string, logprob: number, rank: number, steps: Step[],
 *   candidates: Candidate[], constraint?: import("./constraint-view.js").ExplainedConstraint | null,
 *   search?: import("./search-view.js").ExplainedSearch | null, reproduced?: boolean | null
 * }} Explanation `reproduced` is false where the decoder would not have chosen the token
 */

const ANOTHER_ORIGIN = t(
  "The decoder would not have chosen this token itself: either you chose it, or the " +
    "text was generated with another model, kernel or version.",
);

/**
 * @param {Explanation} explanation
 * @param {{
 *   title: string, onChoose?: (candidate: Candidate) => void, onContinue?: () => void, decoder?: boolean
 * }} options `onContinue` generates from the token; `decoder`: whether its steps are shown
 * @returns {HTMLElement[]}
 */
export function showExplanation(explanation, { title, onChoose, onContinue, decoder = true }) {
  const { text, logprob, rank, steps, constraint, search, reproduced } = explanation;
  const summary = element(
    "p",
    {},
    ...phrase("The model gave it {share}: rank {rank} of {of}, {bits} bits of surprise.", {
      share: element("strong", {}, percent(Math.exp(logprob))),
      rank,
      of: steps[0].kept,
      bits: decimal(bits(logprob), 1),
    }),
  );
  /** @type {HTMLElement[]} */
  const parts = [
    element("h2", {}, title, element("code", {}, visible(text))),
    summary,
    ...(reproduced === false ? [element("p", { class: "note" }, ANOTHER_ORIGIN)] : []),
    ...(constraint ? [constraintPart(constraint, steps[0].kept)] : []),
    ...(search ? searchParts(search) : []),
    candidateList(explanation, onChoose),
  ];
  if (onChoose)
    parts.push(element("p", { class: "note" }, t("Choose another candidate to continue with it.")));
  if (onContinue) {
    const label = t("Generate from here");
    parts.push(element("button", { type: "button", class: "from-here", onclick: onContinue }, label));
  }
  if (!decoder) return parts;
  const caption = t("Candidates and their probabilities after each step");
  const box = scrollBox(caption, candidateTable(explanation, caption), "scroller");
  parts.push(element("details", {}, element("summary", {}, t("Every step of the decoder")), box));
  return parts;
}

/**
 * The chosen token first, then the candidates by rank.
 * @param {Explanation} explanation
 * @param {(candidate: Candidate) => void} [onChoose]
 */
function candidateList({ token, steps, candidates }, onChoose) {
  const ranked = [...candidates].sort(
    (one, other) => Number(other.token === token) - Number(one.token === token),
  );
  const most = Math.max(
    ...candidates.flatMap(({ probabilities }) => [probabilities[0], last(probabilities)]),
  );
  return element(
    "ol",
    { class: "candidates", "aria-label": t("Candidates by rank, the chosen one first") },
    ...ranked.map((candidate) => candidateRow(candidate, { token, steps, most, onChoose })),
  );
}

/**
 * @param {Candidate} candidate
 * @param {{token: number, steps: Step[], most: number, onChoose?: (candidate: Candidate) => void}} context
 *   `most` is the probability that fills a bar
 */
function candidateRow(candidate, { token, steps, most, onChoose }) {
  const { rank, probabilities } = candidate;
  const removedBy = candidate.cut_by ?? null; // Python's None arrives as undefined
  const chosen = candidate.token === token;
  const [before, after] = [probabilities[0], last(probabilities)];
  const bar = element("span", { class: "bars", "aria-hidden": true }, element("i"), element("i"));
  bar.style.setProperty("--before", `${(100 * before) / most}%`);
  bar.style.setProperty("--after", `${(100 * after) / most}%`);
  const share =
    removedBy !== null
      ? t("{share}, removed by {step}", {
          share: percent(before),
          step: translated(steps[removedBy].label),
        })
      : steps.length > 1
        ? `${percent(before)} → ${percent(after)}`
        : percent(before);
  const classes = ["candidate", chosen ? "taken" : "", removedBy !== null ? "cut" : ""];
  return element(
    "li",
    { class: classes.filter(Boolean).join(" ") },
    element(
      "span",
      { class: "rank" },
      element("span", { class: "visually-hidden" }, `${t("Rank")} `),
      number(rank),
    ),
    nameOf(candidate, { chosen, onChoose }),
    element("span", { class: "share" }, share),
    bar,
  );
}

/** @param {number[]} values */
function last(values) {
  return values[values.length - 1];
}

/** @param {Explanation} explanation @param {string} caption */
function candidateTable({ token, steps, candidates }, caption) {
  const heads = steps.map(({ label, sentence, kept }) => {
    const left = element("span", { class: "note" }, t("{kept} left", { kept }));
    return element("th", { scope: "col", title: translated(sentence) }, translated(label), left);
  });
  return table({
    caption,
    hideCaption: true,
    className: "figures",
    columns: [t("Candidate"), ...heads],
    rows: candidates.map((candidate) => {
      const chosen = candidate.token === token;
      const cells = [element("code", {}, visible(candidate.text)), ...shares(candidate, steps)];
      return tableRow(cells, { rowHead: 0, attributes: chosen ? { class: "taken" } : {} });
    }),
  });
}

/**
 * A candidate's name, which is a button where it can be chosen.
 * @param {Candidate} candidate
 * @param {{chosen: boolean, onChoose?: (candidate: Candidate) => void}} options
 */
function nameOf(candidate, { chosen, onChoose }) {
  const shown = visible(candidate.text);
  const name = element("code", {}, shown);
  if (chosen) return element("span", {}, name, element("span", { class: "note" }, ` ${t("chosen")}`));
  if (!onChoose) return name;
  const choose = () => onChoose(candidate);
  const label = t("{candidate}: continue with it", { candidate: shown });
  return element("button", { type: "button", class: "quiet", "aria-label": label, onclick: choose }, name);
}

/**
 * A candidate's probability after each step, until one removes it.
 * @param {Candidate} candidate
 * @param {Step[]} steps
 */
function shares({ probabilities, cut_by: removedBy = null }, steps) {
  return probabilities.map((share, step) => {
    if (removedBy === step)
      return element("td", { class: "cut" }, t("removed by {step}", { step: translated(steps[step].label) }));
    if (removedBy !== null && step > removedBy) return "";
    return element("td", {}, percent(share));
  });
}
