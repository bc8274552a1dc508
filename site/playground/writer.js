/**
 * Generates a text: loads the model if necessary, streams the tokens into the output, reports the end. What
 * is shown besides is text-view.js's work.
 */

import { counted } from "../ui/dom.js";
import { PHASES } from "../ui/progress.js";
import { Pace } from "./pace.js";

/** @typedef {import("../engine/client.js").Writing} Writing */
/** @typedef {import("./texts.js").Text} Text */
/** @typedef {import("./tokens.js").Token} Token */
/** @typedef {{prompt: string, parent?: Text, tokens?: Token[]}} Start */
/**
 * What the page does for it: `beforeText` is called when a text starts, `begin` creates and shows it.
 * @typedef {{
 *   model: () => Promise<import("../engine/client.js").Model>, beforeText: () => void,
 *   begin: (start: Start) => Text, busy: () => boolean, changed: () => void, ended: () => void,
 *   added: () => void,
 *   output: import("./tokens.js").TokenText, measures: HTMLElement,
 *   progress: import("../ui/progress.js").ProgressView, say: (text: string) => void,
 *   complain: (error: unknown) => void
 * }} Host
 */

const REASONS = { stop: "Finished", length: "Length limit reached", abort: "Stopped" };

export class Writer {
  #host;
  /** What is being generated, here or in the chat. @type {Writing | null} */
  #current = null;

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
  }

  get writing() {
    return this.#current !== null;
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
    this.#current?.cancel();
  }

  /** @param {string} prompt */
  write(prompt) {
    return this.#run({ prompt });
  }

  /**
   * Continues from another candidate than the token that was chosen.
   * @param {Text} parent
   * @param {number} index of the token that it replaces
   * @param {import("./explanation.js").Candidate} candidate
   */
  async branch(parent, index, { token, text, probabilities }) {
    if (this.#host.busy()) return;
    const tokens = [...parent.tokens.slice(0, index), { token, text, logprob: Math.log(probabilities[0]) }];
    await this.#run({ prompt: parent.prompt, parent, tokens });
  }

  /** @param {Start} start */
  async #run(start) {
    const { model, beforeText, begin, progress, say, complain, ended } = this.#host;
    try {
      const loaded = await model();
      beforeText();
      const text = begin(start);
      say(`${PHASES.prompt}…`);
      const given = text.tokens.map(({ token }) => token);
      const options = { ...text.settings, seed: text.seed, ...(given.length ? { given } : {}) };
      await this.#stream(loaded.generate(text.prompt, { ...options, onProgress: progress.show }), text);
    } catch (error) {
      complain(error);
    } finally {
      this.#current = null;
      progress.hide();
      ended();
    }
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
        say("Generating…");
      }
      const token = { token: chunk.token, text: chunk.text, logprob: chunk.logprob };
      text.tokens.push(token);
      output.add(token);
      pace.add();
      this.#host.added();
    }
  }

  /** @param {import("../engine/client.js").End} end @param {Pace} pace @param {Text} text */
  #showEnd({ finish_reason, usage, seed }, pace, text) {
    text.finish = finish_reason;
    this.#host.say(`${REASONS[finish_reason]} after ${counted(usage.completion_tokens, "token")}.`);
    const prompt = `prompt ${counted(usage.prompt_tokens, "token")}`;
    pace.show(` · ${prompt}${seed === null ? "" : ` · seed ${seed}`}`);
  }
}
