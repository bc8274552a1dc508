/** What the page for blind votes is made of: the form that begins a round, and the texts to judge. */

import { element } from "../ui/dom.js";
import { renderInto } from "../ui/render/index.js";
import { t } from "../ui/words.js";
import { promptShown } from "./row.js";

/** @import { Best } from "./judging.js" */

/** @type {readonly [name: string, better: string, best: string][]} */
const PLACES = [
  [t("First"), t("First is better"), t("First is best")],
  [t("Second"), t("Second is better"), t("Second is best")],
  [t("Third"), "", t("Third is best")],
  [t("Fourth"), "", t("Fourth is best")],
];

/**
 * @param {{
 *   rater: string, single: boolean, live: boolean, importButton: HTMLElement,
 *   onBegin: (round: {rater: string, rubric: string}) => void
 * }} options single: one report is open, and its configurations are compared; live: one model's live columns
 */
export function beginForm({ rater: lastRater, single, live, importButton, onBegin }) {
  const rater = element("input", {
    id: "rater",
    type: "text",
    autocomplete: "nickname",
    value: lastRater,
  });
  const rubric = element("textarea", {
    id: "rubric",
    rows: 3,
    placeholder: t("What makes an answer better? Shown above every pair, and saved with the votes."),
  });
  const explanation = t(
    live
      ? "You see what all decoders wrote for one prompt, shuffled and without names, and say which is best. Prompts with identical outputs are skipped. Names stay hidden and the other views closed until the last prompt is judged; after that, the votes are locked."
      : single
        ? "You see two outputs for one prompt without names and say which is better. The contenders are the configurations of this report; identical outputs are skipped. Names stay hidden and the other views closed until you reveal the names; after that, the votes are locked."
        : "You see two outputs for one prompt without names and say which is better. The contenders are the open reports; identical outputs are skipped. Names stay hidden and the other views closed until you reveal the names; after that, the votes are locked.",
  );
  const form = element(
    "form",
    { class: "vote-begin" },
    element("h2", {}, t("Judge blind")),
    element("p", {}, explanation),
    element(
      "div",
      { class: "field" },
      element("label", { for: "rater" }, t("Your name or a nickname")),
      rater,
    ),
    element("div", { class: "field" }, element("label", { for: "rubric" }, t("Rubric")), rubric),
    element(
      "div",
      { class: "action-bar" },
      element("button", { type: "submit", class: "primary" }, t("Begin")),
      importButton,
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    onBegin({ rater: rater.value, rubric: rubric.value });
  });
  return form;
}

/**
 * Beside its text, a side has nothing that another does not have.
 * @param {import("../reports/votes.js").Group} group two to four texts
 * @param {{onVote: (best: Best) => void, onSkip: () => void}} options
 */
export function groupView({ prompt, texts }, { onVote, onSkip }) {
  const places = PLACES.slice(0, texts.length);
  const two = texts.length === 2;
  const [first, ...others] = places.map(
    ([, better, best], at) =>
      /** @type {[Best, string, string]} */ ([at, two ? better : best, String(at + 1)]),
  );
  /** @type {[Best, string, string][]} */
  const choices = [
    ...(first ? [first] : []),
    ...(two ? [] : others),
    ["tie", t("Tie"), "="],
    ["both_bad", two ? t("Both are bad") : t("All are bad"), "0"],
    ...(two ? others : []),
  ];
  const buttons = choices.map(([best, label, key]) =>
    element(
      "button",
      {
        type: "button",
        "data-choice": typeof best === "number" ? "best" : best,
        onclick: () => onVote(best),
      },
      `${label} `,
      element("kbd", {}, key),
    ),
  );
  const skip = element(
    "button",
    { type: "button", class: "quiet", onclick: onSkip },
    `${t("Skip")} `,
    element("kbd", {}, "x"),
  );
  return [
    element("p", { class: "duel-prompt", dir: "auto" }, ...promptShown(prompt)),
    element("div", { class: "duel" }, ...places.map(([name], at) => sideView(name, texts[at]?.text ?? ""))),
    element("div", { class: "choices", role: "group", "aria-label": t("Your vote") }, ...buttons, skip),
    element(
      "div",
      { class: "field" },
      element("label", { for: "note" }, t("Note (saved with the vote)")),
      element("input", { id: "note", type: "text", autocomplete: "off" }),
    ),
  ];
}

/** @param {string} name @param {string} text */
function sideView(name, text) {
  const bubble = element("div", { class: "bubble neutral model-text", dir: "auto" });
  renderInto(bubble, text);
  if (text.trim() === "") bubble.classList.add("empty");
  return element("section", { "aria-label": name }, element("h2", {}, name), bubble);
}
