/**
 * A line in a panel for what runs there: how far it is, the time left, and a button that stops it. On a
 * narrow screen the panel covers the page's own.
 */

import { element } from "../ui/dom.js";
import { Estimate, inWords, timeLeft } from "../ui/progress.js";
import { t } from "../ui/words.js";

export class TaskLine {
  #estimate = new Estimate();
  #words = element("span", { class: "note" });
  #bar = element("progress", { "aria-hidden": true });

  /** @param {() => void} stop */
  constructor(stop) {
    const button = element("button", { type: "button", class: "quiet", onclick: stop }, t("Stop"));
    this.element = element("div", { class: "task-line", hidden: true }, this.#bar, this.#words, button);
  }

  /** @param {import("../engine/protocol.js").Progress} progress */
  show = (progress) => {
    const { status, loaded, total } = progress;
    this.element.hidden = false;
    this.#bar.max = total || 1;
    this.#bar.value = Math.min(loaded, total);
    const left = this.#estimate.left(status, loaded, total);
    this.#words.textContent = inWords(progress) + (left === null ? "" : ` ${timeLeft(left)}`);
  };

  hide() {
    this.element.hidden = true;
  }
}
