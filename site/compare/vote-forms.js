/** What the page for blind votes is made of: the form that begins a round, and a pair to judge. */

import { element } from "../ui/dom.js";
import { renderInto } from "../ui/render/index.js";
import { t } from "../ui/words.js";
import { promptShown } from "./row.js";

/** @import { Choice } from "../reports/votes.js" */

/** @type {readonly [Choice, label: string, key: string][]} */
const BUTTONS = [
  ["left", t("First is better"), "1"],
  ["tie", t("Tie"), "="],
  ["both_bad", t("Both are bad"), "0"],
  ["right", t("Second is better"), "2"],
];

/**
 * @param {{
 *   rater: string, single: boolean, importButton: HTMLElement,
 *   onBegin: (round: {rater: string, rubric: string}) => void
 * }} options single: one report is open, and its configurations are compared
 */
export function beginForm({ rater: lastRater, single, importButton, onBegin }) {
  const rater = element("input", {
    id: "rater",
    type: "text",
    autocomplete: "nickname",
    value: lastRater,
  });
  const rubric = element("textarea", {
    id: "rubric",
    rows: 3,
    placeholder: t("What makes an answer better? Shown above every pair and saved with the votes."),
  });
  const explanation = t(
    single
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
 * @param {import("../reports/votes.js").Pair} pair
 * @param {{onVote: (choice: Choice) => void, onSkip: () => void}} options
 */
export function pairView({ prompt, left, right }, { onVote, onSkip }) {
  const buttons = BUTTONS.map(([choice, label, key]) =>
    element(
      "button",
      { type: "button", "data-choice": choice, onclick: () => onVote(choice) },
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
    element("div", { class: "duel" }, sideView(t("First"), left.text), sideView(t("Second"), right.text)),
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
