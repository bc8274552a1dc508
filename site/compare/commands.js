/** The keyboard commands of the page, one line each. How keys are listened for is in keys.js. */

import { byId } from "../ui/dom.js";
import { t } from "../ui/words.js";

/** @import { Command } from "./keys.js" */

/**
 * @param {{
 *   session: import("./session.js").ReportSession, reading: import("./reading.js").Reading,
 *   votes: import("./votes.js").Votes
 * }} page
 * @returns {Command[]}
 */
export function commandsOf({ session, reading, votes }) {
  /** @param {Partial<import("../reports/view.js").View>} change */
  const update = (change) => session.update(change);
  /** @type {[key: string, does: string, run: () => void][]} */
  const reader = [
    ["j", t("Next prompt"), () => reading.move(1)],
    ["k", t("Previous prompt"), () => reading.move(-1)],
    ["o", t("Expand or collapse the prompt"), () => reading.toggle()],
    ["e", t("Expand all prompts"), () => update({ fold: false })],
    ["c", t("Collapse all prompts"), () => update({ fold: true })],
    ["/", t("Search"), () => byId("query", "input").focus()],
    ["f", t("Next configuration"), () => update({ config: nextConfig() })],
    ["i", t("Next sample"), () => update({ sample: nextSample() })],
    ["b", t("Next baseline"), () => update({ base: nextBaseline() })],
    ["d", t("Only where outputs differ"), () => update({ differ: !session.view.differ })],
    ["m", t("Markdown or raw text"), () => update({ markdown: !session.view.markdown })],
    ["p", t("Parameters"), () => update({ params: !session.view.params })],
    ["g", t("Group identical samples"), () => update({ group: !session.view.group })],
    ["l", t("Shorten long outputs"), () => update({ clip: !session.view.clip })],
    [
      "t",
      t("Remove special tokens"),
      () => update({ tokens: session.view.tokens === "strip" ? "show" : "strip" }),
    ],
    [
      "s",
      t("Side by side or stacked"),
      () => update({ layout: session.view.layout === "side" ? "stack" : "side" }),
    ],
  ];
  const nextConfig = () => following(session.view.config, ["", ...session.table.configs]);
  const nextSample = () => (session.view.sample + 1) % (session.table.mostOutputs + 1);
  const nextBaseline = () =>
    following(session.view.base, ["", ...session.table.columns.map(({ letter }) => letter)]);
  /** @type {[keys: string[], does: string, run: () => void][]} */
  const judge = [
    [["1", "ArrowLeft"], t("The first is better"), () => votes.vote(0)],
    [["2", "ArrowRight"], t("The second is better"), () => votes.vote(1)],
    [["3"], t("The third is better"), () => votes.vote(2)],
    [["4"], t("The fourth is better"), () => votes.vote(3)],
    [["="], t("Tie"), () => votes.vote("tie")],
    [["0"], t("Both are bad"), () => votes.vote("both_bad")],
    [["x"], t("Skip the pair"), () => votes.skip()],
    [["u"], t("Undo the last vote"), () => votes.undo()],
  ];
  return [
    ...reader.map(([key, does, run]) => ({ keys: [key], does, run })),
    ...judge.map(([keys, does, run]) => ({ keys, does, run, page: "vote" })),
  ];
}

/** The value after another, in a circle. @param {string} value @param {string[]} list */
function following(value, list) {
  return list[(list.indexOf(value) + 1) % list.length] ?? "";
}
