/**
 * Blind votes, without a page: which pairs are shown in which order, on which side, and the file that votes are kept in. Pure.
 * Everything random comes from the round's seed, so a reload goes on where one stopped.
 * @module
 */

import { samplesOf } from "./collate.js";
import { DEFAULTS, fromUrl, toUrl } from "./state.js";

/** @typedef {import("./collate.js").Row} Row */
/** @typedef {import("./collate.js").Column} Column */
/** @typedef {"left" | "right" | "tie" | "both_bad"} Choice */
/** @typedef {{name: string, config: string, sample: number}} Side what is written into the file */
/** @typedef {Side & {text: string}} Shown */
/** @typedef {{key: string, prompt: string, left: Shown, right: Shown}} Pair */
/** @typedef {{prompt: string, left: Side, right: Side, choice: Choice, note: string, at: string}} Vote */
/** @typedef {Pick<import("./state.js").View, "config" | "hide" | "q" | "re" | "differ" | "coverage">} Scope what the round is about */

/**
 * @typedef {Object} Round
 * @property {string} rater
 * @property {number} seed
 * @property {string} rubric
 * @property {Scope} scope
 * @property {boolean} revealed names were shown: the votes are locked
 * @property {number} pairs how many there were to judge when names were shown; fewer votes: the round was unblinded early. 0: not known
 * @property {Vote[]} votes
 */

export const CHOICES = /** @type {const} */ (["left", "right", "tie", "both_bad"]);

/** @param {Scope} view @returns {Scope} */
export function scopeOf({ config, hide, q, re, differ, coverage }) {
  return { config, hide, q, re, differ, coverage };
}

/** What the page says of a round whose names are known. @param {Round} round */
export function unblinded({ votes, pairs }) {
  const early =
    votes.length < pairs ? `after ${votes.length} of ${pairs} pairs, before the round was over` : "";
  return `Names were revealed${early ? ` ${early}` : ""}; these votes are locked.`;
}

/** A number from 0 to 1 that depends on the words alone (FNV-1a, then an avalanche). @param {...(string | number)} words */
export function chance(...words) {
  let hash = 0x811c9dc5;
  for (const unit of words.join("\u001f")) {
    hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/**
 * All pairs of contenders on all prompts: reports against each other, or the configurations of a single report. Pairs whose texts are
 * the same are left out. Each prompt comes once before any comes again.
 * @param {readonly Row[]} rows
 * @param {readonly Column[]} columns
 * @param {{seed: number, config: string}} options
 * @returns {Pair[]}
 */
export function ballot(rows, columns, { seed, config }) {
  /** @type {{pair: Pair, rank: number}[]} */
  const ranked = [];
  for (const row of rows) {
    const contenders = contendersOf(row, columns, { seed, config });
    const pairs = contenders.flatMap((one, at) =>
      contenders.slice(at + 1).map((other) => pairOf(row, [one, other], seed)),
    );
    const different = pairs.filter(({ left, right }) => left.text.trim() !== right.text.trim());
    different.sort((a, b) => chance(seed, "order", a.key) - chance(seed, "order", b.key));
    for (const [turn, pair] of different.entries())
      ranked.push({ pair, rank: turn + chance(seed, "row", row.prompt) });
  }
  return ranked.sort((a, b) => a.rank - b.rank).map(({ pair }) => pair);
}

/** @param {Row} row @param {readonly Column[]} columns @param {{seed: number, config: string}} options @returns {Shown[]} */
function contendersOf(row, columns, { seed, config }) {
  const single = columns.length === 1;
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
 * One sample of a contender, by the seed's choice.
 * @param {import("./collate.js").Result[]} results @param {string} name
 * @param {{seed: number, prompt: string, config: string}} options
 * @returns {Shown[]}
 */
function drawn(results, name, { seed, prompt, config }) {
  const { samples } = samplesOf(results, { config, sample: 0, group: false });
  const whole = samples.filter(({ text }) => text !== null);
  const sample = whole[Math.floor(chance(seed, "sample", name, prompt) * whole.length)];
  return sample ? [{ name, config: sample.config, sample: sample.index, text: sample.text ?? "" }] : [];
}

/** @param {Row} row @param {[Shown, Shown]} contenders @param {number} seed @returns {Pair} */
function pairOf(row, [one, other], seed) {
  const key = pairKey(row.prompt, one, other);
  const [left, right] = chance(seed, "side", key) < 0.5 ? [one, other] : [other, one];
  return { key, prompt: row.prompt, left, right };
}

/** The same whichever side each stands on. @param {string} prompt @param {Side} one @param {Side} other */
export function pairKey(prompt, one, other) {
  const marks = [one, other].map(({ name, config, sample }) => [name, config, sample].join("\u001f")).sort();
  return [prompt, ...marks].join("\u001e");
}

/** @param {Round} round @param {readonly Pair[]} pairs @param {ReadonlySet<string>} skipped @returns {Pair | undefined} */
export function nextPair(round, pairs, skipped) {
  const done = new Set(round.votes.map(({ prompt, left, right }) => pairKey(prompt, left, right)));
  const open = pairs.filter(({ key }) => !done.has(key));
  return open.find(({ key }) => !skipped.has(key)) ?? open[0];
}

/** @param {Round} round @param {Pair} pair @param {{choice: Choice, note: string, at: string}} vote @returns {Round} */
export function withVote(round, pair, { choice, note, at }) {
  if (round.revealed) return round;
  const bare = (/** @type {Side} */ { name, config, sample }) => ({ name, config, sample });
  return {
    ...round,
    votes: [
      ...round.votes,
      { prompt: pair.prompt, left: bare(pair.left), right: bare(pair.right), choice, note, at },
    ],
  };
}

/** @param {Round} round @returns {Round} */
export function withoutLast(round) {
  return round.revealed ? round : { ...round, votes: round.votes.slice(0, -1) };
}

/** @param {Round} round */
export function toFile(round) {
  const scope = toUrl({ ...DEFAULTS, ...round.scope });
  return { format: "goosequill-votes", format_version: 1, ...round, scope };
}

/**
 * @param {unknown} data
 * @returns {Round}
 * @throws {Error} that names the path
 */
export function fromFile(data) {
  const file = /** @type {Record<string, unknown>} */ (data);
  if (typeof data !== "object" || data === null || file.format !== "goosequill-votes")
    throw new Error("this is not a file of votes (format is not “goosequill-votes”)");
  if (!Array.isArray(file.votes)) throw new Error("votes is missing or not a list");
  for (const [index, vote] of file.votes.entries()) checkVote(vote, `votes[${index}]`);
  return {
    rater: typeof file.rater === "string" ? file.rater : "unnamed",
    seed: typeof file.seed === "number" ? file.seed : 0,
    rubric: typeof file.rubric === "string" ? file.rubric : "",
    scope: scopeOf(fromUrl(typeof file.scope === "string" ? file.scope : "")),
    revealed: file.revealed === true,
    pairs: typeof file.pairs === "number" ? file.pairs : 0,
    votes: file.votes,
  };
}

/** @param {any} vote @param {string} path */
function checkVote(vote, path) {
  if (typeof vote?.prompt !== "string") throw new Error(`${path}.prompt is missing`);
  for (const side of ["left", "right"])
    if (typeof vote[side]?.name !== "string") throw new Error(`${path}.${side}.name is missing`);
  if (!CHOICES.includes(vote.choice)) throw new Error(`${path}.choice is ${JSON.stringify(vote.choice)}`);
}

/** Which round belongs to these reports: the key under which it is kept. @param {readonly Column[]} columns */
export function roundKey(columns) {
  const names = columns
    .map(({ label, source, report }) => [label, source, report.entries.length].join("\u001f"))
    .sort();
  return `round.${Math.floor(chance(...names) * 2 ** 32).toString(36)}`;
}
