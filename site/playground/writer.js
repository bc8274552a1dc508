/**
 * Generates a text: loads the model if necessary, streams the tokens into the output, reports the end. What
 * is shown besides is text-view.js's work.
 */

import { phaseWords } from "../ui/progress.js";
import { t, tn } from "../ui/words.js";
import { Pace } from "./pace.js";

/** @import { Writing } from "../engine/client.js" */
/** @import { Text } from "./texts.js" */
/** @import { Token } from "../decoder/tokens.js" */
/**
 * @typedef {{prompt: string, rest?: string, parent?: Text, tokens?: Token[]}} Start `rest` was typed after
 *   the prompt
 */
/**
 * What the page does for it: `beforeText` is called before a text, or several with one press; `count` is how
 * many; `begin` creates and shows the nth of them, counted from 0.
 * @typedef {{
 *   model: () => Promise<import("../engine/client.js").Model>, beforeText: () => void,
 *   count: () => number,
 *   begin: (start: Start, nth: number) => Text, busy: () => boolean, changed: () => void, ended: () => void,
 *   added: () => void,
 *   output: import("../decoder/tokens.js").TokenText, measures: HTMLElement,
 *   progress: import("../ui/progress.js").ProgressView, say: (text: string) => void,
 *   complain: (error: unknown) => void
 * }} Host
 */

/**
 * How a text ended. @param {import("../engine/client.js").End["finish_reason"]} reason @param {number}
 * tokens
 */
function endWords(reason, tokens) {
  if (reason === "abort") return tn(tokens, "Stopped after {n} token.", "Stopped after {n} tokens.");
  if (reason === "stop") return tn(tokens, "Finished after {n} token.", "Finished after {n} tokens.");
  return tn(tokens, "Length limit reached after {n} token.", "Length limit reached after {n} tokens.");
}

export class Writer {
  #host;
  /** What is being generated, here or in the chat. @type {Writing | null} */
  #current = null;
  /** Set from the press of a button to the last token. */
  #running = false;
  #stopped = false;

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
  }

  get writing() {
    return this.#running || this.#current !== null;
  }

  /**
   * The chat generates with the same model: it announces what it is doing.
   * @param {Writing | null} writing
   */
  track(writing) {
    this.#current = writing;
    this.#host.changed();
  }

  stop() {
    this.#stopped = true;
    this.#current?.cancel();
  }

  /** @param {string} prompt @param {string} [rest] what was typed after it, which is kept */
  write(prompt, rest) {
    return this.#run({ prompt, rest });
  }

  /**
   * Continues from another candidate than the token that was chosen.
   * @param {Text} parent
   * @param {number} index of the token that it replaces
   * @param {import("../decoder/explanation.js").Candidate} candidate
   */
  async branch(parent, index, { token, text, probabilities }) {
    if (this.#host.busy()) return;
    const tokens = [...parent.tokens.slice(0, index), { token, text, logprob: Math.log(probabilities[0]) }];
    await this.#run({ prompt: parent.prompt, parent, tokens });
  }

  /**
   * Continues a text after one of its tokens, or a prompt after one of its own.
   * @param {Text} parent
   * @param {number} index of the token; below 0 for one of the prompt
   * @param {string} prompt up to that token, if it is in the prompt
   */
  async continueAfter(parent, index, prompt) {
    if (this.#host.busy()) return;
    if (index < 0) return await this.#run({ prompt });
    await this.#run({ prompt, parent, tokens: parent.tokens.slice(0, index + 1) });
  }

  /** Writes as many texts from one start as the visitor wants. @param {Start} start */
  async #run(start) {
    const { model, beforeText, count, progress, complain, ended, changed } = this.#host;
    this.#running = true;
    this.#stopped = false;
    changed();
    try {
      const loaded = await model();
      beforeText();
      for (let nth = 0; nth < count() && !this.#stopped; nth++) await this.#write(loaded, start, nth);
    } catch (error) {
      complain(error);
    } finally {
      this.#current = null;
      this.#running = false;
      progress.hide();
      ended();
    }
  }

  /** @param {import("../engine/client.js").Model} model @param {Start} start @param {number} nth */
  async #write(model, start, nth) {
    const { begin, progress, say } = this.#host;
    const text = begin({ ...start, tokens: [...(start.tokens ?? [])] }, nth);
    say(`${phaseWords("prompt")}…`);
    const given = text.tokens.map(({ token }) => token);
    const options = { ...text.settings, seed: text.seed, ...(given.length ? { given } : {}) };
    await this.#stream(model.generate(text.prompt, { ...options, onProgress: progress.show }), text);
  }

  /** @param {Writing} chunks @param {Text} text */
  async #stream(chunks, text) {
    const { output, measures, progress, say } = this.#host;
    this.track(chunks);
    const pace = new Pace(measures);
    for await (const chunk of chunks) {
      if ("finish_reason" in chunk) {
        text.tail = chunk.text;
        output.addText(chunk.text);
        return this.#showEnd(chunk, pace, text);
      }
      if (pace.tokens === 0) {
        progress.hide();
        say(t("Generating…"));
      }
      const { token: id, text: piece, logprob, constraint } = chunk;
      const token = { token: id, text: piece, logprob, ...(constraint && { constraint }) };
      text.tokens.push(token);
      output.add(token);
      pace.add();
      this.#host.added();
    }
  }

  /** @param {import("../engine/client.js").End} end @param {Pace} pace @param {Text} text */
  #showEnd(end, pace, text) {
    const { finish_reason, usage, seed } = end;
    text.finish = finish_reason;
    this.#host.say(endWords(finish_reason, usage.completion_tokens));
    const facts = [tn(usage.prompt_tokens, "prompt {n} token", "prompt {n} tokens")];
    if (seed !== null) facts.push(t("seed {seed}", { seed: String(seed) }));
    pace.showEnd(facts, end);
  }
}
