/**
 * Votes on decoders side by side. They are kept in this browser as one round in the comparer's format of
 * votes, so that `goosequill judge` and the comparer read them. While a blind round is open, its votes can be
 * undone; once names are shown, they are locked.
 */

import { DEFAULTS } from "../reports/state.js";
import {
  drawSeed,
  fromFile,
  scopeOf,
  shuffled,
  toFile,
  winsOf,
  withBest,
  withoutLast,
} from "../reports/votes.js";
import { refuseInFrame } from "../ui/framed.js";
import { recall, remember } from "../ui/memory.js";
import { t } from "../ui/words.js";

/** @import { Round } from "../reports/votes.js" */
/** @typedef {number | "tie" | "both_bad"} Best an index into the texts as shown */

const KEY = "side.votes";
const VISIBLE = "names were visible";

export class SideVotes {
  #round = storedRound();
  /** The judgements since names were last shown. @type {{prompt: number, votes: number}[]} */
  #undoable = [];
  /** The prompts that wait for a blind vote. @type {Set<number>} */
  #unjudged = new Set();
  /** The prompts with a vote. @type {Set<number>} */
  #judged = new Set();
  #blind = false;
  #seed = 0;

  /** Begins a round on texts that are about to be written. @param {{blind: boolean}} options */
  begin({ blind }) {
    this.end();
    this.#judged.clear();
    this.#blind = blind;
    this.#seed = drawSeed();
  }

  /** Ends the round: names may be shown, and its votes are locked. */
  end() {
    this.#blind = false;
    this.#unjudged.clear();
    this.#undoable = [];
  }

  /** Whether names must be hidden. */
  get blind() {
    return this.#blind;
  }

  /** Adds a prompt to judge, once its texts are written. @param {number} prompt */
  add(prompt) {
    if (this.#blind) this.#unjudged.add(prompt);
  }

  /** The next prompt to judge, if any. */
  get next() {
    return this.#unjudged.size ? Math.min(...this.#unjudged) : undefined;
  }

  /** How many prompts are left to judge. */
  get left() {
    return this.#unjudged.size;
  }

  /** @param {number} prompt */
  isJudged(prompt) {
    return this.#judged.has(prompt);
  }

  get canUndo() {
    return this.#undoable.length > 0;
  }

  get any() {
    return this.#round.votes.length > 0;
  }

  /**
   * The columns in an order that depends on the round and the prompt, so that the position gives nothing
   * away.
   * @template {{id: number}} T
   * @param {readonly T[]} columns
   * @param {number} prompt
   */
  shuffle(columns, prompt) {
    return shuffled(columns, ({ id }) => id, { seed: this.#seed, words: ["place", String(prompt)] });
  }

  /**
   * @param {number} prompt
   * @param {{prompt: string, sides: import("../reports/votes.js").Side[]}} shown
   * @param {Best} best
   */
  vote(prompt, shown, best) {
    const before = this.#round.votes.length;
    const note = this.#blind ? "" : VISIBLE;
    this.#store(withBest(this.#round, shown, { best, note, at: new Date().toISOString() }));
    if (this.#blind) this.#undoable.push({ prompt, votes: this.#round.votes.length - before });
    this.#judged.add(prompt);
    this.#unjudged.delete(prompt);
    if (this.left === 0) this.end();
  }

  /**
   * Takes the last vote back.
   * @returns {number | undefined} its prompt
   * @throws {Error} in a frame, where nothing is deleted
   */
  undo() {
    refuseInFrame();
    const last = this.#undoable.pop();
    if (!last) return undefined;
    this.#store(withoutLast(this.#round, last.votes));
    this.#judged.delete(last.prompt);
    this.#unjudged.add(last.prompt);
    return last.prompt;
  }

  /** What the votes add up to, or "". @param {(name: string) => string} titleOf the title of a decoder */
  tally(titleOf) {
    const wins = [...winsOf(this.#round.votes)].map(([name, { wins, votes }]) =>
      t("{name}: {wins} of {votes}", { name: titleOf(name), wins, votes }),
    );
    return wins.length ? `${t("Comparisons won, votes in this browser.")} ${wins.join(" · ")}` : "";
  }

  /** The text of a file of votes. */
  file() {
    const { votes } = this.#round;
    return `${JSON.stringify(toFile({ ...this.#round, revealed: true, pairs: votes.length }), null, 2)}\n`;
  }

  /** @param {Round} round */
  #store(round) {
    this.#round = round;
    remember(KEY, toFile(round));
  }
}

/** @returns {Round} */
function storedRound() {
  try {
    return { ...fromFile(recall(KEY)), revealed: false };
  } catch {
    // none yet, or counts of an earlier version
    const scope = scopeOf(DEFAULTS);
    return { rater: "unnamed", seed: 0, rubric: "", scope, revealed: false, pairs: 0, votes: [] };
  }
}
