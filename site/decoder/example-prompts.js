/**
 * Buttons with a model's example prompts; the first one fills an empty field. They are one stop of the Tab
 * key, and arrow keys move among them.
 */

import { element } from "../ui/dom.js";
import { translated } from "../ui/words.js";

/** @import { StyledPrompt } from "./styled-prompt.js" */

export class ExamplePrompts {
  #box;
  #prompt;
  #onChoose;

  /**
   * @param {{box: HTMLElement, prompt: StyledPrompt, onChoose: (text: string) => void}} options
   */
  constructor({ box, prompt, onChoose }) {
    this.#box = box;
    this.#prompt = prompt;
    this.#onChoose = onChoose;
    box.addEventListener("keydown", (event) => this.#press(event));
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const buttons = /** @type {HTMLElement[]} */ ([...this.#box.children]);
    const at = buttons.indexOf(/** @type {HTMLElement} */ (event.target));
    const next = step && buttons[at + step];
    if (!next) return;
    event.preventDefault();
    buttons[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  /** @param {{title: string, text: string}[]} prompts */
  offer(prompts) {
    this.#box.hidden = prompts.length === 0;
    const buttons = prompts.map(({ title, text }, at) => {
      const choose = () => this.#onChoose(text);
      const tabIndex = at ? -1 : 0;
      return element("button", { type: "button", tabIndex, onclick: choose }, translated(title));
    });
    this.#box.replaceChildren(...buttons);
    // A visitor who is in the field already is about to type something else.
    const free = this.#prompt.value === "" && document.activeElement !== this.#prompt.field;
    if (prompts.length && free) this.#prompt.value = prompts[0].text;
  }
}
