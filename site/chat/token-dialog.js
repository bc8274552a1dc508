/**
 * What the model considered for each word of a reply: the reply token by token, coloured by surprise, and the
 * candidates of the one that is selected. The tokens were scored before it opens (replies.js); nothing is
 * computed here.
 */

import { showExplanation } from "../decoder/explanation.js";
import { tokenTip } from "../decoder/token-tip.js";
import { shadeLegend, TokenText, tokenTable } from "../decoder/tokens.js";
import { element } from "../ui/dom.js";
import { t, tn } from "../ui/words.js";

/** @import { Explanation } from "../decoder/explanation.js" */
/** @import { ScoredToken } from "../engine/model.js" */
/**
 * @typedef {{tokens: ScoredToken[], complete: boolean, title: string, vocabulary: number}} Scored `title` is
 *   the model's that scored them, `vocabulary` how many tokens it has
 */

/** @param {Scored} scored @param {{writer: string, onClose: () => void}} reply `writer` is who wrote it */
export function showTokens({ tokens, complete, title, vocabulary }, { writer, onClose }) {
  const box = element("div", {
    class: "said token-text",
    tabindex: 0,
    role: "group",
    "aria-label": t("The reply, token by token"),
    "data-testid": "token-text",
  });
  const paper = element("div", { class: "token-paper" }, box);
  const explanation = element("section", {
    class: "explanation",
    "aria-live": "polite",
    "data-testid": "token-explanation",
  });
  const text = new TokenText(
    box,
    (index) => {
      if (index === null) return;
      const title = `${t("Token {index}", { index: index + 1 })}: `;
      explanation.replaceChildren(
        ...showExplanation(explained(tokens[index], vocabulary), { title, decoder: false }),
      );
    },
    tokenTip(paper),
  );
  for (const token of tokens) text.add(token);
  const caption = t("All tokens of the reply");
  const notes = [
    writer === title
      ? ""
      : t("Probabilities of {model}; the reply was written by {writer}.", { model: title, writer }),
    complete ? "" : tn(tokens.length, "This is the first token.", "These are the first {n} tokens."),
  ].filter(Boolean);
  const dialog = element(
    "dialog",
    {
      class: "tokens",
      "aria-labelledby": "tokens-title",
      "data-testid": "tokens-dialog",
      "data-coloured": "",
    },
    element("h2", { id: "tokens-title" }, t("What the model considered for each word")),
    ...notes.map((note) => element("p", { class: "note" }, note)),
    element("p", { class: "legend note" }, ...shadeLegend()),
    paper,
    element("p", { class: "note" }, t("Click a word, or use the arrow keys, to see what else was likely.")),
    explanation,
    element(
      "details",
      {},
      element("summary", {}, caption),
      element("div", { class: "scroller" }, tokenTable({ prompt: [], written: tokens }, caption)),
    ),
    element("form", { method: "dialog" }, element("button", { class: "primary" }, t("Close"))),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    onClose();
  });
  document.body.append(dialog);
  dialog.showModal();
  box.focus();
  text.select(0);
}

/**
 * A token with what the model found likelier, as the token view explains it: no decoder had a part in it.
 * @param {ScoredToken} scored
 * @param {number} vocabulary
 * @returns {Explanation}
 */
export function explained({ token, text, logprob, rank, top_logprobs }, vocabulary) {
  const offered = top_logprobs.map((one, at) => ({ ...one, rank: at + 1 }));
  const others = offered.some((one) => one.token === token) ? [] : [{ token, text, logprob, rank }];
  return {
    token,
    text,
    logprob,
    rank,
    steps: [{ name: "model", label: "The model", sentence: "", kept: vocabulary }],
    candidates: [...offered, ...others].map((one) => ({ ...one, probabilities: [Math.exp(one.logprob)] })),
  };
}
