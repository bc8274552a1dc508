/**
 * The prompt with its style: a model that was trained on styles reads a tag before the text. The tag is
 * chosen in a list and not shown in the field; one that is typed or pasted there moves to the list. A style
 * stays until the visitor chooses another, or a text that has its own. `value` is what the model reads.
 */

import { element } from "../ui/dom.js";
import { t, translated } from "../ui/words.js";

/** @typedef {{name: string, tag: string}} Style */

export class StyledPrompt {
  #box;
  #onText;
  #select;
  /** @type {Style[]} */
  #offered = [];
  #isList = false;
  #early = ""; // the text that was set before its styles were known

  /**
   * @param {{
   *   field: HTMLTextAreaElement, box: HTMLElement, select: HTMLSelectElement, onChange: () => void,
   *   onText?: () => void
   * }} parts `onChange` is called when the visitor chooses a style, `onText` whenever the field has
   *   another text
   */
  constructor({ field, box, select, onChange, onText = () => {} }) {
    this.field = field;
    this.#onText = onText;
    this.#box = box;
    this.#select = select;
    select.addEventListener("change", onChange);
    field.addEventListener("input", () => {
      this.#split();
      onText();
    });
  }

  /** The tag of the chosen style, or "". */
  get tag() {
    return this.#offered[Number(this.#select.value || Number.NaN)]?.tag ?? "";
  }

  /** The prompt, with the tag of its style. */
  get value() {
    return this.tag + this.field.value;
  }

  set value(text) {
    const style = this.#styleOf(text);
    if (!this.#offered.length) this.#early = text;
    this.#select.value = style ? String(this.#offered.indexOf(style)) : "";
    this.field.value = text.slice(style?.tag.length ?? 0);
    this.#onText();
  }

  /** A text with its own style, or else with the chosen one. @param {string} text */
  styled(text) {
    return this.#styleOf(text) ? text : this.tag + text;
  }

  /** The value before the caret or the selection, and what follows. @returns {[string, string]} */
  get atCaret() {
    const { tag, value, field } = this;
    const at = tag.length + field.selectionStart;
    return [value.slice(0, at), value.slice(at)];
  }

  /** Whether the visitor has written something besides a style. */
  get isEmpty() {
    return this.field.value.trim() === "";
  }

  focus() {
    this.field.focus();
  }

  /**
   * Offers a model's styles (`registers` in its description, which anybody can write).
   * @param {unknown} styles
   */
  offer(styles) {
    const { tag: chosen, field } = this;
    const list = Array.isArray(styles) ? styles : [];
    this.#offered = list.filter(
      (one) => typeof one?.name === "string" && typeof one?.tag === "string" && one.tag,
    );
    this.#showBox();
    const options = this.#offered.map(({ name }, index) =>
      element("option", { value: index }, translated(name)),
    );
    this.#select.replaceChildren(element("option", { value: "" }, t("No style")), ...options);
    const tag = chosen || (this.#styleOf(this.#early)?.tag ?? ""); // a visitor may have typed over the text
    const isKnown = this.#offered.some((one) => one.tag === tag) && !this.#styleOf(field.value);
    this.#keepSelection(isKnown ? tag + field.value : field.value); // another model's tag is not text
    this.#early = "";
  }

  /** In a list of prompts each has its own tag, which stays in the text. @param {boolean} isList */
  set isList(isList) {
    const { value } = this;
    this.#isList = isList;
    this.#showBox();
    this.#keepSelection(value);
  }

  #showBox() {
    this.#box.hidden = this.#isList || this.#offered.length === 0;
  }

  /** Moves a tag that was typed to the list. */
  #split() {
    if (this.#styleOf(this.field.value)) this.#keepSelection(this.field.value);
  }

  /**
   * Sets the value. What a visitor has selected stays selected, though a tag leaves the field or returns
   * to it.
   * @param {string} value
   */
  #keepSelection(value) {
    const { field } = this;
    const { selectionStart, selectionEnd, value: before } = field;
    this.value = value;
    const moved = field.value.length - before.length;
    if (!moved || document.activeElement !== field) return;
    field.setSelectionRange(Math.max(0, selectionStart + moved), Math.max(0, selectionEnd + moved));
  }

  /** @param {string} text */
  #styleOf(text) {
    return this.#isList ? undefined : this.#offered.find(({ tag }) => text.startsWith(tag));
  }
}
