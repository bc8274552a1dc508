/**
 * Explains a text's tokens, including its prompt's: the token under the pointer, or the one selected by a
 * click or the arrow keys, which stays. The engine explains one token at a time; what is shown is
 * explanation.js.
 */

import { byId } from "../ui/dom.js";
import { showExplanation } from "./explanation.js";
import { TokenText, tokenTable, visible } from "./tokens.js";

/** @typedef {import("./texts.js").Text} Text */
/** @typedef {import("./explanation.js").Candidate} Candidate */
/** @typedef {import("./explanation.js").Explanation} Explanation */
/**
 * What the page does for it. An `index` below 0 counts the prompt's tokens from its end.
 * @typedef {{
 *   session: import("./session.js").Session, reveal: () => void,
 *   branch: (text: Text, index: number, candidate: Candidate) => void
 * }} Host `reveal` makes the explanation visible
 * @typedef {{index: number, pinned: boolean}} Request
 */

export class Inspector {
  #host;
  #session;
  #explanation = byId("explanation", "section");
  #noToken = byId("no-token", "p");
  #promptBox = byId("prompt-tokens", "div");
  #tableBox = byId("table-box", "details");
  #table = byId("token-table", "div");
  #coloured = byId("coloured", "input");
  #prompt;
  /** The selected token, which stays explained. @type {number | null} */
  #pinned = null;
  /** What to explain next; a newer request replaces it. @type {Request | null} */
  #next = null;
  #working = false;

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
    this.#session = host.session;
    this.output = new TokenText(byId("output", "div"), (index, pinned) => this.#request(index, pinned));
    this.#prompt = new TokenText(this.#promptBox, (index, pinned) =>
      this.#request(index === null ? null : index - this.#prompt.tokens.length, pinned),
    );
    this.#tableBox.addEventListener("toggle", () => this.#showTable());
    this.#coloured.addEventListener("change", () => {
      byId("sheet", "section").toggleAttribute("data-coloured", this.#coloured.checked);
      this.#showPrompt();
    });
  }

  /** Shows a text from its first token; null shows none. @param {Text | null} text */
  show(text) {
    this.output.clear();
    for (const token of text?.tokens ?? []) this.output.add(token);
    this.output.addText(text?.tail ?? "");
    this.#pinned = null;
    this.#next = null;
    this.#session.selected = null;
    this.#explanation.hidden = true;
    this.#noToken.hidden = false;
    this.#tableBox.open = false;
    this.#showPrompt();
  }

  /** Shows the prompt's tokens and the model's surprise at them, while colours are on. */
  async #showPrompt() {
    const text = this.#session.text;
    this.#promptBox.hidden = true;
    if (!text || !this.#coloured.checked) return;
    const tokens = await this.#readPrompt(text);
    if (!tokens || text !== this.#session.text) return;
    this.#prompt.clear();
    for (const token of tokens) this.#prompt.add(token);
    this.#promptBox.hidden = false;
  }

  /** @param {Text} text @returns {Promise<import("./tokens.js").Token[] | null>} */
  async #readPrompt(text) {
    const model = this.#session.model;
    if (!model) return null;
    try {
      return await model.logprobs(text.prompt);
    } catch (error) {
      this.#session.complain(error);
      return null;
    }
  }

  async #showTable() {
    const text = this.#session.text;
    if (!this.#tableBox.open || !text) return;
    const prompt = (await this.#readPrompt(text)) ?? [];
    if (text !== this.#session.text) return;
    this.#table.replaceChildren(
      tokenTable({ prompt, written: text.tokens }, "All tokens of prompt and output"),
    );
  }

  /** @param {number | null} index null when the pointer has left the text @param {boolean} pinned */
  #request(index, pinned) {
    if (pinned) {
      this.#pinned = index;
      this.#session.selected = index;
    }
    if (index === null && this.#pinned === null) {
      this.#next = null; // the explanation stays, so that its candidates can be reached
      return;
    }
    this.#next = { index: index ?? this.#pinned ?? 0, pinned };
    this.#work();
  }

  async #work() {
    if (this.#working) return;
    this.#working = true;
    try {
      for (let request = this.#next; request; request = this.#next) {
        this.#next = null;
        await this.#explain(request);
      }
    } catch (error) {
      this.#session.complain(error);
    } finally {
      this.#working = false;
    }
  }

  /** @param {Request} request */
  async #explain({ index, pinned }) {
    const text = this.#session.text;
    const model = this.#session.model;
    if (!text || !model || this.#session.busy) return;
    let origin = text; // the text whose decoder chose the token
    while (origin.parent && index < origin.given) origin = origin.parent;
    const { settings, seed, given } = origin;
    /** @type {Explanation} */
    const explanation = await model.call("explain", {
      prompt: text.prompt,
      written: text.tokens.map(({ token }) => token),
      index,
      settings: { ...settings, seed },
      given,
    });
    if (text !== this.#session.text || this.#session.busy) return;
    const position = index < 0 ? "Prompt" : `Token ${index + 1}`;
    const onChoose =
      index < 0 ? undefined : (/** @type {Candidate} */ one) => this.#host.branch(text, index, one);
    this.#explanation.replaceChildren(...showExplanation(explanation, { title: `${position}: `, onChoose }));
    this.#explanation.hidden = false;
    this.#noToken.hidden = true;
    if (pinned) this.#host.reveal();
    const likely = `${(100 * Math.exp(explanation.logprob)).toFixed(1)}% likely`;
    if (pinned) this.#session.say(`${position}, “${visible(explanation.text)}”: ${likely}.`);
  }
}
