/**
 * The command "Generate from here": continues at the caret in the prompt, or after the selected token,
 * whichever was moved last. It knows no texts: what followed stays among the branches (text-view.js).
 */

import { byId } from "../ui/dom.js";

/** @import { StyledPrompt } from "../decoder/styled-prompt.js" */
/**
 * @typedef {{
 *   prompt: StyledPrompt, inspector: import("./inspector.js").Inspector,
 *   write: (prompt: string, rest: string) => void
 * }} Host `write` continues a prompt, of which `rest` was cut off
 */

export class FromHere {
  #session;
  #host;
  #button = byId("from-here", "button");
  #inText = false;

  /** @param {import("./session.js").PlaygroundSession} session @param {Host} host */
  constructor(session, host) {
    this.#session = session;
    this.#host = host;
    const { prompt } = host;
    this.#button.addEventListener("click", () => this.run());
    session.addEventListener("selection", () => {
      this.#inText = session.selected !== null;
      this.#show();
    });
    session.on(["text", "busy"], () => this.#show());
    document.addEventListener("selectionchange", () => {
      if (document.activeElement === prompt.field) this.#moved();
    });
    for (const event of ["focus", "input"]) prompt.field.addEventListener(event, () => this.#moved());
  }

  /** Enables the button where there is something to continue from. */
  #show() {
    this.#button.disabled = this.#session.busy || !this.#action();
  }

  /** Continues from here; returns whether there is a place to continue from. */
  run() {
    const action = this.#session.busy ? null : this.#action();
    action?.();
    return action !== null;
  }

  /** @returns {(() => void) | null} */
  #action() {
    const { prompt, inspector, write } = this.#host;
    if (this.#inText) return inspector.continuation;
    const [before, rest] = prompt.atCaret;
    return before.trim() && rest ? () => write(before, rest) : null;
  }

  #moved() {
    this.#inText = false;
    this.#show();
  }
}
