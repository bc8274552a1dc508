/**
 * The page's prompt and settings in its address, and in the browser's memory for the next visit.
 */

import { LONGEST_PROMPT, readAddress, redirectQuery, writeAddress } from "../ui/address.js";
import { Memory } from "../ui/memory.js";

/**
 * @typedef {{values: () => Iterable<[string, string]>, restore: (values: Map<string, string>) => void}} Part
 */

export class PageState {
  #memory = new Memory("playground");
  #prompt;
  #controls;
  #parts;
  #onRestore;

  /**
   * @param {{
   *   prompt: HTMLTextAreaElement, controls: import("./decoder-controls.js").DecoderControls, parts: Part[],
   *   onRestore: () => void
   * }} options `parts` have settings of their own
   */
  constructor({ prompt, controls, parts, onRestore }) {
    this.#prompt = prompt;
    this.#controls = controls;
    this.#parts = parts;
    this.#onRestore = onRestore;
    redirectQuery();
    addEventListener("hashchange", () => this.restore());
  }

  store() {
    const values = new Map([this.#controls, ...this.#parts].flatMap((part) => [...part.values()]));
    const prompt = this.#prompt.value;
    if (prompt) values.set("prompt", prompt);
    this.#memory.write(values);
    if (prompt.length > LONGEST_PROMPT) values.delete("prompt");
    writeAddress(values);
  }

  /** Restores what the address says; without any state in it, the last visit's settings. */
  restore() {
    const address = readAddress();
    const values = address.size ? address : this.#memory.read();
    if (!address.size) values.delete("seed"); // a link repeats a text; a new visit starts another
    this.#controls.restore(values);
    this.#prompt.value = values.get("prompt") ?? this.#prompt.value;
    this.#onRestore();
    for (const part of this.#parts) part.restore(values);
  }
}
