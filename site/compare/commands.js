/** The keyboard commands of the page, one line each. How keys are listened for is in keys.js. */

import { byId } from "../ui/dom.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./keys.js").Command} Command */

/** @param {App} app @returns {Command[]} */
export function commandsOf(app) {
  const { session, reading, votes } = app;
  /** @param {Partial<import("./state.js").View>} change */
  const update = (change) => app.update(change);
  /** @type {[key: string, does: string, run: () => void][]} */
  const reader = [
    ["j", "Next prompt", () => reading.move(1)],
    ["k", "Previous prompt", () => reading.move(-1)],
    ["o", "Expand or collapse the prompt", () => reading.toggle()],
    ["e", "Expand all prompts", () => update({ fold: false })],
    ["c", "Collapse all prompts", () => update({ fold: true })],
    ["/", "Search", () => byId("query", "input").focus()],
    ["f", "Next configuration", () => update({ config: nextConfig() })],
    ["i", "Next sample", () => update({ sample: nextSample() })],
    ["b", "Next baseline", () => update({ base: nextBaseline() })],
    ["d", "Only where outputs differ", () => update({ differ: !session.view.differ })],
    ["m", "Markdown or raw text", () => update({ markdown: !session.view.markdown })],
    ["p", "Parameters", () => update({ params: !session.view.params })],
    ["g", "Group identical samples", () => update({ group: !session.view.group })],
    ["l", "Shorten long outputs", () => update({ clip: !session.view.clip })],
    [
      "t",
      "Remove special tokens",
      () => update({ tokens: session.view.tokens === "strip" ? "show" : "strip" }),
    ],
    [
      "s",
      "Side by side or stacked",
      () => update({ layout: session.view.layout === "side" ? "stack" : "side" }),
    ],
  ];
  const nextConfig = () => following(session.view.config, ["", ...session.table.configs]);
  const nextSample = () => (session.view.sample + 1) % (session.table.mostOutputs + 1);
  const nextBaseline = () =>
    following(session.view.base, ["", ...session.table.columns.map(({ letter }) => letter)]);
  /** @type {[keys: string[], does: string, run: () => void][]} */
  const judge = [
    [["1", "ArrowLeft"], "The first is better", () => votes.vote("left")],
    [["2", "ArrowRight"], "The second is better", () => votes.vote("right")],
    [["="], "Tie", () => votes.vote("tie")],
    [["0"], "Both are bad", () => votes.vote("both_bad")],
    [["x"], "Skip the pair", () => votes.skip()],
    [["u"], "Undo the last vote", () => votes.undo()],
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
