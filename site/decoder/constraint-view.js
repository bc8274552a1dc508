/**
 * What a constraint did to a text: how many tokens it changed and how much probability it removed, for the
 * whole text, for the pointer's note, and for the explanation of one token. The numbers are the engine's.
 */

import { element } from "../ui/dom.js";
import { decimal, t, tn } from "../ui/words.js";
import { percent, visible } from "./tokens.js";

/** @import { Constrained } from "../engine/protocol.js" */

/**
 * @typedef {Constrained & {without: {token: number, text: string, probability: number}[]}}
 *   ExplainedConstraint `without` has the model's most probable tokens that were masked
 */

/**
 * One line on a whole text; "" if nothing in it was constrained.
 * @param {{constraint?: Constrained | null}[]} tokens
 */
export function constraintSummary(tokens) {
  const all = tokens.flatMap(({ constraint }) => constraint ?? []);
  if (!all.length) return "";
  const changed = all.filter((one) => one.changed).length;
  const share = percent(all.reduce((sum, { masked }) => sum + masked, 0) / all.length, 0);
  const words = tn(
    all.length,
    "The constraint changed {changed} of {n} token and removed {share} of the probability on average.",
    "The constraint changed {changed} of {n} tokens and removed {share} of the probability on average.",
    { changed, share },
  );
  return changed ? `${words} ${t("The changed ones are underlined.")}` : words;
}

/** For the note at a token. @param {Constrained} constraint */
export function constraintNote({ masked }) {
  return t("{share} masked", { share: percent(masked) });
}

/**
 * The constraint's part of an explanation.
 * @param {ExplainedConstraint} constraint
 * @param {number} vocabulary how many tokens the model has
 * @returns {HTMLElement}
 */
export function constraintPart({ allowed, masked, changed, without }, vocabulary) {
  const numbers = { allowed: decimal(allowed, 0), of: decimal(vocabulary, 0), share: percent(masked) };
  const did = t(
    "The constraint allowed {allowed} of {of} tokens and removed {share} of the probability.",
    numbers,
  );
  const effect = changed
    ? t("It changed the most probable choice.")
    : t("The most probable choice was allowed.");
  const box = element("section", { class: "constraint" }, element("p", {}, `${did} ${effect}`));
  if (!without.length) return box;
  const likely = without.map(({ text, probability }) =>
    element("li", {}, element("code", {}, visible(text)), ` ${percent(probability)}`),
  );
  const title = t("Most probable of the masked tokens:");
  box.append(element("p", { class: "note" }, title), element("ul", { class: "masked" }, ...likely));
  return box;
}
