/**
 * Generates a text: loads the model if necessary, streams the tokens into the output, announces each and the
 * end. What is shown besides is text-view.js's work.
 */

import { Pace } from "../decoder/pace.js";
import { phaseWords } from "../ui/progress.js";
import { t, tn } from "../ui/words.js";

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
 *   beforeText: () => void, count: () => number, begin: (start: Start, nth: number) => Text,
 *   output: import("../decoder/tokens.js").TokenText, measures: HTMLElement
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

export class TextWriter {
  #session;
  #host;
  /** What is being generated. @type {Writing | null} */
  #current = null;
  #stopped = false;

  /** @param {import("./session.js").PlaygroundSession} session @param {Host} host */
  constructor(session, host) {
    this.#session = session;
    this.#host = host;
    session.addEventListener("stop", () => {
      this.#stopped = true;
      this.#current?.cancel();
    });
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
    if (this.#session.busy) return;
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
    if (this.#session.busy) return;
    if (index < 0) return await this.#run({ prompt });
    await this.#run({ prompt, parent, tokens: parent.tokens.slice(0, index + 1) });
  }

  /** Writes as many texts from one start as the visitor wants. @param {Start} start */
  async #run(start) {
    const session = this.#session;
    const { beforeText, count } = this.#host;
    this.#stopped = false;
    session.writing = true;
    try {
      const model = await session.ensureModel();
      beforeText();
      for (let nth = 0; nth < count() && !this.#stopped; nth++) await this.#write(model, start, nth);
    } catch (error) {
      session.complain(error);
    } finally {
      this.#current = null;
      session.progress.hide();
      session.writing = false;
      session.announce("end");
    }
  }

  /** @param {import("../engine/client.js").Model} model @param {Start} start @param {number} nth */
  async #write(model, start, nth) {
    const { progress, say } = this.#session;
    const text = this.#host.begin({ ...start, tokens: [...(start.tokens ?? [])] }, nth);
    say(`${phaseWords("prompt")}…`);
    const given = text.tokens.map(({ token }) => token);
    const options = { ...text.settings, seed: text.seed, ...(given.length ? { given } : {}) };
    await this.#stream(model.generate(text.prompt, { ...options, onProgress: progress.show }), text);
  }

  /** @param {Writing} chunks @param {Text} text */
  async #stream(chunks, text) {
    const session = this.#session;
    const { output, measures } = this.#host;
    this.#current = chunks;
    const pace = new Pace(measures);
    for await (const chunk of chunks) {
      if ("finish_reason" in chunk) {
        text.tail = chunk.text;
        output.addText(chunk.text);
        return this.#showEnd(chunk, pace, text);
      }
      if (pace.tokens === 0) {
        session.progress.hide();
        session.say(t("Generating…"));
      }
      const { token: id, text: piece, logprob, constraint } = chunk;
      const token = { token: id, text: piece, logprob, ...(constraint && { constraint }) };
      text.tokens.push(token);
      output.add(token);
      pace.add();
      session.announce("token");
    }
  }

  /** @param {import("../engine/client.js").End} end @param {Pace} pace @param {Text} text */
  #showEnd(end, pace, text) {
    const { finish_reason, usage, seed } = end;
    text.finish = finish_reason;
    this.#session.say(endWords(finish_reason, text.tokens.length));
    const facts = [tn(usage.prompt_tokens, "prompt {n} token", "prompt {n} tokens")];
    if (seed !== null) facts.push(t("seed {seed}", { seed: String(seed) }));
    pace.showEnd(facts, end);
  }
}
