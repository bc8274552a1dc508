/** The results of blind votes once names are known: strengths, position bias, agreement, and every vote. */

import { figure, partsOf, said } from "../reports/measures.js";
import { toFile } from "../reports/votes.js";
import { element } from "../ui/dom.js";
import { errorWords } from "../ui/status.js";
import { scrollBox, table } from "../ui/table.js";
import { listed, t, tn } from "../ui/words.js";

/** @import { Round, Vote } from "../reports/votes.js" */

const LISTED = 1000; // votes; the saved file has all

/**
 * Has the engine evaluate the rounds and draws what it found; errors are shown in the same place.
 * @param {HTMLElement} body
 * @param {readonly Round[]} rounds the visitor's own first
 * @param {import("./lazy-engine.js").LazyEngine} engine
 */
export async function showResults(body, rounds, engine) {
  body.after(voteTable(rounds));
  const status = body.querySelector("[role=status]") ?? body;
  try {
    const result = await evaluate(rounds, engine, (words) => (status.textContent = words));
    const { chart, loadStyle } = await import("./chart.js");
    await loadStyle();
    body.replaceChildren(
      element("h2", {}, t("Strengths")),
      ...strengthChart(result, chart),
      strengthTable(result),
      comparisonPart(result),
      positionPart(result),
      agreementPart(result),
    );
  } catch (error) {
    const reason = errorWords(error).message;
    const words = t("The votes could not be evaluated: {reason}", { reason });
    body.replaceChildren(element("p", { class: "message error" }, words));
  }
}

/**
 * What the votes add up to, as the job "judge" returns it.
 * @param {readonly Round[]} rounds
 * @param {import("./lazy-engine.js").LazyEngine} engine
 * @param {(words: string) => void} say gets the progress of the engine's start
 * @returns {Promise<any>}
 */
export function evaluate(rounds, engine, say) {
  // A job's argument called "files" would be a model's files.
  const files = rounds.map((round, index) => ({
    ...toFile(round),
    file: `votes of ${round.rater}`,
    rater: raterName(rounds, index),
  }));
  return engine.run("judge", { rounds: files }, { say });
}

/**
 * The rater's name, numbered if an earlier round has the same.
 * @param {readonly Round[]} rounds
 * @param {number} index
 */
function raterName(rounds, index) {
  const { rater } = /** @type {Round} */ (rounds[index]);
  const earlier = rounds.slice(0, index).filter((round) => round.rater === rater).length;
  return earlier === 0 ? rater : `${rater} (${earlier + 1})`;
}

/**
 * Of the contenders that have an interval: the others are only in the table.
 * @param {any} result
 * @param {typeof import("./chart.js").chart} chart
 */
function strengthChart({ strengths }, chart) {
  const lines = strengths.filter(hasInterval).map((/** @type {any} */ { name, strength, low, high }) => ({
    name,
    interval: { mean: strength, low, high },
  }));
  return lines.length > 0 ? [chart(lines, { title: t("Strengths"), reference: 0, details: null })] : [];
}

/** Whether there were votes enough, by the rule of goosequill.evaluation.votes. @param {any} row */
function hasInterval({ low }) {
  return typeof low === "number"; // Python's None arrives as undefined
}

/** @param {any} result */
function strengthTable({ strengths, votes, prompts, raters }) {
  const parts = (/** @type {any} */ { strength: mean, low, high }) => partsOf({ mean, low, high });
  const rows = strengths.map((/** @type {any} */ row) => [
    row.name,
    parts(row).mean,
    hasInterval(row) ? t("{low} to {high}", parts(row)) : t("too few votes"),
    [row.wins, row.losses, row.ties, row.both_bad].join("\u00a0/\u00a0"),
    t("{count} of {of}", { count: row.left, of: row.wins + row.losses + row.ties + row.both_bad }),
  ]);
  const columns = [
    t("Contender"),
    t("Strength"),
    t("95% interval"),
    t("Won / lost / tied / both bad"),
    t("Shown first"),
  ];
  const caption = tn(
    prompts,
    "Strengths (log-odds against the average) from {votes} on {n} prompt by {raters}",
    "Strengths (log-odds against the average) from {votes} on {n} prompts by {raters}",
    { votes: tn(votes, "{n} vote", "{n} votes"), raters: raters.join(", ") },
  );
  const content = table({ caption, columns, rows, rowHead: 0, className: "data" });
  content.id = "strengths";
  return scrollBox(t("Strengths"), content, "table-frame");
}

/** Each two contenders, tested against each other. @param {any} result */
function comparisonPart({ comparisons }) {
  const head = element("h2", {}, t("Head to head"));
  if (!comparisons)
    return element(
      "div",
      { id: "comparisons" },
      head,
      element("p", {}, t("Too many contenders to test every pair.")),
    );
  const items = comparisons.map((/** @type {any} */ row) => {
    const { first, second, wins, losses, ties, both_bad: bad } = row;
    const counts = tn(
      row.prompts,
      "won {wins}, lost {losses} and tied {ties} on {n} prompt.",
      "won {wins}, lost {losses} and tied {ties} on {n} prompts.",
      { wins, losses, ties },
    );
    const pair = element("strong", {}, t("{first} against {second}:", { first, second }));
    const rest = bad ? ` ${t("Both bad: {bad}.", { bad })}` : "";
    return element("li", {}, pair, ` ${counts}${rest} ${said(row.sentences)}`);
  });
  return element("div", { id: "comparisons", class: "prose" }, head, element("ul", {}, ...items));
}

/** @param {any} result */
function positionPart({ position, choices }) {
  const rest = t("Ties: {ties}. Both bad: {bad}.", { ties: choices.tie, bad: choices.both_bad });
  return element("p", { id: "position", class: "prose" }, `${said(position.sentences)} ${rest}`);
}

/** @param {any} result */
function agreementPart({ agreement }) {
  if (!agreement) {
    const words = t("Agreement: no pair has been judged by two raters yet. Open another rater's votes file.");
    return element("p", { id: "agreement" }, words);
  }
  const alpha = agreement.alpha === null ? t("not defined here") : figure(agreement.alpha);
  const words = tn(
    agreement.units,
    "Agreement on {n} pair by {raters} raters: Krippendorff's alpha {alpha} (1 is perfect, 0 is chance).",
    "Agreement on {n} pairs by {raters} raters: Krippendorff's alpha {alpha} (1 is perfect, 0 is chance).",
    { raters: agreement.raters, alpha },
  );
  const pairs = agreement.pairs.map((/** @type {any} */ { raters, same, units, kappa }) => {
    const values = { raters: listed(raters), same, units };
    const line =
      kappa === null
        ? t("{raters}: the same on {same} of {units}", values)
        : t("{raters}: the same on {same} of {units}, Cohen's kappa {kappa}", {
            ...values,
            kappa: figure(kappa),
          });
    return element("li", {}, line);
  });
  return element("div", { id: "agreement" }, element("p", {}, words), element("ul", {}, ...pairs));
}

/** @param {readonly Round[]} rounds */
function voteTable(rounds) {
  const all = rounds.flatMap(({ votes, rater }) => votes.map((vote) => ({ vote, rater })));
  const rows = all.slice(0, LISTED).map(({ vote, rater }) => {
    const { prompt, left, right, note } = vote;
    return [prompt.slice(0, 80), left.name, right.name, winnerOf(vote), note, rater];
  });
  const words =
    all.length > LISTED
      ? t("The first {count} of {of} votes", { count: LISTED, of: all.length })
      : t("All votes");
  const columns = [t("Prompt"), t("First"), t("Second"), t("Better"), t("Note"), t("Rater")];
  const content = table({ caption: t("Votes"), columns, rows, hideCaption: true, className: "data" });
  const box = scrollBox(t("Votes"), content, "table-frame");
  return element("details", {}, element("summary", {}, words), box);
}

/** @param {Vote} vote */
function winnerOf({ left, right, choice }) {
  return { left: left.name, right: right.name, tie: t("tie"), both_bad: t("both bad") }[choice];
}
