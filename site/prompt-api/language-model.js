/**
 * The web platform's Prompt API on this engine (https://webmachinelearning.github.io/prompt-api):
 *
 *   const session = await LanguageModel.create({ samplingMode: "creative" });
 *   for await (const piece of session.promptStreaming("Good morning.")) document.body.append(piece);
 *
 * A session is a conversation. Each prompt works on a branch of it, which replaces the conversation when the
 * reply is complete: so a prompt that fails or is aborted leaves no trace, and a copy of a session costs no
 * more than its state. What a page may pass is in input.js, the model in host.js.
 */

import { unlessAborted } from "../engine/aborting.js";
import { constraintOf } from "./constraint.js";
import { CreateMonitor, DownloadProgress, handlerOf, ModelHost, setHandler } from "./host.js";
import {
  canonical,
  coreOptions,
  dictionary,
  MODES,
  MOST,
  promptOf,
  refusal,
  samplingOf,
  signalOf,
  thinkingOf,
  typesOf,
} from "./input.js";
import { exceptionOf, joined } from "./reply.js";
import { callPart, describedTools, executed, MOST_ROUNDS, turnsOf } from "./tools.js";

export {
  LanguageModelToolCall,
  LanguageModelToolError,
  LanguageModelToolSuccess,
} from "./input.js";

/** @typedef {import("./input.js").Message} Message */
/** @typedef {import("./input.js").LongMessage} LongMessage */
/** @typedef {import("./input.js").Content} Content */
/** @typedef {import("./input.js").CoreOptions} CoreOptions */
/** @typedef {import("./input.js").Constraint} Constraint */
/** @typedef {import("./input.js").Thinking} Thinking */
/** @typedef {import("./input.js").SamplingMode} SamplingMode */
/** @typedef {import("./host.js").HostOptions} HostOptions */
/** @typedef {import("../engine/choice.js").ModelChoice} ModelChoice */
/** @typedef {import("../engine/model.js").Conversation} Conversation */
/** @typedef {import("../engine/protocol.js").GivenMessage} Turn */
/** @typedef {"unavailable" | "downloadable" | "downloading" | "available"} Availability */
/** @typedef {((this: any, event: Event) => any) | null} Handler */
/** @typedef {string | Message[]} Prompt a user's message, or messages of any roles */
/**
 * @typedef {object} CreateOnlyOptions
 * @property {Message[]} [initialPrompts]
 * @property {AbortSignal} [signal] ends the creation, and later the session
 * @property {(monitor: import("./host.js").Monitor) => void} [monitor] is given what
 *   fires `downloadprogress`
 * @typedef {CoreOptions & CreateOnlyOptions} CreateOptions
 */
/**
 * @typedef {object} PromptOptions
 * @property {Constraint} [responseConstraint] a JSON schema, or a RegExp that the whole reply matches
 * @property {boolean} [omitResponseConstraintInput] needs a constraint, and changes nothing else: the model
 *   never reads it
 * @property {AbortSignal} [signal]
 * @property {Partial<Thinking>} [thinking] instead of the session's
 */
/** What a session has from its options. @typedef {ReturnType<typeof coreOptions>} Options */
/**
 * @typedef {{
 *   input: string | LongMessage[], constraint: import("./constraint.js").Constrained,
 *   thinking: Thinking, signal: AbortSignal
 * }} Request
 */
/**
 * @typedef {{
 *   host: ModelHost, lease: import("../engine/holder.js").Lease, conversation: Conversation, usage: number,
 *   options: Options, signal?: AbortSignal
 * }} Begun
 */

/**
 * Tokens that no conversation reaches: the model's state has the same size after any number of them. Pages
 * calculate with it and print it, so it is not Infinity.
 */
const CONTEXT_WINDOW = 2 ** 31 - 1;

/** Only this module makes sessions. */
const INTERNAL = Symbol("session");
let host = new ModelHost();

/** A session with the language model. */
export class LanguageModel extends EventTarget {
  static {
    Object.defineProperty(LanguageModel.prototype, Symbol.toStringTag, { value: "LanguageModel" });
  }

  #host;
  #lease;
  #conversation;
  #usage;
  #options;
  #sampling;
  #destruction = new AbortController();
  /** The end of the last prompt in the queue. @type {Promise<unknown>} */
  #tail = Promise.resolve();

  /** @param {symbol} key @param {Begun} begun @ignore */
  constructor(key, begun) {
    if (key !== INTERNAL) throw new TypeError("Use LanguageModel.create() for a session.");
    super();
    this.#host = begun.host;
    this.#lease = begun.lease;
    this.#conversation = begun.conversation;
    this.#usage = begun.usage;
    this.#options = begun.options;
    this.#sampling = samplingOf(begun.options);
    const { signal } = begun;
    signal?.addEventListener("abort", () => this.#end(signal.reason), { signal: this.#destruction.signal });
  }

  /**
   * Chooses the model of the sessions to come, and how it answers; without options the one that comes with
   * Goosequill. Not part of the Prompt API.
   * @param {ModelChoice & HostOptions} [options] those of `loadModel` that choose a model, `languages` and
   *   `settings`
   * @throws {import("../engine/protocol.js").EngineError} `option`
   */
  static configure(options = {}) {
    const next = new ModelHost(options);
    host.forget();
    host = next;
  }

  /**
   * Whether a session with these options can be created, and whether something is downloaded for it.
   * @param {CoreOptions} [options]
   * @returns {Promise<Availability>}
   */
  static async availability(options) {
    return availabilityOf(coreOptions(options));
  }

  /**
   * Returns the default and maximum values of topK and temperature, or null if there is no model.
   * @returns {Promise<{
   *   defaultTopK: number, maxTopK: number, defaultTemperature: number, maxTemperature: number
   * } | null>}
   */
  static async params() {
    if (host.availability === "unavailable") return null;
    const { temperature, topK } = MODES.balanced;
    return {
      defaultTopK: topK,
      maxTopK: MOST.topK,
      defaultTemperature: temperature,
      maxTemperature: MOST.temperature,
    };
  }

  /**
   * Creates a session, and loads the model if it is not loaded.
   * @param {CreateOptions} [options]
   * @returns {Promise<LanguageModel>}
   */
  static async create(options) {
    const given = dictionary(options, "The options");
    const asked = coreOptions(given);
    const signal = signalOf(given.signal);
    const initial = given.initialPrompts === undefined ? [] : promptOf(given.initialPrompts);
    if (typeof initial === "string") throw new TypeError("initialPrompts is not a list.");
    if (given.monitor !== undefined && typeof given.monitor !== "function") {
      throw new TypeError("“monitor” is not a function.");
    }
    signal?.throwIfAborted();
    const types = typesOf(asked.expectedInputs);
    const { messages } = turnsOf(initial.length ? canonical(initial, types, false) : []);
    samplingOf(asked);
    const monitor = new CreateMonitor();
    given.monitor?.(monitor);
    if (availabilityOf(asked) === "unavailable") {
      throw refusal("NotSupportedError", "The model does not support these options: see availability().");
    }
    const progress = new DownloadProgress(monitor, signal);
    return await open(host, asked, messages, progress, signal);
  }

  /**
   * The model's reply; an array of {type, value} if it calls tools, or with `includeThoughts`.
   * @param {Prompt} input
   * @param {PromptOptions} [options]
   * @returns {Promise<string>}
   */
  async prompt(input, options) {
    const request = this.#request(input, options);
    /** @type {any[]} */
    const pieces = [];
    await this.#enqueue(request.signal, () => this.#respond(request, (piece) => pieces.push(piece)));
    if (pieces.every((piece) => typeof piece === "string")) return pieces.join("");
    return /** @type {any} */ (joined(pieces));
  }

  /**
   * The reply in pieces as they are generated; cancelling the stream ends the prompt, which leaves no trace.
   * @param {Prompt} input
   * @param {PromptOptions} [options]
   * @returns {ReadableStream<string>}
   */
  promptStreaming(input, options) {
    const request = this.#request(input, options);
    const stop = new AbortController();
    const signal = AbortSignal.any([request.signal, stop.signal]);
    return new ReadableStream({
      start: (controller) => {
        const emit = (/** @type {any} */ piece) => signal.aborted || controller.enqueue(piece);
        this.#enqueue(signal, () => this.#respond({ ...request, signal }, emit)).then(
          () => controller.close(),
          (error) => controller.error(error),
        );
      },
      cancel: (reason) => stop.abort(reason ?? refusal("AbortError", "The stream was cancelled.")),
    });
  }

  /**
   * Lets the model read messages without a reply.
   * @param {Prompt} input
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<undefined>}
   */
  async append(input, options) {
    const { input: read, signal } = this.#request(input, {
      signal: dictionary(options, "The options").signal,
    });
    await this.#enqueue(signal, async () => {
      const { messages } = turnsOf(this.#canonical(read));
      if (!messages.length) return;
      await this.#onBranch(signal, (branch) => branch.append(messages, { signal }));
    });
    return undefined;
  }

  /**
   * How many tokens a prompt would add to `contextUsage`, without the reply.
   * @param {Prompt} input
   * @param {PromptOptions} [options]
   * @returns {Promise<number>}
   */
  async measureContextUsage(input, options) {
    const { input: read, signal } = this.#request(input, options);
    const { messages, prefix } = turnsOf(canonical(read, typesOf(this.#options.expectedInputs), false));
    const all = prefix
      ? [...messages, { role: /** @type {const} */ ("assistant"), content: prefix }]
      : messages;
    try {
      return await unlessAborted(this.#conversation.count(all, { signal }), signal);
    } catch (error) {
      throw exceptionOf(error, signal, "UnknownError");
    }
  }

  /**
   * The older name of `measureContextUsage`.
   * @param {Prompt} input
   * @param {PromptOptions} [options]
   * @returns {Promise<number>}
   */
  measureInputUsage(input, options) {
    return this.measureContextUsage(input, options);
  }

  /** For an event that is never fired, as a state does not grow. @returns {Handler} */
  get oncontextoverflow() {
    return handlerOf(this, "contextoverflow");
  }

  set oncontextoverflow(handle) {
    setHandler(this, "contextoverflow", handle);
  }

  /** The older name of `oncontextoverflow`. @returns {Handler} */
  get onquotaoverflow() {
    return handlerOf(this, "quotaoverflow");
  }

  set onquotaoverflow(handle) {
    setHandler(this, "quotaoverflow", handle);
  }

  /** Tokens of all messages and replies so far. */
  get contextUsage() {
    return this.#usage;
  }

  /** The older name of `contextUsage`. */
  get inputUsage() {
    return this.#usage;
  }

  /** 2,147,483,647: a conversation may have any number of tokens. */
  get contextWindow() {
    return CONTEXT_WINDOW;
  }

  /** The older name of `contextWindow`. */
  get inputQuota() {
    return CONTEXT_WINDOW;
  }

  get topK() {
    return this.#sampling.topK;
  }

  get temperature() {
    return this.#sampling.temperature;
  }

  /** Null if the session was created with a temperature or topK. @returns {SamplingMode | null} */
  get samplingMode() {
    return this.#options.samplingMode;
  }

  /**
   * A copy of the session, without the prompts that are not yet answered.
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<LanguageModel>}
   */
  async clone(options) {
    const signal = this.#signal(dictionary(options, "The options").signal);
    const usage = this.#usage;
    const lease = this.#host.lease();
    /** @type {Conversation | undefined} */
    let conversation;
    try {
      conversation = await this.#conversation.branch();
      await lease.load({ signal });
      signal.throwIfAborted();
    } catch (error) {
      conversation?.close().catch(() => {});
      lease.release();
      throw exceptionOf(error, signal, "OperationError");
    }
    return new LanguageModel(INTERNAL, {
      host: this.#host,
      lease,
      conversation,
      usage,
      options: this.#options,
    });
  }

  /** Ends the session, and rejects what waits for it. @returns {undefined} */
  destroy() {
    this.#end(refusal("AbortError", "The session was destroyed."));
  }

  /** @param {any} reason */
  #end(reason) {
    if (this.#destruction.signal.aborted) return;
    this.#destruction.abort(reason);
    this.#tail.then(() => {
      this.#conversation.close().catch(() => {});
      this.#host.rest(this.#lease);
    });
  }

  /** The signal of a request, which ends with the session. @param {unknown} given */
  #signal(given) {
    const signal = signalOf(given);
    const both = AbortSignal.any(signal ? [this.#destruction.signal, signal] : [this.#destruction.signal]);
    both.throwIfAborted();
    return both;
  }

  /** @param {any} input @param {any} options @returns {Request} */
  #request(input, options) {
    const given = dictionary(options, "The options");
    return {
      input: promptOf(input),
      constraint: constraintOf(given),
      thinking: given.thinking === undefined ? this.#options.thinking : thinkingOf(given.thinking),
      signal: this.#signal(given.signal),
    };
  }

  /** @param {string | LongMessage[]} input */
  #canonical(input) {
    return canonical(input, typesOf(this.#options.expectedInputs), this.#usage > 0);
  }

  /**
   * Runs work after that of all prompts before it.
   * @template T
   * @param {AbortSignal} signal
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  #enqueue(signal, work) {
    const turn = this.#tail.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#tail = turn.then(
      () => {},
      () => {}, // whoever waits for it is told
    );
    return unlessAborted(turn, signal);
  }

  /**
   * Works on a branch, which becomes the conversation if the work succeeds.
   * @param {AbortSignal} signal
   * @param {(branch: Conversation) => Promise<number | null>} work returns how many tokens were read; null if
   *   the branch is of no use
   */
  async #onBranch(signal, work) {
    /** @type {Conversation | undefined} */
    let spare;
    try {
      const branch = await this.#conversation.branch();
      spare = branch;
      signal.throwIfAborted();
      const tokens = await work(branch);
      signal.throwIfAborted();
      if (tokens === null) return;
      spare = this.#conversation;
      this.#conversation = branch;
      this.#usage += tokens;
    } catch (error) {
      throw exceptionOf(error, signal, "UnknownError");
    } finally {
      spare?.close().catch(() => {});
    }
  }

  /** @param {Request} request @param {(piece: any) => void} emit */
  async #respond({ input, constraint, thinking, signal }, emit) {
    const { messages, prefix } = turnsOf(this.#canonical(input));
    const isConstrained = Object.keys(constraint.settings).length > 0;
    // A constraint is about the reply from its first character, and so leaves no room for a thought.
    const reasoning_effort = isConstrained || prefix ? "none" : thinking.effort;
    const { temperature, topK } = this.#sampling;
    const settings = { ...this.#host.settings, temperature, top_k: topK, ...constraint.settings };
    const tools = describedTools(this.#options.tools);
    const options = { ...settings, reasoning_effort, signal, ...(tools.length && { tools }) };
    /** @type {Turn[] | undefined} */
    let said; // where there was a thought
    await this.#onBranch(signal, async (branch) => {
      const known = branch.messages.length;
      let tokens = 0;
      let next = { turns: messages, prefix: constraint.written(prefix) };
      for (let round = 0; next; round++) {
        const end = await this.#reply(
          branch.say(next.turns, { ...options, prefix: next.prefix }),
          thinking,
          emit,
        );
        tokens += end.tokens ?? 0;
        const calls = end.tool_calls ?? [];
        if (calls.length && round === MOST_ROUNDS) {
          throw refusal("OperationError", "The model calls tools without an end.");
        }
        const results = calls.length ? executed(this.#options.tools, calls) : null;
        if (!results) {
          for (const call of calls) emit(callPart(call));
          if (!calls.length && !constraint.accepts((round ? "" : prefix) + end.whole)) {
            throw refusal("SyntaxError", "The model came to no end that complies with the constraint.");
          }
          break;
        }
        next = { turns: await unlessAborted(results, signal), prefix: "" };
      }
      const added = branch.messages.slice(known);
      if (!added.some(({ thought }) => thought)) return tokens;
      said = added.map(({ thought: _, ...rest }) => rest);
      return null;
    });
    // The model reads again what was said, without the thought.
    const unthought = said;
    if (unthought) await this.#onBranch(signal, (branch) => branch.append(unthought, { signal }));
  }

  /**
   * Passes on a reply; returns its end, with the `whole` text.
   * @param {import("../engine/engine.js").Writing} writing
   * @param {Thinking} thinking
   * @param {(piece: any) => void} emit
   */
  async #reply(writing, { includeThoughts }, emit) {
    let whole = "";
    for await (const item of writing) {
      if (item.thought && includeThoughts) emit({ type: "thought", value: item.thought });
      if (item.text) emit(includeThoughts ? { type: "text", value: item.text } : item.text);
      whole += item.text;
      if (!("finish_reason" in item)) continue;
      if (item.finish_reason !== "abort") return { ...item, whole };
    }
    throw refusal("OperationError", "The reply was interrupted.");
  }
}

/**
 * @param {ModelHost} on
 * @param {Options} options
 * @param {Turn[]} messages
 * @param {DownloadProgress} progress
 * @param {AbortSignal} [signal]
 */
async function open(on, options, messages, progress, signal) {
  const lease = on.lease();
  /** @type {Conversation | undefined} */
  let conversation;
  try {
    progress.report(0);
    const model = await lease.load({ signal, onProgress: (found) => progress.note(found) });
    progress.report(1);
    conversation = await model.converse();
    signal?.throwIfAborted();
    if (options.thinking.effort !== "none" && !model.info.chat_format?.reasons) {
      throw refusal("NotSupportedError", "The model does not think before it answers.");
    }
    const usage = messages.length ? await conversation.append(messages, { signal }) : 0;
    signal?.throwIfAborted();
    return new LanguageModel(INTERNAL, { host: on, lease, conversation, usage, options, signal });
  } catch (error) {
    conversation?.close().catch(() => {});
    lease.release();
    throw exceptionOf(error, signal, "OperationError");
  }
}

/** Content that a session can read and write. */
const INPUTS = ["text", "tool-call", "tool-response"];
const OUTPUTS = ["text", "tool-call"];

/** @param {Options} options @returns {Availability} */
function availabilityOf(options) {
  const { expectedInputs, expectedOutputs, thinking } = options;
  const isKnown =
    expectedInputs.every(({ type }) => INPUTS.includes(type)) &&
    expectedOutputs.every(({ type }) => OUTPUTS.includes(type)) &&
    [...expectedInputs, ...expectedOutputs].every(({ languages = [] }) =>
      languages.every((tag) => host.speaks(tag)),
    );
  if (!isKnown) return "unavailable";
  if (thinking.effort !== "none" && host.choice.model === undefined) return "unavailable";
  try {
    samplingOf(options);
  } catch {
    return "unavailable";
  }
  return /** @type {Availability} */ (host.availability);
}
