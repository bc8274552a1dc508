/**
 * Blind votes without a page: which pairs are shown in which order and on which side, the file format of
 * votes, and where they are kept. Everything random follows from the round's seed, so that a round continues
 * after a reload where it stopped.
 */

import { recall } from "../ui/memory.js";
import { chance, shuffled } from "../ui/seeded.js";
import { t } from "../ui/words.js";
import { samplesOf } from "./collate.js";
import { checkLimit } from "./limits.js";
import { ImportError, kindOf, mismatch } from "./report.js";
import { DEFAULTS, fromAddress, toAddress } from "./view.js";

/** @import { Column, Row } from "./collate.js" */
/** @typedef {"left" | "right" | "tie" | "both_bad"} Choice */
/** @typedef {{name: string, config: string, sample: number}} Side what the file says of a text */
/** @typedef {Side & {text: string}} Shown */
/** @typedef {{key: string, prompt: string, left: Shown, right: Shown}} Pair */
/** @typedef {{key: string, prompt: string, texts: [Shown, Shown]}} Couple a pair before it has sides */
/** @typedef {{key: string, prompt: string, texts: Shown[]}} Group all contenders on a prompt */
/** @typedef {{prompt: string, left: Side, right: Side, choice: Choice, note: string, at: string}} Vote */
/**
 * @typedef {Pick<import("./view.js").View, "config" | "hide" | "q" | "re" | "differ" | "coverage">} Scope
 *   which prompts and samples are judged
 */

/**
 * @typedef {Object} Round
 * @property {string} rater
 * @property {number} seed
 * @property {string} rubric
 * @property {Scope} scope
 * @property {boolean} revealed names were shown: the votes are locked
 * @property {number} pairs how many there were to judge when names were shown, 0 if unknown; with fewer
 *   votes, the round was unblinded early
 * @property {Vote[]} votes
 */

const FORMAT_VERSION = 1;

/** The key of the nickname under which the visitor judges. */
export const RATER = "compare.rater";

export const CHOICES = /** @type {const} */ (["left", "right", "tie", "both_bad"]);

/** @param {Scope} view @returns {Scope} */
export function scopeOf({ config, hide, q, re, differ, coverage }) {
  return { config, hide, q, re, differ, coverage };
}

/** A sentence about a round whose names are known. @param {Round} round */
export function unblinded({ votes, pairs }) {
  if (votes.length >= pairs) return t("Names were revealed; these votes are locked.");
  return t(
    "Names were revealed after {judged} of {pairs} pairs, before the round was over; these votes are locked.",
    { judged: votes.length, pairs },
  );
}

/**
 * All pairs of contenders on all prompts: reports against each other, or the configurations of a single
 * report. Pairs of identical texts are left out. Every prompt comes once before any comes again, and each
 * contender is on the left as often as on the right.
 * @param {readonly Row[]} rows
 * @param {readonly Column[]} columns
 * @param {{seed: number, config: string}} options
 * @returns {Pair[]}
 */
export function ballot(rows, columns, { seed, config }) {
  /** @type {{pair: Couple, rank: number}[]} */
  const ranked = [];
  for (const row of rows) {
    const contenders = contendersOf(row, columns, { seed, config });
    const pairs = contenders.flatMap((one, at) =>
      contenders.slice(at + 1).map((other) => coupleOf(row, [one, other])),
    );
    const different = pairs.filter(({ texts: [one, other] }) => one.text.trim() !== other.text.trim());
    const order = shuffled(different, ({ key }) => key, { seed, words: ["order"] });
    for (const [turn, pair] of order.entries())
      ranked.push({ pair, rank: turn + chance(seed, "row", row.prompt) });
  }
  const ordered = ranked.sort((a, b) => a.rank - b.rank).map(({ pair }) => pair);
  return withSides(ordered, seed);
}

/**
 * The configurations of all reports at once on each prompt, in an order that depends on the seed and the
 * prompt, so that the place gives nothing away. Prompts with identical texts only are left out.
 * @param {readonly Row[]} rows
 * @param {readonly Column[]} columns
 * @param {{seed: number}} options
 * @returns {Group[]}
 */
export function groups(rows, columns, { seed }) {
  return rows.flatMap((row) => {
    const { prompt } = row;
    const found = contendersOf(row, columns, { seed, config: "", single: true });
    if (new Set(found.map(({ text }) => text.trim())).size < 2) return [];
    const texts = shuffled(found, ({ name }) => name, { seed, words: ["place", prompt] });
    return [{ key: prompt, prompt, texts }];
  });
}

/**
 * @param {Row} row
 * @param {readonly Column[]} columns
 * @param {{seed: number, config: string, single?: boolean}} options single: whether configurations contend
 * @returns {Shown[]}
 */
function contendersOf(row, columns, { seed, config, single = columns.length === 1 }) {
  return columns.flatMap((column) => {
    const results = row.cells.get(column.id) ?? [];
    if (single)
      return results.flatMap((result) =>
        drawn([result], result.config, { seed, prompt: row.prompt, config: result.config }),
      );
    return drawn(results, column.label, { seed, prompt: row.prompt, config });
  });
}

/**
 * One sample of a contender, chosen by the seed. Identical samples have the number of the first of them, so
 * that raters who saw the same texts judged the same pair.
 * @param {import("./report.js").Result[]} results
 * @param {string} name
 * @param {{seed: number, prompt: string, config: string}} options
 * @returns {Shown[]}
 */
function drawn(results, name, { seed, prompt, config }) {
  const { samples } = samplesOf(results, { config, sample: 0, group: false });
  const whole = samples.filter(({ text }) => text !== null);
  const chosen = whole[Math.floor(chance(seed, "sample", name, prompt) * whole.length)];
  const sample = whole.find(({ text, config: one }) => text === chosen?.text && one === chosen.config);
  return sample ? [{ name, config: sample.config, sample: sample.index, text: sample.text ?? "" }] : [];
}

/** @param {Row} row @param {[Shown, Shown]} texts @returns {Couple} */
function coupleOf({ prompt }, [one, other]) {
  const texts = /** @type {[Shown, Shown]} */ (one.name < other.name ? [one, other] : [other, one]);
  return { key: pairKey(prompt, one, other), prompt, texts };
}

/**
 * Puts the texts on sides. Of each two consecutive pairs of the same contenders, one has them the other way
 * round than the other, so that both sides are balanced wherever a round ends; which one, the seed decides.
 * @param {readonly Couple[]} couples in the order in which they are shown
 * @param {number} seed
 * @returns {Pair[]}
 */
function withSides(couples, seed) {
  /** @type {Map<string, number>} */
  const turns = new Map();
  return couples.map(({ key, prompt, texts: [one, other] }) => {
    const names = [one.name, other.name].join("\u001f");
    const turn = turns.get(names) ?? 0;
    turns.set(names, turn + 1);
    const exchanged = chance(seed, "side", names, turn >> 1) < 0.5 !== (turn % 2 === 0);
    const [left, right] = exchanged ? [other, one] : [one, other];
    return { key, prompt, left, right };
  });
}

/** The same whichever side each text is on. @param {string} prompt @param {Side} one @param {Side} other */
export function pairKey(prompt, one, other) {
  const marks = [one, other].map(({ name, config, sample }) => [name, config, sample].join("\u001f")).sort();
  return [prompt, ...marks].join("\u001e");
}

/**
 * @template {Pair | Group} T
 * @param {Pick<Round, "votes">} round
 * @param {readonly T[]} pairs
 * @param {ReadonlySet<string>} skipped
 * @returns {T | undefined}
 */
export function nextPair(round, pairs, skipped) {
  const done = new Set(
    round.votes.flatMap(({ prompt, left, right }) => [prompt, pairKey(prompt, left, right)]),
  );
  const open = pairs.filter(({ key }) => !done.has(key));
  return open.find(({ key }) => !skipped.has(key)) ?? open[0];
}

/**
 * @param {Round} round
 * @param {Pair} pair
 * @param {{choice: Choice, note: string, at: string}} vote
 * @returns {Round}
 */
export function withVote(round, pair, { choice, note, at }) {
  if (round.revealed) return round;
  const vote = { prompt: pair.prompt, left: sideOf(pair.left), right: sideOf(pair.right), choice, note, at };
  return { ...round, votes: [...round.votes, vote] };
}

/**
 * Adds the choice among several texts for one prompt as votes on pairs: the best one beats each of the
 * others, whose order among themselves stays open; "tie" and "both_bad" hold for every pair.
 * @param {Round} round
 * @param {{prompt: string, sides: readonly Side[]}} shown from left to right
 * @param {{best: number | "tie" | "both_bad", note: string, at: string}} vote best: an index into `sides`
 * @returns {Round}
 */
export function withBest(round, { prompt, sides }, { best, note, at }) {
  const whole = typeof best === "string";
  const pairs = sides.flatMap((left, first) =>
    sides.flatMap((right, second) =>
      first < second && (whole || first === best || second === best) ? [{ first, left, right }] : [],
    ),
  );
  return pairs.reduce((voted, { first, left, right }) => {
    const choice = whole ? best : first === best ? "left" : "right";
    const pair = { key: "", prompt, left: { ...left, text: "" }, right: { ...right, text: "" } };
    return withVote(voted, pair, { choice, note, at });
  }, round);
}

/**
 * Adds a ranking of several texts for one prompt as votes on each two of them that are of different
 * contenders and differ. Equal places are a tie; on a text without a place there is no vote.
 * @param {Round} round
 * @param {{prompt: string, sides: readonly Shown[], places: readonly (number | undefined)[] | "both_bad"}}
 *   ranking the texts in the order in which they were shown, and the place of each, 1 for the best
 * @param {{note: string, at: string}} vote
 * @returns {Round}
 */
export function withRanking(round, { prompt, sides, places }, { note, at }) {
  const votes = sides.flatMap((left, first) =>
    sides.slice(first + 1).flatMap((right, after) => {
      if (left.name === right.name || left.text.trim() === right.text.trim()) return [];
      const choice = places === "both_bad" ? places : better(places[first], places[first + 1 + after]);
      return choice ? [{ prompt, left: sideOf(left), right: sideOf(right), choice, note, at }] : [];
    }),
  );
  return { ...round, votes: [...round.votes, ...votes] };
}

/** @param {number} [left] @param {number} [right] @returns {Choice | null} */
function better(left, right) {
  if (left === undefined || right === undefined) return null;
  return left === right ? "tie" : left < right ? "left" : "right";
}

/**
 * A round that this browser keeps; null if there is none that can be read.
 * @param {string} key
 * @returns {Round | null}
 */
export function keptRound(key) {
  try {
    const stored = recall(key);
    return stored ? fromFile(stored) : null;
  } catch {
    return null;
  }
}

/** @param {Side} side @returns {Side} */
function sideOf({ name, config, sample }) {
  return { name, config, sample };
}

/** @param {Round} round @param {number} [count] how many votes to take back @returns {Round} */
export function withoutLast(round, count = 1) {
  return round.revealed || count < 1 ? round : { ...round, votes: round.votes.slice(0, -count) };
}

/** How often each contender won, and in how many votes it was, by name. @param {readonly Vote[]} votes */
export function winsOf(votes) {
  /** @type {Map<string, {wins: number, votes: number}>} */
  const found = new Map();
  for (const { left, right, choice } of votes) {
    for (const [side, name] of [
      ["left", left.name],
      ["right", right.name],
    ]) {
      const before = found.get(name) ?? { wins: 0, votes: 0 };
      found.set(name, { wins: before.wins + (choice === side ? 1 : 0), votes: before.votes + 1 });
    }
  }
  return found;
}

/** @param {Round} round */
export function toFile(round) {
  const query = new URLSearchParams([...toAddress({ ...DEFAULTS, ...round.scope })]).toString();
  const scope = query && `?${query}`;
  return { format: "goosequill-votes", format_version: FORMAT_VERSION, ...round, scope };
}

/**
 * @param {unknown} data
 * @returns {Round}
 * @throws {ImportError} that names the path
 */
export function fromFile(data) {
  const file = /** @type {Record<string, unknown>} */ (data);
  if (typeof data !== "object" || data === null || file.format !== "goosequill-votes")
    throw new ImportError(t("this is not a file of votes (its format is not “goosequill-votes”)"));
  if ((file.format_version ?? FORMAT_VERSION) !== FORMAT_VERSION)
    throw new ImportError(
      t("this file of votes is from a newer version of this page: reload it and try again"),
    );
  if (!Array.isArray(file.votes)) throw new ImportError(mismatch("votes", file.votes, t("a list")));
  checkLimit("votes", file.votes.length);
  return {
    rater: typeof file.rater === "string" ? file.rater : "unnamed",
    seed: typeof file.seed === "number" ? file.seed : 0,
    rubric: typeof file.rubric === "string" ? file.rubric : "",
    scope: scopeOf(fromAddress({ search: typeof file.scope === "string" ? file.scope : "", hash: "" })),
    revealed: file.revealed === true,
    pairs: typeof file.pairs === "number" ? file.pairs : 0,
    votes: file.votes.map((vote, index) => voteOf(vote, `votes[${index}]`)),
  };
}

/** @param {any} vote @param {string} path @returns {Vote} */
function voteOf(vote, path) {
  const { prompt, choice, note, at } = vote ?? {};
  if (typeof prompt !== "string") throw new ImportError(mismatch(`${path}.prompt`, prompt, t("text")));
  const [left, right] = ["left", "right"].map((side) => sideIn(vote[side], `${path}.${side}`));
  if (!CHOICES.includes(choice)) {
    const is = typeof choice === "string" ? JSON.stringify(choice) : kindOf(choice);
    const values = { path: `${path}.choice`, kind: is, choices: CHOICES.join(", ") };
    throw new ImportError(t("{path} is {kind}, not one of {choices}", values));
  }
  return {
    prompt,
    left: /** @type {Side} */ (left),
    right: /** @type {Side} */ (right),
    choice,
    note: typeof note === "string" ? note : "",
    at: typeof at === "string" ? at : "",
  };
}

/** @param {any} side @param {string} path @returns {Side} */
function sideIn(side, path) {
  const { name, config, sample } = side ?? {};
  if (typeof name !== "string") throw new ImportError(mismatch(`${path}.name`, name, t("text")));
  return {
    name,
    config: typeof config === "string" ? config : "",
    sample: Number.isSafeInteger(sample) ? sample : 0, // JSON can have 1e999, which is infinite
  };
}

/**
 * The key under which the round that belongs to these reports is stored.
 * @param {readonly Column[]} columns
 */
export function roundKey(columns) {
  const names = columns
    .map(({ label, source, report }) => [label, source, report.entries.length].join("\u001f"))
    .sort();
  return `round.${Math.floor(chance(...names) * 2 ** 32).toString(36)}`;
}
