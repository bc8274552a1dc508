/**
 * Explains a text's tokens, including its prompt's: the token under the pointer, or the one selected by a
 * click or the arrow keys, which stays. The engine explains one token at a time; what is shown is
 * explanation.js.
 */

import { constraintSummary } from "../decoder/constraint-view.js";
import { showExplanation } from "../decoder/explanation.js";
import { tokenTip } from "../decoder/token-tip.js";
import { percent, shadeLegend, TokenText, tokenTable, visible } from "../decoder/tokens.js";
import { byId, element } from "../ui/dom.js";
import { isAbort } from "../ui/status.js";
import { t } from "../ui/words.js";

/** @import { Text } from "./texts.js" */
/** @import { Candidate, Explanation } from "../decoder/explanation.js" */
/**
 * What the page does for it. An `index` below 0 counts the prompt's tokens from its end.
 * @typedef {{
 *   reveal: () => void,
 *   branch: (text: Text, index: number, candidate: Candidate) => void,
 *   continueAfter: (text: Text, index: number, prompt: string) => void
 * }} Host `reveal` makes the explanation visible, or leaves another panel that is about the selected token
 * @typedef {{index: number, pinned: boolean}} Request
 * @typedef {import("../decoder/tokens.js").Token[]} PromptTokens
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
  #constraint = byId("constraint-summary", "p");
  #legend = byId("legend", "p");
  #hideTip;
  #prompt;
  /**
   * The tokens of the prompt that was read last.
   * @type {{prompt: string, model: unknown, tokens: PromptTokens} | null}
   */
  #read = null;
  /** The selected token, which stays explained. @type {number | null} */
  #pinned = null;
  /** What to explain next; a newer request replaces it. @type {Request | null} */
  #next = null;
  #working = false;
  /** The explanation that is being made, which can take a while after a search. */
  #making = { pinned: false, control: new AbortController() };

  /** @param {import("./session.js").PlaygroundSession} session @param {Host} host */
  constructor(session, host) {
    this.#session = session;
    this.#host = host;
    const tip = tokenTip(byId("paper", "div"));
    this.#hideTip = tip.hide;
    this.output = new TokenText(byId("output", "div"), (index, pinned) => this.#request(index, pinned), tip);
    this.#prompt = new TokenText(
      this.#promptBox,
      (index, pinned) => this.#request(index === null ? null : index - this.#prompt.tokens.length, pinned),
      tip,
    );
    this.#legend.append(...shadeLegend());
    session.addEventListener("text", () => this.show(session.text));
    session.addEventListener("end", () => {
      this.#showPrompt();
      this.#showConstraint();
    });
    this.#tableBox.addEventListener("toggle", () => this.#showTable());
    this.#coloured.addEventListener("change", () => {
      byId("sheet", "section").toggleAttribute("data-coloured", this.#coloured.checked);
      this.#legend.hidden = !this.#coloured.checked;
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
    this.#making.control.abort();
    this.#hideTip();
    this.#explanation.hidden = true;
    this.#noToken.hidden = false;
    this.#tableBox.open = false;
    this.#showPrompt();
    this.#showConstraint();
  }

  /** @param {HTMLElement[]} parts */
  #showParts(parts) {
    this.#explanation.replaceChildren(...parts);
    this.#explanation.hidden = false;
    this.#noToken.hidden = true;
  }

  /** Sums up what the constraint did to the text, once that is complete. */
  #showConstraint() {
    const { text, busy } = this.#session;
    const words = text && !busy ? constraintSummary(text.tokens) : "";
    this.#constraint.textContent = words;
    this.#constraint.hidden = words === "";
  }

  /** Shows the prompt's tokens and the model's surprise at them, while colours are on. */
  async #showPrompt() {
    const text = this.#session.text;
    this.#promptBox.hidden = true;
    if (!text || !this.#coloured.checked || this.#session.busy) return; // read when what is running has ended
    const tokens = await this.#readPrompt(text);
    if (!tokens || text !== this.#session.text) return;
    this.#prompt.clear();
    for (const token of tokens) this.#prompt.add(token);
    this.#promptBox.hidden = false;
  }

  /**
   * Reads the prompt's tokens, unless they are known; Stop ends it.
   * @param {Text} text
   * @returns {Promise<PromptTokens | null>}
   */
  async #readPrompt({ prompt }) {
    const session = this.#session;
    const { model } = session;
    if (!model) return null;
    if (this.#read?.prompt === prompt && this.#read.model === model) return this.#read.tokens;
    const tokens = await session.work(t("Reading the prompt…"), (options) => model.logprobs(prompt, options));
    if (!tokens) return null;
    session.say("");
    this.#read = { prompt, model, tokens };
    return tokens;
  }

  /** Generates from the selected token; null if there is none, or none that can be continued. */
  get continuation() {
    const { text, selected } = this.#session;
    return text && selected !== null ? this.#continuation(text, selected) : null;
  }

  /** @param {Text} text @param {number} index @returns {(() => void) | null} */
  #continuation(text, index) {
    const prompt = index < 0 ? promptThrough(this.#prompt.tokens, index, text.prompt) : text.prompt;
    return prompt === null ? null : () => this.#host.continueAfter(text, index, prompt);
  }

  async #showTable() {
    const text = this.#session.text;
    if (!this.#tableBox.open || !text) return;
    const prompt = (await this.#readPrompt(text)) ?? [];
    if (text !== this.#session.text) return;
    this.#table.replaceChildren(
      tokenTable({ prompt, written: text.tokens }, t("All tokens of the prompt and the output")),
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
    // The selected token is announced, so the pointer waits for it.
    if (pinned || !this.#making.pinned) this.#making.control.abort();
    // At once: when the explanation comes, the person may have opened another panel.
    if (pinned && index !== null && !this.#session.busy) this.#host.reveal();
    this.#work();
  }

  async #work() {
    if (this.#working) return;
    this.#working = true;
    for (let request = this.#next; request; request = this.#next) {
      this.#next = null;
      await this.#explain(request).catch((error) => isAbort(error) || this.#fail(error));
    }
    this.#working = false;
  }

  /** What was explained before is another token. @param {unknown} error */
  #fail(error) {
    const words = t("This token could not be explained. Generate the text again, then select a token in it.");
    this.#showParts([element("p", {}, words)]);
    this.#session.complain(error);
  }

  /** A text of before a reload can be read, but not explained, until the model is loaded again. */
  #askForModel() {
    this.#noToken.textContent = t(
      "Generate, or load the model under Model, to see what else was likely here.",
    );
  }

  /** @param {Request} request */
  async #explain({ index, pinned }) {
    const text = this.#session.text;
    const model = this.#session.model;
    if (text && !model && pinned) return this.#askForModel();
    if (!text || !model || this.#session.busy) return;
    let origin = text; // the text whose decoder chose the token
    while (origin.parent && index < origin.given) origin = origin.parent;
    const { settings, seed, given } = origin;
    const args = {
      prompt: text.prompt,
      written: text.tokens.map(({ token }) => token),
      index,
      settings: { ...settings, seed },
      given,
    };
    this.#making = { pinned, control: new AbortController() };
    /** @type {Explanation} */
    const explanation = await model.call("explain", args, { signal: this.#making.control.signal });
    if (text !== this.#session.text || this.#session.busy) return;
    const position = index < 0 ? t("Prompt") : t("Token {index}", { index: index + 1 });
    const onChoose =
      index < 0 ? undefined : (/** @type {Candidate} */ one) => this.#host.branch(text, index, one);
    const onContinue = this.#continuation(text, index) ?? undefined;
    this.#showParts(showExplanation(explanation, { title: `${position}: `, onChoose, onContinue }));
    if (pinned) (index < 0 ? this.#prompt : this.output).reveal(); // a sheet may have covered the token
    const [token, share] = [visible(explanation.text), percent(Math.exp(explanation.logprob))];
    if (pinned) this.#session.say(t("{position}, “{token}”: {share} likely.", { position, token, share }));
  }
}

/**
 * The prompt up to one of its tokens, or null where that token ends within a character.
 * @param {PromptTokens} tokens
 * @param {number} index below 0, from the end
 * @param {string} prompt
 */
function promptThrough(tokens, index, prompt) {
  const start = tokens
    .slice(0, tokens.length + index + 1)
    .map(({ text }) => text)
    .join("");
  return start && prompt.startsWith(start) ? start : null;
}
