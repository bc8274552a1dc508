// Tells of a text's tokens, also of its prompt's: a token under the pointer is explained, and one that is
// clicked or reached by arrow keys stays explained. The engine is asked for one token at a time.

import { byId } from "../ui/dom.js";
import { showExplanation } from "./explanation.js";
import { TokenText, tokenTable, visible } from "./tokens.js";

/** @typedef {import("./texts.js").Text} Text */
/** @typedef {import("./explanation.js").Candidate} Candidate */
/** @typedef {import("./explanation.js").Explanation} Explanation */
/**
 * What the page does for it: `index` counts the written tokens, and below 0 the prompt's from its end.
 * @typedef {{
 *   text: () => Text | null, model: () => import("../engine/client.js").Model | null,
 *   busy: () => boolean, branch: (text: Text, index: number, candidate: Candidate) => void,
 *   say: (text: string) => void, complain: (error: unknown) => void
 * }} Host
 * @typedef {{index: number, pinned: boolean}} Wish
 */

export class Inspector {
  #host;
  #explanation = byId("explanation", "section");
  #promptPlace = byId("prompt-tokens", "div");
  #tableBox = byId("table-box", "details");
  #table = byId("token-table", "div");
  #coloured = byId("coloured", "input");
  #prompt;
  /** The token that stays explained. @type {number | null} */
  #pinned = null;
  /** What to explain next; a newer wish takes its place. @type {Wish | null} */
  #wish = null;
  #asking = false;

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
    this.output = new TokenText(byId("output", "div"), (index, pinned) => this.#want(index, pinned));
    this.#prompt = new TokenText(this.#promptPlace, (index, pinned) =>
      this.#want(index === null ? null : index - this.#prompt.tokens.length, pinned),
    );
    this.#tableBox.addEventListener("toggle", () => this.#showTable());
    this.#coloured.addEventListener("change", () => {
      byId("sheet", "section").toggleAttribute("data-coloured", this.#coloured.checked);
      this.#showPrompt();
    });
  }

  /** Shows a text anew, from its first token; null shows none. @param {Text | null} text */
  show(text) {
    this.output.clear();
    for (const token of text?.tokens ?? []) this.output.add(token);
    this.output.addText(text?.tail ?? "");
    this.#pinned = null;
    this.#wish = null;
    this.#explanation.hidden = true;
    this.#tableBox.open = false;
    this.#showPrompt();
  }

  /** The prompt's own tokens and the model's surprise at them, while colours are on. */
  async #showPrompt() {
    const text = this.#host.text();
    this.#promptPlace.hidden = true;
    if (!text || !this.#coloured.checked) return;
    const told = await this.#readPrompt(text);
    if (!told || text !== this.#host.text()) return;
    this.#prompt.clear();
    for (const token of told) this.#prompt.add(token);
    this.#promptPlace.hidden = false;
  }

  /** @param {Text} text @returns {Promise<import("./tokens.js").Token[] | null>} */
  async #readPrompt(text) {
    const model = this.#host.model();
    if (!model) return null;
    try {
      return await model.logprobs(text.prompt);
    } catch (error) {
      this.#host.complain(error);
      return null;
    }
  }

  async #showTable() {
    const text = this.#host.text();
    if (!this.#tableBox.open || !text) return;
    const prompt = (await this.#readPrompt(text)) ?? [];
    if (text !== this.#host.text()) return;
    this.#table.replaceChildren(
      tokenTable({ prompt, written: text.tokens }, "Every token of prompt and output"),
    );
  }

  /** @param {number | null} index null where the pointer has left the text @param {boolean} pinned */
  #want(index, pinned) {
    if (pinned) this.#pinned = index;
    if (index === null && this.#pinned === null) {
      this.#wish = null; // what is explained stays, so that its candidates can be reached
      return;
    }
    this.#wish = { index: index ?? this.#pinned ?? 0, pinned };
    this.#work();
  }

  async #work() {
    if (this.#asking) return;
    this.#asking = true;
    try {
      for (let wish = this.#wish; wish; wish = this.#wish) {
        this.#wish = null;
        await this.#explain(wish);
      }
    } catch (error) {
      this.#host.complain(error);
    } finally {
      this.#asking = false;
    }
  }

  /** @param {Wish} wish */
  async #explain({ index, pinned }) {
    const text = this.#host.text();
    const model = this.#host.model();
    if (!text || !model || this.#host.busy()) return;
    let origin = text; // whose decoder took that token
    while (origin.parent && index < origin.given) origin = origin.parent;
    const { settings, seed, given } = origin;
    /** @type {Explanation} */
    const told = await model.call("explain", {
      prompt: text.prompt,
      written: text.tokens.map(({ token }) => token),
      index,
      settings: { ...settings, seed },
      given,
    });
    if (text !== this.#host.text() || this.#host.busy()) return;
    const place = index < 0 ? "Prompt" : `Token ${index + 1}`;
    const onChoose =
      index < 0 ? undefined : (/** @type {Candidate} */ one) => this.#host.branch(text, index, one);
    this.#explanation.replaceChildren(...showExplanation(told, { title: `${place}: `, onChoose }));
    this.#explanation.hidden = false;
    const likely = `${(100 * Math.exp(told.logprob)).toFixed(1)}% likely`;
    if (pinned) this.#host.say(`${place}, “${visible(told.text)}”: ${likely}.`);
  }
}
