/**
 * The page's prompt and settings in its address, and in the browser's memory for the next visit.
 */

import { LONGEST_PROMPT, readAddress, redirectQuery, writeAddress } from "../ui/address.js";
import { copyLink } from "../ui/clipboard.js";
import { Memory } from "../ui/memory.js";
import { t } from "../ui/words.js";

/**
 * @typedef {{values: () => Iterable<[string, string]>, restore: (values: Map<string, string>) => void}} Part
 */

export class PageState {
  #memory = new Memory("playground");
  #prompt;
  #controls;
  #parts;
  #onRestore;
  #isNew = true;

  /**
   * @param {import("./session.js").PlaygroundSession} session
   * @param {{
   *   prompt: import("../decoder/styled-prompt.js").StyledPrompt, controls:
   *   import("../decoder/controls.js").DecoderControls, parts: Part[], onRestore: () => void
   * }} options `parts` have settings of their own
   */
  constructor(session, { prompt, controls, parts, onRestore }) {
    this.#prompt = prompt;
    this.#controls = controls;
    this.#parts = parts;
    this.#onRestore = onRestore;
    redirectQuery();
    addEventListener("hashchange", () => this.restore());
    session.addEventListener("settings", () => this.#store());
  }

  #store() {
    const values = this.#values();
    this.#memory.write(values);
    writeAddress(values);
  }

  /** Copies a link that repeats the text. @param {(words: string) => void} say */
  share(say) {
    const values = this.#values();
    if ((values.get("prompt") ?? "").length <= LONGEST_PROMPT) return copyLink(values, { say });
    values.delete("prompt");
    return copyLink(values, { say, copied: t("The link is copied without the prompt, which is too long.") });
  }

  #values() {
    const values = new Map([this.#controls, ...this.#parts].flatMap((part) => [...part.values()]));
    if (this.#prompt.value) values.set("prompt", this.#prompt.value);
    return values;
  }

  /** Restores what the address says; without any state in it, the last visit's settings. */
  restore(address = readAddress()) {
    const values = this.#memory.complete(address);
    if (!address.size) values.delete("seed"); // a link repeats a text; a new visit starts another
    this.#controls.restore(values);
    // Who typed before the page was ready keeps that text.
    const typedEarly = this.#isNew && this.#prompt.field.value !== this.#prompt.field.defaultValue;
    if (!typedEarly) this.#prompt.value = values.get("prompt") ?? this.#prompt.value;
    this.#isNew = false;
    for (const part of this.#parts) part.restore(values);
    this.#onRestore();
  }
}
