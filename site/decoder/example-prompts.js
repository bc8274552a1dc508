/**
 * Buttons with a model's example prompts; the first one fills an empty field.
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
  }

  /** @param {{title: string, text: string}[]} prompts */
  offer(prompts) {
    this.#box.hidden = prompts.length === 0;
    const buttons = prompts.map(({ title, text }) => {
      const choose = () => this.#onChoose(text);
      return element("button", { type: "button", onclick: choose }, translated(title));
    });
    this.#box.replaceChildren(...buttons);
    // A visitor who is in the field already is about to type something else.
    const free = this.#prompt.value === "" && document.activeElement !== this.#prompt.field;
    if (prompts.length && free) this.#prompt.value = prompts[0].text;
  }
}
