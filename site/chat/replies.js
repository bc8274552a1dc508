/**
 * Writes replies: one, several drafts of one, another one, or the rest of one that was cut. The messages
 * before a reply are read once, whatever is written after them.
 */

import { Pace } from "../decoder/pace.js";
import { t, tn } from "../ui/words.js";
import { KeptStates } from "./kept-states.js";

/** @import { Model, Progress } from "../engine/client.js" */
/** @import { Message } from "../collections/conversation-tree.js" */
/** @import { ChatSession } from "./session.js" */
/**
 * `settings` are the decoder's for the next reply, of several to one message the one at a place, with a seed
 * of its own; `draft` counts those that are written together.
 * @typedef {{
 *   model: () => Promise<Model>, settings: (at: number, draft: number) => Record<string, any>,
 *   name: () => string, onProgress: (progress: Progress) => void, onFirst: () => void,
 *   onEnd: (end: any) => void, measures: HTMLElement
 * }} Host `onFirst` is called with the first token of each reply
 */

/** Milliseconds after which what was written is kept while more is written. */
const KEEP_AFTER = 1000;

export class Replies {
  #session;
  #host;
  #states = new KeptStates();
  /** @type {AbortController | null} */
  #running = null;
  /** @type {import("../engine/client.js").Writing | null} */
  #writing = null;
  #stopped = false;
  /**
   * The ids of the replies that were written in this visit, by message, as long as their text is the same.
   * @type {Map<string, {model: Model, text: string, tokens: number[]}>}
   */
  #written = new Map();

  /** @param {ChatSession} session @param {Host} host */
  constructor(session, host) {
    this.#session = session;
    this.#host = host;
  }

  /** Ends what is written; what there is stays. */
  stop() {
    this.#stopped = true;
    if (this.#writing) this.#writing.cancel();
    else this.#running?.abort();
  }

  /**
   * Writes replies to a message, one after the other.
   * @param {Message} asked
   * @param {number} [count]
   * @param {(signal: AbortSignal) => Promise<void>} [prepare] what is done before the message is read
   * @returns {Promise<Message[]>}
   */
  reply(asked, count = 1, prepare) {
    return this.#run(async (model, signal) => {
      await prepare?.(signal);
      const written = [];
      for (let draft = 0; draft < count && !this.#stopped; draft++) {
        const message = await this.#write(model, signal, asked.id, { draft });
        if (message) written.push(message);
      }
      return written;
    });
  }

  /** Goes on with a reply that was stopped or reached its length. @param {Message} message */
  continueReply(message) {
    return this.#run((model, signal) => this.#write(model, signal, message.parent, { begun: message }));
  }

  /**
   * @template T
   * @param {(model: Model, signal: AbortSignal) => Promise<T>} job
   * @returns {Promise<T>}
   */
  async #run(job) {
    this.#running = new AbortController();
    this.#stopped = false;
    this.#session.busy = true;
    try {
      return await job(await this.#host.model(), this.#running.signal);
    } finally {
      this.#running = null;
      this.#session.busy = false;
    }
  }

  /**
   * @param {Model} model
   * @param {AbortSignal} signal
   * @param {string | null} parent
   * @param {{draft?: number, begun?: Message}} which of several drafts it is, or what is continued
   * @returns {Promise<Message | null>} null if not a word was written
   */
  async #write(model, signal, parent, { draft = 0, begun }) {
    const session = this.#session;
    const { onProgress } = this.#host;
    const siblings = session.tree.replies(parent);
    const settings = {
      ...this.#host.settings(begun ? siblings.indexOf(begun) : siblings.length, draft),
      onProgress,
    };
    const { conversation, read } = await this.#at(model, parent, { onProgress, signal });
    const message = begun ?? session.add(parent, "assistant", "", this.#facts(settings));
    const prefix = begun?.text ? { prefix: begun.text } : {};
    const pace = new Pace(this.#host.measures);
    try {
      this.#writing = conversation.say([], { ...settings, ...prefix });
      const tokens = await this.#stream(this.#writing, message, { pace, read });
      if (!begun) this.#written.set(message.id, { model, text: message.text, tokens });
      this.#states.keep(message, conversation);
    } catch (error) {
      conversation.close().catch(() => {});
      if (!message.text && !message.fields.thought) session.discard(message);
      else await session.changed(message);
      throw error;
    } finally {
      this.#writing = null;
    }
    if (message.text.trim() || message.fields.thought) return message;
    session.discard(message);
    if (this.#stopped) return null;
    throw new Error(t("The model ended its reply before the first word."));
  }

  /**
   * A conversation in the engine that has read all messages up to one.
   * @param {Model} model
   * @param {string | null} id
   * @param {import("../engine/client.js").RequestOptions} [options]
   */
  #at(model, id, options) {
    const { tree, format, start } = this.#session;
    const setup = { system: tree.system, format, ...(start && { state: start.bytes }) };
    return this.#states.at(model, setup, tree.path(id), options);
  }

  /**
   * How likely the model finds each token of a reply after the messages before it, and what it prefers.
   * @param {Message} message
   * @returns {Promise<import("./token-dialog.js").Scored>}
   */
  score({ id, parent, text, fields }) {
    return this.#run(async (model, signal) => {
      const { onProgress } = this.#host;
      const { conversation } = await this.#at(model, parent, { onProgress, signal });
      const written = this.#written.get(id);
      const own = written?.model === model && written.text === text ? written.tokens : [];
      const reply = own.length
        ? { tokens: own, effort: fields.settings?.reasoning_effort }
        : { thought: String(fields.thought ?? "") };
      try {
        const found = await conversation.score(text, { ...reply, signal, onProgress });
        return { ...found, title: this.#host.name(), vocabulary: model.info.vocab_size };
      } finally {
        await conversation.close();
      }
    });
  }

  /** The state after the branch that is shown, as a file. @returns {Promise<Uint8Array<ArrayBuffer>>} */
  saveState() {
    return this.#run(async (model, signal) => {
      const { onProgress } = this.#host;
      const { conversation } = await this.#at(model, this.#session.leaf, { onProgress, signal });
      try {
        return await conversation.save("chat");
      } finally {
        await conversation.close();
      }
    });
  }

  /** What is noted with a reply. @param {Record<string, any>} settings */
  #facts({ onProgress: _, ...settings }) {
    return { model_name: this.#host.name(), synthetic: true, settings };
  }

  /**
   * @param {AsyncIterable<any>} writing
   * @param {Message} message
   * @param {{pace: Pace, read: number}} options `read` tokens were read before
   * @returns {Promise<number[]>} the ids of the tokens that are shown
   */
  async #stream(writing, message, { pace, read }) {
    const session = this.#session;
    let kept = performance.now();
    const ids = [];
    let visible = 0; // of them; what a stop text may have begun with is not
    for await (const item of writing) {
      if (item.thought) message.fields.thought = (message.fields.thought ?? "") + item.thought;
      session.extend(message, item.text);
      if ("finish_reason" in item) {
        const { finish_reason, usage } = item;
        const tokens = read + usage.prompt_tokens;
        if (finish_reason !== "stop" || item.text) visible = ids.length;
        Object.assign(message.fields, { finish_reason, tokens: usage.completion_tokens, read: tokens });
        pace.showEnd([tn(tokens, "{n} token read", "{n} tokens read")], item);
        this.#host.onEnd(item);
      } else {
        if (pace.tokens === 0) this.#host.onFirst();
        pace.add();
        ids.push(item.token);
        if (item.text || item.thought) visible = ids.length;
      }
      if (performance.now() - kept > KEEP_AFTER) {
        kept = performance.now();
        session.keep(message);
      }
    }
    await session.changed(message);
    return ids.slice(0, visible);
  }
}
