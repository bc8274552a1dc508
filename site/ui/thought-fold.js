/**
 * What a reasoning model thinks before it answers: open and named "Thinking…" while it is written, and folded
 * away once the answer begins. A <details>, so the keyboard opens it.
 */

import { element } from "./dom.js";
import { growText } from "./unseen.js";
import { t } from "./words.js";

export class ThoughtFold {
  text = "";
  #summary = element("summary");
  #said = element("div", { class: "said" });
  box = element("details", { class: "thought", part: "thought", hidden: true }, this.#summary, this.#said);

  /** Adds to the thought while it is written. @param {string} thought */
  add(thought) {
    if (!thought) return;
    growText(this.#said, thought);
    this.text += thought;
    if (!this.box.hidden) return;
    this.#summary.textContent = t("Thinking…");
    this.box.hidden = false;
    this.box.open = true;
  }

  /** The thought is complete. @param {{fold: boolean}} options whether an answer follows */
  end({ fold }) {
    this.#summary.textContent = t("Thought");
    if (fold) this.box.open = false;
  }
}
