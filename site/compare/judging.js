/**
 * The state of blind judging: the round, the pairs that are left, and the rounds of other raters. Every
 * change is stored in the browser. What it looks like is in vote-page.js.
 */

import {
  ballot,
  drawSeed,
  fromFile,
  nextPair,
  roundKey,
  scopeOf,
  toFile,
  withoutLast,
  withVote,
} from "../reports/votes.js";
import { refuseInFrame } from "../ui/framed.js";
import { recall, remember, setAside } from "../ui/memory.js";

/** @import { Choice, Pair, Round } from "../reports/votes.js" */
/** @import { Column, Row } from "../reports/collate.js" */

const RATER = "compare.rater";

export class Judging {
  /** @type {Round | null} */
  #round = null;
  /** @type {Pair[]} */
  #pairs = [];
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

  /** The pair to judge now. */
  get current() {
    return this.#round ? nextPair(this.#round, this.#pairs, this.#skipped) : undefined;
  }

  get complete() {
    return this.#round !== null && !nextPair(this.#round, this.#pairs, new Set());
  }

  get lastRater() {
    return String(recall(RATER) ?? "");
  }

  /** Finds the stored round of the open reports. @param {readonly Column[]} columns all, hidden ones too */
  open(columns) {
    this.#key = `compare.${roundKey(columns)}`;
    this.#round = columns.length > 0 ? readRound(this.#key) : null;
    this.#others = [];
    if (columns.length > 0 && !this.#round) this.#setDamagedAside();
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
    this.#pairs = this.#round ? ballot(rows, columns, { seed: this.#round.seed, config }) : [];
  }

  /** @param {{rater: string, rubric: string, scope: import("../reports/votes.js").Scope}} options */
  begin({ rater, rubric, scope }) {
    remember(RATER, rater);
    this.#store({
      rater: rater.trim() || "unnamed",
      seed: drawSeed(),
      rubric: rubric.trim(),
      scope: scopeOf(scope),
      revealed: false,
      pairs: 0,
      votes: [],
    });
  }

  /** @param {Choice} choice @param {string} note @returns {boolean} whether there was a pair to vote on */
  vote(choice, note) {
    const { current } = this;
    if (!this.#round || !current || !this.blind) return false;
    this.#store(withVote(this.#round, current, { choice, note, at: new Date().toISOString() }));
    this.#skipped.delete(current.key);
    return true;
  }

  /**
   * @returns {boolean} whether there was a vote to take back
   * @throws {Error} in a frame, where nothing is deleted
   */
  undo() {
    if (!this.#round || !this.blind || this.#round.votes.length === 0) return false;
    refuseInFrame();
    this.#store(withoutLast(this.#round));
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
    if (this.#round) this.#store({ ...this.#round, revealed: true, pairs: this.#pairs.length });
  }

  /** Deletes the round. @throws {Error} in a frame, if it has votes */
  discard() {
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
    if (!remember(this.#key, round ? toFile(round) : undefined)) this.onStorageFailure();
  }
}

/** @param {string} key @returns {Round | null} */
function readRound(key) {
  try {
    const stored = recall(key);
    return stored ? fromFile(stored) : null;
  } catch {
    return null;
  }
}
