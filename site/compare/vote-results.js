/**
 * What blind votes come to, once the names are known: strengths, the side's own weight, agreement, and every vote.
 * @module
 */

import { chart, figure } from "./chart.js";
import { counted, h } from "./dom.js";

/** @typedef {import("./votes.js").Round} Round */

/** What the engine found in the votes. @param {any} result */
export function resultsOf(result) {
  return [
    h("h2", {}, "Strengths"),
    strengthChart(result),
    strengthTable(result),
    position(result),
    agreementPart(result),
  ];
}

/** @param {any} result */
function strengthChart({ strengths }) {
  const lines = strengths.map((/** @type {any} */ { name, strength, low, high }) => ({
    name,
    interval: { mean: strength, low, high },
  }));
  return chart(lines, { reference: 0 });
}

/** @param {any} result */
function strengthTable({ strengths, votes, prompts, raters }) {
  const lines = strengths.map((/** @type {any} */ row) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, row.name),
      h("td", {}, figure(row.strength)),
      h("td", {}, `${figure(row.low)} to ${figure(row.high)}`),
      h("td", {}, `${Math.round(100 * row.first)} %`),
      h("td", {}, `${row.wins} / ${row.losses} / ${row.ties}`),
    ),
  );
  const head = ["Contender", "Strength", "95 % interval", "Chance to be first", "Won / lost / tied"].map(
    (name) => h("th", { scope: "col" }, name),
  );
  return h(
    "div",
    { class: "table-frame", tabindex: 0, role: "region", "aria-label": "Strengths" },
    h(
      "table",
      { class: "data", id: "strengths" },
      h(
        "caption",
        {},
        `Strengths (log-odds against the average) from ${counted(votes, "vote")} on ${counted(prompts, "prompt")} by ${raters.join(", ")}`,
      ),
      h("thead", {}, h("tr", {}, ...head)),
      h("tbody", {}, ...lines),
    ),
  );
}

/** @param {any} result */
function position({ position: bias, choices }) {
  const share =
    bias.share === null
      ? "No vote had a winner."
      : `The left side won ${bias.left} of ${bias.decided} (${Math.round(100 * bias.share)} %, 95 % interval ${Math.round(100 * bias.low)} to ${Math.round(100 * bias.high)} %).`;
  const leaning =
    bias.share !== null && (bias.low > 0.5 || bias.high < 0.5)
      ? " That is more than chance: the side itself swayed the votes."
      : "";
  return h(
    "p",
    { id: "position" },
    `Position: ${share}${leaning} Ties ${choices.tie}, both bad ${choices.both_bad}.`,
  );
}

/** @param {any} result */
function agreementPart({ agreement }) {
  if (!agreement)
    return h(
      "p",
      { id: "agreement" },
      "Agreement: no pair was judged by two raters yet. Open another rater's file of votes.",
    );
  const alpha = agreement.alpha === null ? "not defined here" : figure(agreement.alpha);
  const pairs = agreement.pairs.map(
    (/** @type {any} */ pair) =>
      `${pair.raters.join(" and ")}: the same on ${pair.same} of ${pair.units}${pair.kappa === null ? "" : `, Cohen's kappa ${figure(pair.kappa)}`}`,
  );
  return h(
    "div",
    { id: "agreement" },
    h(
      "p",
      {},
      `Agreement on ${counted(agreement.units, "pair")} by ${agreement.raters} raters: Krippendorff's alpha ${alpha} (1 is perfect, 0 is chance).`,
    ),
    h("ul", {}, ...pairs.map((/** @type {string} */ words) => h("li", {}, words))),
  );
}

/** @param {Round[]} rounds */
export function votesTable(rounds) {
  const lines = rounds.flatMap((round) =>
    round.votes.map((vote) => {
      const won =
        vote.choice === "left"
          ? vote.left.name
          : vote.choice === "right"
            ? vote.right.name
            : vote.choice === "tie"
              ? "tie"
              : "both bad";
      const cells = [vote.prompt.slice(0, 80), vote.left.name, vote.right.name, won, vote.note, round.rater];
      return h("tr", {}, ...cells.map((text) => h("td", {}, text)));
    }),
  );
  const head = ["Prompt", "Left", "Right", "Better", "Note", "Rater"].map((name) =>
    h("th", { scope: "col" }, name),
  );
  return h(
    "details",
    {},
    h("summary", {}, "All votes"),
    h(
      "div",
      { class: "table-frame", tabindex: 0, role: "region", "aria-label": "All votes" },
      h("table", { class: "data" }, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...lines)),
    ),
  );
}
