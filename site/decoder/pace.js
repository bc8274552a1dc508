/**
 * How fast a text is generated: tokens, and tokens per second, updated a few times a second. Tokens arrive in
 * batches, all of one at the same time, so only what came after the first batch has been timed.
 */

import { decimal, t, tn } from "../ui/words.js";

/** Milliseconds between two tokens of one batch, at most. */
const BATCH = 4;
/** Milliseconds of generation from which a speed is worth showing. */
const WORTH = 300;

export class Pace {
  tokens = 0;
  #now;
  #first = 0;
  #last = 0;
  /** Tokens of the first batch. */
  #before = 0;
  #shown = 0;

  /** @param {{textContent: string | null}} line @param {() => number} [now] milliseconds */
  constructor(line, now = () => performance.now()) {
    this.line = line;
    this.#now = now;
  }

  add() {
    const now = this.#now();
    if (this.tokens === 0) this.#first = now;
    if (this.#before === this.tokens && now - (this.#last || now) < BATCH) {
      this.#before++;
      this.#first = now;
    }
    this.tokens++;
    this.#last = now;
    if (now - this.#shown < 250) return;
    this.#shown = now;
    this.show("");
  }

  /** @param {string} more what follows the speed */
  show(more) {
    const elapsed = this.#last - this.#first;
    const timed = this.tokens - this.#before;
    const rate =
      elapsed >= WORTH
        ? ` · ${t("{rate} tokens a second", { rate: decimal((1000 * timed) / elapsed, 1) })}`
        : "";
    this.line.textContent = `${tn(this.tokens, "{n} token", "{n} tokens")}${rate}${more}`;
  }

  /**
   * What is known when the text has ended.
   * @param {string[]} facts
   * @param {{guessed?: number, guessed_right?: number}} end
   */
  showEnd(facts, { guessed = 0, guessed_right: right = 0 }) {
    const guesses = tn(guessed, "{right} of {n} guessed token right", "{right} of {n} guessed tokens right", {
      right,
    });
    this.show([...facts, ...(guessed ? [guesses] : [])].map((fact) => ` · ${fact}`).join(""));
  }
}
