/**
 * How a search chose a token: the texts that beam search ranked, or the candidates that contrastive search
 * compared, with the numbers that decided. They are the engine's.
 */

import { element } from "../ui/dom.js";
import { scrollBox, table, tableRow } from "../ui/table.js";
import { decimal, number, t } from "../ui/words.js";
import { percent, visible } from "./tokens.js";

/**
 * @typedef {{rank: number, chosen: boolean, text: string}} Option
 * @typedef {Option & {total: number, logprob: number, outcome: "continued" | "finished" | "dropped"}} Ranked
 *   `total` is the sum of the log probabilities of a text's tokens (natural)
 * @typedef {Option & {confidence: number, similarity: number, score: number}} Compared
 * @typedef {{kind: "beam", beams: number, compared: number, options: Ranked[]}} BeamSearch
 * @typedef {{kind: "contrastive", penalty_alpha: number, compared: number, options: Compared[]}} Contrast
 * @typedef {BeamSearch | Contrast} ExplainedSearch
 */

/**
 * The search's part of an explanation.
 * @param {ExplainedSearch} search
 * @returns {HTMLElement[]}
 */
export function searchParts(search) {
  const { words, caption, columns, rows } = search.kind === "beam" ? beams(search) : contrast(search);
  const body = search.options.map(({ rank, chosen, text }, at) => {
    const [mark, ...figures] = rows[at];
    const marks = [chosen ? t("chosen") : "", mark].filter(Boolean).join(", ");
    const note = element("span", { class: "note" }, marks && ` ${marks}`);
    const name = element("span", {}, element("code", {}, visible(text)), note);
    const attributes = chosen ? { class: "taken" } : {};
    return tableRow([number(rank), name, ...figures], { rowHead: 1, attributes });
  });
  const figures = table({
    caption,
    hideCaption: true,
    className: "figures search",
    columns: [t("Rank"), ...columns],
    rows: body,
  });
  return [element("p", {}, words), scrollBox(caption, figures, "scroller")];
}

/** @param {BeamSearch} search */
function beams({ beams, compared, options }) {
  const outcomes = { continued: "", finished: t("finished"), dropped: t("dropped") };
  const rank = options.find(({ chosen }) => chosen)?.rank ?? 0;
  return {
    words: t(
      "Beam search follows {beams} texts and ranks them by the sum of the log probabilities of all their " +
        "tokens, so it often takes a token that is not the likeliest. With this token, the text ranked " +
        "{rank} of {compared}; texts without a mark were continued as well.",
      { beams, rank, compared },
    ),
    caption: t("Texts that beam search compared, from where they differ"),
    columns: [t("Text"), t("Token"), t("Sum")],
    rows: options.map(({ total, logprob, outcome }) => [
      outcomes[outcome],
      percent(Math.exp(logprob)),
      decimal(total, 2),
    ]),
  };
}

/** @param {Contrast} search */
function contrast({ penalty_alpha: alpha, options }) {
  return {
    words: t(
      "Contrastive search took the candidate with the highest score: {weight} × confidence − {alpha} × " +
        "degeneration penalty. Confidence is the probability after all steps; the penalty is how much the " +
        "text after the candidate resembles the text before it, from −1 to 1.",
      { weight: decimal(1 - alpha, 2), alpha: decimal(alpha, 2) },
    ),
    caption: t("Candidates that contrastive search compared"),
    columns: [t("Candidate"), t("Confidence"), t("Penalty"), t("Score")],
    rows: options.map(({ confidence, similarity, score }) => [
      "",
      percent(confidence),
      decimal(similarity, 3),
      decimal(score, 3),
    ]),
  };
}
