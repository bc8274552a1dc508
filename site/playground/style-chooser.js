/**
 * The styles that a model was trained on: a tag at the start of the prompt selects one. The chooser replaces
 * the tag in the prompt; the browser's own undo reverts it.
 */

import { element } from "../ui/dom.js";

/** @typedef {{name: string, tag: string}} Style */

export class StyleChooser {
  #box;
  #select;
  #prompt;
  /** @type {Style[]} */
  #offered = [];

  /** @param {{box: HTMLElement, select: HTMLSelectElement, prompt: HTMLTextAreaElement}} parts */
  constructor({ box, select, prompt }) {
    this.#box = box;
    this.#select = select;
    this.#prompt = prompt;
    select.addEventListener("change", () => {
      const { length } = this.#current?.tag ?? "";
      this.#replaceStart(length, this.#offered[Number(select.value || Number.NaN)]?.tag ?? "");
      this.show();
    });
    prompt.addEventListener("input", () => this.show());
  }

  /**
   * Offers a model's styles (`registers` in its description, which anybody can write).
   * @param {unknown} styles
   */
  offer(styles) {
    const list = Array.isArray(styles) ? styles : [];
    this.#offered = list.filter(
      (one) => typeof one?.name === "string" && typeof one?.tag === "string" && one.tag,
    );
    this.#box.hidden = this.#offered.length === 0;
    const options = this.#offered.map(({ name }, index) => element("option", { value: index }, name));
    this.#select.replaceChildren(element("option", { value: "" }, "None: the prompt as it is"), ...options);
    this.show();
  }

  /** Selects the style whose tag the prompt starts with. */
  show() {
    const current = this.#current;
    this.#select.value = current ? String(this.#offered.indexOf(current)) : "";
  }

  get #current() {
    return this.#offered.find(({ tag }) => this.#prompt.value.startsWith(tag));
  }

  /**
   * Replaces the first characters of the prompt as if they had been typed.
   * @param {number} length
   * @param {string} text
   */
  #replaceStart(length, text) {
    const prompt = this.#prompt;
    prompt.focus();
    prompt.setSelectionRange(0, length);
    // The only way that the browser can undo; where it is gone, the text is inserted all the same.
    const typed = document.execCommand(text ? "insertText" : "delete", false, text);
    if (!typed) {
      prompt.setRangeText(text, 0, length, "end");
      prompt.dispatchEvent(new Event("input"));
    }
    prompt.setSelectionRange(prompt.value.length, prompt.value.length);
  }
}
