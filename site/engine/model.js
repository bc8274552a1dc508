/**
 * What an engine has loaded: models, conversations with them, and the state from which a model starts. Each
 * method runs a job of the Python package (engine.js); nothing is computed here.
 */

import { adapterSource } from "./choice.js";
import { asMessage, asTree } from "./conversation-files.js";
import { tune } from "./tuning.js";

/** @import { Adapter } from "./choice.js" */
/** @import { ConversationTree, TreeMessage } from "./conversation-files.js" */
/** @import { Engine, RequestOptions, Writing } from "./engine.js" */
/** @import { AnswerOptions, GenerateOptions, GivenMessage, Message, ModelInfo } from "./protocol.js" */

/**
 * How a conversation starts.
 * @typedef {object} ConverseOptions
 * @property {string} [system] a system prompt
 * @property {GivenMessage[]} [messages] from elsewhere
 * @property {Uint8Array | null} [state] a saved state to start from
 * @property {string} [format] "world", "g1", "g1-quick" or "raven" instead of the model's own
 */

/**
 * A token with its rank among all, 1 for the most likely, and the 10 most likely ones.
 * @typedef {import("./protocol.js").Candidate & {rank: number, top_logprobs:
 *   import("./protocol.js").Candidate[]}} ScoredToken
 */

/**
 * What a model is to others: `release` gives it up where others use its engine as well, `revive` loads it
 * again when its engine has died, and `base` is the model whose weights belong to it alone.
 * @typedef {{
 *   release?: () => void, revive?: (options: RequestOptions) => Promise<Model>, base?: Model
 * }} Ties
 */

/** @type {WeakMap<Model, Ties>} */
const known = new WeakMap();

/** @param {Model} model @returns {Ties} */
export const tiesOf = (model) => known.get(model) ?? {};

/** @param {Model} model @param {Ties} ties added to those it has */
export const tie = (model, ties) => known.set(model, { ...tiesOf(model), ...ties });

const REPLY_ARGUMENTS = ["effort", "tools", "tool_choice", "parallel_tool_calls"];

/**
 * The arguments of a job among options, and the decoder's settings, which are all the others.
 * @param {Record<string, unknown>} options
 * @param {string[]} names of the arguments
 */
function separated(options, names) {
  /** @type {Record<string, unknown>} */
  const settings = {};
  /** @type {Record<string, unknown>} */
  const args = { settings };
  for (const [name, value] of Object.entries(options)) {
    if (!names.includes(name)) settings[name] = value;
    else if (value != null) args[name] = value;
  }
  return args;
}

/** A loaded model. If its engine dies, the next use loads it again; conversations end with their engine. */
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

  /** Loads the model again if its engine has died. @param {RequestOptions} options */
  async #revive({ signal, onProgress }) {
    const { revive } = tiesOf(this);
    if (!revive || !this.#engine.ended) return;
    const again = await revive({ signal, onProgress });
    this.#engine = again.#engine;
    this.#handle = again.#handle;
    this.info = again.info;
  }

  /**
   * Continues a prompt. Iterate over what it returns: chunks, then the end.
   * @param {string} prompt
   * @param {GenerateOptions & RequestOptions} [options]
   * @returns {Writing}
   */
  generate(prompt, { signal, onProgress, ...options } = {}) {
    const job = options.opening == null ? "generate" : "continue_reply";
    const args = separated({ state: this.state.bytes, ...options }, ["given", "opening", "state"]);
    return this.stream(job, { prompt, ...args }, { signal, onProgress });
  }

  /**
   * Generates the assistant's next turn after messages, in the chat format of the model's description. For a
   * conversation of several turns use `converse`, which reads every message only once.
   * @param {GivenMessage[]} messages
   * @param {AnswerOptions & RequestOptions} [options]
   * @returns {Writing}
   */
  chat(messages, { signal, onProgress, reasoning_effort: effort, ...options } = {}) {
    const args = separated({ state: this.state.bytes, ...options, effort }, ["state", ...REPLY_ARGUMENTS]);
    return this.stream("answer", { messages, ...args }, { signal, onProgress });
  }

  /**
   * Starts a conversation.
   * @param {ConverseOptions} [options]
   * @returns {Promise<Conversation>}
   */
  async converse({ system = "", messages = [], state = this.state.bytes, format = "" } = {}) {
    const options = { system, messages, chat_format: format, ...(state && { state }) };
    return new Conversation(this, await this.call("converse", options));
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
   * This model with an adapter, or with null without one: one more model, ready in some milliseconds, which
   * shares the weights. Both can write at once, and texts and conversations keep the one that they began
   * with. `unload` frees what is its own; when this model is unloaded, it is too.
   * @param {Adapter | null} adapter
   * @param {{strength?: number, host?: string} & RequestOptions} [options] `strength`: how much it changes,
   *   from 0 to 1.5; 1 by default
   * @returns {Promise<Model>}
   * @throws {EngineError} `adapter-mismatch` if it was made for another model, `not-an-adapter`
   */
  async withAdapter(adapter, { strength = 1, host, ...options } = {}) {
    const files = adapter === null ? {} : { files: adapterSource(adapter, host) };
    const { handle, ...found } = await this.call("adapt", { strength, ...files }, options);
    const model = new Model(this.#engine, handle, { ...this.info, ...found });
    tie(model, {
      release: () => void model.unload().catch(() => {}), // its engine may have ended
      revive: (again) => this.withAdapter(adapter, { strength, host, ...again }),
    });
    return model;
  }

  /**
   * Teaches this model a manner from examples; it stays as it is, and `withAdapter` takes what it learned.
   * @param {Parameters<typeof tune>[1]} examples
   * @param {Parameters<typeof tune>[2]} [options]
   * @returns {Promise<import("./tuning.js").Tuned>}
   * @throws {EngineError} as `tune` in tuning.js
   */
  tune(examples, options) {
    return tune(this, examples, options);
  }

  /**
   * The same for every form of a model's weights; an adapter names the model that it was made for by it.
   * @returns {Promise<string>}
   */
  fingerprint() {
    return this.call("fingerprint");
  }

  /**
   * Runs a job of the Python package on this model; see `Engine.run`.
   * @param {string} name
   * @param {Record<string, unknown>} [args]
   * @param {RequestOptions & {onPart?: (part: any) => void}} [options]
   */
  async call(name, args = {}, options = {}) {
    await this.#revive(options);
    return await this.#engine.run(name, { model: this.#handle, ...args }, options);
  }

  /**
   * Runs a job of which each part is wanted; see `Engine.stream`.
   * @param {string} name
   * @param {Record<string, unknown>} [args]
   * @param {import("./engine.js").StreamOptions} [options]
   * @returns {AsyncGenerator<any, void, void> & {cancel: () => void}}
   */
  stream(name, args = {}, options = {}) {
    const begin = () => this.#engine.stream(name, { model: this.#handle, ...args }, options);
    if (!this.#engine.ended) return begin();
    /** @type {ReturnType<Model["stream"]> | undefined} */
    let items;
    let cancelled = false;
    const revive = () => this.#revive(options);
    const cancel = () => {
      cancelled = true;
      items?.cancel();
    };
    async function* late() {
      await revive();
      items = begin();
      if (cancelled) items.cancel();
      yield* items;
    }
    return Object.assign(late(), { cancel });
  }

  /** Frees the model's memory; the engine remains for other models. */
  async unload() {
    const { base = this } = tiesOf(this);
    tie(this, { revive: undefined });
    if (!this.#engine.ended) await this.#engine.unload(base.#handle);
  }

  /** Frees the model, and ends the engine unless something else on the page uses it. */
  dispose() {
    const { release = () => this.#engine.dispose() } = tiesOf(this);
    tie(this, { revive: undefined });
    release();
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
   * @returns {Writing}
   */
  say(message, { signal, onProgress, reasoning_effort: effort, ...options } = {}) {
    const args = separated({ ...options, effort }, ["prefix", ...REPLY_ARGUMENTS]);
    /** @param {import("./protocol.js").End} end called also when the loop was left before it */
    const onEnd = ({ messages }) => {
      this.messages = messages ?? this.messages;
    };
    const asked = { conversation: this.#number, message, ...args };
    return this.model.engine.stream("say", asked, { signal, onProgress, onEnd });
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
   * How likely the model finds each token of a reply to what was said, and what it finds likelier; the
   * conversation stays as it is. `tokens` are the reply's ids where the model wrote it, with this `effort`.
   * @param {string} text
   * @param {{thought?: string, tokens?: number[], effort?: string} & RequestOptions} [options]
   * @returns {Promise<{tokens: ScoredToken[], complete: boolean}>} of at most 2,048 tokens
   */
  score(text, { signal, onProgress, ...reply } = {}) {
    return this.#call("score_reply", { text, ...reply }, { signal, onProgress });
  }

  /**
   * A copy that continues on its own, in the same tree. A reply in progress ends.
   * @returns {Promise<Conversation>}
   */
  async branch() {
    return new Conversation(this.model, await this.model.call("branch", { conversation: this.#number }));
  }

  /**
   * All that was said in this conversation and its branches, also what was undone; `writeConversations` makes
   * a file of it.
   * @returns {Promise<ConversationTree>}
   */
  async tree() {
    return asTree(await this.#call("conversation_tree"));
  }

  /**
   * All replies, in any branch, to the message that the last one here replies to.
   * @returns {Promise<TreeMessage[]>}
   */
  async siblings() {
    return (await this.#call("siblings")).map(asMessage);
  }

  /**
   * Rates the last reply: 1 is good, -1 is bad, and 0 takes a rating back.
   * @param {-1 | 0 | 1} rating
   * @param {{reason?: string}} [options]
   * @returns {Promise<void>}
   */
  async rate(rating, { reason = "" } = {}) {
    await this.#call("rate_reply", { rating, reason });
  }

  /**
   * Ranks the last replies of branches, the best first; those in a list of their own are tied.
   * @param {(Conversation | Conversation[])[]} branches
   * @returns {Promise<void>}
   */
  async rank(branches) {
    const handles = branches.map((place) =>
      place instanceof Conversation ? place.#number : place.map((one) => one.#number),
    );
    await this.#call("rank_replies", { branches: handles });
  }

  /**
   * Removes the last message and the reply to it, except from the tree.
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
    await this.model.engine.forget(this.#number);
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
