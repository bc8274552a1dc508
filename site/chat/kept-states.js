/**
 * Conversations in the engine that have read a branch, so that a draft, another reply or an edit begins from
 * the nearest of them instead of reading everything again. States are copied, which costs nothing beside
 * reading.
 */

import { readAs } from "./passages.js";

/** @import { Conversation, Model, RequestOptions } from "../engine/client.js" */
/** @import { Message } from "../collections/conversation-tree.js" */
/** @typedef {{system: string, format: string, state?: Uint8Array}} Settings of a conversation */

/** States that are kept: those of the largest models have some 60 MB. */
const MOST = 6;

export class KeptStates {
  /** @type {Model | null} */
  #model = null;
  #settings = "";
  /** @type {Uint8Array | undefined} */
  #state;
  /**
   * By the last message that was read ("" for none), the last used at the end.
   * @type {Map<string, Conversation>}
   */
  #kept = new Map();

  /**
   * A conversation that has read a path; it is the caller's own, and does not change what is kept.
   * @param {Model} model
   * @param {Settings} settings
   * @param {Message[]} path
   * @param {RequestOptions} [options]
   * @returns {Promise<{conversation: Conversation, read: number}>} and how many tokens were read for it
   */
  async at(model, settings, path, options) {
    this.#use(model, settings);
    let known = path.length;
    while (known > 0 && !this.#kept.has(keyOf(path[known - 1]))) known--;
    const key = known ? keyOf(path[known - 1]) : "";
    const begun = this.#kept.get(key) ?? (await model.converse(settings));
    this.#keep(key, begun);
    const first = Math.max(known, begun.messages.length); // a saved state has read messages already
    const rest = path.slice(first);
    const branch = await begun.branch();
    if (!rest.length) return { conversation: branch, read: 0 };
    let read = 0;
    try {
      const messages = [];
      for (const one of rest) messages.push({ role: one.role, content: await readAs(model.engine, one) });
      read = await branch.append(messages, options);
    } catch (error) {
      await branch.close();
      throw error;
    }
    this.keep(path[path.length - 1], branch);
    return { conversation: await branch.branch(), read };
  }

  /**
   * Keeps a conversation that has read a message and all before it.
   * @param {Message} message
   * @param {Conversation} conversation
   */
  keep(message, conversation) {
    this.#keep(keyOf(message), conversation);
  }

  /** @param {string} key @param {Conversation} conversation */
  #keep(key, conversation) {
    if (this.#kept.get(key) !== conversation) this.#close(key);
    this.#kept.delete(key); // the last used is the last in the map
    this.#kept.set(key, conversation);
    for (const old of [...this.#kept.keys()].slice(0, -MOST)) this.#close(old);
  }

  /** Forgets all, such as when the model has ended. */
  clear() {
    for (const key of [...this.#kept.keys()]) this.#close(key);
  }

  /** @param {Model} model @param {Settings} settings */
  #use(model, settings) {
    const { system, format, state } = settings;
    const found = JSON.stringify([system, format]);
    if (model === this.#model && found === this.#settings && state === this.#state) return;
    this.clear();
    this.#model = model;
    this.#settings = found;
    this.#state = state;
  }

  /** @param {string} key */
  #close(key) {
    this.#kept
      .get(key)
      ?.close()
      .catch(() => {}); // its engine may have ended
    this.#kept.delete(key);
  }
}

/** A message that was edited is another one; its passages stay. @param {Message} message */
function keyOf({ id, text }) {
  return `${id} ${text}`;
}
