/**
 * The state of blind judging: the round, what is left to judge, and the rounds of other raters. Every change
 * is stored in the browser. What it looks like is in vote-page.js.
 *
 * Reports are judged in pairs. One model's live columns are judged all at once, as many as there are, and
 * their rounds add up: one file of votes on decoders, whatever they wrote.
 */

import {
  ballot,
  fromFile,
  groups,
  keptRound,
  nextPair,
  RATER,
  roundKey,
  scopeOf,
  toFile,
  winsOf,
  withBest,
  withoutLast,
} from "../reports/votes.js";
import { refuseInFrame } from "../ui/framed.js";
import { CHAT_VOTES, recall, remember, setAside } from "../ui/memory.js";
import { drawSeed } from "../ui/seeded.js";

/** @import { Group, Round } from "../reports/votes.js" */
/** @import { Column, Row } from "../reports/collate.js" */
/** @typedef {number | "tie" | "both_bad"} Best an index into the texts as shown */

const LIVE = "side.votes"; // that of the former page for decoders side by side
const VISIBLE = "names were visible";

export class Judging {
  /** @type {Round | null} */
  #round = null;
  /** @type {Group[]} */
  #pairs = [];
  #live = false;
  /** How many votes the round had before it went on; they are locked. */
  #from = 0;
  /** A note for votes on texts that were seen under their names. */
  #seen = "";
  /** @type {Set<string>} */
  #skipped = new Set();
  /** @type {Round[]} */
  #others = [];
  #key = "";

  /**
   * @param {{
   *   onStorageFailure: () => void, onDamaged: (name: string, text: string) => void
   * }} options called when the browser cannot store a vote, and when stored votes cannot be read and were set
   *   aside under a name
   */
  constructor({ onStorageFailure, onDamaged }) {
    this.onStorageFailure = onStorageFailure;
    this.onDamaged = onDamaged;
  }

  get round() {
    return this.#round;
  }

  /** The visitor's round and those of other raters. */
  get rounds() {
    return this.#round ? [this.#round, ...this.#others] : [];
  }

  /** Whether names must be hidden: a round has begun and is not revealed. */
  get blind() {
    return this.#round !== null && !this.#round.revealed;
  }

  get pairs() {
    return this.#pairs;
  }

  /** Whether all texts for a prompt are judged at once. */
  get live() {
    return this.#live;
  }

  /** The votes that can still be taken back. */
  get votes() {
    return this.#round?.votes.slice(this.#from) ?? [];
  }

  /** How many of the pairs, or of the prompts, are judged. */
  get judged() {
    return this.#live ? new Set(this.votes.map(({ prompt }) => prompt)).size : this.votes.length;
  }

  /** The texts to judge now. */
  get current() {
    return this.#round ? nextPair(this, this.#pairs, this.#skipped) : undefined;
  }

  get complete() {
    return this.#round !== null && !nextPair(this, this.#pairs, new Set());
  }

  /** How often each contender won, and in how many votes it was, by name. */
  get wins() {
    return winsOf(this.#round?.votes ?? []);
  }

  get lastRater() {
    return String(recall(RATER) ?? "");
  }

  /**
   * Finds the stored round of the open reports.
   * @param {readonly Column[]} columns all, hidden ones too
   * @param {{live?: boolean}} [options] live: whether they are one model's live columns
   */
  open(columns, { live = false } = {}) {
    this.#live = live;
    this.#key = live ? LIVE : `compare.${roundKey(columns)}`;
    const round = columns.length > 0 ? keptRound(this.#key) : null;
    this.#round = round && live ? { ...round, revealed: true } : round; // what it was about is not open
    this.#from = 0;
    this.#others = [];
    if (columns.length > 0 && !this.#round) this.#setDamagedAside();
    if (live) this.#takeOver();
  }

  /** Adds the votes that rankings on the chat page have left to those on live columns. */
  #takeOver() {
    const found = keptRound(CHAT_VOTES);
    if (!found) return;
    const votes = [...(this.#round?.votes ?? []), ...found.votes];
    const pairs = (this.#round?.pairs ?? 0) + found.votes.length;
    if (this.#store({ ...(this.#round ?? found), votes, pairs, revealed: true }))
      remember(CHAT_VOTES, undefined);
  }

  /** What is stored though it is not a round would be overwritten by the next vote. */
  #setDamagedAside() {
    const name = `votes (damaged) ${new Date().toISOString().slice(0, 19)}`;
    const text = setAside(this.#key, `compare.${name}`);
    if (text !== null) this.onDamaged(name, text);
  }

  /**
   * Makes the pairs of what is shown.
   * @param {readonly Row[]} rows
   * @param {readonly Column[]} columns
   * @param {string} config
   */
  deal(rows, columns, config) {
    this.#skipped.clear();
    const { seed = 0 } = this.#round ?? {};
    const pairs = () => ballot(rows, columns, { seed, config });
    if (!this.#round) this.#pairs = [];
    else if (this.#live) this.#pairs = groups(rows, columns, { seed });
    else this.#pairs = pairs().map(({ left, right, ...pair }) => ({ ...pair, texts: [left, right] }));
  }

  /**
   * @param {{rater: string, rubric: string, scope: import("../reports/votes.js").Scope, unseen?: boolean}}
   *   options unseen: whether the texts of live columns were never shown under their names
   */
  begin({ rater, rubric, scope, unseen = false }) {
    remember(RATER, rater);
    const votes = (this.#live && this.#round?.votes) || [];
    this.#from = votes.length;
    this.#seen = this.#live && !unseen ? VISIBLE : "";
    this.#store({
      rater: rater.trim() || "unnamed",
      seed: drawSeed(),
      rubric: rubric.trim(),
      scope: scopeOf(scope),
      revealed: false,
      pairs: 0,
      votes,
    });
  }

  /** @param {Best} best @param {string} note @returns {boolean} whether there was anything to vote on */
  vote(best, note) {
    const { current } = this;
    if (!this.#round || !current || !this.blind) return false;
    if (typeof best === "number" && best >= current.texts.length) return false;
    const sides = { prompt: current.prompt, sides: current.texts };
    const vote = { best, note: note || this.#seen, at: new Date().toISOString() };
    this.#store(withBest(this.#round, sides, vote));
    this.#skipped.delete(current.key);
    return true;
  }

  /**
   * @returns {boolean} whether there was a vote to take back
   * @throws {Error} in a frame, where nothing is deleted
   */
  undo() {
    const last = this.votes.at(-1);
    if (!this.#round || !this.blind || !last) return false;
    refuseInFrame();
    const together = this.votes.filter(({ prompt }) => prompt === last.prompt).length;
    this.#store(withoutLast(this.#round, this.#live ? together : 1));
    this.#skipped.clear();
    return true;
  }

  /** Puts the current pair off; when all were put off, they come again. @returns {boolean} */
  skip() {
    const { current } = this;
    if (!current || !this.blind) return false;
    if (this.#skipped.has(current.key)) this.#skipped.clear();
    this.#skipped.add(current.key);
    return true;
  }

  /** Ends the round: names may be shown, and the votes are locked. */
  reveal() {
    if (!this.#round) return;
    const left = this.#pairs.length - this.judged;
    const pairs = this.#live ? this.#round.votes.length + left : this.#pairs.length;
    this.#store({ ...this.#round, revealed: true, pairs });
  }

  /** Deletes the round; live columns keep their votes. @throws {Error} in a frame, if it has votes */
  discard() {
    if (this.#live && this.#from) return this.reveal();
    if (this.#round?.votes.length) refuseInFrame();
    this.#others = [];
    this.#store(null);
  }

  /**
   * Adds a file of votes: the visitor's own if there is no round, else another rater's.
   * @param {unknown} data
   */
  add(data) {
    const round = fromFile(data);
    if (this.#round) this.#others.push(round);
    else this.#store(round);
  }

  /** @param {Round | null} round */
  #store(round) {
    this.#round = round;
    const isStored = remember(this.#key, round ? toFile(round) : undefined);
    if (!isStored) this.onStorageFailure();
    return isStored;
  }
}
