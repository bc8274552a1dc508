/**
 * Which text of the visit is shown, with its prompt, tokens and branches; undo and redo between them.
 */

import { t } from "../ui/words.js";

/** @import { Text } from "./texts.js" */
/**
 * @typedef {{
 *   prompt: import("../decoder/styled-prompt.js").StyledPrompt, output: HTMLElement, measures: HTMLElement
 * }} Parts
 */

export class TextView {
  #session;
  #texts;
  #parts;

  /** @param {import("./session.js").PlaygroundSession} session @param {Parts} parts */
  constructor(session, parts) {
    this.#session = session;
    this.#texts = session.texts;
    this.#parts = parts;
  }

  /**
   * Creates a text and shows it.
   * @param {Parameters<import("./texts.js").Texts["begin"]>[0] & {rest?: string}} start `rest` was typed
   *   after the prompt: it becomes a text beside the new one, unless another has it
   * @returns {Text}
   */
  begin({ rest = "", ...start }) {
    const texts = this.#texts;
    texts.remember(this.#parts.prompt.value);
    if (rest && !texts.contains(start.prompt + rest)) texts.begin({ ...start, tokens: [], tail: rest });
    const text = texts.begin(start);
    this.#session.announce("settings");
    this.#show(text);
    return text;
  }

  /** Shows a text, or none, and its prompt. @param {Text | null} text @param {string} [typed] */
  #show(text, typed = text?.prompt) {
    const { prompt, measures } = this.#parts;
    this.#texts.current = text;
    if (typed !== undefined && prompt.value !== typed) prompt.value = typed;
    measures.textContent = "";
    this.#session.announce("text");
  }

  /** Shows the text and the prompt that the tab had before the page was left. @param {string} prompt */
  restore(prompt) {
    this.#show(this.#texts.current, prompt);
  }

  /** Shows another text of the visit. @param {Text} text */
  choose(text) {
    if (this.#session.busy || text === this.#texts.current) return;
    this.#texts.remember(this.#parts.prompt.value);
    this.#show(text);
    this.#session.announce("settings");
  }

  /** Adds a text of another page, and shows it if the prompt is its own. @param {Text} text */
  bring(text) {
    const adopted = this.#texts.adopt(text);
    if (adopted.prompt === this.#parts.prompt.value) this.choose(adopted);
    else this.#session.announce("texts");
  }

  /** @param {"undo" | "redo"} way */
  travel(way) {
    if (this.#session.busy) return;
    const found = this.#texts[way](this.#parts.prompt.value);
    if (!found) return;
    this.#show(found.text, found.prompt);
    this.#session.announce("settings");
    this.#session.say(way === "undo" ? t("Undone.") : t("Redone."));
  }

  /** Shows another prompt instead of what is written; Undo brings that back. @param {string} text */
  replacePrompt(text) {
    this.#replace(text);
    this.#session.announce("settings");
  }

  clear() {
    this.#replace(undefined);
    this.#session.say("");
  }

  /** Moves the output to the end of the prompt. */
  append() {
    const { prompt, output } = this.#parts;
    this.replacePrompt(prompt.value + output.textContent);
    this.#session.say("");
  }

  /** @param {string | undefined} typed the prompt that is shown without a text, if it is another */
  #replace(typed) {
    const { prompt } = this.#parts;
    this.#texts.remember(prompt.value);
    this.#show(null, typed);
    prompt.focus();
  }
}
