/**
 * The chat's conversation, apart from the page: its messages, the same conversation in the engine, the saved
 * state that it starts from, and what was cleared last. The engine reads every message once, as long as
 * nothing else changes.
 */

/** @import { Conversation, Model, Turn } from "../engine/client.js" */
/** @import { SavedState } from "./chat-files.js" */
/** @typedef {{messages: Turn[], conversation: Conversation | null, start: SavedState | null}} Cleared */

export class ChatSession {
  /** @type {Turn[]} */
  messages = [];
  /** The saved state that the conversation starts from. @type {SavedState | null} */
  start = null;
  #options;
  /** The same conversation in the engine, once it has started. @type {Conversation | null} */
  #conversation = null;
  /** What was cleared last, so that it can be restored. @type {Cleared | null} */
  #cleared = null;
  /** The messages with which the conversation began. @type {Turn[]} */
  #first = this.messages;

  /** @param {() => {system: string, format: string}} options the settings of a conversation */
  constructor(options) {
    this.#options = options;
  }

  /** Whether nothing was said since the conversation began, so that the one before can be restored. */
  get canRestore() {
    return this.messages === this.#first && this.#cleared !== null;
  }

  /**
   * The conversation in the engine, started again if the model or a setting has changed.
   * @param {Model} model
   */
  async open(model) {
    if (this.#conversation?.model === model) return this.#conversation;
    const options = { ...this.#options(), state: this.start?.bytes };
    const conversation = await model.converse(options);
    const messages = this.messages.slice(conversation.messages.length); // a saved state has its own
    if (!messages.length) {
      this.#conversation = conversation;
      return conversation;
    }
    await conversation.close();
    this.#conversation = await model.converse({ ...options, messages });
    return this.#conversation;
  }

  /** Takes the messages of the engine's conversation after a reply. @param {Conversation} conversation */
  commit(conversation) {
    this.messages = conversation.messages;
    this.#cleared = null;
  }

  /** Removes the last turn; returns its message. @param {Model} model */
  async undo(model) {
    const conversation = await this.open(model);
    const message = await conversation.undo();
    this.messages = conversation.messages;
    return message;
  }

  /** Drops the conversation in the engine; the messages stay, and are read again. */
  forget() {
    this.#conversation?.close().catch(() => {}); // its engine may have ended
    this.#conversation = null;
  }

  /**
   * Starts a conversation; the current one can be restored.
   * @param {SavedState | null} start
   * @param {Turn[]} [messages]
   */
  restart(start, messages = []) {
    if (this.messages.length) {
      this.#cleared?.conversation?.close().catch(() => {});
      this.#cleared = { messages: this.messages, conversation: this.#conversation, start: this.start };
      this.#conversation = null;
    }
    this.forget();
    this.start = start;
    this.messages = messages;
    this.#first = messages;
  }

  /**
   * Starts from a saved state, unless the model refuses it.
   * @param {Model} model
   * @param {SavedState} start
   */
  async startFrom(model, start) {
    const conversation = await model.converse({ ...this.#options(), state: start.bytes });
    this.restart(start, conversation.messages);
    this.#conversation = conversation;
  }

  restoreCleared() {
    if (!this.#cleared) return;
    this.forget();
    const { messages, conversation, start } = this.#cleared;
    this.messages = messages;
    this.#conversation = conversation;
    this.start = start;
    this.#cleared = null;
  }
}
