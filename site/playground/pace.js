// How fast a text is written: a line of figures, renewed a few times a second.

/** Tokens, and tokens per second, shown a few times a second while writing. */
export class Pace {
  tokens = 0;
  #first = 0;
  #last = 0;
  #shown = 0;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
  }

  add() {
    this.#last = performance.now();
    if (this.tokens++ === 0) this.#first = this.#last;
    if (this.#last - this.#shown < 250) return;
    this.#shown = this.#last;
    this.show("");
  }

  /** @param {string} more */
  show(more) {
    const seconds = (this.#last - this.#first) / 1000;
    const rate =
      this.tokens > 1 && seconds > 0 ? ` · ${((this.tokens - 1) / seconds).toFixed(1)} tokens a second` : "";
    this.place.textContent = `${this.tokens} ${this.tokens === 1 ? "token" : "tokens"}${rate}${more}`;
  }
}
