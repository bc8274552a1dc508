/**
 * The order of the prompts: by how much the reports' texts differ, by a measure, or by how much votes
 * disagree. What was not measured yet is measured first; until then the prompts stand as in the table.
 */

import { element } from "../ui/dom.js";
import { errorWords } from "../ui/status.js";
import { t } from "../ui/words.js";
import { announce, ask } from "./messages.js";

/** @import { Row } from "../reports/collate.js" */
/** @import { Round, Vote } from "../reports/votes.js" */
/** @import { ReportSession } from "./session.js" */
/**
 * @typedef {Object} Known
 * @property {() => Promise<import("./metrics.js").Metrics>} metrics
 * @property {() => readonly Round[]} votes the rounds whose names are known
 */

/**
 * @param {readonly Row[]} rows
 * @param {ReportSession} session
 * @param {Known & {signal: AbortSignal, onWait: () => void}} options onWait: outputs must be measured first
 * @returns {Promise<readonly Row[]>}
 */
export async function inOrder(rows, session, { metrics: getMetrics, votes, signal, onWait }) {
  const { columns, view } = session;
  if (view.sort === "votes") return byVotes(rows, votes(), session);
  const lowest = view.sort.startsWith("-");
  const name = view.sort.replace("-", "");
  try {
    const metrics = await getMetrics();
    const shown = { rows, columns, view };
    const keyOf = (/** @type {Row} */ row) => metrics.extremeOf(name, row, { columns, view, lowest });
    if (rows.some((row) => keyOf(row) === undefined)) {
      onWait();
      announce(t("The outputs are measured to sort the prompts …"));
      const options = { say: () => {}, onProgress: () => {}, signal };
      if (name === "difference") await metrics.compare(shown, options);
      else await metrics.summarize(shown, null, options);
    }
    return sorted(rows, keyOf, { lowest });
  } catch (error) {
    const reason = errorWords(error).message;
    if (!signal.aborted) announce(t("The prompts could not be sorted: {reason}", { reason }));
    return rows;
  }
}

/**
 * Rows with the highest key first, or the lowest; those without one last.
 * @param {readonly Row[]} rows
 * @param {(row: Row) => number | null | undefined} keyOf
 * @param {{lowest?: boolean}} [options]
 */
export function sorted(rows, keyOf, { lowest = false } = {}) {
  const keys = new Map(rows.map((row) => [row, keyOf(row) ?? null]));
  const place = (/** @type {Row} */ row) => {
    const key = keys.get(row) ?? null;
    return key === null ? Number.POSITIVE_INFINITY : lowest ? key : -key;
  };
  return [...rows].sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
}

/** @param {readonly Row[]} rows @param {readonly Round[]} rounds @param {ReportSession} session */
function byVotes(rows, rounds, session) {
  const found = disagreements(rounds);
  if (found.size === 0) {
    const words = t("No pair of outputs has two votes whose names are revealed, so no votes can disagree.");
    const judge = { label: t("Judge"), act: () => session.update({ page: "vote" }) };
    ask(t("Order"), element("span", {}, ` ${words}`), [judge]);
  }
  return sorted(rows, ({ prompt }) => found.get(prompt) ?? null);
}

/**
 * For each prompt, the share of two votes on the same two contenders that differ: what Krippendorff's alpha
 * observes. Prompts without two such votes are left out.
 * @param {readonly Round[]} rounds
 * @returns {Map<string, number>}
 */
export function disagreements(rounds) {
  /** @type {Map<string, Vote[]>} */
  const prompts = new Map();
  for (const vote of rounds.flatMap(({ votes }) => votes)) {
    const known = prompts.get(vote.prompt);
    if (known) known.push(vote);
    else prompts.set(vote.prompt, [vote]);
  }
  /** @type {Map<string, number>} */
  const found = new Map();
  for (const [prompt, votes] of prompts) {
    let [pairs, differing] = [0, 0];
    for (const [at, one] of votes.entries())
      for (const other of votes.slice(0, at)) {
        if (contenders(one) !== contenders(other)) continue;
        pairs++;
        if (outcome(one) !== outcome(other)) differing++;
      }
    if (pairs > 0) found.set(prompt, differing / pairs);
  }
  return found;
}

/** @param {Vote} vote */
function contenders({ left, right }) {
  return JSON.stringify([left.name, right.name].sort());
}

/** @param {Vote} vote */
function outcome({ choice, left, right }) {
  return choice === "left" ? left.name : choice === "right" ? right.name : choice;
}
