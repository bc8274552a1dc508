/**
 * Better answers: offers the visitor of <goose-search> to download MiniLM, with its size, shows how far the
 * download has come, and lets her cancel it. A model that her browser keeps already is used without asking.
 * The element loads this file from beside its own, if it has the attribute `engine`.
 */

import { element } from "../../ui/dom.js";
import { ProgressView } from "../../ui/progress.js";
import { megabytes } from "../../ui/words.js";
import { FullEmbedder } from "./full.js";

export class BetterAnswers {
  /** @type {FullEmbedder | null} */
  #embedder = null;
  #ready = false;

  /**
   * @param {() => unknown} onReady called when questions can be embedded
   * @param {() => void} focus takes the focus from a button that goes away
   */
  constructor(onReady, focus) {
    this.onReady = onReady;
    this.focus = focus;
    this.offer = element("button", { type: "button", part: "button better", hidden: true });
    this.offer.addEventListener("click", () => this.#start());
    this.cancel = element("button", { type: "button", part: "button cancel" }, "Cancel");
    this.cancel.addEventListener("click", () => this.#cancel());
    const bar = element("progress", { part: "bar", "aria-label": "Better answers" });
    const label = element("span", { part: "figures" });
    const phase = element("span", { part: "phase", role: "status" });
    this.box = element(
      "div",
      { class: "progress", part: "progress", hidden: true },
      phase,
      bar,
      label,
      this.cancel,
    );
    this.error = element("p", { class: "error", part: "error", role: "alert", hidden: true });
    this.progress = new ProgressView({ box: this.box, bar, label }, (text) => {
      if (phase.textContent !== text) phase.textContent = text;
    });
    this.parts = [this.offer, this.box, this.error];
  }

  /** What embeds questions; null until it is ready. */
  get embedder() {
    return this.#ready ? this.#embedder : null;
  }

  /**
   * Offers the model, or starts it if it is here. Where there is no Goosequill site, nothing happens.
   * @param {string} site the folder of a Goosequill site
   * @param {number} more bytes that are downloaded besides the model
   */
  async consider(site, more) {
    const embedder = new FullEmbedder(site);
    this.#embedder = embedder;
    const { bytes, stored } = await embedder.needs();
    if (this.#embedder !== embedder) return;
    this.offer.textContent = `Better answers (download ${megabytes(bytes + more)})`;
    if (stored) await this.#start();
    else this.offer.hidden = bytes === 0;
  }

  /** Downloads and starts; the visitor agreed, or the model is here. */
  async #start() {
    const embedder = this.#embedder;
    if (!embedder || !this.box.hidden) return;
    this.error.hidden = true;
    this.progress.show({ status: "engine", file: "", loaded: 0, total: 0 });
    this.#exchange(this.offer, this.cancel);
    try {
      await embedder.start({ onProgress: this.progress.show });
      if (this.#embedder !== embedder) return;
      this.#ready = true;
      this.#exchange(this.cancel, null);
      this.onReady();
    } catch (error) {
      if (this.#embedder === embedder) this.#fail(error);
    }
  }

  #cancel() {
    this.#embedder?.dispose();
  }

  /** @param {unknown} error */
  #fail(error) {
    const { name, message = String(error), remedy = "" } = /** @type {any} */ (error);
    this.error.textContent = `${message} ${remedy}`.trim();
    this.error.hidden = name === "AbortError";
    this.#exchange(this.cancel, this.offer);
  }

  /**
   * Shows one button in place of another; the focus stays in the panel, which would close without it.
   * @param {HTMLButtonElement} old
   * @param {HTMLButtonElement | null} next
   */
  #exchange(old, next) {
    const focused = old.matches(":focus");
    if (next === this.cancel) this.box.hidden = false;
    if (next === this.offer) this.offer.hidden = false;
    if (focused) (next ?? this).focus(); // before the old one is hidden, which would close the panel
    if (next !== this.cancel) this.progress.hide();
    if (next !== this.offer) this.offer.hidden = true;
  }

  /** Forgets everything, as when the element leaves the page. */
  release() {
    this.#embedder?.dispose();
    this.#embedder = null;
    this.#ready = false;
    for (const part of this.parts) part.remove();
  }
}
