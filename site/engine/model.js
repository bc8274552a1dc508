/**
 * What an engine has loaded: models, conversations with them, and the state from which a model starts. Each
 * method runs a job of the Python package (engine.js); nothing is computed here.
 */

/** @import { Engine, RequestOptions } from "./engine.js" */
/** @import { AnswerOptions, GenerateOptions, GivenMessage, Message, ModelInfo } from "./protocol.js" */

/**
 * How a conversation starts.
 * @typedef {object} ConverseOptions
 * @property {string} [system] a system prompt
 * @property {GivenMessage[]} [messages] from elsewhere
 * @property {Uint8Array | null} [state] a saved state to start from
 * @property {string} [format] "world", "g1", "g1-quick" or "raven" instead of the model's own
 */

/** How a model is given up whose engine others use as well. @type {WeakMap<Model, () => void>} */
const releases = new WeakMap();

/** Lets `dispose` of a model only give it up. @param {Model} model @param {() => void} release */
export const share = (model, release) => releases.set(model, release);

/** A loaded model. */
export class Model {
  #engine;
  #handle;

  /** @param {Engine} engine @param {number} handle @param {ModelInfo} info */
  constructor(engine, handle, info) {
    this.#engine = engine;
    this.#handle = handle;
    this.info = info;
    this.state = new ModelState(this);
  }

  get engine() {
    return this.#engine;
  }

  /**
   * Continues a prompt. Iterate over what it returns: chunks, then the end.
   * @param {string} prompt
   * @param {GenerateOptions & RequestOptions} [options]
   */
  generate(prompt, options = {}) {
    const state = this.state.bytes;
    return this.#engine.generate(this.#handle, prompt, state ? { state, ...options } : options);
  }

  /**
   * Generates the assistant's next turn after messages, in the chat format of the model's description. For a
   * conversation of several turns use `converse`, which reads every message only once.
   * @param {GivenMessage[]} messages
   * @param {AnswerOptions & RequestOptions} [options]
   */
  chat(messages, options = {}) {
    const state = this.state.bytes;
    return this.#engine.answer(this.#handle, messages, state ? { state, ...options } : options);
  }

  /**
   * Starts a conversation.
   * @param {ConverseOptions} [options]
   * @returns {Promise<Conversation>}
   */
  async converse({ system = "", messages = [], state = this.state.bytes, format = "" } = {}) {
    const options = { system, messages, chat_format: format, ...(state && { state }) };
    return new Conversation(this, await this.#engine.converse(this.#handle, options));
  }

  /** @param {string} text @returns {Promise<{token: number, text: string}[]>} */
  tokenize(text) {
    return this.call("tokenize", { text });
  }

  /** @param {number[]} tokens @returns {Promise<string>} */
  detokenize(tokens) {
    return this.call("detokenize", { tokens });
  }

  /**
   * The natural logarithm of each token's probability, given all before it; the first has null.
   * @param {string} text
   * @param {{top?: number} & RequestOptions} [options] `top`: how many of the most probable candidates to add
   * @returns {Promise<{token: number, text: string, logprob: number | null, top_logprobs?:
   *   import("./protocol.js").Candidate[]}[]>}
   */
  async logprobs(text, { top = 0, ...options } = {}) {
    const found = await this.call("logprobs", { text, top }, options);
    return found.map((/** @type {any} */ entry) => ({ ...entry, logprob: entry.logprob ?? null }));
  }

  /**
   * Runs a job of the Python package on this model; see `Engine.run`.
   * @param {string} name
   * @param {Record<string, unknown>} [args]
   * @param {RequestOptions & {onPart?: (part: any) => void}} [options]
   */
  call(name, args = {}, options = {}) {
    return this.#engine.run(name, { model: this.#handle, ...args }, options);
  }

  /**
   * Runs a job of which each part is wanted; see `Engine.stream`.
   * @param {string} name
   * @param {Record<string, unknown>} [args]
   * @param {import("./engine.js").StreamOptions} [options]
   */
  stream(name, args = {}, options = {}) {
    return this.#engine.stream(name, { model: this.#handle, ...args }, options);
  }

  /** Frees the model's memory; the engine remains for other models. */
  async unload() {
    if (!this.#engine.ended) await this.#engine.unload(this.#handle);
  }

  /** Frees the model, and ends the engine unless something else on the page uses it. */
  dispose() {
    const release = releases.get(this);
    if (release) release();
    else this.#engine.dispose();
  }
}

/** A conversation with a model, which reads every message only once. */
export class Conversation {
  #number;
  /** The messages so far, with the thoughts of a reasoning model. @type {Message[]} */
  messages;

  /** @param {Model} model @param {import("./protocol.js").Conversing} begun */
  constructor(model, { handle, messages }) {
    this.model = model;
    this.#number = handle;
    this.messages = messages;
  }

  /**
   * Sends a message and streams the reply. A reply that fails, or is stopped before its first token, leaves
   * the conversation unchanged.
   * @param {string | GivenMessage[]} message the user's message, or messages of any roles; if the last one is
   *   the assistant's, or there is none, the model adds another reply
   * @param {import("./protocol.js").ReplyOptions & RequestOptions} [options] `prefix` starts the reply
   */
  say(message, options = {}) {
    return this.model.engine.say(this.#number, message, options, ({ messages }) => {
      this.messages = messages ?? this.messages;
    });
  }

  /**
   * Reads messages without replying to them. Where that fails or is aborted, the conversation is unchanged.
   * @param {GivenMessage[]} messages
   * @param {RequestOptions} [options]
   * @returns {Promise<number>} how many tokens they take
   */
  async append(messages, options = {}) {
    const end = await this.#call("append", { messages }, options);
    this.messages = end.messages;
    return end.tokens;
  }

  /**
   * How many tokens messages take in the model's chat format.
   * @param {GivenMessage[]} messages
   * @param {RequestOptions} [options]
   * @returns {Promise<number>}
   */
  count(messages, options = {}) {
    return this.#call("count_tokens", { messages }, options);
  }

  /**
   * A copy that continues on its own. A reply in progress ends.
   * @returns {Promise<Conversation>}
   */
  async branch() {
    return new Conversation(this.model, await this.model.call("branch", { conversation: this.#number }));
  }

  /**
   * Removes the last message and the reply to it.
   * @returns {Promise<string>} the message
   */
  async undo() {
    const { message, messages } = await this.#call("undo");
    this.messages = messages;
    return message;
  }

  /**
   * The conversation so far as a file, from which others can start.
   * @param {string} [name]
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  save(name = "") {
    return this.#call("save_conversation", { name });
  }

  /** Frees the conversation. */
  async close() {
    if (!this.model.engine.ended) await this.model.engine.forget(this.#number);
  }

  /** @param {string} name @param {Record<string, unknown>} [args] @param {RequestOptions} [options] */
  #call(name, args = {}, options = {}) {
    return this.model.engine.run(name, { conversation: this.#number, ...args }, options);
  }
}

/** The state from which a model starts: what it has read already, as a value that can be saved. */
export class ModelState {
  #model;
  /** @type {Uint8Array | null} a safetensors file; null starts from nothing */
  bytes = null;

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
  }

  /**
   * The state after reading a text, starting from the loaded state, which does not change.
   * @param {string} [text]
   * @returns {Promise<Uint8Array>}
   */
  save(text = "") {
    return this.#model.call("save_state", { text, state: this.bytes });
  }

  /**
   * Makes `generate`, `chat` and `converse` start from a saved state; null makes them start from nothing
   * again.
   * @param {Uint8Array | null} bytes
   */
  async load(bytes) {
    // Fails for another model's state.
    if (bytes) await this.#model.call("save_state", { text: "", state: bytes });
    this.bytes = bytes;
  }
}
