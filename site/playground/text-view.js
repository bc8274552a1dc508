/**
 * Which text of the visit is shown, with its prompt, tokens and branches; undo and redo between them.
 */

import { t } from "../ui/words.js";

/** @import { Text } from "./texts.js" */
/**
 * @typedef {{
 *   texts: import("./texts.js").Texts, prompt: import("./styled-prompt.js").StyledPrompt,
 *   output: HTMLElement, measures: HTMLElement,
 *   inspector: import("./inspector.js").Inspector,
 *   branches: import("./branch-box.js").BranchBox,
 *   busy: () => boolean, changed: () => void, store: () => void, say: (text: string) => void,
 *   session: import("./session.js").Session
 * }} Parts
 */

export class TextView {
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * Creates a text and shows it.
   * @param {Parameters<import("./texts.js").Texts["begin"]>[0] & {rest?: string}} start `rest` was typed
   *   after the prompt: it becomes a text beside the new one, unless another has it
   * @returns {Text}
   */
  begin({ rest = "", ...start }) {
    const { texts, prompt, store } = this.#parts;
    texts.remember(prompt.value);
    if (rest && !texts.contains(start.prompt + rest)) texts.begin({ ...start, tokens: [], tail: rest });
    const text = texts.begin(start);
    store();
    this.#show(text);
    return text;
  }

  /** Shows a text, or none, and its prompt. @param {Text | null} text @param {string} [typed] */
  #show(text, typed = text?.prompt) {
    const { texts, prompt, inspector, measures, session } = this.#parts;
    texts.current = text;
    if (typed !== undefined && prompt.value !== typed) prompt.value = typed;
    inspector.show(text);
    measures.textContent = "";
    this.refresh();
    session.announce("text");
  }

  /** Shows the branches and buttons as they are now. */
  refresh() {
    const { branches, changed } = this.#parts;
    branches.show();
    changed();
  }

  /** Shows the text and the prompt that the tab had before the page was left. @param {string} prompt */
  restore(prompt) {
    this.#show(this.#parts.texts.current, prompt);
  }

  /** Shows another text of the visit. @param {Text} text */
  choose(text) {
    const { texts, prompt, busy, store } = this.#parts;
    if (busy() || text === texts.current) return;
    texts.remember(prompt.value);
    this.#show(text);
    store();
  }

  /** Adds a text of another page, and shows it if the prompt is its own. @param {Text} text */
  bring(text) {
    const { texts, prompt } = this.#parts;
    const adopted = texts.adopt(text);
    if (adopted.prompt === prompt.value) this.choose(adopted);
    else this.refresh();
  }

  /** @param {"undo" | "redo"} way */
  travel(way) {
    const { texts, prompt, busy, store, say } = this.#parts;
    if (busy()) return;
    const found = texts[way](prompt.value);
    if (!found) return;
    this.#show(found.text, found.prompt);
    store();
    say(way === "undo" ? t("Undone.") : t("Redone."));
  }

  /** Shows another prompt instead of what is written; Undo brings that back. @param {string} text */
  replacePrompt(text) {
    const { texts, prompt, store } = this.#parts;
    texts.remember(prompt.value);
    this.#show(null, text);
    store();
    prompt.focus();
  }

  clear() {
    const { texts, prompt, say } = this.#parts;
    texts.remember(prompt.value);
    this.#show(null);
    say("");
    prompt.focus();
  }

  /** Moves the output to the end of the prompt. */
  append() {
    const { texts, prompt, output, say, store } = this.#parts;
    texts.remember(prompt.value);
    this.#show(null, prompt.value + output.textContent);
    say("");
    prompt.focus();
    store();
  }
}
