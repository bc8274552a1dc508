/**
 * How fast a text is generated: tokens, and tokens per second, updated a few times a second.
 */

import { counted } from "../ui/dom.js";

export class Pace {
  tokens = 0;
  #first = 0;
  #last = 0;
  #shown = 0;

  /** @param {HTMLElement} line */
  constructor(line) {
    this.line = line;
  }

  add() {
    this.#last = performance.now();
    if (this.tokens++ === 0) this.#first = this.#last;
    if (this.#last - this.#shown < 250) return;
    this.#shown = this.#last;
    this.show("");
  }

  /** @param {string} more what follows the speed */
  show(more) {
    const seconds = (this.#last - this.#first) / 1000;
    const rate =
      this.tokens > 1 && seconds > 0 ? ` · ${((this.tokens - 1) / seconds).toFixed(1)} tokens a second` : "";
    this.line.textContent = `${counted(this.tokens, "token")}${rate}${more}`;
  }
}
